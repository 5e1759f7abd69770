// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Linux

/// A tap of ours beside the guest's on its bridge: solicitations are read from it, advertisements written to it.
///
/// ICMPv6 takes a raw socket and CAP_NET_RAW; a bridge's port takes nothing once it is made. The kernel hands over
/// solicitations only, so what else the guest sends to all wakes nobody. It goes away with this value.
final class RouterPort {
    let descriptor: FileDescriptor
    private let advertisement: RouterAdvertisement

    init(_ descriptor: consuming FileDescriptor, _ advertisement: RouterAdvertisement) {
        self.descriptor = descriptor
        self.advertisement = advertisement
    }

    /// Answers what has come in, a few frames at a time.
    func serve() {
        var buffer = [UInt8](repeating: 0, count: 2048)
        for _ in 0..<PodNetworkService.mostAtOnce {
            let size = buffer.withUnsafeMutableBytes { clinux_read(descriptor.raw, $0.baseAddress, $0.count) }
            guard size > 0 else { return }
            if let answer = advertisement.answer(Array(buffer[..<size])) { send(answer) }
        }
    }

    /// Says unasked who the router is.
    func advertise() { send(advertisement.unasked) }

    private func send(_ frame: [UInt8]) {
        _ = frame.withUnsafeBytes { clinux_write(descriptor.raw, $0.baseAddress, $0.count) }
    }
}
