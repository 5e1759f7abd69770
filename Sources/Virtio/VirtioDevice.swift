// SPDX-License-Identifier: Apache-2.0

/// A device behind a virtio transport; it knows neither the transport nor KVM.
///
/// The transport calls `start` and `stop` from vCPU threads, one at a time, and `stop` only after `start`. `pause`,
/// `resume` and `queuePositions` come from the machine's own thread while no vCPU runs. Configuration accesses may come
/// from several vCPUs at once, in every state.
public protocol VirtioDevice: AnyObject, Sendable {
    /// What it is.
    var kind: VirtioKind { get }
    /// Feature bits of this kind of device; the transport adds those in `Feature.transport`.
    var offeredFeatures: UInt64 { get }
    /// Those of `Feature.transport` that this device cannot be used with, such as a ring layout the kernel's vhost lacks.
    var refusedFeatures: UInt64 { get }
    /// The largest size of each queue: powers of two up to 32768.
    var queueSizes: [UInt16] { get }
    /// Reads 1, 2, 4 or 8 bytes of the configuration structure, little-endian; beyond its end all bytes read as zero.
    func readConfiguration(at offset: Int, size: Int) -> UInt64
    /// Writes 1, 2, 4 or 8 bytes of the configuration structure; what is not writable is ignored.
    func writeConfiguration(at offset: Int, size: Int, value: UInt64)
    /// The driver is ready (DRIVER_OK): from now on the device's worker owns the queues.
    ///
    /// A queue that cannot be used is told to `setup.port` and left alone; nothing is thrown at a vCPU.
    func start(_ setup: DeviceSetup)
    /// The driver resets the device: returns when nothing touches guest memory any more.
    func stop()
    /// Returns when requests in flight are done and no more will be begun. Works in every state.
    func pause()
    /// Goes on, looking at every queue as if it had been kicked.
    func resume()
    /// How far each started queue has got, in the order of `DeviceSetup.queues`; exact while paused, empty when stopped.
    func queuePositions() -> [QueuePosition]
}

extension VirtioDevice {
    /// None.
    public var refusedFeatures: UInt64 { 0 }
}
