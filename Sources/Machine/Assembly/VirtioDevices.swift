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
/// entropy source, last the socket device.
final class VirtioDevices: Sendable {
    private struct Entry: Sendable {
        let device: any VirtioDevice
        let name: String
        let counters: @Sendable () -> [Control.Counter]
    }

    private let entries: [Entry]

    /// Builds the devices, their threads included, and puts them on the bus.
    /// - Throws: `MachineError` that names the device.
    init(
        _ configuration: MachineConfiguration, descriptors: inout DescriptorBundle, fabric: consuming DeviceFabric,
        cage: Cage, cpus: CPUSet?
    ) throws(MachineError) {
        var entries: [Entry] = []
        // One program a class of thread: compiling takes a good part of a millisecond.
        let blockDoor = try VirtioDevices.door(.block, of: cage, isNeeded: !configuration.disks.isEmpty)
        let netDoor = try VirtioDevices.door(.net, of: cage, isNeeded: !configuration.nets.isEmpty)
        for (index, disk) in VirtioDevices.inBootOrder(configuration.disks).enumerated() {
            guard let file = descriptors.take(disk.file) else {
                throw .configuration(field: "disks[\(disk.name)].file", "its descriptor did not come")
            }
            let device = try VirtioDevices.disk(disk, file, thread: "block \(index)", cpus: cpus, door: blockDoor)
            entries.append(Entry(device: device, name: disk.name) { device.metrics.snapshot.counters })
        }
        for (index, net) in configuration.nets.enumerated() {
            guard let slot = net.taps.first, let tap = descriptors.take(slot) else {
                throw .configuration(field: "nets[\(net.name)].taps", "its descriptor did not come")
            }
            let device = try VirtioDevices.interface(net, tap, thread: "net \(index)", cpus: cpus, door: netDoor)
            entries.append(Entry(device: device, name: net.name) { device.metrics.snapshot.counters })
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
        for (entry, place) in zip(entries, FunctionAddress.devices) {
            do throws(Errno) { try fabric.add(entry.device, at: place) } catch {
                throw .device(entry.name, "its PCI function cannot be made (\(error))")
            }
        }
        self.entries = entries
    }

    /// Returns when no device touches guest memory any more.
    func pause() { for entry in entries { entry.device.pause() } }

    /// Goes on.
    func resume() { for entry in entries { entry.device.resume() } }

    /// Ends what is in flight, for good.
    func end() { for entry in entries { entry.device.stop() } }

    /// What each device has counted.
    var statistics: [DeviceStatistics] {
        entries.map { DeviceStatistics(name: $0.name, counters: $0.counters()) }
    }

    private static func door(
        _ filter: SystemCallFilter, of cage: Cage, isNeeded: Bool
    ) throws(MachineError) -> @Sendable () -> Void {
        guard isNeeded else { return {} }
        return try Assembly.door(filter, of: cage)
    }

    private static func inBootOrder(_ disks: [DiskConfiguration]) -> [DiskConfiguration] {
        disks.filter { $0.bootOrder != nil }.sorted { ($0.bootOrder ?? 0) < ($1.bootOrder ?? 0) }
            + disks.filter { $0.bootOrder == nil }
    }

    private static func disk(
        _ disk: DiskConfiguration, _ file: consuming FileDescriptor, thread: String, cpus: CPUSet?,
        door: @escaping @Sendable () -> Void
    ) throws(MachineError) -> Block<SynchronousEngine<RawImage>> {
        do {
            let image = try RawImage(owning: file, name: disk.name, readOnly: disk.readonly)
            return try Block(SynchronousEngine(image), serial: disk.serial, name: thread, cpus: cpus, onStart: door)
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
    }

    private static func interface(
        _ net: NetConfiguration, _ tap: consuming FileDescriptor, thread: String, cpus: CPUSet?,
        door: @escaping @Sendable () -> Void
    ) throws(MachineError) -> Net<Tap> {
        guard let mac = Network.MACAddress(net.mac.description) else {
            throw .configuration(field: "nets[\(net.name)].mac", "is no address")
        }
        do {
            let port = try Tap(owning: tap, mtu: net.mtu)
            return try Net(port, mac: mac, name: thread, cpus: cpus, onStart: door)
        } catch {
            throw .device("interface \(net.name)", "\(error)")
        }
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
