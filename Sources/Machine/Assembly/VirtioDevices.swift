// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Network
internal import PCI
internal import Sandbox
internal import Storage
internal import Virtio

/// The virtio devices of a machine, each behind a PCI function: disks first, in boot order, then interfaces, then the
/// entropy source, console, balloon and socket device; behind them the watchdog, which is not virtio.
final class VirtioDevices: Sendable {
    struct Entry: Sendable {
        let device: any VirtioDevice
        let name: String
        let counters: @Sendable () -> [Control.Counter]
    }

    let entries: [Entry]
    /// What an operator may want to know of how the devices were built.
    let notes: [String]
    private let scsi: SCSIDisks?
    /// All disks.
    let disks: DiskStation
    private let interfaces: [(name: String, device: Net<Tap>)]
    /// The console, when there is one.
    let console: Console?
    /// The balloon, when there is one.
    let balloon: Balloon?
    /// The watchdog, when there is one.
    let watchdog: Watchdog?

    /// Builds the devices, their threads included, and puts them on the bus.
    /// - Throws: `MachineError` that names the device.
    init(
        _ configuration: MachineConfiguration, descriptors: inout DescriptorBundle, fabric: inout DeviceFabric,
        cage: Cage, cpus: CPUSet?, events: EventQueue, terminal: ConsoleHub?
    ) throws(MachineError) {
        var entries: [Entry] = []
        var interfaces: [(name: String, device: Net<Tap>)] = []
        // One program a class of thread: compiling takes a good part of a millisecond.
        let plain = VirtioDevices.inBootOrder(configuration.disks).filter { $0.bus == .virtio }
        var blocks: [String: Block<DiskEngine>] = [:]
        let images = OpenImages()
        let hosts = EngineHosts(configuration.disks, cage: cage, cpus: cpus)
        notes = hosts.notes
        let blockDoor = try VirtioDevices.door(
            hosts.confined(.block.withKicks), of: cage, isNeeded: !plain.isEmpty)
        let netDoor = try VirtioDevices.door(.net, of: cage, isNeeded: !configuration.nets.isEmpty)
        for (index, disk) in plain.enumerated() {
            let device = try VirtioDevices.disk(
                disk, &descriptors, thread: "block \(index)", cpus: cpus, signals: events, door: blockDoor,
                hosts: hosts,
                images: images)
            blocks[disk.name] = device
            entries.append(Entry(device: device, name: disk.name) { device.metrics.counters })
        }
        for (index, net) in configuration.nets.enumerated() {
            let device = try VirtioDevices.interface(
                net, &descriptors, thread: "net \(index)", cpus: cpus, door: netDoor)
            entries.append(Entry(device: device, name: net.name) { NetMetrics.counters(ofPairs: device.metrics) })
            interfaces.append((net.name, device))
        }
        if let source = configuration.rng {
            let door = try Assembly.door(.entropy, of: cage)
            let device = try VirtioDevices.entropy(source, &descriptors, cpus: cpus, door: door)
            entries.append(
                Entry(device: device, name: "rng") {
                    [
                        Control.Counter(name: "requests", value: device.metrics.requests),
                        Control.Counter(name: "bytes", value: device.metrics.bytes),
                    ]
                })
        }
        console = try VirtioDevices.console(
            configuration, &descriptors, cage: cage, cpus: cpus, events: events, terminal: terminal)
        if let console {
            entries.append(Entry(device: console, name: "console") { console.counters })
        }
        balloon = try VirtioDevices.balloon(configuration, cage: cage, cpus: cpus)
        if let balloon {
            entries.append(Entry(device: balloon, name: "balloon") { balloon.counters })
        }
        if let socket = configuration.vsock {
            let door = try Assembly.door(.vsock, of: cage)
            let device = try VirtioDevices.socket(socket, &descriptors, cpus: cpus, door: door)
            entries.append(
                Entry(device: device, name: "vsock") {
                    [
                        Control.Counter(name: "resetsAnnounced", value: device.metrics.resetsAnnounced),
                        Control.Counter(name: "malformed", value: device.metrics.malformedRings),
                    ]
                })
        }
        // Behind all others, so that it moves none of them.
        let scsi = try VirtioDevices.scsi(
            configuration, &descriptors, cage: cage, cpus: cpus, signals: events, hosts: hosts, images: images)
        self.scsi = scsi
        disks = DiskStation(blocks: blocks, scsi: scsi, images: images)
        if let scsi { entries.append(Entry(device: scsi.controller, name: "SCSI controller") { [] }) }
        guard entries.count <= FunctionAddress.devices.count else {
            throw .device(
                entries[FunctionAddress.devices.count].name, "the PCI bus has no place left; remove a device")
        }
        for (entry, place) in zip(entries, FunctionAddress.devices) {
            do throws(Errno) { try fabric.add(entry.device, at: place) } catch {
                throw .device(entry.name, "its PCI function cannot be made (\(error))")
            }
        }
        watchdog = try VirtioDevices.watchdog(
            configuration, in: &fabric, at: FunctionAddress.devices.dropFirst(entries.count).first, events: events)
        self.entries = entries
        self.interfaces = interfaces
    }

    /// Plugs an interface's cable in or pulls it; false when there is no interface of this name.
    func setLink(of interface: String, up: Bool) -> Bool {
        guard let found = interfaces.first(where: { $0.name == interface }) else { return false }
        found.device.setLink(up: up)
        return true
    }

    /// Asks every driver that knows how to announce its addresses.
    func announceInterfaces() { for interface in interfaces { interface.device.announce() } }

    /// Returns when no device touches guest memory any more, and what the guest has written is in its images.
    func pause() {
        for entry in entries { entry.device.pause() }
        disks.flush()
    }

    /// Goes on.
    func resume() { for entry in entries { entry.device.resume() } }

    /// Ends what is in flight, for good, and closes the disks' images.
    /// - Returns: what could not be closed.
    func end() -> [MachineError] {
        for entry in entries { entry.device.stop() }
        return disks.close()
    }

    /// What each device has counted.
    var statistics: [DeviceStatistics] {
        // The controller counts nothing itself: its disks do.
        entries.map { DeviceStatistics(name: $0.name, counters: $0.counters()) }.filter { !$0.counters.isEmpty }
            + (scsi?.statistics ?? [])
    }

    private static func door(
        _ filter: SystemCallFilter, of cage: Cage, isNeeded: Bool
    ) throws(MachineError) -> @Sendable () -> Void {
        guard isNeeded else { return {} }
        return try Assembly.door(filter, of: cage)
    }

    static func inBootOrder(_ disks: [DiskConfiguration]) -> [DiskConfiguration] {
        disks.filter { $0.bootOrder != nil }.sorted { ($0.bootOrder ?? 0) < ($1.bootOrder ?? 0) }
            + disks.filter { $0.bootOrder == nil }
    }

    private static func entropy(
        _ source: Control.EntropySource, _ descriptors: inout DescriptorBundle, cpus: CPUSet?,
        door: @escaping @Sendable () -> Void
    ) throws(MachineError) -> RNG {
        do {
            switch source {
            case .getrandom: return try RNG(.kernel, cpus: cpus, onStart: door)
            case .file(let slot):
                guard let file = descriptors.take(slot) else {
                    throw MachineError.configuration(field: "rng", "its descriptor did not come")
                }
                return try RNG(.descriptor(file), cpus: cpus, onStart: door)
            }
        } catch {
            throw .device("rng", "\(error)")
        }
    }
}
