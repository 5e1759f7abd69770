// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A tap that exists already, attached to for as many queues as the interface has.
struct PreparedTap {
    /// The queues; the launcher sets offloads on them.
    let queues: TapQueues
    /// The tap's MTU in bytes.
    let mtu: UInt16

    /// Attaches to the tap of an attachment.
    /// - Throws: `NetworkError`; a tap that is not there is never made.
    static func open(
        _ attachment: Attachment, _ facts: PodNetworkFacts, queuePairs: Int
    ) throws(NetworkError) -> PreparedTap {
        let name = attachment.tap
        let field = attachment.field
        let network = attachment.interface.name
        guard (1..<16).contains(name.utf8.count), !name.utf8.contains(0), !name.utf8.contains(0x2F) else {
            throw NetworkError(field, "\"\(name)\" cannot name a network device; pass --tap \(network)=TAP")
        }
        let recipe =
            "ip tuntap add \(name) mode tap\(queuePairs > 1 ? " multi_queue" : "") user \(facts.user)"
            + " && ip link set \(name) up"
        // Attaching to a name that is not there would create a device, which would be left behind.
        guard let link = facts.link(name) else {
            let hint = attachment.names.map { names in
                "; have it made and put on the bridge \(names.bridge), or let this program make both (--network own)"
            }
            throw NetworkError(field, "there is no tap device \(name)\(hint ?? "; create it: \(recipe)")")
        }
        guard let tap = link.tap else {
            throw NetworkError(field, "\(name) is not a tap device; pass --tap \(network)=TAP with one that is")
        }
        if let names = attachment.names, link.bridge == nil || link.bridge != facts.link(names.bridge)?.index {
            throw NetworkError(
                field,
                "the tap device \(name) is not on the bridge \(names.bridge); "
                    + "put it there: ip link set \(name) master \(names.bridge)")
        }
        if queuePairs > 1, !tap.isMultiQueue {
            throw NetworkError(
                field, "the tap device \(name) has a single queue and \(queuePairs) are needed; make it by: \(recipe)")
        }
        if let owner = tap.owner, owner != facts.user, !facts.mayAdminister {
            throw NetworkError(
                field,
                "the tap device \(name) belongs to user \(owner) and this is user \(facts.user); make it by: \(recipe)")
        }
        let queues = TapQueues()
        do throws(Errno) {
            for _ in 0..<max(queuePairs, 1) {
                try queues.attach(name, isMultiQueue: tap.isMultiQueue, isNew: false)
            }
        } catch {
            throw NetworkError(field, refusal(of: name, recipe, error))
        }
        return PreparedTap(queues: queues, mtu: UInt16(clamping: max(link.mtu, 68)))
    }

    private static func refusal(of name: String, _ recipe: String, _ error: Errno) -> String {
        switch error.code {
        case EBUSY: "the tap device \(name) is in use by another process; stop that or make another device"
        case ENOENT, ENXIO, ENODEV:
            "there is no /dev/net/tun; load the module (modprobe tun) or give the container the device"
        case EPERM, EACCES:
            error.call.description == "open"
                ? "/dev/net/tun cannot be opened: \(error.reason); change its permissions"
                : "the tap device \(name) may not be opened by this user; make it by: \(recipe)"
        case EINVAL: "the tap device \(name) was made for other uses; make it by: \(recipe)"
        case E2BIG: "the tap device \(name) has no more queues to give; stop who uses them"
        default: "the tap device \(name) cannot be opened: \(error.reason); make it anew by: \(recipe)"
        }
    }
}
