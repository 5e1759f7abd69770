// SPDX-License-Identifier: Apache-2.0

internal import CSeccomp
import Glibc
internal import Linux

/// The system calls that one class of thread may make; any other ends the process with its name on standard error.
public struct SystemCallFilter: Sendable {
    /// The class of thread, as the report names it.
    public let name: String
    /// All that is allowed.
    public let rules: [SystemCallRule]

    /// The call that the threads make most often; the program tests it first.
    public let hottest: String?

    /// A filter of these rules.
    public init(name: String, rules: [SystemCallRule], hottest: String? = nil) {
        self.name = name
        self.rules = rules
        self.hottest = hottest
    }

    /// Translates the rules into a program for the kernel.
    /// - Throws: `SandboxError` when libseccomp does not know a call or runs out of memory.
    public func compile() throws(SandboxError) -> CompiledFilter {
        // SECCOMP_RET_TRAP: the call is not made and SIGSYS kills the process once `ViolationReport` has named it.
        guard let context = seccomp_init(CSCMP_TRAP) else { throw .library("seccomp_init", code: ENOMEM) }
        defer { seccomp_release(context) }
        // libseccomp's own choice for calls of other architectures (int 0x80, x32) kills one thread without a word.
        let r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, CSCMP_TRAP)
        guard r == 0 else { throw .library("seccomp_attr_set", code: -r) }
        for rule in rules {
            let number = seccomp_syscall_resolve_name(rule.call)
            guard number >= 0 else { throw .unknownCall(rule.call) }
            var arguments = rule.conditions.map { $0.comparison }
            let r = seccomp_rule_add_array(
                context, CSCMP_ALLOW, number, UInt32(arguments.count), &arguments)
            guard r == 0 || r == -EEXIST else { throw .library("seccomp_rule_add", code: -r) }
        }
        if let hottest {
            let number = seccomp_syscall_resolve_name(hottest)
            guard number >= 0 else { throw .unknownCall(hottest) }
            let r = seccomp_syscall_priority(context, number, 255)
            guard r == 0 else { throw .library("seccomp_syscall_priority", code: -r) }
        }
        // Rules for other architectures are never added: a foreign call is a violation as well.
        do throws(Errno) {
            let file = try FileDescriptor.memory(named: "filter")
            let r = seccomp_export_bpf(context, file.raw)
            guard r == 0 else { throw Errno(code: -r, call: "seccomp_export_bpf") }
            let bytes = Int(try file.status().bytes)
            var program = [UInt8](repeating: 0, count: bytes)
            let failure: Errno? = program.withUnsafeMutableBytes { p in
                do throws(Errno) {
                    _ = try file.read(into: p, at: 0)
                    return nil
                } catch { return error }
            }
            if let failure { throw failure }
            return CompiledFilter(name: name, program: program)
        } catch {
            throw .system(error)
        }
    }
}

extension SystemCallRule.Condition {
    fileprivate var comparison: scmp_arg_cmp {
        switch self {
        case .is32(let argument, let value):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: 0xFFFF_FFFF, datum_b: UInt64(value))
        case .isThisProcess(let argument):
            scmp_arg_cmp(
                arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: 0xFFFF_FFFF,
                datum_b: UInt64(UInt32(bitPattern: CurrentProcess.id)))
        case .lacks(let argument, let bits):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: bits, datum_b: 0)
        }
    }
}
