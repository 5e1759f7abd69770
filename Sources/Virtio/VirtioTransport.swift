// SPDX-License-Identifier: Apache-2.0

import Bus
import GuestMemory
import PCI
import Synchronization

/// The virtio side of a transport: feature negotiation, the status machine and the queues' registers, as the common
/// configuration structure shows them (virtio 1.2 §3.1.1 and §4.1.4.3).
///
/// Registers stand behind one lock, which is held while the device starts or stops: a vCPU that resets the device waits
/// until its worker is done. What a worker may say meanwhile (`TransportPort`) touches atomics only, so the two cannot
/// wait for each other.
public final class VirtioTransport: Sendable {
    /// The device behind it.
    public let device: any VirtioDevice
    let kicks: EventGroup
    private let memory: GuestMemory
    private let queueSizes: [UInt16]
    private let offered: UInt64
    private let interruptOf: @Sendable (UInt16) -> Interrupt
    private let registers: Mutex<TransportState>
    // Status, ISR and generation live here, not in `registers`, because workers change them without the lock.
    private let status = Atomic<UInt8>(0)
    private let interruptStatus = Atomic<UInt8>(0)
    private let generation = Atomic<UInt8>(0)
    private let configurationInterrupt = Atomic<Int32>(-1)

    /// A transport in front of a device.
    /// - Parameters:
    ///   - kicks: one eventfd a queue.
    ///   - interruptOf: the interrupt of an MSI-X vector, `.none` when there is no such vector; its eventfd outlives the
    ///     transport.
    init(
        device: any VirtioDevice, memory: GuestMemory, kicks: EventGroup,
        interruptOf: @escaping @Sendable (UInt16) -> Interrupt
    ) {
        let sizes = device.queueSizes
        precondition(sizes.allSatisfy { $0 > 0 && $0 <= 32768 && $0 & ($0 - 1) == 0 }, "Queue sizes are powers of two")
        precondition(device.offeredFeatures & Feature.reserved == 0, "These features belong to the transport")
        precondition(device.refusedFeatures & Feature.version1 == 0, "Every device is a modern one")
        self.device = device
        self.kicks = kicks
        self.memory = memory
        self.interruptOf = interruptOf
        queueSizes = sizes
        offered = device.offeredFeatures | Feature.transport & ~device.refusedFeatures
        registers = Mutex(TransportState(queueSizes: sizes))
    }

    /// The device status now.
    public var deviceStatus: UInt8 { status.load(ordering: .acquiring) }

    /// Reads the common configuration structure; any offset and size, bytes beyond its end are zero.
    func read(offset: Int, size: Int) -> UInt64 {
        registers.withLock { registers in
            var value: UInt64 = 0
            for i in 0..<min(max(size, 0), 8) where (0..<CommonConfiguration.count).contains(offset + i) {
                let at = offset + i
                let byte = UInt64(word(at / 4, registers) >> (8 * UInt32(at % 4)) & 0xFF)
                value |= byte << UInt64(8 * i)
            }
            return value
        }
    }

