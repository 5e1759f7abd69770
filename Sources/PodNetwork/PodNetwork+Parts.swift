// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

extension PodNetwork {
    /// Undoes what journals without an owner say; true when there was something to undo.
    static func recover(_ facts: PodNetworkFacts, _ options: PodNetworkOptions) -> Bool {
        var found = false
        for podInterface in NetworkJournal.podInterfaces(namespace: facts.namespace, in: options.journalDirectory) {
            guard
                let journal = try? NetworkJournal.open(
                    podInterface, namespace: facts.namespace, in: options.journalDirectory)
            else { continue }
            if let entry = journal.entry {
                found = true
                _ = Undo.run(entry)
            }
            journal.close()
        }
        return found
    }

    /// The journal of an attachment's pod interface, locked.
    static func journal(
        of attachment: Attachment, _ names: PodInterfaceNames, _ facts: PodNetworkFacts, _ options: PodNetworkOptions
    ) throws(NetworkError) -> NetworkJournal {
        do throws(Errno) {
            return try NetworkJournal.open(names.pod, namespace: facts.namespace, in: options.journalDirectory)
        } catch {
            if error.code == EAGAIN || error.code == EACCES && error.call.description == "fcntl" {
                throw NetworkError(
                    attachment.field, "\(names.pod) is in use by another VM; stop that, or give each a pod of its own")
            }
            throw NetworkError(
                attachment.field,
                "\(options.journalDirectory) cannot be written to: \(error.reason); mount a directory there")
        }
    }

    /// The service of one attachment.
    static func serve(
        _ attachment: Attachment, _ bridge: String, _ index: UInt32, _ router: RouterPort?
    ) throws(NetworkError) -> GuestService? {
        guard let guest = attachment.guest else { return nil }
        do throws(Errno) {
            return try GuestService(guest, bridge: bridge, index: index, router: router)
        } catch {
            let remedy =
                switch error.code {
                case EACCES, EPERM: "give the container the capability NET_BIND_SERVICE"
                case EADDRINUSE: "stop the other DHCP server of this pod"
                default: "check \(bridge)"
                }
            throw NetworkError(
                attachment.field, "the guest's DHCP service cannot listen on \(bridge): \(error.reason); \(remedy)")
        }
    }

    /// The service of all guests' interfaces.
    static func service(_ guests: [GuestService], _ path: String) throws(NetworkError) -> PodNetworkService {
        do throws(Errno) { return try PodNetworkService(guests) } catch {
            throw NetworkError("\(path).networks", "the guest's DHCP service cannot be started: \(error)")
        }
    }

    /// Undoes what is in journals, the last first; says what could not be.
    static func undo(_ journals: inout [NetworkJournal]) -> [String] {
        var problems: [String] = []
        for journal in journals.reversed() {
            if let entry = journal.entry { problems += Undo.run(entry) }
            journal.close()
        }
        journals = []
        return problems
    }
}
