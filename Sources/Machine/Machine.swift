// SPDX-License-Identifier: Apache-2.0

internal import Boot
internal import Bus
public import Control
internal import Devices
internal import GuestMemory
public import KVM
internal import Linux
internal import PCI
public import Sandbox
import Synchronization
internal import Virtio

/// One virtual machine: built whole, started once, then paused, resumed and reset as often as wanted, and ended.
///
/// All calls come from one thread, the launcher's. What happens in between arrives as events: watch `descriptor` and
/// call `serve` when it is readable.
public final class Machine: Sendable {
    let shared: SharedVM
    let ram: GuestRAM
    let group: VCPUGroup
    let vcpus: [VCPUThread]
    let platform: PlatformDevices
    let bus: RootBus
    private let memoryBus: MemoryBus
    let devices: VirtioDevices
    private let terminal: ConsoleHub?
    private let timed: [any TimedDevice]
    private let memoryBytes: UInt64
    private let boot: BootSource
    private let powerOn: PowerOnState
    let events: EventQueue
    private let watch: Epoll
    private let counters = LifeCycleCounters()
    let paused = Atomic<Bool>(false)
    /// How vCPUs' states are saved and loaded.
    let format: VCPUStateFormat
    /// What CPUID answers on the first vCPU.
    let cpuid: [KVM.CPUIDEntry]
    /// What the machine has been through: a `Stage`.
    let stage = Atomic<UInt8>(Stage.built.rawValue)

    /// What a machine has been through, as far as a state that it is to take up minds.
    enum Stage: UInt8 {
        case built, started
        /// A state was taken up by half.
        case spoiled
    }

    /// Builds a machine from a validated configuration; nothing runs yet.
    /// - Parameters:
    ///   - descriptors: the files the configuration refers to; those it does not use are closed.
    ///   - system: /dev/kvm.
    ///   - cage: how its threads are confined.
    /// - Throws: `MachineError`; nothing is left behind.
    public init(
        _ configuration: MachineConfiguration, descriptors: consuming DescriptorBundle, system: borrowing System,
        cage: Cage
    ) throws(MachineError) {
        let memoryBus = MemoryBus()
        let group = VCPUGroup()
        var undo: [() -> Void] = []
        do throws(MachineError) {
            let plan = MemoryPlan(configuration.memory)
            let cpus = try GuestCPUs(configuration.cpu, plan: plan, system: system)
            let shared = try MachineError.step("Making a VM") { () throws(Errno) in SharedVM(try system.createVM()) }
            let ram = try Assembly.memory(plan, of: configuration.memory, in: shared)
            try MachineError.step("Making the interrupt controllers") { () throws(Errno) in
                try shared.vm.createInterruptControllers()
            }
            let events = try MachineError.step("Making an eventfd") { () throws(Errno) in try EventQueue(group) }
            let bus = Assembly.chipset(on: memoryBus)
            // The memory bus and what is on it hold each other.
            undo.append { memoryBus.removeAll() }
            let routes = try MachineError.step("Routing interrupts") { () throws(Errno) in
                try InterruptRoutes(shared, capacity: max(shared.vm.check(.irqRouting) - 64, 64))
            }
            let platform = try MachineError.step("Making the platform's devices") { () throws(Errno) in
                try PlatformDevices(
                    shared, bus: bus, layout: plan.layout, signals: events, hasPanicPort: configuration.pvpanic)
            }
            let window64 = PhysicalMap.pciWindow64(ram: plan.layout, physicalBits: cpus.physicalBits)
            var fabric = DeviceFabric(
                bus: bus, ram: ram.memory,
                decoder: MemoryDecoder(bus: memoryBus, apertures: [PhysicalMap.pciWindow32, window64]),
                routes: routes, doorbells: Doorbells(shared))
            let emulatorCPUs = configuration.cpu.emulatorCPUs.map { CPUSet($0.map { Int($0) }) }
            let terminal =
                configuration.terminal == .nowhere
                ? nil : try MachineError.step("Making a terminal") { () throws(Errno) in try ConsoleHub() }
            let devices = try VirtioDevices(
                configuration, descriptors: &descriptors, fabric: &fabric, cage: cage, cpus: emulatorCPUs,
                events: events, terminal: terminal)
            boot = try Assembly.boot(configuration, descriptors: &descriptors, cpus: cpus, plan: plan)
            undo.append { platform.console.stop() }
            try Assembly.console(
                configuration.console, field: "console", hub: platform.console, input: platform.serial,
                descriptors: &descriptors, cage: cage)
            if let terminal, let input = devices.console?.ports.first?.terminalInput {
                undo.append { terminal.stop() }
                try Assembly.console(
                    configuration.terminal, field: "terminal", hub: terminal, input: input, descriptors: &descriptors,
                    cage: cage)
            }
            let vcpuDoor = try Assembly.door(.vcpu, of: cage)
            let vcpus = try Assembly.vcpus(
                cpus, in: shared, ports: platform.ports, memory: memoryBus, group: group, events: events)
            undo.append { for vcpu in vcpus { vcpu.join() } }
            let format = try MachineError.step("Asking for the vCPUs' state") { () throws(Errno) in
                try VCPUStateFormat(system: system, vm: shared.vm, vcpu: vcpus[0].vcpu)
            }
            powerOn = try MachineError.step("Reading the power-on state") { () throws(Errno) in
                try PowerOnState(of: vcpus, shared: shared, format: format)
            }
            self.format = format
            cpuid = cpus.entries(for: 0)
            let pinning = configuration.cpu.pinning
            for (index, vcpu) in vcpus.enumerated() {
                let pin = pinning.map { CPUSet([Int($0[index])]) }
                try MachineError.step("Starting vCPU \(index)") { () throws(Errno) in
                    try vcpu.start(cpus: pin, prepare: vcpuDoor)
                }
            }
            let timed = platform.timed + (devices.watchdog.map { [$0] } ?? [])
            watch = try MachineError.step("Watching for events") { () throws(Errno) in
                let watch = try Epoll()
                try watch.add(events.signal.raw, .readable, token: 0)
                for (i, device) in timed.enumerated() {
                    try watch.add(device.timerDescriptor, .readable, token: UInt64(i + 1))
                }
                return watch
            }
            self.devices = devices
            self.terminal = terminal
            self.timed = timed
            memoryBytes = plan.layout.bytes
            self.vcpus = vcpus
            self.shared = shared
            self.ram = ram
            self.platform = platform
            self.bus = bus
            self.events = events
        } catch {
            // Threads that did start hold references to all this: they must end first.
            group.end()
            for step in undo.reversed() { step() }
            throw error
        }
        self.group = group
        self.memoryBus = memoryBus
    }

