// SPDX-License-Identifier: Apache-2.0

import Control
import PodNetwork
import VMISpec

extension Plan {
    /// The socket device of an instance that asks for one; its ID is settled when the device is opened.
    static func socket(
        of instance: VirtualMachineInstance, _ options: LaunchOptions, _ paths: ManifestPaths,
        _ descriptors: inout DescriptorList
    ) throws(SupervisorError) -> VsockConfiguration? {
        let field = "\(paths.domain).devices.autoattachVSOCK"
        guard instance.spec.domain.devices.autoattachVSOCK else {
            guard options.vsockCID == nil else {
                throw SupervisorError("--vsock-cid", "the manifest has no socket device; set \(field): true")
            }
            return nil
        }
        if let cid = options.vsockCID, cid < 3 || cid == .max {
            throw SupervisorError("--vsock-cid \(cid)", "must be 3 to 4294967294")
        }
        let start = StableAddress.bytes(of: "vsock", in: instance).suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let slot = try descriptors.add(.vsock(cid: options.vsockCID, start: start), field: field)
        return VsockConfiguration(device: slot, cid: options.vsockCID ?? 3)
    }
}
