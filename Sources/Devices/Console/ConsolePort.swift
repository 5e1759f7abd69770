// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Linux
import Synchronization

/// One port of a console, and where it leads on the host.
///
/// The console's thread owns it while a driver is there; in between, and while the device is paused, whoever holds the
/// device does. What any thread may read at any time is said so.
public final class ConsolePort: @unchecked Sendable {
    /// What the guest finds it by, such as `org.qemu.guest_agent.0`: Linux makes it /dev/virtio-ports/NAME.
    public let name: String
    /// What it has carried; any thread may read it.
    public let metrics = PortMetrics()
    let listener: UnixSocket?
    let hub: ConsoleHub?
    let input: PortInput?
    private(set) var stream: FileDescriptor?
    /// Counts connections: events of one that has ended must not be taken for those of the next.
    private(set) var connection: UInt64 = 0

    /// What the guest knows and did.
    var state: PortState
    /// The connection has ended since the driver was told of it.
    private(set) var wasCut = false
    /// Reading or writing may do something: set by events, cleared by EAGAIN.
    var canRead = true
    var canWrite = true
    /// Nobody takes output any more; what was sent before may still be waiting to be read.
    private(set) var outputEnded = false
    /// The other end closed both ways.
    var isPeerGone = false
    private let guestOpen = Atomic<Bool>(false)

    /// A channel to the other end of a connected stream socket; once that is closed, for good.
    /// - Throws: `Errno` of `fcntl`.
    public init(_ name: String, stream: consuming FileDescriptor) throws(Errno) {
        try stream.setNonblocking()
        self.name = name
        state = PortState(name: name)
        listener = nil
        hub = nil
        input = nil
        self.stream = .some(stream)
    }

    /// A channel to whoever connects to a listening socket, one at a time; others wait until the one before has gone.
    /// - Throws: `Errno` of `fcntl`.
    public init(_ name: String, listener: consuming UnixSocket) throws(Errno) {
        try listener.descriptor.setNonblocking()
        self.name = name
        state = PortState(name: name)
        self.listener = .some(listener)
        hub = nil
        input = nil
        stream = nil
    }

    /// A terminal, `hvc0` to Linux, that any number of people watch; the guest never waits for them. Start the hub with
    /// this port's `terminalInput`.
    /// - Throws: `Errno` of `eventfd`.
    public init(_ name: String, hub: ConsoleHub) throws(Errno) {
        self.name = name
        state = PortState(name: name)
        listener = nil
        self.hub = hub
        input = try PortInput()
        stream = nil
    }

    /// What takes a terminal's input; nil for a channel.
    public var terminalInput: (any ConsoleInput)? { input }

    /// Whether somebody in the guest has the port open; any thread may ask.
    public var isGuestOpen: Bool { guestOpen.load(ordering: .acquiring) }

    /// Whether somebody on the host has it open.
    var isHostOpen: Bool { hub != nil || streamRaw != nil }

    var streamRaw: Int32? {
        switch stream {
        case .some(let stream): stream.raw
        case .none: nil
        }
    }

    var listenerRaw: Int32? {
        switch listener {
        case .some(let listener): listener.descriptor.raw
        case .none: nil
        }
    }

    /// Takes the next waiting connection, if there is none now; says whether it did.
    func accept() -> Bool {
        guard streamRaw == nil else { return false }
        switch listener {
        case .some(let listener):
            // Without descriptors to spare it stays in the queue until the next look.
            guard let new = try? listener.accept() else { return false }
            stream = consume new
            connection &+= 1
            canRead = true
            canWrite = true
            metrics.connections.add()
            return true
        case .none: return false
        }
    }

    /// Closes the connection, which must not be watched any more.
    func hangUp() {
        stream = nil
        outputEnded = false
        isPeerGone = false
        if state.isToldOpen { wasCut = true }
    }

    func setGuestOpen(_ open: Bool) {
        state.isGuestOpen = open
        guestOpen.store(open, ordering: .releasing)
    }

    /// Forgets what a driver said and was told.
    func reset() {
        state = PortState(name: name)
        wasCut = false
        guestOpen.store(false, ordering: .releasing)
        input?.removeAll()
        hub?.inputHasRoom()
    }

    /// Takes up what another host's driver said and was told.
    func restore(_ saved: PortState) {
        state = saved
        guestOpen.store(saved.isGuestOpen, ordering: .releasing)
    }

    // MARK: Bytes

    /// Sends bytes to the host; says how many it took, nil when it takes none now. Without anybody there all are taken.
    func send(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if let hub {
            unsafe hub.transmit(bytes)
            metrics.bytesOut.add(bytes.count)
            return bytes.count
        }
        guard !outputEnded else { return drop(bytes.count) }
        switch stream {
        case .some(let stream):
            do throws(Errno) {
                let count = try unsafe stream.write(bytes)
                metrics.bytesOut.add(count)
                return count
            } catch {
                guard error.code != EAGAIN else {
                    canWrite = false
                    return nil
                }
                outputEnded = true
                return drop(bytes.count)
            }
        case .none: return drop(bytes.count)
        }
    }

    private func drop(_ count: Int) -> Int {
        metrics.bytesDropped.add(count)
        return count
    }

    /// What reading a port can lead to.
    enum Received: Equatable { case bytes(Int), nothing, end }

    /// Reads from the host.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Received {
        if let input, let hub {
            input.arrived.drain()
            let taken = unsafe input.take(into: buffer)
            if taken.madeRoom { hub.inputHasRoom() }
            guard taken.count > 0 else {
                canRead = false
                return .nothing
            }
            metrics.bytesIn.add(taken.count)
            return .bytes(taken.count)
        }
        switch stream {
        case .some(let stream):
            do throws(Errno) {
                let count = try unsafe stream.read(into: buffer)
                metrics.bytesIn.add(count)
                return count > 0 ? .bytes(count) : .end
            } catch {
                guard error.code == EAGAIN else { return .end }
                canRead = false
                return .nothing
            }
        case .none:
            canRead = false
            return .nothing
        }
    }

    // MARK: News

    static let added: UInt8 = 1
    static let terminal: UInt8 = 2
    static let named: UInt8 = 4

    /// What the driver is to be told next of this port, or nil; `told` says that it was.
    var news: (event: PortMessage.Event, value: UInt16)? {
        if state.news & ConsolePort.added != 0 { return (.deviceAdd, 1) }
        guard state.isReady else { return nil }
        if state.news & ConsolePort.terminal != 0 { return (.consolePort, 1) }
        if state.news & ConsolePort.named != 0 { return (.portName, 1) }
        if state.isToldOpen, wasCut || !isHostOpen { return (.portOpen, 0) }
        return !state.isToldOpen && isHostOpen ? (.portOpen, 1) : nil
    }

    func told(_ event: PortMessage.Event, _ value: UInt16) {
        switch event {
        case .deviceAdd: state.news &= ~ConsolePort.added
        case .consolePort: state.news &= ~ConsolePort.terminal
        case .portName: state.news &= ~ConsolePort.named
        default:
            state.isToldOpen = value != 0
            wasCut = false
        }
    }
}
