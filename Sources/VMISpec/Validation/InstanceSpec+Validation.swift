// SPDX-License-Identifier: Apache-2.0

extension InstanceSpec {
    /// Reports what is wrong between fields that are each well formed
    /// (pkg/virt-api/webhooks/validating-webhook/admitters/vmi-create-admitter.go).
    func validate(at path: FieldPath, report: Report) {
        if let hostname, !DNSName.isLabel(hostname) {
            report.refuse(path.child("hostname"), "\(printable(hostname)) is no DNS label; \(ObjectMeta.labelRule)")
        }
        if let subdomain, !DNSName.isSubdomain(subdomain) {
            report.refuse(path.child("subdomain"), "\(printable(subdomain)) is no DNS name; remove the field")
        }
        if startStrategy == .paused, livenessProbe != nil {
            report.refuse(
                path.child("startStrategy"), "must not be given together with livenessProbe; remove one of them")
        }
        let domainPath = path.child("domain")
        domain.validateMachine(at: domainPath, report: report)
        domain.validateProcessors(at: domainPath, report: report)
        domain.validateMemory(at: domainPath, report: report)
        validateStorage(at: path, report: report)
        validateNetworks(at: path, report: report)
        validateBootOrder(at: domainPath.child("devices"), report: report)
    }

    /// Every place in the order of boot is taken once, by a disk or an interface.
    private func validateBootOrder(at path: FieldPath, report: Report) {
        var taken: [UInt32: String] = [:]
        let disks = domain.devices.disks.enumerated().map { (path.child("disks")[$0], $1.bootOrder) }
        let interfaces = domain.devices.interfaces.enumerated().map { (path.child("interfaces")[$0], $1.bootOrder) }
        for (device, order) in disks + interfaces {
            guard let order else { continue }
            let field = device.child("bootOrder")
            if let other = taken[order] {
                report.refuse(field, "boot order \(order) is already set for \(other); give each device its own")
            } else {
                taken[order] = device.shown
            }
        }
    }
}
