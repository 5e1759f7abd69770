// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Linux

/// An open `/dev/vhost-vsock` with a context ID that no other guest of this host has.
public struct PodVsock: ~Copyable, Sendable {
    /// The device; the launcher makes itself its owner.
    public let descriptor: FileDescriptor
    /// The guest's context ID, which is this device's until it is closed.
    public let cid: UInt32

    /// How many IDs are tried when none was asked for.
    static let attempts: UInt32 = 256

    /// Opens the device and takes an ID.
    /// - Parameters:
    ///   - wanted: the ID to have and no other, or nil for the first free one from `start` on.
    ///   - start: any number; the same one tends to give the same ID at every start.
    ///   - path: the device.
    ///   - field: the manifest's field, for errors.
    /// - Throws: `NetworkError` that says what to do.
    public static func open(
        wanted: UInt32?, from start: UInt32, path: String = "/dev/vhost-vsock", field: String
    ) throws(NetworkError) -> PodVsock {
        let file: FileDescriptor
        do throws(Errno) { file = try .open(path, O_RDWR) } catch {
            let remedy =
                error.code == ENOENT
                ? "load its module: modprobe vhost_vsock"
                : "give this process access to it, or add the device to the pod"
            throw NetworkError(field, "\(path) cannot be opened: \(error.reason); \(remedy)")
        }
        let candidates = wanted.map { $0...$0 }.map { Array($0) } ?? identifiers(from: start)
        for cid in candidates {
            do throws(Errno) {
                try Vhost.claim(guestCID: cid, on: file)
                return PodVsock(descriptor: file, cid: cid)
            } catch {
                guard error.code == EADDRINUSE else {
                    throw NetworkError(
                        field, "\(path) takes no context ID: \(error.reason); is it a vhost-vsock device?")
                }
            }
        }
        guard let wanted else {
            throw NetworkError(field, "no context ID is free among \(attempts); choose one by --vsock-cid NUMBER")
        }
        throw NetworkError(
            field, "context ID \(wanted) is in use by another guest or this host; choose another by --vsock-cid NUMBER")
    }

    private init(descriptor: consuming FileDescriptor, cid: UInt32) {
        self.descriptor = descriptor
        self.cid = cid
    }

    /// IDs that a guest may have, from a number on.
    static func identifiers(from start: UInt32) -> [UInt32] {
        // 3 to 4294967294.
        let count = UInt32.max - 3
        return (0..<attempts).map { 3 + (start % count &+ $0) % count }
    }
}
