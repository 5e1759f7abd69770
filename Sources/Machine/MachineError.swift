// SPDX-License-Identifier: Apache-2.0

public import Boot
import Glibc
public import GuestMemory
public import Linux

/// Why a machine could not be built; each prints as one line that names the field or file and the remedy.
public enum MachineError: Error, Sendable, CustomStringConvertible {
    /// The configuration makes no sense, or names a descriptor that did not come.
    case configuration(field: String, String)
    /// /dev/kvm cannot be used.
    case kvm(Errno)
    /// The kernel refuses a step of building the machine.
    case step(String, Errno)
    /// RAM is not to be had.
    case memory(RAMError)
    /// The kernel image, the initrd or the command line is unusable.
    case boot(BootError)
    /// The CPU model or a feature is not to be had.
    case cpu(CPUIDError)
    /// A device cannot be built.
    case device(String, String)

    /// One line.
    public var description: String {
        switch self {
        case .configuration(let field, let rule): "\(field): \(rule)"
        case .kvm(let error):
            switch error.code {
            case ENOENT: "/dev/kvm does not exist; load the kvm module or pass the device into the container"
            case EACCES, EPERM: "/dev/kvm may not be opened by this user; join the kvm group or change its permissions"
            default: "/dev/kvm cannot be used (\(error)); run 'apus check'"
            }
        case .step(let what, let error): "\(what) failed (\(error))"
        case .memory(let error): "memory: \(error)"
        case .boot(let error): "\(error)"
        case .cpu(let error): "cpu: \(error)"
        case .device(let name, let reason): "\(name): \(reason)"
        }
    }

    /// Runs a step and names it when the kernel refuses.
    /// - Throws: `MachineError.step`.
    static func step<R: ~Copyable>(
        _ what: @autoclosure () -> String, _ body: () throws(Errno) -> R
    ) throws(MachineError) -> R {
        do throws(Errno) { return try body() } catch { throw .step(what(), error) }
    }
}
