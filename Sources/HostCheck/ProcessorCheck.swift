// SPDX-License-Identifier: Apache-2.0

import Linux

/// Whether guest kernels run on the processor itself, and which CPUs this process may use.
enum ProcessorCheck {
    static func findings(root: String) -> [Finding] { [virtualization(root: root), cpus] }

    private static func virtualization(root: String) -> Finding {
        let name = "CPU virtualization"
        if HostFile.exists("\(root)/sys/module/kvm_pvm") {
            return Finding(
                name, .fail,
                "software (kvm_pvm): guest kernels do not run natively, they are interpreted instruction by instruction",
                fix: "use a host with Intel VMX or AMD SVM, or a VM with nested virtualization")
        }
        let flags = HostFile.text("\(root)/proc/cpuinfo")?.split(separator: "\n").first { $0.hasPrefix("flags") }
        let words = Set((flags ?? "").split(separator: " "))
        if words.contains("vmx") { return Finding(name, .ok, "hardware (Intel VMX)") }
        if words.contains("svm") { return Finding(name, .ok, "hardware (AMD SVM)") }
        return Finding(
            name, .fail, "none: the CPU shows neither VMX nor SVM, so guest kernels will not run natively",
            fix: "turn virtualization on in the firmware, or nested virtualization on the host of this VM")
    }

    private static var cpus: Finding {
        do throws(Errno) {
            let allowed = try CPUSet.allowed()
            return Finding("CPUs available", .ok, "\(allowed.cpus.count) (\(allowed))")
        } catch {
            return Finding("CPUs available", .warn, "cannot be told: \(error)")
        }
    }
}
