// SPDX-License-Identifier: Apache-2.0

internal import KVM
public import Linux

/// Why a vCPU can run no further; the machine ends with this line.
public enum VCPUFailure: Error, Sendable, CustomStringConvertible {
    /// KVM_RUN itself failed.
    case run(Errno)
    /// The CPU refused to enter the guest.
    case entry(reason: UInt64)
    /// KVM met something it cannot emulate.
    case emulation(suberror: UInt32, rip: UInt64)
    /// An exit that was never asked for.
    case unexpected(reason: UInt32)

    /// One line for the operator.
    public var description: String {
        switch self {
        case .run(let error): "The vCPU stopped: \(error)"
        case .entry(let reason): "The CPU refused to enter the guest (hardware reason 0x\(String(reason, radix: 16)))"
        case .emulation(let suberror, let rip):
            "KVM cannot emulate what the guest did at rip 0x\(String(rip, radix: 16)) (suberror \(suberror)); "
                + "run 'apus check' to see whether this host runs guest kernels natively"
        case .unexpected(let reason): "The vCPU left the guest for an unknown reason (\(reason))"
        }
    }
}
