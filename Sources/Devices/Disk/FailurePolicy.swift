// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What becomes of a request that the host's storage failed (KubeVirt `errorPolicy`).
public enum FailurePolicy: Sendable, Equatable {
    /// The guest is told.
    case report
    /// The guest is told that all is well.
    case ignore
    /// The machine stops and the request is tried again when it goes on.
    case stop
    /// As `stop` when the host has no space left; other errors are reported.
    case noSpace

    /// What to do about one error.
    enum Verdict { case report, ignore, stop }

    /// Judges an error.
    ///
    /// A call that the host does not have would fail again and again: that is the guest's to know under every policy.
    func verdict(_ failure: Errno) -> Verdict {
        if failure.code == EOPNOTSUPP { return .report }
        switch self {
        case .report: return .report
        case .ignore: return .ignore
        case .stop: return .stop
        case .noSpace: return FailurePolicy.isNoSpace(failure) ? .stop : .report
        }
    }

    /// The file system is full, or the owner's share of it.
    static func isNoSpace(_ failure: Errno) -> Bool { failure.code == ENOSPC || failure.code == EDQUOT }
}
