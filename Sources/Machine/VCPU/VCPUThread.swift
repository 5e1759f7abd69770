// SPDX-License-Identifier: Apache-2.0

internal import Bus
internal import KVM
internal import Linux
import Synchronization

/// What a vCPU tells the machine; called on the vCPU's thread, never blocks.
protocol VCPUEvents: AnyObject, Sendable {
    func vcpuTripleFaulted(_ id: UInt32)
    func vcpuFailed(_ id: UInt32, _ failure: VCPUFailure)
}

/// One vCPU and the thread that runs it.
final class VCPUThread: Sendable {
    let vcpu: VCPU
    let counters = ExitCounters()
    /// The kernel's id of the thread, 0 before it has started.
    var threadID: Int32 { thread.value }

    private let ports: PortBus
    private let memory: MemoryBus
    private let group: VCPUGroup
    private let events: any VCPUEvents
    private let kicker: VCPU.Kicker
    private let thread = ThreadSlot()

    init(
        _ vcpu: consuming VCPU, ports: PortBus, memory: MemoryBus, group: VCPUGroup, events: any VCPUEvents
    ) {
        kicker = vcpu.kicker
        self.vcpu = vcpu
        self.ports = ports
        self.memory = memory
        self.group = group
        self.events = events
        group.add(self)
    }

    /// Starts the thread, parked until the group runs.
    /// - Parameters:
    ///   - cpus: where it may run.
    ///   - prepare: runs first on the new thread, such as loading its system call filter.
    /// - Throws: `Errno` of `pthread_create`.
    func start(cpus: CPUSet?, prepare: @escaping @Sendable () -> Void) throws(Errno) {
        try thread.start(name: "CPU \(vcpu.id)/KVM", cpus: cpus) { [self] in
            prepare()
            loop()
        }
    }

    /// Takes the vCPU out of the guest; see `VCPU.Kicker` for why no kick is lost.
    func kick() {
        kicker.arm()
        thread.kick()
    }

    /// Waits for the thread's end, after `VCPUGroup.end`.
    func join() { thread.join() }

    private func loop() {
        guard group.checkpoint() else { return }
        while true {
            do throws(Errno) {
                switch try vcpu.run() {
                case .port(let access):
                    counters.count(.port)
                    serve(access)
                case .memory(let access):
                    counters.count(.memory)
                    serve(access)
                case .interrupted:
                    counters.count(.interrupted)
                    guard rest() else { return }
                case .halted: counters.count(.other)
                case .shutdown, .systemEvent:
                    counters.count(.other)
                    events.vcpuTripleFaulted(vcpu.id)
                case .entryFailed(let reason): guard fail(.entry(reason: reason)) else { return }
                case .internalError(let suberror):
                    let rip = (try? vcpu.generalRegisters().rip) ?? 0
                    guard fail(.emulation(suberror: suberror, rip: rip)) else { return }
                case .other(let reason): guard fail(.unexpected(reason: reason)) else { return }
                }
            } catch {
                guard fail(.run(error)) else { return }
            }
        }
    }

    // Parks while the group wants it; false when the thread is to end.
    private func rest() -> Bool {
        kicker.disarm()
        return group.checkpoint()
    }

    @inline(__always)
    private func serve(_ access: PortAccess) {
        // All but the string instructions.
        if access.count == 1 { return serve(access, item: 0) }
        for i in 0..<access.count { serve(access, item: i) }
    }

    @inline(__always)
    private func serve(_ access: PortAccess, item: Int) {
        if access.isWrite {
            ports.write(port: access.port, size: access.size, value: access.value(item))
        } else {
            access.answer(ports.read(port: access.port, size: access.size), item)
        }
    }

    @inline(__always)
    private func serve(_ access: MemoryAccess) {
        if access.isWrite {
            memory.write(address: access.address, size: access.size, value: access.value)
        } else {
            access.answer(memory.read(address: access.address, size: access.size))
        }
    }

    // The machine ends all vCPUs on a failure; until then this one must not enter the guest again. It parks here and not
    // after the next KVM_RUN: that may fail the same way for ever, before it looks at `immediate_exit`.
    private func fail(_ failure: VCPUFailure) -> Bool {
        counters.count(.other)
        events.vcpuFailed(vcpu.id, failure)
        return rest()
    }
}
