// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Storage
import Synchronization

/// The machine's SCSI controller and the disks on it, by name; disks come and go while the machine runs.
///
/// An engine made after the cage has closed waits on its queue's own thread: neither rings nor threads can be made then.
final class SCSIDisks: Sendable {
    let controller: SCSI
    private let signals: any DiskSignals
    private let images: OpenImages
    private let numbers = Mutex<[String: Int]>([:])

    init(_ controller: SCSI, signals: any DiskSignals, images: OpenImages) {
        self.controller = controller
        self.signals = signals
        self.images = images
    }

    /// Attaches a disk at the lowest number that is free.
    /// - Throws: `MachineError` that names the disk.
    func attach(
        _ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle, hosts: EngineHosts? = nil
    ) throws(MachineError) {
        let taken = numbers.withLock { $0 }
        guard taken[disk.name] == nil else { throw .device("disk \(disk.name)", "is attached already") }
        guard let number = (0..<SCSILimits.units).first(where: { !taken.values.contains($0) }) else {
            throw .device("disk \(disk.name)", "the SCSI controller is full; detach another disk first")
        }
        let image =
            disk.file == nil
            ? nil
            : try DiskEngines(
                disk, &descriptors, queues: controller.requestQueues, hosts: hosts)
        let engines = try image?.handles(controller.requestQueues, of: disk.name)
        let profile = DiskProfile(disk, signals: signals)
        try named(disk.name) { () throws(SCSIError) in
            try controller.attach(
                number, disk.kind == .cdrom ? .optical : .disk, profile, engines: engines, carrier: image?.carrier)
        }
        // A drive's medium is changed, not made larger, and nothing is written to it.
        if disk.kind != .cdrom { images.add(image?.files, of: disk.name) }
        numbers.withLock { $0[disk.name] = number }
    }

    /// Detaches a disk and closes its files.
    /// - Throws: `MachineError` that names the disk; it is detached even when its image could not be closed.
    func detach(_ name: String) throws(MachineError) {
        let number = try number(of: name)
        try named(name) { () throws(SCSIError) in try controller.detach(number) }
        numbers.withLock { $0[name] = nil }
        try images.remove(name)
    }

    /// Changes or ejects a drive's medium.
    /// - Throws: `MachineError` that names the disk.
    func change(_ change: MediumChange, _ descriptors: inout DescriptorBundle) throws(MachineError) {
        let number = try number(of: change.disk)
        var engines: [EngineHandle]?
        if let slot = change.file {
            guard let file = descriptors.take(slot) else {
                throw .device("disk \(change.disk)", "the medium's descriptor did not come")
            }
            engines = try DiskEngines(medium: file, of: change.disk).handles(
                controller.requestQueues, of: change.disk)
        }
        try named(change.disk) { () throws(SCSIError) in
            try controller.change(number, engines: engines, force: change.force)
        }
    }

    /// Looks at a disk's size again, after a change while nothing is in flight.
    /// - Throws: `MachineError` that names the disk.
    func refresh(_ name: String, after change: () throws(Errno) -> Void) throws(MachineError) {
        let number = try number(of: name)
        try named(name) { () throws(SCSIError) in try controller.refreshCapacity(number, after: change) }
    }

    func has(_ name: String) -> Bool { numbers.withLock { $0[name] != nil } }

    /// What each disk has counted.
    var statistics: [DeviceStatistics] {
        let all = numbers.withLock { $0 }.sorted { $0.value < $1.value }
        return all.compactMap { name, number in
            controller.metrics(number).map { DeviceStatistics(name: name, counters: $0.counters) }
        }
    }

    private func number(of name: String) throws(MachineError) -> Int {
        guard let number = numbers.withLock({ $0[name] }) else {
            throw .device("disk \(name)", "is not on the SCSI controller")
        }
        return number
    }

    private func named<R>(_ name: String, _ body: () throws(SCSIError) -> R) throws(MachineError) {
        do throws(SCSIError) { _ = try body() } catch { throw .device("disk \(name)", "\(error)") }
    }
}
