// SPDX-License-Identifier: Apache-2.0

import Record

/// What runs first.
public struct BootConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "boot"

    /// A bzImage or an ELF image.
    public var kernel: DescriptorSlot
    /// An initial RAM disk.
    public var initrd: DescriptorSlot?
    /// The kernel's command line, at most 2047 bytes.
    public var commandLine: String

    /// A kernel without RAM disk or command line, unless told otherwise.
    public init(
        kernel: DescriptorSlot, initrd: DescriptorSlot? = nil, commandLine: String = ""
    ) {
        self.kernel = kernel
        self.initrd = initrd
        self.commandLine = commandLine
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("kernel", kernel)
        fields.put("initrd", initrd)
        fields.put("commandLine", commandLine)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        kernel = try fields.take("kernel")
        initrd = try fields.take("initrd")
        commandLine = try fields.take("commandLine")
    }
}
