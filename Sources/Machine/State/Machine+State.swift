// SPDX-License-Identifier: Apache-2.0

internal import Devices
public import GuestMemory
internal import KVM
internal import Linux
internal import PCI

extension Machine {
    /// The guest's RAM, which `SavedState` leaves to its carrier; not to be used once the machine is gone.
    public var memory: GuestMemory { ram.memory }

    /// Which machines can take this one's state up.
    public var shape: MachineShape {
        MachineShape(
            memoryBytes: ram.layout.bytes, vcpus: vcpus.map { $0.vcpu.id },
            cpuid: cpuid.flatMap { [$0.function, $0.index, $0.flags, $0.eax, $0.ebx, $0.ecx, $0.edx] },
            devices: devices.shape(bus))
    }

    /// Everything but RAM, of a machine that `pause` has stopped: its vCPUs are parked between two instructions and its
    /// devices have answered what was in flight. The machine can go on afterwards.
    ///
    /// vCPUs first: reading them makes the kernel settle what is under way to them.
    /// - Throws: `StateError`; the machine is as before.
    public func state() throws(StateError) -> SavedState {
        guard isPaused else { throw .running }
        guard events.isEmpty else { throw .eventsWaiting }
        guard let platform = platform.state(bus) else { throw .device("chipset", "it has no bridges") }
        let clock = try StateError.step("Reading the clock") { () throws(Errno) in try shared.vm.clock() }
        var states: [VCPUState] = []
        for (index, thread) in vcpus.enumerated() {
            states.append(
                try StateError.step("Saving vCPU \(index)") { () throws(Errno) in try thread.vcpu.save(format) })
        }
        let controllers = try StateError.step("Saving the interrupt controllers") { () throws(Errno) in
            try shared.vm.saveInterruptControllers()
        }
        return SavedState(
            shape: shape, clock: clock, vcpus: states, controllers: controllers, platform: platform,
            devices: devices.state(bus), watchdog: devices.watchdog?.state)
    }

    /// Takes up the state of another machine of the same configuration instead of being started; RAM comes apart, before
    /// `resume`, which lets the guest go on where it was.
    ///
    /// The clock first, since counters follow it; each vCPU before the interrupt controllers, which hand pending
    /// interrupts to the local APICs at once; devices last, because those raise interrupts anew.
    /// - Throws: `StateError` that names what is wrong. A state of another shape, or one that no vCPU here could be in, is
    ///   refused before anything has changed; after any other error the machine can only be ended.
    public func restore(_ state: SavedState) throws(StateError) {
        guard stage.load(ordering: .relaxed) == Stage.built.rawValue else { throw .notFresh }
        try state.shape.require(shape)
        guard state.vcpus.count == vcpus.count else {
            throw .shape("Number of vCPUs", saved: "\(state.vcpus.count)", here: "\(vcpus.count)")
        }
        guard (state.watchdog == nil) == (devices.watchdog == nil) else {
            throw .shape(
                "Watchdog", saved: state.watchdog == nil ? "none" : "one", here: state.watchdog == nil ? "one" : "none")
        }
        for (index, vcpu) in state.vcpus.enumerated() {
            if let obstacle = vcpu.obstacle(on: format) { throw .vcpu(index, obstacle) }
        }
        stage.store(Stage.spoiled.rawValue, ordering: .relaxed)
        group.park()
        devices.pause()
        platform.power.pause()
        devices.watchdog?.pause()
        try restoreProcessors(state)
        try StateError.step("Restoring the interrupt controllers") { () throws(Errno) in
            try shared.vm.loadInterruptControllers(state.controllers)
        }
        try platform.restore(state.platform, bus)
        try devices.restore(state.devices, bus)
        if let saved = state.watchdog, devices.watchdog?.restore(saved) != true {
            throw .device("watchdog", "it cannot be in this state")
        }
        paused.store(true, ordering: .relaxed)
        stage.store(Stage.started.rawValue, ordering: .relaxed)
    }

    private func restoreProcessors(_ state: SavedState) throws(StateError) {
        let step = try StateError.step("Restoring the clock") { () throws(Errno) in
            try shared.vm.setClock(state.clock)
        }
        for (index, (thread, saved)) in zip(vcpus, state.vcpus).enumerated() {
            let missed = try StateError.step("Restoring vCPU \(index)") { () throws(Errno) in
                try thread.vcpu.setTimeStamp(saved.timeStamp, step)
                let refused = try thread.vcpu.load(saved, format)
                return try thread.vcpu.missed(refused, of: saved)
            }
            if let missed { throw .msr(vcpu: index, missed) }
        }
    }
}
