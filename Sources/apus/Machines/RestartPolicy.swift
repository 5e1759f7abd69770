// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What a virtual machine's run strategy makes of the end of its instance.
enum RestartPolicy {
    /// Whether another instance follows.
    static func restarts(_ strategy: VMIManifest.RunStrategy, after end: InstanceEnd) -> Bool {
        // Whoever asked for the end does not want another beginning: KubeVirt's stop request, or its change to Halted.
        guard !end.wasRequested else { return false }
        switch strategy {
        case .always: return true
        case .rerunOnFailure: return end.status != 0
        case .once, .manual, .halted, .waitAsReceiver: return false
        }
    }

    /// Whether `apus run` starts an instance by itself.
    static func startsByItself(_ strategy: VMIManifest.RunStrategy) -> Bool {
        switch strategy {
        case .always, .rerunOnFailure, .once: true
        case .manual, .halted, .waitAsReceiver: false
        }
    }

    /// Why `apus start` does not start one, or nil where it does (StartVMRequestHandler, pkg/virt-api/rest).
    static func objection(to strategy: VMIManifest.RunStrategy, hadInstance: Bool) -> String? {
        switch strategy {
        case .once where hadInstance: "Once does not support manual start requests"
        case .waitAsReceiver: "WaitAsReceiver does not support manual start requests"
        case .always, .rerunOnFailure, .once, .manual, .halted: nil
        }
    }

    /// The strategy after `apus start` or `apus stop`: a machine that always runs is halted by a stop, and a halted one
    /// always runs after a start.
    static func strategy(_ strategy: VMIManifest.RunStrategy, afterStart start: Bool) -> VMIManifest.RunStrategy {
        switch strategy {
        case .halted where start: .always
        case .always where !start: .halted
        default: strategy
        }
    }
}
