// SPDX-License-Identifier: Apache-2.0

internal import Devices
internal import Linux
internal import Network
internal import PCI
internal import Record
internal import Virtio

extension VirtioDevices {
    /// Place, name and kind of each device on the bus.
    func shape(_ bus: RootBus) -> [String] {
        var all = functions(bus).map { entry, place, _ in "\(place) \(entry.device.kind) \(entry.name)" }
        if watchdog != nil { all.append("watchdog") }
        return all
    }

    /// Everything to save; the devices must be paused.
    func state(_ bus: RootBus) -> [DeviceState] {
        functions(bus).map { entry, _, function in
            DeviceState(name: entry.name, function: function.state, own: Self.own(of: entry.device))
        }
    }

    /// Takes saved states over; the devices must be paused and wait for `resume`, which looks at every queue once.
    /// - Throws: `StateError` that names the device.
    func restore(_ states: [DeviceState], _ bus: RootBus) throws(StateError) {
        let all = functions(bus)
        guard states.count == all.count else {
            throw .shape("Number of devices", saved: "\(states.count)", here: "\(all.count)")
        }
        for (state, (entry, _, function)) in zip(states, all) {
            guard state.name == entry.name else { throw .shape("Device", saved: state.name, here: entry.name) }
            let isPossible: Bool
            do throws(RecordError) {
                // Before the function's own, which starts the device.
                isPossible = try Self.restore(state.own, to: entry.device)
            } catch {
                throw .device(entry.name, "\(error)")
            }
            guard isPossible, function.restore(state.function) else {
                throw .device(entry.name, "it cannot be in this state")
            }
            // A driver looks at its rings and its configuration: an interrupt too many does no harm (virtio 1.2 §2.7.7.2).
            function.msix.raiseUnmasked()
        }
    }

    private func functions(_ bus: RootBus) -> [(Entry, FunctionAddress, VirtioPCIFunction)] {
        zip(entries, FunctionAddress.devices).compactMap { entry, place in
            (bus.function(at: place) as? VirtioPCIFunction).map { (entry, place, $0) }
        }
    }

    private static func own(of device: any VirtioDevice) -> RecordValue {
        switch device {
        case let disk as Block<DiskEngine>: disk.state.recordValue
        case let card as Net<Tap>: card.state.recordValue
        case let controller as SCSI: controller.state.recordValue
        case let console as Console: console.state.recordValue
        case let balloon as Balloon: balloon.state.recordValue
        case let socket as Vsock<Vhost>: socket.state.recordValue
        default: .absent
        }
    }

    private static func restore(_ own: RecordValue, to device: any VirtioDevice) throws(RecordError) -> Bool {
        switch device {
        case let disk as Block<DiskEngine>: disk.restore(try BlockState(recordValue: own))
        case let card as Net<Tap>: card.restore(try NetState(recordValue: own))
        case let controller as SCSI:
            let state = try SCSIState(recordValue: own)
            // Disks come and go while a machine runs: another set of them is another machine.
            guard Set(state.units.map(\.number)) == Set(controller.state.units.map(\.number)) else {
                throw RecordError(.invalid("its units are others than here"))
            }
            return controller.restore(state)
        case let console as Console: return console.restore(try ConsoleState(recordValue: own))
        case let balloon as Balloon: balloon.restore(try BalloonState(recordValue: own))
        case let socket as Vsock<Vhost>: socket.restore(try VsockState(recordValue: own))
        default:
            guard own == .absent else { throw RecordError(.invalid("it keeps no state of its own")) }
        }
        return true
    }
}
