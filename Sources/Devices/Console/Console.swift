// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Virtio

/// A console (virtio 1.2 §5.3) with any number of ports: terminals, and channels such as a guest agent's.
///
/// Nothing is buffered here: bytes wait in the guest's queue or in the host's socket until the other side takes them, and
/// a port that stands still does not keep another. Port 0 is the first terminal, all others count from 1, as QEMU
/// has it; a driver without VIRTIO_CONSOLE_F_MULTIPORT finds port 0 alone.
public final class Console: VirtioDevice {
    /// Most ports.
    public static let mostPorts = 15

    private let worker: QueueWorker<ConsoleWork>
    /// The ports by their numbers; nil where there is none.
    private let numbered: [ConsolePort?]
    private let onChange: @Sendable () -> Void

    /// Makes a console and its thread. Writes to connections that are gone are made errors instead of deaths of the
    /// process.
    /// - Parameters:
    ///   - ports: at most `mostPorts`, with names of their own.
    ///   - cpus: where the thread may run; the creator's set when nil.
    ///   - onStart: runs first on the thread, such as loading its seccomp filter.
    ///   - onChange: called when the guest has opened or closed a port, on the console's thread or on one that resets
    ///     the device; never waits.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left.
    public init(
        _ ports: [ConsolePort], cpus: CPUSet? = nil, onStart: (@Sendable () -> Void)? = nil,
        onChange: @escaping @Sendable () -> Void = {}
    ) throws(Errno) {
        precondition(ports.count <= Console.mostPorts, "Too many ports")
        SignalSet.ignoreBrokenPipes()
        let first = ports.firstIndex { $0.hub != nil }
        numbered =
            [first.map { ports[$0] }] + ports.enumerated().filter { $0.offset != first }.map { $0.element }
        self.onChange = onChange
        worker = try QueueWorker(name: "ports", cpus: cpus, onStart: onStart)
    }

    deinit { worker.shutDown() }

    /// The ports, by rising number.
    public var ports: [ConsolePort] { numbered.compactMap { $0 } }

    // MARK: VirtioDevice

    /// A console.
    public var kind: VirtioKind { .console }
    /// Several ports.
    public var offeredFeatures: UInt64 { ConsoleFeature.multiport }
    /// Port 0's, the control queues, then two a port: each time the queue to receive first (§5.3.2).
    public var queueSizes: [UInt16] { Array(repeating: 64, count: 2 * numbered.count + 2) }

    /// Reads `struct virtio_console_config` (§5.3.4): only the number of ports is told.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        var bytes = ConfigurationBytes(count: 12)
        bytes.put(UInt32(numbered.count), at: 4)
        return bytes.read(at: offset, size: size)
    }

    /// Nothing is writable: emergency writing is not offered.
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {}

    /// Serves the ports from now on.
    public func start(_ setup: DeviceSetup) {
        let (numbered, onChange) = (self.numbered, self.onChange)
        worker.start(setup) { setup, events in
            try ConsoleWork(setup, ports: numbered, events: events, onChange: onChange)
        }
    }

    /// Forgets the driver; connections stay.
    public func stop() {
        worker.stop()
        for port in ports { port.reset() }
        onChange()
    }

    /// Leaves queues and connections alone.
    public func pause() { worker.pause() }
    /// Goes on.
    public func resume() { worker.resume() }
    /// How far the queues have got.
    public func queuePositions() -> [QueuePosition] { worker.positions() }

    // MARK: State

    /// The device's state; it must be paused or stopped.
    public var state: ConsoleState { ConsoleState(ports: ports.map(\.state)) }

    /// Takes up a state before `start`; false, with nothing changed, when it is not that of such ports.
    public func restore(_ state: ConsoleState) -> Bool {
        guard state.ports.map(\.name) == ports.map(\.name), state.ports.allSatisfy({ $0.news < 8 }) else {
            return false
        }
        for (port, saved) in zip(ports, state.ports) { port.restore(saved) }
        if ports.contains(where: \.isGuestOpen) { onChange() }
        return true
    }
}
