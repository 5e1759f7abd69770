// SPDX-License-Identifier: Apache-2.0

public import Linux
import Synchronization
public import Virtio

/// A socket device (virtio 1.2 §5.10) whose packets the kernel's vhost-vsock carries: the host reaches the guest at its
/// context ID, and the guest the host at 2.
///
/// Its queues are split rings: the kernel knows no others.
@safe
public final class Vsock<Rings: VsockRings & ~Copyable>: VirtioDevice, @unchecked Sendable {
    // Never moves: the worker's thread borrows it between `start` and `stop`.
    private let rings: UnsafeMutablePointer<Rings>
    private let errors: EventFD
    private let kernelFeatures: UInt64
    private let worker: QueueWorker<VsockWork<Rings>>
    private let shared = VsockShared()
    private let life = Mutex(Life())
    /// The guest's context ID.
    public let cid: UInt32

    private struct Life {
        var eventKick: Int32 = -1
        var isPaused = false
    }

    // The rings' address on its way to the worker's thread.
    @safe
    private struct Handle: @unchecked Sendable {
        let rings: UnsafePointer<Rings>
    }

    /// Gives the guest its context ID, and makes the device and its thread.
    /// - Parameters:
    ///   - cid: from `VsockLimits.firstCID` to `lastCID`.
    ///   - name: of the thread; the kernel keeps 15 bytes.
    ///   - cpus: where the thread may run; the creator's set when nil.
    ///   - onStart: runs first on the thread, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left, EADDRINUSE when another guest has the ID,
    ///   EINVAL when it is no guest's, ENOTSUP when the kernel serves no modern device.
    public init(
        _ rings: consuming Rings, cid: UInt32, name: String = "vsock", cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        let features = try rings.features()
        guard features & Feature.version1 != 0 else { throw Errno(code: 95, call: "ioctl VHOST_GET_FEATURES") }
        try rings.setVsockGuestCID(UInt64(cid))
        let errors = try EventFD()
        worker = try QueueWorker(name: name, cpus: cpus, onStart: onStart)
        self.errors = errors
        self.cid = cid
        kernelFeatures = features
        unsafe self.rings = .allocate(capacity: 1)
        unsafe self.rings.initialize(to: rings)
    }

    deinit {
        worker.shutDown()
        unsafe rings.deinitialize(count: 1)
        unsafe rings.deallocate()
    }

    /// What the device has done so far.
    public var metrics: VsockMetrics { shared.metrics }

    // MARK: VirtioDevice

    /// A socket device.
    public var kind: VirtioKind { .socket }
    /// What the kernel can do.
    public var offeredFeatures: UInt64 { kernelFeatures & VsockFeature.all }
    /// What the kernel's rings cannot, the packed layout above all.
    public var refusedFeatures: UInt64 { Feature.transport & ~kernelFeatures | Feature.packedRing }
    /// Packets to the guest, packets from the guest, events.
    public var queueSizes: [UInt16] { [UInt16](repeating: VsockLimits.queueSize, count: 3) }

    /// Reads `struct virtio_vsock_config`.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        VsockConfiguration.read(cid: cid, at: offset, size: size)
    }

    /// Nothing is writable (§5.10.4).
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {}

    /// Has the kernel serve the rings from now on.
    public func start(_ setup: DeviceSetup) {
        life.withLock { $0.eventKick = setup.queues.first { $0.index == 2 }?.kick ?? -1 }
        let handle = unsafe Handle(rings: UnsafePointer(rings))
        let shared = self.shared
        let errors = self.errors.raw
        self.errors.drain()
        worker.start(setup) { setup, events in
            let work = unsafe try VsockWork<Rings>(setup, rings: handle.rings, shared: shared)
            try work.configure(errors: errors)
            try events.add(errors, [.readable, .edge], token: VsockWork<Rings>.errorToken)
            return work
        }
    }

    /// Stops the kernel and forgets the driver, who will find no connection when it comes back.
    public func stop() {
        worker.stop()
        life.withLock { $0.eventKick = -1 }
        shared.owesReset.store(false, ordering: .releasing)
    }

    /// Stops the kernel; connections stay and wait.
    public func pause() {
        life.withLock { life in
            worker.pause()
            life.isPaused = true
        }
    }

    /// Goes on.
    public func resume() {
        life.withLock { life in
            life.isPaused = false
            worker.resume()
        }
    }

    /// How far the queues have got.
    public func queuePositions() -> [QueuePosition] { worker.positions() }

    // MARK: Migration

    /// Has the kernel note each page of guest memory that it writes in the memory's dirty bitmap, or no longer; without
    /// such a bitmap nothing changes.
    public func setLogging(_ on: Bool) {
        life.withLock { life in
            guard shared.logsWrites.exchange(on, ordering: .acquiringAndReleasing) != on else { return }
            worker.pause()
            if !life.isPaused { worker.resume() }
        }
    }

    /// Tells the driver that all its connections are gone and that it should read its context ID again (§5.10.6.7).
    public func announceReset() {
        shared.owesReset.store(true, ordering: .releasing)
        let kick = life.withLock { $0.eventKick }
        if kick >= 0 { EventFD.signal(kick) }
    }

    /// The device's state.
    public var state: VsockState { VsockState(cid: cid, owesReset: shared.owesReset.load(ordering: .acquiring)) }

    /// Takes up a state before the transport takes its own: no connection came along, whatever the context ID is here.
    public func restore(_ state: VsockState) { shared.owesReset.store(true, ordering: .releasing) }
}
