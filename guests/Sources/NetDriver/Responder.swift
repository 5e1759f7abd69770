// SPDX-License-Identifier: Apache-2.0

import Runtime

/// What comes back for a frame: ARP and ping are answered for `ip`, anything else to this station is reflected.
struct Responder {
    private let mac: UInt64
    private let ip: UInt64?

    init(mac: UInt64, ip: UInt64?) {
        self.mac = mac
        self.ip = ip
    }

    /// The answer's kind, or nil for none.
    enum Answer { case arp, ping, reflection }

    func answer(_ frame: Frame) -> Answer? {
        guard frame.length >= 14, frame.length <= Interface.frameLimit, frame.source != mac else { return nil }
        let forUs = frame.destination == mac
        guard forUs || frame.destination == Frame.broadcast else { return nil }
        if let ip {
            if frame.type == 0x0806 {
                return frame.number(20, 2) == 1 && frame.number(38, 4) == ip ? .arp : nil
            }
            if isPing(frame) { return forUs && frame.number(30, 4) == ip ? .ping : nil }
        }
        return .reflection
    }

    /// Turns a copy of the frame into its answer.
    func write(_ answer: Answer, in frame: Frame) {
        let asker = frame.source
        frame.set(0, 6, asker)
        frame.set(6, 6, mac)
        switch answer {
        case .arp:
            let askerIP = frame.number(28, 4)
            frame.set(20, 2, 2)
            frame.set(22, 6, mac)
            frame.set(28, 4, ip ?? 0)
            frame.set(32, 6, asker)
            frame.set(38, 4, askerIP)
        case .ping:
            swapAddresses(frame)
            frame.set(34, 1, 0)
            frame.set(36, 2, 0)
            let end = min(14 + Int(frame.number(16, 2)), frame.length)
            frame.set(36, 2, frame.checksum(34..<max(end, 34)))
        case .reflection:
            // Swapping addresses and ports leaves the checksums right.
            guard frame.type == 0x0800, let ip, frame.number(30, 4) == ip else { return }
            swapAddresses(frame)
            guard frame.number(14, 1) == 0x45, frame.number(23, 1) == 17 else { return }
            let (from, to) = (frame.number(34, 2), frame.number(36, 2))
            frame.set(34, 2, to)
            frame.set(36, 2, from)
        }
    }

    private func isPing(_ frame: Frame) -> Bool {
        frame.type == 0x0800 && frame.number(14, 1) == 0x45 && frame.number(23, 1) == 1 && frame.number(34, 1) == 8
    }

    private func swapAddresses(_ frame: Frame) {
        let (from, to) = (frame.number(26, 4), frame.number(30, 4))
        frame.set(26, 4, to)
        frame.set(30, 4, from)
    }
}
