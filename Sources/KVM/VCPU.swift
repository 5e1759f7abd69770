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
    private let shared: UnsafeMutablePointer<kvm_run>

    init(owning descriptor: consuming FileDescriptor, id: UInt32, runBytes: Int) throws(Errno) {
        let page = try Mapping(shared: descriptor, count: runBytes)
        unsafe shared = page.base.assumingMemoryBound(to: kvm_run.self)
        self.page = page
        self.descriptor = descriptor
        self.id = id
    }

    /// Runs the guest until something needs us.
    /// - Throws: `Errno` of KVM_RUN other than EINTR and EAGAIN.
    @inline(__always)
    public borrowing func run() throws(Errno) -> Exit {
        let r = ckvm_ioctl(descriptor.raw, CKVM_RUN, 0)
        if r < 0 {
            // EINTR (4): a signal or immediate_exit. EAGAIN (11): an INIT arrived before the first start-up IPI.
            if r == -4 || r == -11 { return .interrupted }
            throw Errno(code: Int32(-r), call: "KVM_RUN")
        }
        return exit
    }

    @inline(__always)
    private var exit: Exit {
        // SAFETY: the kernel filled the member of the union that the reason names.
        switch unsafe shared.pointee.exit_reason {
        case UInt32(KVM_EXIT_IO):
            let io = unsafe shared.pointee.io
            return unsafe .port(
                PortAccess(
                    isWrite: io.direction == UInt8(KVM_EXIT_IO_OUT), size: Int(io.size), port: io.port,
                    count: Int(io.count), data: unsafe page.base + Int(io.data_offset)))
        case UInt32(KVM_EXIT_MMIO):
            let isWrite = unsafe shared.pointee.mmio.is_write != 0
            let data = unsafe UnsafeMutableRawPointer(shared) + CKVM_RUN_MMIO_DATA
            return unsafe .memory(
                MemoryAccess(
                    isWrite: isWrite, address: unsafe shared.pointee.mmio.phys_addr,
                    size: unsafe Int(shared.pointee.mmio.len), data: unsafe data))
        case UInt32(KVM_EXIT_HLT): return .halted
        case UInt32(KVM_EXIT_SHUTDOWN): return .shutdown
        case UInt32(KVM_EXIT_INTR): return .interrupted
        case UInt32(KVM_EXIT_SYSTEM_EVENT): return .systemEvent(unsafe shared.pointee.system_event.type)
        case UInt32(KVM_EXIT_FAIL_ENTRY):
            return .entryFailed(reason: unsafe shared.pointee.fail_entry.hardware_entry_failure_reason)
        case UInt32(KVM_EXIT_INTERNAL_ERROR): return .internalError(suberror: unsafe shared.pointee.`internal`.suberror)
        default: return .other(reason: unsafe shared.pointee.exit_reason)
        }
    }

    /// Lets other threads take this vCPU out of the guest; valid while the vCPU lives.
    public var kicker: Kicker {
        // SAFETY: immediate_exit is one byte of the shared page at a fixed offset.
        unsafe Kicker(
            flag: (UnsafeMutableRawPointer(shared) + CKVM_RUN_IMMEDIATE_EXIT)
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
