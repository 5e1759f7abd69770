// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux
import Synchronization

/// One virtual CPU: its thread calls `run` over and over; others may only use the `Kicker`.
@safe
public struct VCPU: ~Copyable, @unchecked Sendable {
    /// The vCPU's descriptor.
    public let descriptor: FileDescriptor
    /// Its number and APIC id.
    public let id: UInt32
    private let page: Mapping
    /// struct kvm_run, shared with the kernel.
    @usableFromInline let shared: UnsafeMutableRawPointer

    init(owning descriptor: consuming FileDescriptor, id: UInt32, runBytes: Int) throws(Errno) {
        let page = try Mapping(shared: descriptor, count: runBytes)
        unsafe shared = page.base
        self.page = page
        self.descriptor = descriptor
        self.id = id
    }

    /// Runs the guest until something needs us.
    ///
    /// Inlined into the loop around it, where an exit never exists as a value in memory.
    /// - Throws: `Errno` of KVM_RUN other than EINTR and EAGAIN.
    @inlinable @inline(__always)
    public borrowing func run() throws(Errno) -> Exit {
        let r = enter()
        if r >= 0 { return exit }
        return try VCPU.refusal(r)
    }

    @usableFromInline
    borrowing func enter() -> Int { ckvm_run(descriptor.raw) }

    @usableFromInline
    static func refusal(_ r: Int) throws(Errno) -> Exit {
        // EINTR (4): a signal or immediate_exit. EAGAIN (11): an INIT arrived before the first start-up IPI.
        if r == -4 || r == -11 { return .interrupted }
        throw Errno(code: Int32(-r), call: "KVM_RUN")
    }

    @inlinable @inline(__always)
    var exit: Exit {
        // SAFETY: the kernel filled the member of the union that the reason names.
        switch unsafe shared.load(fromByteOffset: RunPage.reason, as: UInt32.self) {
        case RunPage.reasonPort:
            let offset = unsafe shared.load(fromByteOffset: RunPage.portDataOffset, as: UInt64.self)
            return unsafe .port(
                PortAccess(
                    isWrite: shared.load(fromByteOffset: RunPage.portDirection, as: UInt8.self) != 0,
                    size: Int(shared.load(fromByteOffset: RunPage.portSize, as: UInt8.self)),
                    port: shared.load(fromByteOffset: RunPage.port, as: UInt16.self),
                    count: Int(shared.load(fromByteOffset: RunPage.portCount, as: UInt32.self)),
                    data: shared + Int(truncatingIfNeeded: offset)))
        case RunPage.reasonMemory:
            return unsafe .memory(
                MemoryAccess(
                    isWrite: shared.load(fromByteOffset: RunPage.memoryIsWrite, as: UInt8.self) != 0,
                    address: shared.load(fromByteOffset: RunPage.memoryAddress, as: UInt64.self),
                    size: Int(shared.load(fromByteOffset: RunPage.memorySize, as: UInt32.self)),
                    data: shared + RunPage.memoryData))
        default: return rareExit
        }
    }

    @usableFromInline
    var rareExit: Exit {
        // SAFETY: as above.
        let run = unsafe shared.assumingMemoryBound(to: kvm_run.self)
        switch unsafe run.pointee.exit_reason {
        case UInt32(KVM_EXIT_HLT): return .halted
        case UInt32(KVM_EXIT_SHUTDOWN): return .shutdown
        case UInt32(KVM_EXIT_INTR): return .interrupted
        case UInt32(KVM_EXIT_SYSTEM_EVENT): return .systemEvent(unsafe run.pointee.system_event.type)
        case UInt32(KVM_EXIT_FAIL_ENTRY):
            return .entryFailed(reason: unsafe run.pointee.fail_entry.hardware_entry_failure_reason)
        case UInt32(KVM_EXIT_INTERNAL_ERROR): return .internalError(suberror: unsafe run.pointee.`internal`.suberror)
        default: return .other(reason: unsafe run.pointee.exit_reason)
        }
    }

    /// Lets other threads take this vCPU out of the guest; valid while the vCPU lives.
    public var kicker: Kicker {
        // SAFETY: immediate_exit is one byte of the shared page at a fixed offset.
        unsafe Kicker(
            flag: (shared + CKVM_RUN_IMMEDIATE_EXIT)
                .assumingMemoryBound(to: Atomic<UInt8>.self))
    }

    /// The switch that makes the next entry return at once (KVM api.rst 5, immediate_exit).
    ///
    /// To stop a vCPU: store the request where its thread looks, `arm`, then send the thread the kick signal. The
    /// thread, once out: `disarm`, then look at the request. Either the signal ends KVM_RUN or the flag refuses the next
    /// one, so that no wake-up is lost.
    @safe
    public struct Kicker: @unchecked Sendable {
        private let flag: UnsafeMutablePointer<Atomic<UInt8>>

        init(flag: UnsafeMutablePointer<Atomic<UInt8>>) { unsafe self.flag = flag }

        /// The next KVM_RUN returns at once.
        public func arm() { unsafe flag.pointee.store(1, ordering: .sequentiallyConsistent) }

        /// KVM_RUN runs the guest again. The request is read after this store, never before it.
        public func disarm() { unsafe flag.pointee.store(0, ordering: .sequentiallyConsistent) }
    }
}
