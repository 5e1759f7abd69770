// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// Puts a pod interface back to what a journal says it was, from whatever state a crash left it in: each step looks at
/// what is there, so that none minds being done twice.
struct Undo: ~Copyable {
    private let entry: NetworkJournal.Entry
    private var socket: RouteSocket
    private var problems: [String] = []

    private init(_ entry: NetworkJournal.Entry) throws(NetlinkError) {
        self.entry = entry
        socket = try RouteSocket.open()
    }

    /// Undoes an entry; says what could not be, one line each.
    static func run(_ entry: NetworkJournal.Entry) -> [String] {
        do throws(NetlinkError) {
            var undo = try Undo(entry)
            try undo.run()
            return undo.problems
        } catch {
            return ["\(error)"]
        }
    }

    private mutating func run() throws(NetlinkError) {
        if entry.isMasquerade,
            let problem = NftCommand.run(MasqueradeRules.removal(of: MasqueradeRules.table(of: entry.names.pod)))
        {
            problems.append("cannot remove the address translation: \(problem)")
        }
        let links = try socket.links()
        for link in links where link.index != entry.index {
            let isOurs =
                switch link.name {
                case entry.names.bridge: link.kind == "bridge"
                case entry.names.tap, entry.names.router: link.tap != nil
                // The stand-in of a bridged pod interface.
                case entry.names.pod: !entry.isMasquerade && ["dummy", "bridge"].contains(link.kind)
                default: false
                }
            guard isOurs else { continue }
            attempt { (socket) throws(NetlinkError) in
                do throws(NetlinkError) { try socket.remove(link.index, called: link.name) } catch {
                    // The last queue of a tap may be closed meanwhile.
                    if error.errno.code != ENODEV { throw error }
                }
            }
        }
        guard let pod = links.first(where: { $0.index == entry.index }) else { return }
        if entry.isMasquerade { restoreForwarding(pod) } else { restorePodInterface(pod) }
    }

    private mutating func restoreForwarding(_ pod: PodLink) {
        let old = entry
        if pod.forwardsIPv4 != old.forwardsIPv4 {
            attempt { (socket) throws(NetlinkError) in
                try socket.set(
                    pod.index, called: pod.name, LinkChange(ipv4: [(.forwarding, old.forwardsIPv4 ? 1 : 0)]))
            }
        }
        for path in old.settings.keys.sorted() where PodNetworkFacts.text(path) != old.settings[path] {
            do throws(Errno) {
                let file = try FileDescriptor.open(path, O_WRONLY)
                try file.writeAll(Array("\(old.settings[path] ?? "")\n".utf8))
            } catch {
                problems.append("cannot write \(path): \(error.reason)")
            }
        }
    }

    private mutating func restorePodInterface(_ pod: PodLink) {
        let old = entry
        attempt { (socket) throws(NetlinkError) in
            if pod.name != old.names.pod || pod.hardwareAddress != old.hardwareAddress || pod.bridge != nil {
                try socket.set(
                    pod.index, called: pod.name, LinkChange(bridge: pod.bridge == nil ? nil : 0, isUp: false))
                try socket.set(
                    pod.index, called: pod.name,
                    LinkChange(
                        name: old.names.pod, hardwareAddress: old.hardwareAddress,
                        addressGeneration: old.addressGeneration))
            }
            if old.wasUp { try socket.set(pod.index, called: old.names.pod, LinkChange(isUp: true)) }
        }
        for (saved, type) in old.addresses.map({ ($0, RTM.newAddress) }) + old.routes.map({ ($0, RTM.newRoute) }) {
            attempt { (socket) throws(NetlinkError) in
                try socket.replay(saved, type, to: "restore \(old.names.pod)'s addresses and routes")
            }
        }
    }

    private mutating func attempt(_ step: (inout RouteSocket) throws(NetlinkError) -> Void) {
        do throws(NetlinkError) { try step(&socket) } catch { problems.append("\(error)") }
    }
}