    deinit { _ = end() }

    /// Loads the kernel and lets the guest run.
    /// - Throws: `MachineError.boot` or `step`.
    public func start() throws(MachineError) {
        stage.store(Stage.started.rawValue, ordering: .relaxed)
        try enterKernel()
        group.resume()
    }

    /// What an operator may want to know of how the machine was built, a line each.
    public var notes: [String] { devices.notes }

    /// Whether `pause` stopped the guest; a reset leaves it so.
    public var isPaused: Bool { paused.load(ordering: .relaxed) }

    /// Stops the guest's time: no vCPU runs, no device touches its memory, and disks are in their images when this returns.
    /// Paused is no error.
    public func pause() {
        group.park()
        devices.pause()
        platform.power.pause()
        devices.watchdog?.pause()
        paused.store(true, ordering: .relaxed)
    }

    /// Lets a paused guest go on; one that runs is left alone.
    public func resume() {
        // The kernel would wait for a running vCPU to leave the guest before it took the note.
        guard paused.exchange(false, ordering: .relaxed) else { return }
        platform.power.resume()
        devices.watchdog?.resume()
        devices.resume()
        for vcpu in vcpus { vcpu.vcpu.noteGuestPause() }
        group.resume()
    }

    /// Requests that stopped the machine and wait for it to go on; exact while paused.
    public var parkedRequests: Int { devices.disks.parkedRequests }

    /// Whether all of them wait for space on the host.
    public var waitsForSpace: Bool { devices.disks.waitsForSpace }

    /// Tries them again while the machine is paused; says whether none is left, and then it can be resumed.
    public func retryDisks() -> Bool { devices.disks.retry() }

    /// Attaches a disk to the SCSI controller; the guest is told.
    /// - Throws: `MachineError` that names the disk; nothing has changed then.
    public func attachDisk(
        _ disk: DiskConfiguration, descriptors: consuming DescriptorBundle
    ) throws(MachineError) { try devices.disks.attach(disk, &descriptors) }

    /// Detaches a disk from the SCSI controller; the guest is told.
    /// - Throws: `MachineError` that names the disk.
    public func detachDisk(_ name: String) throws(MachineError) { try devices.disks.detach(name) }

    /// Changes or ejects a CD-ROM drive's medium.
    /// - Throws: `MachineError` that names the disk; a guest that holds its medium is asked to give it up.
    public func changeMedium(
        _ change: MediumChange, descriptors: consuming DescriptorBundle
    ) throws(MachineError) { try devices.disks.change(change, &descriptors) }

