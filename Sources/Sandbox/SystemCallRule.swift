// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One system call a thread may make, and with which arguments.
public struct SystemCallRule: Sendable {
    /// A test of one argument; a rule's conditions must all hold.
    public enum Condition: Sendable {
        /// The argument's low 32 bits are this value, such as an ioctl's request number.
        case is32(argument: UInt32, UInt32)
        /// None of these bits is set in the argument.
        case lacks(argument: UInt32, bits: UInt64)
        /// The argument is the id of the process that compiles the filter.
        case isThisProcess(argument: UInt32)
    }

    let call: String
    let conditions: [Condition]

    /// The call with any arguments.
    public static func allow(_ call: String) -> SystemCallRule { SystemCallRule(call: call, conditions: []) }

    /// Several calls with any arguments.
    public static func allow(_ calls: String...) -> [SystemCallRule] { calls.map { .allow($0) } }

    /// The call when all conditions hold.
    public static func allow(_ call: String, when conditions: Condition...) -> SystemCallRule {
        SystemCallRule(call: call, conditions: conditions)
    }

    /// ioctl with this request number.
    public static func ioctl(_ request: UInt) -> SystemCallRule {
        .allow("ioctl", when: .is32(argument: 1, UInt32(truncatingIfNeeded: request)))
    }

    /// A signal to a thread of this process; no other process can be reached.
    public static func signal(_ number: Int32) -> SystemCallRule {
        .allow(
            "tgkill", when: .isThisProcess(argument: 0), .is32(argument: 2, UInt32(bitPattern: number)))
    }

    /// Memory for data: nothing that is mapped or remapped may become executable.
    public static let dataMemory: [SystemCallRule] =
        [
            .allow("mmap", when: .lacks(argument: 2, bits: executable)),
            .allow("mprotect", when: .lacks(argument: 2, bits: executable)),
        ] + allow("munmap", "mremap", "madvise", "brk")

    /// What every thread needs to wait, to be woken, to take memory and to end.
    public static let everyThread: [SystemCallRule] =
        dataMemory
        + allow(
            "read", "write", "close", "futex", "epoll_wait", "epoll_ctl", "poll", "exit", "exit_group", "rt_sigreturn",
            "rt_sigprocmask", "sigaltstack", "restart_syscall", "sched_yield", "clock_gettime", "clock_nanosleep",
            "gettid", "getpid", "getrandom", "set_robust_list", "rseq")
        // The last word of a report, and of `abort`.
        + [.signal(SIGSYS), .signal(SIGABRT)]

    private static let executable: UInt64 = 4  // PROT_EXEC
}
