// SPDX-License-Identifier: Apache-2.0

/// How an instance is started.
public enum StartStrategy: String, CaseIterable, Hashable, Sendable {
    /// Its vCPUs wait until somebody resumes it.
    case paused = "Paused"
}
