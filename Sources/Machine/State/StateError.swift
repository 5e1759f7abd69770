// SPDX-License-Identifier: Apache-2.0

public import KVM
public import Linux
public import Record

/// Why a machine's state cannot be taken, read or restored; each prints as one line.
public enum StateError: Error, Sendable, CustomStringConvertible {
    /// The machine runs: only a paused one has a state.
    case running
    /// Something the guest asked for waits to be served, and would be forgotten.
    case eventsWaiting
    /// The machine was started, restored or spoiled before: only one that was just built can take a state up.
    case notFresh
    /// The stream is not a machine's state, or of a version that this build does not read.
    case record(RecordError)
    /// The state belongs to a machine of another shape.
    case shape(String, saved: String, here: String)
    /// A vCPU of this host cannot be in this state.
    case vcpu(Int, String)
    /// The host refuses an MSR whose value the guest would miss.
    case msr(vcpu: Int, VCPUState.MSR)
    /// The kernel refuses a step.
    case refused(String, Errno)
    /// A device cannot be in this state.
    case device(String, String)

    /// One line.
    public var description: String {
        switch self {
        case .running: "The machine is running: pause it first"
        case .eventsWaiting: "The guest has asked for something that is not served yet: serve it first"
        case .notFresh: "The machine has run or was spoiled: only one that was just built can be restored"
        case .record(let error): "\(error)"
        case .shape(let what, let saved, let here): "\(what): \(saved) in the state, \(here) here"
        case .vcpu(let index, let reason): "vCPU \(index): \(reason)"
        case .msr(let index, let msr):
            "vCPU \(index): this host refuses MSR 0x\(String(msr.index, radix: 16)), which was "
                + "0x\(String(msr.value, radix: 16))"
        case .refused(let what, let error): "\(what): \(error)"
        case .device(let name, let reason): "\(name): \(reason)"
        }
    }

    /// Runs a step and names it when the kernel refuses.
    /// - Throws: `StateError.refused`.
    static func step<R>(_ what: @autoclosure () -> String, _ body: () throws(Errno) -> R) throws(StateError) -> R {
        do throws(Errno) { return try body() } catch { throw .refused(what(), error) }
    }
}
