// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Network

/// What stands behind one pair of a card's queues: a port, and the kernel's vhost where that serves the pair.
@safe
public final class NetPair<Port: FramePort & ~Copyable>: @unchecked Sendable {
    // Never moves and is never changed: a worker's thread borrows it.
    let port: UnsafeMutablePointer<Port>
    let vhost: Vhost?
    /// Virtio's features that vhost serves; all where there is none.
    let vhostFeatures: UInt64
    /// Wakes the worker when a throttled queue may go on.
    let timer: Timer
    /// What the pair has done so far.
    public let metrics = NetMetrics()

    /// Takes over one queue of an interface.
    /// - Parameter vhost: a vhost-net of this pair alone; frames do not pass through this process then.
    /// - Throws: `Errno` when the kernel has no timer left or cannot tell vhost's features.
    public init(_ port: consuming Port, vhost: consuming Vhost? = nil) throws(Errno) {
        timer = try Timer()
        var features = UInt64.max
        if let kernel = vhost.take() {
            features = try kernel.features()
            self.vhost = consume kernel
        } else {
            self.vhost = nil
        }
        vhostFeatures = features
        unsafe self.port = .allocate(capacity: 1)
        unsafe self.port.initialize(to: port)
    }

    deinit {
        unsafe port.deinitialize(count: 1)
        unsafe port.deallocate()
    }

    /// The kernel serves this pair.
    var isKernelServed: Bool {
        switch vhost {
        case .some: true
        case .none: false
        }
    }
}
