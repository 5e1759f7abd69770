// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// The pod's network as it reaches one guest: devices, descriptors for the launcher, and the service that tells the
/// guest its addresses.
///
/// The order of use: `prepare`, `takeTap` for the launcher's descriptors, `service` in the caller's loop, `cleanUp` at
/// the end. After a crash the next `prepare` cleans up first.
public final class PodNetwork {
    /// The interfaces in the manifest's order.
    public let interfaces: [ConnectedInterface]
    /// DHCP and router advertisements.
    public let service: PodNetworkService
    private let taps: [TapQueues]
    private var journals: [NetworkJournal]

    private init(
        _ interfaces: [ConnectedInterface], _ service: PodNetworkService, _ taps: [TapQueues],
        _ journals: [NetworkJournal]
    ) {
        self.interfaces = interfaces
        self.service = service
        self.taps = taps
        self.journals = journals
    }

    deinit { cleanUp() }

    /// Connects the interfaces of an instance to the networks of the calling thread's network namespace.
    /// - Throws: `NetworkError` that names the field and the remedy; nothing is left behind.
    public static func prepare(
        _ instance: VirtualMachineInstance, _ options: PodNetworkOptions
    ) throws(NetworkError) -> PodNetwork {
        guard !instance.spec.domain.devices.interfaces.isEmpty else {
            return try PodNetwork([], service([], options.specPath), [], [])
        }
        var facts = try PodNetworkFacts.read(resolverFile: options.resolverFile)
        if options.mode == .own, facts.mayAdminister, recover(facts, options) {
            facts = try PodNetworkFacts.read(resolverFile: options.resolverFile)
        }
        let plan = try AttachmentPlan(instance, options, facts)
        var interfaces: [ConnectedInterface] = []
        var guests: [GuestService] = []
        var taps: [TapQueues] = []
        var journals: [NetworkJournal] = []
        do throws(NetworkError) {
            for attachment in plan.attachments {
                let result = try connect(attachment, facts, options, &journals)
                if let guest = result.service { guests.append(guest) }
                taps.append(result.taps)
                interfaces.append(
                    ConnectedInterface(
                        name: attachment.interface.name, hardwareAddress: attachment.hardwareAddress, mtu: result.mtu,
                        queuePairs: result.taps.count, tap: attachment.tap,
                        podInterface: attachment.names?.pod, addresses: attachment.reachableAddresses,
                        advertisesRouter: result.service?.advertises ?? false))
            }
            return try PodNetwork(interfaces, service(guests, options.specPath), taps, journals)
        } catch {
            _ = undo(&journals)
            throw error
        }
    }

    /// Hands over the descriptor of a queue, once.
    public func takeTap(interface: Int, queue: Int) -> FileDescriptor? {
        taps.indices.contains(interface) ? taps[interface].take(queue) : nil
    }

    /// Removes what this process made and puts the pod's interfaces back; says what could not be, one line each.
    ///
    /// Nothing is left to do for devices that were prepared by others, nor the second time.
    @discardableResult
    public func cleanUp() -> [String] { Self.undo(&journals) }

    /// Leaves everything as it is, as a process that is killed does; for tests.
    func forget() { journals = [] }

    // MARK: Parts

    private struct Connection {
        var taps: TapQueues
        var mtu: UInt16
        var service: GuestService?
    }

    private static func connect(
        _ attachment: Attachment, _ facts: PodNetworkFacts, _ options: PodNetworkOptions,
        _ journals: inout [NetworkJournal]
    ) throws(NetworkError) -> Connection {
        guard let names = attachment.names, let pod = attachment.podLink else {
            let opened = try PreparedTap.open(attachment, facts, queuePairs: options.queuePairs)
            return Connection(taps: opened.queues, mtu: opened.mtu, service: nil)
        }
        let mtu = UInt16(clamping: max(pod.mtu, 68))
        if options.mode == .prepared {
            let opened = try PreparedTap.open(attachment, facts, queuePairs: options.queuePairs)
            guard attachment.guest?.ipv4 != nil || attachment.guest?.ipv6 != nil else {
                return Connection(taps: opened.queues, mtu: mtu, service: nil)
            }
            guard let bridge = facts.link(names.bridge) else {
                throw NetworkError(
                    attachment.field,
                    "there is no bridge \(names.bridge) beside \(names.tap); have it prepared, or let this program make "
                        + "it (own mode)")
            }
            return Connection(
                taps: opened.queues, mtu: mtu, service: try serve(attachment, names.bridge, bridge.index, nil))
        }
        for name in [names.bridge, names.tap, names.port] where facts.link(name) != nil {
            throw NetworkError(
                attachment.field,
                "there is a device \(name) already; use it as it is (prepared mode), or remove it: ip link delete \(name)"
            )
        }
        let journal = try journal(of: attachment, names, facts, options)
        journals.append(journal)
        let entry = Takeover.entry(attachment, names, pod)
        do throws(Errno) { try journal.write(entry) } catch {
            throw NetworkError(
                attachment.field, "\(options.journalDirectory) cannot be written to: \(error.reason); make room in it")
        }
        let made = try Takeover.run(attachment, names, pod, queuePairs: options.queuePairs)
        let (taps, bridge) = (made.taps, made.bridge)
        guard attachment.guest?.ipv4 != nil || attachment.guest?.ipv6 != nil else {
            return Connection(taps: taps, mtu: mtu, service: nil)
        }
        return Connection(taps: taps, mtu: mtu, service: try serve(attachment, names.bridge, bridge, made.router))
    }
}
