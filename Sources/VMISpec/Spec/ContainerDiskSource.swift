// SPDX-License-Identifier: Apache-2.0

/// A disk image within a container image.
public struct ContainerDiskSource: Hashable, Sendable {
    /// The container image.
    public var image: String
    /// The secret for the image's registry.
    public var imagePullSecret: String?
    /// The disk image's path, if it is not the only file in `/disk`.
    public var path: String?
    /// When to ask the registry: `Always` for `:latest` and for no tag, else `IfNotPresent`.
    public var imagePullPolicy: ImagePullPolicy

    init(_ reader: ObjectReader) {
        image = reader.requiredString("image", "name the container image")
        imagePullSecret = reader.string("imagePullSecret")
        path = reader.string("path")
        let isMoving = image.hasSuffix(":latest") || !image.contains { ":@".contains($0) }
        imagePullPolicy =
            reader.choice("imagePullPolicy", ImagePullPolicy.self) ?? (isMoving ? .always : .ifNotPresent)
    }
}