    private func word(_ index: Int, _ r: TransportState) -> UInt32 {
        let queue = Int(r.queueSelect) < r.queues.count ? r.queues[Int(r.queueSelect)] : TransportState.Queue(size: 0)
        let exists = Int(r.queueSelect) < r.queues.count
        switch index * 4 {
        case CommonConfiguration.deviceFeatureSelect: return r.deviceFeatureSelect
        case CommonConfiguration.deviceFeature: return half(offered, r.deviceFeatureSelect)
        case CommonConfiguration.driverFeatureSelect: return r.driverFeatureSelect
        case CommonConfiguration.driverFeature: return half(r.driverFeatures, r.driverFeatureSelect)
        case CommonConfiguration.configurationVector: return pair(r.configurationVector, UInt16(r.queues.count))
        case CommonConfiguration.deviceStatus:
            let generation = generation.load(ordering: .acquiring)
            return pair(UInt16(deviceStatus) | UInt16(generation) << 8, r.queueSelect)
        case CommonConfiguration.queueSize: return pair(queue.size, queue.vector)
        case CommonConfiguration.queueEnable: return pair(queue.isEnabled ? 1 : 0, exists ? r.queueSelect : 0)
        case CommonConfiguration.queueDescriptors: return half(queue.descriptorTable, 0)
        case CommonConfiguration.queueDescriptors + 4: return half(queue.descriptorTable, 1)
        case CommonConfiguration.queueDriver: return half(queue.driverArea, 0)
        case CommonConfiguration.queueDriver + 4: return half(queue.driverArea, 1)
        case CommonConfiguration.queueDevice: return half(queue.deviceArea, 0)
        case CommonConfiguration.queueDevice + 4: return half(queue.deviceArea, 1)
        default: return 0
        }
    }

    private func half(_ value: UInt64, _ select: UInt32) -> UInt32 {
        select < 2 ? UInt32(truncatingIfNeeded: value >> UInt64(32 * select)) : 0
    }

    private func pair(_ low: UInt16, _ high: UInt16) -> UInt32 { UInt32(low) | UInt32(high) << 16 }

    /// Writes the common configuration structure; each field by its own width (64-bit ones also by halves), all other
    /// accesses are ignored, as are writes the driver may not make in the present state.
    func write(offset: Int, size: Int, value: UInt64) {
        registers.withLock { r in
            switch (offset, size) {
            case (CommonConfiguration.deviceFeatureSelect, 4): r.deviceFeatureSelect = UInt32(truncatingIfNeeded: value)
            case (CommonConfiguration.driverFeatureSelect, 4): r.driverFeatureSelect = UInt32(truncatingIfNeeded: value)
            case (CommonConfiguration.driverFeature, 4):
                guard deviceStatus & DeviceStatus.featuresOK == 0, r.driverFeatureSelect < 2 else { return }
                VirtioTransport.setHalf(&r.driverFeatures, Int(r.driverFeatureSelect), value)
            case (CommonConfiguration.configurationVector, 2):
                r.configurationVector = known(UInt16(truncatingIfNeeded: value))
                let raw = interruptOf(r.configurationVector).raw
                configurationInterrupt.store(raw, ordering: .releasing)
            case (CommonConfiguration.deviceStatus, 1): writeStatus(UInt8(truncatingIfNeeded: value), &r)
            case (CommonConfiguration.queueSelect, 2): r.queueSelect = UInt16(truncatingIfNeeded: value)
            case (CommonConfiguration.queueSize..., _): writeQueue(offset, size, value, &r)
            default: return
            }
        }
    }

    /// A vector that exists, or NO_VECTOR, which tells the driver that it does not (§4.1.5.1.2).
    private func known(_ vector: UInt16) -> UInt16 {
        interruptOf(vector) == .none ? CommonConfiguration.noVector : vector
    }

