// SPDX-License-Identifier: Apache-2.0

internal import Boot
internal import Bus
internal import Control
internal import Devices
internal import GuestMemory
internal import KVM
internal import Linux
internal import PCI
internal import Sandbox

/// The steps of building a machine, each named in the error it throws.
enum Assembly {
    /// Maps RAM and gives it to the guest.
    static func memory(
        _ plan: MemoryPlan, of configuration: MemoryConfiguration, in shared: SharedVM
    ) throws(MachineError) -> GuestRAM {
        let ram = try map(plan)
        if configuration.prefaultThreads > 0 {
            do throws(RAMError) { try ram.prefault(threads: Int(configuration.prefaultThreads)) } catch {
                throw .memory(error)
            }
        }
        for (number, region) in plan.layout.regions.enumerated() {
            try MachineError.step("Giving the guest its memory") { () throws(Errno) in
                try shared.vm.setMemoryRegion(
                    MemorySlot(
                        number: UInt32(number), start: region.start, count: region.count,
                        hostAddress: ram.hostAddress(of: region)))
            }
        }
        return ram
    }

    private static func map(_ plan: MemoryPlan) throws(MachineError) -> GuestRAM {
        do throws(RAMError) {
            return try GuestRAM(layout: plan.layout, backing: plan.backing, nodes: plan.bindings)
        } catch {
            throw .memory(error)
        }
    }

    /// The root bus with the bridges that a q35 has, its configuration space mapped.
    static func chipset(on memory: MemoryBus) -> RootBus {
        let bus = RootBus()
        // Places on an empty bus are never taken.
        _ = bus.insert(FixedFunction.hostBridge(ecam: PhysicalMap.ecam), at: .hostBridge)
        _ = bus.insert(
            FixedFunction.lpcBridge(powerManagementBase: UInt16(PowerDevice.port)), at: .lpcBridge)
        memory.insert(
            BusRange(
                start: PhysicalMap.ecam.lowerBound, count: UInt64(PhysicalMap.ecam.count), device: ECAM(bus: bus)))
        return bus
    }

    /// Takes kernel and initrd, and settles what the firmware tables will say.
    static func boot(
        _ configuration: MachineConfiguration, descriptors: inout DescriptorBundle, cpus: GuestCPUs, plan: MemoryPlan
    ) throws(MachineError) -> BootSource {
        guard let kernel = descriptors.take(configuration.boot.kernel) else {
            throw .configuration(field: "boot.kernel", "its descriptor did not come")
        }
        var initrd: FileDescriptor? = nil
        if let slot = configuration.boot.initrd {
            initrd = descriptors.take(slot)
            guard initrd != nil else { throw .configuration(field: "boot.initrd", "its descriptor did not come") }
        }
        let platform = PlatformDescription(
            cpus: (0..<cpus.topology.count).map { index in
                PlatformDescription.CPU(apicID: cpus.id(of: index), node: plan.node(ofCPU: index))
            },
            memory: plan.layout, physicalBits: cpus.physicalBits, nodes: plan.nodes, pvpanic: configuration.pvpanic)
        return BootSource(
            kernel: kernel, initrd: initrd, commandLine: configuration.boot.commandLine, platform: platform,
            identity: identity(configuration, cpus: cpus))
    }

    /// Makes the vCPUs, CPUID set, their threads not started.
    static func vcpus(
        _ cpus: GuestCPUs, in shared: SharedVM, ports: PortBus, memory: MemoryBus, group: VCPUGroup,
        events: any VCPUEvents
    ) throws(MachineError) -> [VCPUThread] {
        var all: [VCPUThread] = []
        for index in 0..<cpus.topology.count {
            let vcpu = try MachineError.step("Making vCPU \(index)") { () throws(Errno) in
                let vcpu = try shared.vm.createVCPU(id: cpus.id(of: index))
                try vcpu.setCPUID(cpus.entries(for: index))
                return vcpu
            }
            all.append(VCPUThread(vcpu, ports: ports, memory: memory, group: group, events: events))
        }
        return all
    }

    /// Leads a serial port or a terminal where the configuration's field says and starts its hub's thread.
    static func console(
        _ console: SerialConsole, field: String, hub: ConsoleHub, input port: any ConsoleInput,
        descriptors: inout DescriptorBundle, cage: Cage
    ) throws(MachineError) {
        switch console {
        case .nowhere: break
        case .stdio(let input, let output):
            guard let input = descriptors.take(input), let output = descriptors.take(output) else {
                throw .configuration(field: field, "its descriptors did not come")
            }
            hub.attach(ConsoleStream(input, reads: true, writes: false))
            hub.attach(ConsoleStream(output, reads: false, writes: true))
        case .listener(let slot):
            guard let listener = descriptors.take(slot) else {
                throw .configuration(field: field, "its descriptor did not come")
            }
            do throws(Errno) { try hub.listen(on: UnixSocket(owning: listener)) } catch {
                throw .step("Listening on the console", error)
            }
        }
        let prepare = try door(.console, of: cage)
        try MachineError.step("Starting the console") { () throws(Errno) in
            try hub.start(input: port, onStart: prepare)
        }
    }

    /// What a thread of this class does first.
    static func door(_ filter: SystemCallFilter, of cage: Cage) throws(MachineError) -> @Sendable () -> Void {
        do throws(SandboxError) { return try cage.door(filter) } catch { throw .device("sandbox", "\(error)") }
    }

    /// KVM's own counters of the VM, where the kernel offers them.
    static func kernelCounters(_ shared: SharedVM) -> [Counter] {
        guard let values = try? shared.vm.statistics().read() else { return [] }
        return values.map { Counter(name: $0.name, value: $0.value) }
    }

    private static func identity(_ configuration: MachineConfiguration, cpus: GuestCPUs) -> SMBIOSIdentity {
        var identity = SMBIOSIdentity(topology: cpus.topology)
        let s = configuration.smbios
        if !s.manufacturer.isEmpty { identity.manufacturer = s.manufacturer }
        if !s.product.isEmpty { identity.product = s.product }
        if !s.family.isEmpty { identity.family = s.family }
        identity.version = s.version
        identity.serial = s.serial
        identity.sku = s.sku
        identity.chassisAsset = s.chassisAsset
        identity.uuid = UUIDBytes(configuration.uuid.description)
        identity.processor = cpus.brand
        return identity
    }
}
