// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Virtio

/// An entropy device (virtio 1.2 §5.4): one queue, no features, no configuration, no state.
@safe
public final class RNG: VirtioDevice, @unchecked Sendable {
    // Never moves: the worker's thread borrows it between `start` and `stop`.
    private let source: UnsafeMutablePointer<EntropySource>
    private let worker: QueueWorker<RNGWork>
    /// What the device has done so far.
    public let metrics = RNGMetrics()

    // The source's address on its way to the worker's thread.
    @safe
    private struct Handle: @unchecked Sendable {
        let source: UnsafePointer<EntropySource>
    }

    /// Makes the device and its thread.
    /// - Parameters:
    ///   - name: of the thread; the kernel keeps 15 bytes.
    ///   - cpus: where the thread may run; the creator's set when nil.
    ///   - onStart: runs first on the thread, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left.
    public init(
        _ source: consuming EntropySource = .kernel, name: String = "rng", cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        worker = try QueueWorker(name: name, cpus: cpus, onStart: onStart)
        unsafe self.source = .allocate(capacity: 1)
        unsafe self.source.initialize(to: source)
    }

    deinit {
        worker.shutDown()
        unsafe source.deinitialize(count: 1)
        unsafe source.deallocate()
    }

    /// An entropy source.
    public var kind: VirtioKind { .entropy }
    /// None.
    public var offeredFeatures: UInt64 { 0 }
    /// One queue of requests.
    public var queueSizes: [UInt16] { [64] }
    /// There is no configuration structure.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 { 0 }
    /// There is no configuration structure.
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {}

    /// Serves the queue from now on.
    public func start(_ setup: DeviceSetup) {
        let handle = unsafe Handle(source: UnsafePointer(source))
        let metrics = self.metrics
        worker.start(setup) { setup, _ in
            guard let queue = setup.queues.first(where: { $0.index == 0 }) else { throw QueueError.size(0) }
            return unsafe try RNGWork(queue, of: setup, source: handle.source, metrics: metrics)
        }
    }

    /// Forgets the driver.
    public func stop() { worker.stop() }
    /// Leaves the queue alone.
    public func pause() { worker.pause() }
    /// Goes on.
    public func resume() { worker.resume() }
    /// How far the queue has got.
    public func queuePositions() -> [QueuePosition] { worker.positions() }
}