    // Queue registers change only before DRIVER_OK, and all but the vector only before the queue is enabled (§4.1.4.3.2).
    private func writeQueue(_ offset: Int, _ size: Int, _ value: UInt64, _ r: inout TransportState) {
        let i = Int(r.queueSelect)
        guard i < r.queues.count, deviceStatus & DeviceStatus.driverOK == 0 else { return }
        if offset == CommonConfiguration.queueVector, size == 2 {
            r.queues[i].vector = known(UInt16(truncatingIfNeeded: value))
        }
        guard !r.queues[i].isEnabled else { return }
        switch (offset, size) {
        case (CommonConfiguration.queueSize, 2):
            let size = UInt16(truncatingIfNeeded: value)
            if isLegal(size: size, of: i, features: r.driverFeatures) { r.queues[i].size = size }
        case (CommonConfiguration.queueEnable, 2):
            if value & 0xFFFF == 1 { r.queues[i].isEnabled = true }
        case (CommonConfiguration.queueDescriptors, 8): r.queues[i].descriptorTable = value
        case (CommonConfiguration.queueDriver, 8): r.queues[i].driverArea = value
        case (CommonConfiguration.queueDevice, 8): r.queues[i].deviceArea = value
        case (CommonConfiguration.queueDescriptors..<CommonConfiguration.queueDriver, 4) where offset & 3 == 0:
            VirtioTransport.setHalf(&r.queues[i].descriptorTable, offset >> 2 & 1, value)
        case (CommonConfiguration.queueDriver..<CommonConfiguration.queueDevice, 4) where offset & 3 == 0:
            VirtioTransport.setHalf(&r.queues[i].driverArea, offset >> 2 & 1, value)
        case (CommonConfiguration.queueDevice..<CommonConfiguration.count, 4) where offset & 3 == 0:
            VirtioTransport.setHalf(&r.queues[i].deviceArea, offset >> 2 & 1, value)
        default: return
        }
    }

    /// A split ring's size is a power of two; a packed one's is any (§2.8.10.1).
    private func isLegal(size: UInt16, of queue: Int, features: UInt64) -> Bool {
        size > 0 && size <= queueSizes[queue] && (features & Feature.packedRing != 0 || size & (size - 1) == 0)
    }

    private static func setHalf(_ whole: inout UInt64, _ half: Int, _ value: UInt64) {
        let shift = UInt64(32 * half)
        whole = whole & ~(0xFFFF_FFFF << shift) | (value & 0xFFFF_FFFF) << shift
    }

    /// Zero resets; other writes only add bits. FEATURES_OK stays clear when the driver's features are not acceptable,
    /// and DRIVER_OK is ignored without FEATURES_OK (§3.1.1).
    private func writeStatus(_ value: UInt8, _ r: inout TransportState) {
        guard value != 0 else { return reset(&r) }
        let old = deviceStatus
        var added = value & ~old & ~DeviceStatus.needsReset
        if added & DeviceStatus.featuresOK != 0, !accepts(r.driverFeatures) { added &= ~DeviceStatus.featuresOK }
        if (old | added) & DeviceStatus.featuresOK == 0 { added &= ~DeviceStatus.driverOK }
        status.bitwiseOr(added, ordering: .acquiringAndReleasing)
        if added & DeviceStatus.driverOK != 0 {
            let first = r.driverFeatures & Feature.packedRing != 0 ? RingPosition.start : 0
            for i in r.queues.indices {
                r.queues[i].nextAvailable = first
                r.queues[i].nextUsed = first
            }
            start(&r)
        }
    }

    private func accepts(_ features: UInt64) -> Bool {
        features & ~offered == 0 && features & Feature.version1 != 0
    }

    private func start(_ r: inout TransportState) {
        let queues = r.queues.enumerated().filter { $0.element.isEnabled }.map { i, queue in
            QueueSetup(
                index: i, size: queue.size, descriptorTable: GuestAddress(queue.descriptorTable),
                driverArea: GuestAddress(queue.driverArea), deviceArea: GuestAddress(queue.deviceArea),
                kick: kicks[i], interrupt: interruptOf(queue.vector), nextAvailable: queue.nextAvailable,
                nextUsed: queue.nextUsed)
        }
        device.start(DeviceSetup(memory: memory, features: r.driverFeatures, queues: queues, port: self))
    }

    private func reset(_ r: inout TransportState) {
        // The status stays until the worker has stopped: a driver that reads zero knows that its memory is its own.
        if deviceStatus & DeviceStatus.driverOK != 0 { device.stop() }
        kicks.drain()
        configurationInterrupt.store(-1, ordering: .releasing)
        interruptStatus.store(0, ordering: .relaxed)
        r = TransportState(queueSizes: queueSizes)
        status.store(0, ordering: .releasing)
    }

