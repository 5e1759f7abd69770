// SPDX-License-Identifier: Apache-2.0

internal import CKVM
internal import Linux

/// Calls an ioctl with an integer argument.
/// - Throws: `Errno` that names the call.
@inline(__always)
@discardableResult
func ioctl(_ fd: Int32, _ request: UInt, _ argument: UInt, _ call: StaticString) throws(Errno) -> Int {
    while true {
        let r = ckvm_ioctl(fd, request, argument)
        if r != -4 { return try Errno.check(r, call) }
    }
}

/// Calls an ioctl that reads or fills `value`.
/// - Throws: `Errno` that names the call.
@inline(__always)
@discardableResult
func ioctl<T>(_ fd: Int32, _ request: UInt, _ value: inout T, _ call: StaticString) throws(Errno)
    -> Int
{
    while true {
        // SAFETY: `T` is the C struct that the request number encodes the size of; it holds no references. (Structs
        // with unions are not BitwiseCopyable to the compiler, so the constraint cannot say it.)
        let r = unsafe withUnsafeMutablePointer(to: &value) { p in
            unsafe ckvm_ioctl_pointer(fd, request, UnsafeMutableRawPointer(p))
        }
        if r != -4 { return try Errno.check(r, call) }
    }
}

/// Calls an ioctl on a struct with a flexible array: `header` bytes, then `count` entries of `stride` bytes.
/// - Throws: `Errno` that names the call.
func ioctl<R>(
    _ fd: Int32, _ request: UInt, header: Int, stride: Int, count: Int, _ call: StaticString,
    prepare: (UnsafeMutableRawPointer) -> Void, result: (Int, UnsafeMutableRawPointer) throws(Errno) -> R
) throws(Errno) -> R {
    let bytes = header + stride * count
    let p = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    defer { unsafe p.deallocate() }
    unsafe p.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    unsafe prepare(p)
    while true {
        // SAFETY: the block holds the header and as many entries as `prepare` declared in it.
        let r = unsafe ckvm_ioctl_pointer(fd, request, p)
        if r != -4 { return try unsafe result(try Errno.check(r, call), p) }
    }
}
