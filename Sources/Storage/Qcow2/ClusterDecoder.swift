// SPDX-License-Identifier: Apache-2.0

internal import CCompression

/// Unpacks compressed clusters. What the image holds is not trusted: bytes that make no sense are reported.
@safe
final class ClusterDecoder: @unchecked Sendable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let context: OpaquePointer?
    private let hasStream: Bool

    /// Windows of zstd frames up to four times the largest cluster.
    private static let windowLog: Int32 = 23

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // Raw deflate with any window.
        hasStream = unsafe ccompression_inflate_init(stream, -15) == Z_OK
        unsafe context = ZSTD_createDCtx()
        if let context = unsafe context { _ = unsafe ccompression_limit_window(context, Self.windowLog) }
    }

    deinit {
        if hasStream { unsafe inflateEnd(stream) }
        unsafe stream.deallocate()
        if let context = unsafe context { unsafe ZSTD_freeDCtx(context) }
    }

    /// Fills `target` from `source`, of which the end may be something else; false when that cannot be done.
    func decode(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, _ compression: Qcow2Compression
    ) -> Bool {
        switch compression {
        case .zlib: unsafe inflate(source, target)
        case .zstd: unsafe decompress(source, target)
        }
    }

    private func inflate(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        guard hasStream, unsafe inflateReset(stream) == Z_OK, let from = source.baseAddress,
            let to = target.baseAddress
        else { return false }
        // SAFETY: both buffers outlive the call, which stays within the counts; it does not write its input.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: from.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
        unsafe stream.pointee.next_out = to.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(clamping: target.count)
        let result = unsafe CCompression.inflate(stream, Z_FINISH)
        return unsafe (result == Z_STREAM_END || result == Z_BUF_ERROR) && stream.pointee.avail_out == 0
    }

    private func decompress(_ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer) -> Bool {
        guard let context = unsafe context else { return false }
        // SAFETY: both buffers outlive the calls, which stay within the sizes.
        _ = unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        var input = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var output = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        while unsafe output.pos < output.size {
            let before = unsafe (input.pos, output.pos)
            let result = unsafe ZSTD_decompressStream(context, &output, &input)
            if unsafe ZSTD_isError(result) != 0 || (input.pos, output.pos) == before { return false }
        }
        return true
    }
}
