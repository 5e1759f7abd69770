// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import PCI
internal import Sandbox
internal import Virtio

extension VirtioDevices {
    /// A console with the terminal and the channels of the configuration; nil when there are neither.
    static func console(
        _ configuration: MachineConfiguration, _ descriptors: inout DescriptorBundle, cage: Cage, cpus: CPUSet?,
        events: EventQueue, terminal: ConsoleHub?
    ) throws(MachineError) -> Console? {
        guard terminal != nil || !configuration.channels.isEmpty else { return nil }
        let door = try Assembly.door(.virtioConsole, of: cage)
        do {
            var ports: [ConsolePort] = []
            if let terminal { ports.append(try ConsolePort("terminal", hub: terminal)) }
            for channel in configuration.channels {
                guard let file = descriptors.take(channel.end.slot) else {
                    throw MachineError.configuration(
                        field: "channels[\(channel.name)].end.slot", "its descriptor did not come")
                }
                switch channel.end {
                case .stream: ports.append(try ConsolePort(channel.name, stream: file))
                case .listener: ports.append(try ConsolePort(channel.name, listener: UnixSocket(owning: file)))
                }
            }
            // The queue outlives every device that tells it something.
            return try Console(ports, cpus: cpus, onStart: door) { [weak events] in events?.channelsChanged() }
        } catch let error as MachineError {
            throw error
        } catch {
            throw .device("console", "\(error)")
        }
    }

    /// The balloon of the configuration. Pages of a hugetlb pool stay reserved, so they are only counted.
    static func balloon(
        _ configuration: MachineConfiguration, cage: Cage, cpus: CPUSet?
    ) throws(MachineError) -> Balloon? {
        guard let wanted = configuration.balloon else { return nil }
        let door = try Assembly.door(.balloon, of: cage)
        do throws(Errno) {
            return try Balloon(
                discards: configuration.memory.backing == .anonymous, reportsFreePages: wanted.freePageReporting,
                statisticsPeriod: UInt64(wanted.statisticsSeconds) * 1_000_000_000, cpus: cpus, onStart: door)
        } catch {
            throw .device("balloon", "\(error)")
        }
    }

    /// The watchdog of the configuration, on the bus.
    static func watchdog(
        _ configuration: MachineConfiguration, in fabric: inout DeviceFabric, at place: FunctionAddress?,
        events: EventQueue
    ) throws(MachineError) -> Watchdog? {
        guard configuration.watchdog != nil else { return nil }
        guard let place else { throw .device("watchdog", "the PCI bus has no place left; remove a device") }
        var watchdog: Watchdog?
        do throws(Errno) {
            try fabric.add(at: place) { allocator, decoder throws(Errno) in
                let made = try Watchdog(allocator: &allocator, decoder: decoder, signals: events)
                watchdog = made
                return made
            }
        } catch {
            throw .device("watchdog", "its PCI function cannot be made (\(error))")
        }
        return watchdog
    }
}
