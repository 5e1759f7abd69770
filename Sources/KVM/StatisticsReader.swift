// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

/// KVM's own counters of a VM or a vCPU (KVM api.rst 4.133): names once, values as often as wanted.
public struct StatisticsReader: ~Copyable, Sendable {
    /// One counter, gauge or histogram's first bucket.
    public struct Value: Equatable, Sendable {
        /// The kernel's name, such as "exits".
        public let name: String
        /// Its value now.
        public let value: UInt64
    }

    private let descriptor: FileDescriptor
    private let names: [String]
    private let offsets: [Int]
    private let dataOffset: Int64
    private let dataBytes: Int

    init(of owner: borrowing FileDescriptor) throws(Errno) {
        let raw = try ioctl(owner.raw, CKVM_GET_STATS_FD, 0, "KVM_GET_STATS_FD")
        let descriptor = FileDescriptor(owning: Int32(raw))
        var header = kvm_stats_header()
        // SAFETY: the kernel's file starts with this struct.
        let got = try unsafe withBytes(of: &header, { (p) throws(Errno) in try unsafe descriptor.read(into: p, at: 0) })
        guard got == MemoryLayout<kvm_stats_header>.size, header.name_size < 4096, header.num_desc < 65_536 else {
            throw Errno(code: 22, call: "read")
        }
        let fixed = MemoryLayout<kvm_stats_desc>.size
        let stride = fixed + Int(header.name_size)
        let table = UnsafeMutableRawBufferPointer.allocate(byteCount: stride * Int(header.num_desc), alignment: 16)
        defer { unsafe table.deallocate() }
        let read = try unsafe descriptor.read(into: table, at: Int64(header.desc_offset))
        var names: [String] = [], offsets: [Int] = [], end = 0
        for i in 0..<(read / stride) {
            let d = unsafe table.loadUnaligned(fromByteOffset: i * stride, as: kvm_stats_desc.self)
            let name = unsafe table[(i * stride + fixed)..<((i + 1) * stride)].prefix { $0 != 0 }
            names.append(String(decoding: unsafe Array(name), as: UTF8.self))
            offsets.append(Int(d.offset))
            end = max(end, Int(d.offset) + 8 * Int(d.size))
        }
        self.descriptor = descriptor
        self.names = names
        self.offsets = offsets
        dataOffset = Int64(header.data_offset)
        dataBytes = min(end, 1 << 20)
    }

    /// All values now.
    /// - Throws: `Errno` of `pread`.
    public borrowing func read() throws(Errno) -> [Value] {
        let data = UnsafeMutableRawBufferPointer.allocate(byteCount: max(dataBytes, 8), alignment: 8)
        defer { unsafe data.deallocate() }
        let got = try unsafe descriptor.read(into: data, at: dataOffset)
        var values: [Value] = []
        for (name, offset) in zip(names, offsets) where offset + 8 <= got {
            values.append(Value(name: name, value: unsafe data.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        return values
    }
}

/// The bytes of a value, for a call that fills it.
private func withBytes<T, R>(
    of value: inout T, _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> R
) throws(Errno) -> R {
    let p = UnsafeMutableRawBufferPointer.allocate(byteCount: MemoryLayout<T>.size, alignment: 16)
    defer { unsafe p.deallocate() }
    let result = try unsafe body(p)
    value = unsafe p.loadUnaligned(as: T.self)
    return result
}
