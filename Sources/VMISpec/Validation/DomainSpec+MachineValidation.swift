// SPDX-License-Identifier: Apache-2.0

extension DomainSpec {
    /// The machine type and the way it boots.
    func validateMachine(at path: FieldPath, report: Report) {
        if !Support.isMachineType(machineType) {
            report.refuse(
                path.child("machine").child("type"),
                "\(printable(machineType)) is not supported; use q35 or remove the field")
        }
        guard !Support.bootsFromDisk else { return }
        let kernelBoot = path.child("firmware").child("kernelBoot")
        if firmware.kernelBoot == nil {
            report.refuse(
                kernelBoot,
                "is required; booting from a disk takes firmware, which is not supported in this version: name a kernel"
            )
        } else if let container = firmware.kernelBoot?.container, container.kernelPath == nil {
            report.refuse(
                kernelBoot.child("container").child("kernelPath"), "is required; give the kernel's path in the image")
        }
    }
}
