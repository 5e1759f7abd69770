// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Linux
import Synchronization

/// Brings a serial port's output to whoever looks, and their input to the port, on a thread of its own.
///
/// All output goes through one ring of 64 KiB: each reader has its own place in it and no buffer. A new reader starts
/// with the oldest byte; one that is more than the ring behind goes on at the oldest byte. So the guest never waits
/// for a reader, nor one reader for another. Input waits in the kernel while the guest takes none.
public final class ConsoleHub: ConsoleSink {
    /// Most clients at once; further ones are hung up on.
    public static let clientLimit = 32

    struct Shared: ~Copyable {
        var ring = ConsoleRing()
        // The thread is to be woken once this much output is there.
        var wakeAt = UInt64.max
        var stops = false
        var newcomers: [ConsoleStream] = []
        var listener: UnixSocket?
        var thread: OSThread?
    }

    let shared = Mutex(Shared())
    let wake: EventFD

    /// A hub without readers; output is kept from now on.
    /// - Throws: `Errno` of `eventfd`.
    public init() throws(Errno) { wake = try EventFD() }

    /// Adds a stream, before or after the start.
    public func attach(_ stream: ConsoleStream) {
        shared.withLock { $0.newcomers.append(stream) }
        wake.signal()
    }

    /// Takes clients from a bound and listening socket; before the start.
    /// - Throws: `Errno` of `fcntl`.
    public func listen(on socket: consuming UnixSocket) throws(Errno) {
        try socket.descriptor.setNonblocking()
        // Mutex hands its value out as inout, so the socket goes in by a local that is emptied.
        var socket: UnixSocket? = socket
        shared.withLock { swap(&$0.listener, &socket) }
    }

    /// Starts the thread "console". Writes to readers that are gone are made errors instead of deaths of the process.
    /// - Parameters:
    ///   - input: what takes the readers' input.
    ///   - onStart: runs first on the new thread, to put a filter on it; what it opens later does not exist yet then.
    /// - Throws: `Errno` of `pthread_create`.
    public func start(
        input: any ConsoleInput, cpus: CPUSet? = nil, onStart: @escaping @Sendable () -> Void = {}
    ) throws(Errno) {
        SignalSet.ignoreBrokenPipes()
        var thread: OSThread? = try OSThread(name: "console", cpus: cpus) {
            onStart()
            var server = ConsoleServer(hub: self, input: input)
            server.run()
        }
        shared.withLock { swap(&$0.thread, &thread) }
    }

    /// Hands out what readers still take, for a second at most and not to readers that stall, and ends the thread.
    public func stop() {
        var thread: OSThread?
        shared.withLock { s in
            s.stops = true
            swap(&s.thread, &thread)
        }
        wake.signal()
        if let thread = consume thread { thread.join() }
    }

    /// Keeps one byte of output; wakes the thread only when it asked for it.
    public func transmit(_ byte: UInt8) {
        let wakes = shared.withLock { s in
            s.ring.append(byte)
            guard s.ring.end >= s.wakeAt else { return false }
            s.wakeAt = .max
            return true
        }
        if wakes { wake.signal() }
    }

    /// Keeps bytes of output, of which more than the ring holds are as good as gone.
    public func transmit(_ bytes: UnsafeRawBufferPointer) {
        let wakes = shared.withLock { s in
            // SAFETY: the iterator stays within the buffer.
            unsafe bytes.forEach { s.ring.append($0) }
            guard s.ring.end >= s.wakeAt else { return false }
            s.wakeAt = .max
            return true
        }
        if wakes { wake.signal() }
    }

    /// Lets input flow again.
    public func inputHasRoom() { wake.signal() }

    /// A copy of the output that is still in the ring, at most 64 KiB.
    public var recentOutput: [UInt8] {
        shared.withLock { s in
            var bytes: [UInt8] = []
            _ = s.ring.copy(from: 0, into: &bytes, limit: ConsoleRing.capacity)
            return bytes
        }
    }
}
