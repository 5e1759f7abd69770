// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CSeccomp
import Glibc
public import Linux

/// Names a forbidden system call on standard error before the process dies of it.
public enum ViolationReport {
    /// Prepares the report; once a process, before the first filter.
    ///
    /// The names are looked up now because a signal handler must not; the handler writes one line and dies of SIGSYS.
    /// - Throws: `Errno` of `sigaction`.
    public static func arm() throws(Errno) {
        for number in 0..<Int32(CLINUX_CALL_NAMES) {
            guard let name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number) else { continue }
            clinux_name_call(number, name)
            free(name)
        }
        try Errno.check(clinux_report_violations(), "sigaction")
    }
}
