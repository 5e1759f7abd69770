// SPDX-License-Identifier: Apache-2.0

/// A kernel that is started without firmware.
public struct KernelBootSpec: Hashable, Sendable {
    /// Where the kernel comes from.
    public struct Container: Hashable, Sendable {
        /// The image, an OCI reference or a name given to `--image`.
        public var image: String
        /// When to ask the image's registry.
        public var imagePullPolicy: ImagePullPolicy?
        /// The kernel's absolute path in the image.
        public var kernelPath: String?
        /// The initial RAM disk's absolute path in the image.
        public var initrdPath: String?
    }

    /// The kernel's command line, as written; empty where not given.
    public var kernelArguments: String

    /// Where the kernel comes from.
    public var container: Container?

    init(_ reader: ObjectReader) {
        kernelArguments = reader.string("kernelArgs") ?? ""
        container = reader.object("container") { Container($0) }
        let arguments = reader.path.child("kernelArgs")
        if container == nil {
            if !kernelArguments.isEmpty {
                reader.report.refuse(
                    arguments, "kernel arguments cannot be provided without an external kernel; add container")
            } else {
                reader.report.refuse(
                    reader.path.child("container"), "is required; name the image that holds the kernel")
            }
        }
        if kernelArguments.utf8.count > 2047 {
            reader.report.refuse(arguments, "must be at most 2047 bytes, which is what Linux keeps of them")
        } else if kernelArguments.utf8.contains(0) {
            reader.report.refuse(arguments, "must not contain a NUL character")
        }
    }
}

extension KernelBootSpec.Container {
    init(_ reader: ObjectReader) {
        image = reader.requiredString("image", "name the image that holds the kernel, as in --image NAME=DIR")
        imagePullPolicy = reader.choice("imagePullPolicy", ImagePullPolicy.self)
        kernelPath = Self.path("kernelPath", in: reader)
        initrdPath = Self.path("initrdPath", in: reader)
    }

    /// An absolute path without relative components (ValidatePath, pkg/storage/admitters/disks.go).
    private static func path(_ key: String, in reader: ObjectReader) -> String? {
        guard let path = reader.string(key) else { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if path == "/" {
            reader.report.refuse(reader.path.child(key), "must not point to root; name a file")
        } else if !path.hasPrefix("/") || parts.contains(where: { ["", ".", ".."].contains($0) })
            || path.utf8.contains(0)
        {
            reader.report.refuse(
                reader.path.child(key),
                "\(printable(path)) must be an absolute path to a file without relative components")
        }
        return path
    }
}
