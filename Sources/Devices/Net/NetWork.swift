// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux
import Network
import Virtio

/// The worker's side of a network card: both queues and the port on one thread.
///
/// The port is watched by edges: reading stops when it is empty or the guest has no buffers, and in the second case a
/// level would wake the thread over and over until the driver kicks. Both halves work in bursts and take turns.
@safe
struct NetWork<Port: FramePort & ~Copyable>: ~Copyable, QueueWork {
    static var portToken: UInt64 { 0 }

    private let port: UnsafePointer<Port>
    private let transport: any TransportPort
    private let metrics: NetMetrics
    private let kick: Int32
    private var receiver: NetReceiver<Port>?
    private var transmitter: NetTransmitter<Port>?
    private let order: [Int]
    private var isBroken = false

    /// Takes up the queues the driver enabled: 0 receives, 1 sends.
    /// - Throws: `QueueError` when a queue cannot be used, `Errno` when memory or an offload is not to be had.
    init(_ setup: DeviceSetup, port: UnsafePointer<Port>, metrics: NetMetrics) throws {
        unsafe self.port = port
        transport = setup.port
        self.metrics = metrics
        order = setup.queues.map(\.index)
        kick = setup.queues.first?.kick ?? -1
        // SAFETY: the device keeps the port at this address until its worker has ended.
        unsafe try port.pointee.setOffloads(NetFeature.offloads(of: setup.features))
        receiver = nil
        transmitter = nil
        for queue in setup.queues {
            let ring = try Virtqueue(queue, memory: setup.memory, features: setup.features)
            switch queue.index {
            case 0:
                receiver = try NetReceiver(
                    ring, features: setup.features, memory: setup.memory, mtu: unsafe port.pointee.mtu,
                    metrics: metrics)
            case 1:
                transmitter = NetTransmitter(
                    ring, features: setup.features, memory: setup.memory, metrics: metrics)
            default: break
            }
        }
    }

    // MARK: QueueWork

    mutating func kicked(queue: Int) {
        if queue == 0 { receiver?.queue.disableKicks() }
        serve()
    }

    mutating func ready(token: UInt64, readiness: Readiness) {
        receiver?.isReadable = true
        serve()
    }

    mutating func quiesce() {
        guard !isBroken else { return }
        receiver?.quiesce()
        transmitter?.quiesce()
    }

    borrowing func positions() -> [QueuePosition] {
        var all: [QueuePosition] = []
        for index in order {
            if index == 0 {
                switch receiver {
                case .some(let half): all.append(half.queue.position)
                case .none: break
                }
            }
            if index == 1 {
                switch transmitter {
                case .some(let half): all.append(half.queue.position)
                case .none: break
                }
            }
        }
        return all
    }

    // MARK: Serving

    private mutating func serve() {
        guard !isBroken else { return }
        do throws(QueueError) {
            // After so many turns the worker looks at its commands: the kick below brings it back here.
            for _ in 0..<4 {
                // SAFETY: as in `init`.
                let mustReceive = unsafe try receiver?.run(port.pointee) ?? false
                let mustSend = unsafe try transmitter?.run(port.pointee) ?? false
                if !mustReceive && !mustSend { return }
            }
            if kick >= 0 { EventFD.signal(kick) }
        } catch {
            isBroken = true
            metrics.malformed.add()
            transport.needsReset()
        }
    }
}