    /// Looks at the size of a disk's image again; the guest is told of a new one.
    /// - Throws: `MachineError` that names the disk.
    public func refreshDisk(_ name: String) throws(MachineError) { try devices.disks.refresh(name) }

    /// Makes a disk larger while the guest uses it, and tells the guest.
    /// - Throws: `MachineError` that names the disk; it is as large as before then.
    public func resizeDisk(_ name: String, to bytes: UInt64) throws(MachineError) {
        try devices.disks.resize(name, to: bytes)
    }

    /// Plugs an interface's cable in or pulls it; false when there is no interface of this name.
    public func setLink(of interface: String, up: Bool) -> Bool { devices.setLink(of: interface, up: up) }

    /// Asks every guest driver that knows how to announce its addresses to the network, as after a migration.
    public func announceInterfaces() { devices.announceInterfaces() }

    /// Presses the power button; what follows is up to the guest.
    public func pressPowerButton() { platform.power.pressPowerButton() }

    /// Gives every vCPU a non-maskable interrupt, at its next instruction.
    public func injectNMI() {
        group.park()
        // A vCPU that cannot take one is no worse off.
        for vcpu in vcpus { try? vcpu.vcpu.injectNMI() }
        if !isPaused { group.resume() }
    }

    /// Asks the guest to give back memory until `bytes` are left to it; how far it gets is up to the guest.
    /// - Throws: `MachineError.device` when there is no balloon, or none that could give anything back.
    public func setBalloon(bytes: UInt64) throws(MachineError) {
        guard let balloon = devices.balloon else { throw .device("balloon", "this machine has none") }
        guard balloon.givesBack else {
            throw .device("balloon", "this machine's huge pages stay reserved; it can give nothing back")
        }
        guard bytes <= memoryBytes else {
            throw .device("balloon", "\(bytes) bytes are more than the \(memoryBytes) that this machine has")
        }
        balloon.setTarget(pages: UInt32(clamping: (memoryBytes - bytes) >> 12))
    }

    /// The names of the channels that somebody in the guest has open.
    public var openChannels: [String] {
        devices.console?.ports.filter { $0.isGuestOpen && $0.terminalInput == nil }.map { $0.name } ?? []
    }

    /// Starts the guest anew in this process, with its memory cleared; a paused one waits in front of its first
    /// instruction. Events of the life before are forgotten.
    /// - Throws: `MachineError`; the machine can only be ended then.
    public func reset() throws(MachineError) {
        group.park()
        bus.reset()
        platform.reset()
        try MachineError.step("Clearing memory") { () throws(Errno) in try ram.discardAll() }
        try MachineError.step("Resetting the vCPUs") { () throws(Errno) in
            try powerOn.restore(vcpus, shared: shared)
        }
        events.clear()
        counters.countReset()
        try enterKernel()
        if !isPaused { group.resume() }
    }

    /// Ends all threads, closes the disks and hands out the console's last output; afterwards the machine is only good for
    /// statistics.
    /// - Returns: disks whose images could not be closed.
    @discardableResult
    public func end() -> [MachineError] {
        group.end()
        for vcpu in vcpus { vcpu.join() }
        let failures = devices.end()
        platform.console.stop()
        terminal?.stop()
        memoryBus.removeAll()
        return failures
    }

    /// Readable when `serve` has something to do.
    public var descriptor: Int32 { watch.descriptor.raw }

    /// Runs due timers and returns the oldest event not yet returned; call it until there is none.
    ///
    /// One at a time, because what is done about it may make the others void: see `reset`.
    public func serve() -> MachineEvent? {
        _ = try? watch.wait(milliseconds: 0) { token, _ in
            if token > 0, token <= UInt64(timed.count) { timed[Int(token) - 1].timerExpired() }
        }
        return events.next()
    }

    /// The kernel's ids of the vCPU threads, in vCPU order.
    public var vcpuThreads: [Int32] { vcpus.map { $0.threadID } }

    /// How often the guest was reset.
    public var resets: UInt64 { counters.resets }

    /// Exits by reason, the kernel's counters and the devices' own.
    public func statistics() -> MachineStatistics {
        MachineStatistics(
            vcpus: vcpus.enumerated().map { index, vcpu in
                VCPUStatistics(
                    index: UInt32(index), exits: vcpu.counters.all, kvm: [])
            },
            kvm: Assembly.kernelCounters(shared), devices: devices.statistics)
    }

    private func enterKernel() throws(MachineError) {
        let entry = try boot.load(into: ram.memory)
        try MachineError.step("Setting the first vCPU's registers") { () throws(Errno) in
            try vcpus[0].vcpu.enter(at: entry)
        }
    }
}
