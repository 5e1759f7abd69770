// SPDX-License-Identifier: Apache-2.0

import KVM
import Linux

/// /dev/kvm, its API and its capabilities.
enum KVMCheck {
    static func findings(root: String) -> [Finding] {
        let path = "\(root)/dev/kvm"
        if let error = HostFile.refusal(path) {
            let fix =
                error.code == 2
                ? "load KVM: modprobe kvm_intel or kvm_amd; in a VM or container, have its host pass /dev/kvm on"
                : "add this user to its group: usermod -aG kvm USER, and log in again"
            return [Finding("/dev/kvm", .fail, "\(path) \(HostFile.reason(error))", fix: fix)]
        }
        do throws(Errno) {
            let system = try System.open(path)
            var findings = [
                Finding("/dev/kvm", .ok, "can be opened"),
                Finding("KVM API", .ok, "version \(System.apiVersion)"),
            ]
            for capability in Capability.allCases { findings.append(finding(capability, system.check(capability))) }
            return findings
        } catch {
            return [
                Finding("/dev/kvm", .ok, "can be opened"),
                Finding(
                    "KVM API", .fail, "\(path) is not KVM of version \(System.apiVersion): \(error)",
                    fix: "use a kernel of Linux 5.10 or later"),
            ]
        }
    }

    private static func finding(_ capability: Capability, _ answer: Int) -> Finding {
        let name = "KVM_CAP_\(capability.name)"
        if answer > 0 { return Finding(name, .ok, answer == 1 ? "yes" : "\(answer)") }
        return capability.isRequired
            ? Finding(name, .fail, "no; no VM can run", fix: "use a kernel of Linux 5.10 or later")
            : Finding(name, .warn, "no; what needs it is left out")
    }
}