    /// Stops the device and forgets all the driver said.
    func reset() { registers.withLock { reset(&$0) } }

    /// The interrupt status, cleared by being read (§4.1.4.5).
    func takeInterruptStatus() -> UInt8 { interruptStatus.exchange(0, ordering: .acquiringAndReleasing) }

    /// Wakes the device for a queue whose doorbell was written without an ioeventfd; one that does not exist is ignored.
    func kick(queue: Int) {
        if queue >= 0, queue < kicks.count { Interrupt(raw: kicks[queue]).raise() }
    }
}

extension VirtioTransport: TransportPort {
    /// Sets DEVICE_NEEDS_RESET and, once DRIVER_OK is set, interrupts the driver (§2.1.2).
    public func needsReset() {
        let old = status.bitwiseOr(DeviceStatus.needsReset, ordering: .acquiringAndReleasing).oldValue
        if old & DeviceStatus.needsReset == 0, old & DeviceStatus.driverOK != 0 { interruptForConfiguration() }
    }

    /// Bumps the generation and interrupts the driver; call it after the structure has changed.
    public func configurationChanged() {
        generation.wrappingAdd(1, ordering: .acquiringAndReleasing)
        if deviceStatus & DeviceStatus.driverOK != 0 { interruptForConfiguration() }
    }

    private func interruptForConfiguration() {
        interruptStatus.bitwiseOr(2, ordering: .acquiringAndReleasing)
        Interrupt(raw: configurationInterrupt.load(ordering: .acquiring)).raise()
    }
}

extension VirtioTransport {
    /// The registers and queue positions; the device must be paused.
    func state() -> TransportState {
        registers.withLock { r in
            var state = r
            state.status = deviceStatus
            state.interruptStatus = interruptStatus.load(ordering: .acquiring)
            state.generation = generation.load(ordering: .acquiring)
            for position in device.queuePositions() where state.queues.indices.contains(position.queue) {
                state.queues[position.queue].nextAvailable = position.nextAvailable
                state.queues[position.queue].nextUsed = position.nextUsed
            }
            return state
        }
    }

    /// Takes saved registers over and starts the device when the driver had; pause it before for it to wait.
    ///
    /// False, with nothing changed, when the state is not one that this device could have been in.
    func restore(_ state: TransportState) -> Bool {
        let knownStatus =
            DeviceStatus.acknowledge | DeviceStatus.driver | DeviceStatus.driverOK | DeviceStatus.featuresOK
            | DeviceStatus.needsReset | DeviceStatus.failed
        let negotiated = state.status & DeviceStatus.featuresOK != 0
        guard state.queues.count == queueSizes.count, state.status & ~knownStatus == 0,
            !negotiated || accepts(state.driverFeatures), negotiated || state.status & DeviceStatus.driverOK == 0,
            state.queues.indices.allSatisfy({ i in
                isLegal(size: state.queues[i].size, of: i, features: state.driverFeatures)
                    && hasPositions(state.queues[i], features: state.driverFeatures)
                    && known(state.queues[i].vector) == state.queues[i].vector
            }), known(state.configurationVector) == state.configurationVector
        else { return false }
        registers.withLock { r in
            reset(&r)
            r = state
            interruptStatus.store(state.interruptStatus, ordering: .relaxed)
            generation.store(state.generation, ordering: .relaxed)
            configurationInterrupt.store(interruptOf(state.configurationVector).raw, ordering: .releasing)
            status.store(state.status, ordering: .releasing)
            if state.status & DeviceStatus.driverOK != 0 { start(&r) }
        }
        return true
    }

    /// Whether a queue can be where it says that it is.
    private func hasPositions(_ queue: TransportState.Queue, features: UInt64) -> Bool {
        guard features & Feature.packedRing != 0 else { return true }
        return [queue.nextAvailable, queue.nextUsed].allSatisfy { RingPosition(raw: $0).entry < queue.size }
    }
}
