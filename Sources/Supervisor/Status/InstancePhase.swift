// SPDX-License-Identifier: Apache-2.0

/// Where an instance is in its life, in KubeVirt's words (`VirtualMachineInstancePhase`).
public enum InstancePhase: String, CaseIterable, Sendable {
    /// Everything is there and the machine is being built.
    case scheduled = "Scheduled"
    /// The vCPUs run, or did and are paused.
    case running = "Running"
    /// The guest powered itself off.
    case succeeded = "Succeeded"
    /// It ended in another way.
    case failed = "Failed"
}
