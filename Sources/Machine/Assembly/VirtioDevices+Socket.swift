// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
import Glibc
internal import Linux

extension VirtioDevices {
    /// The socket device on the vhost-vsock that came along.
    static func socket(
        _ configuration: VsockConfiguration, _ descriptors: inout DescriptorBundle, cpus: CPUSet?,
        door: @escaping @Sendable () -> Void
    ) throws(MachineError) -> Vsock<Vhost> {
        guard let file = descriptors.take(configuration.device) else {
            throw .configuration(field: "vsock.device", "its descriptor did not come")
        }
        do throws(Errno) {
            return try Vsock(try Vhost(owning: file), cid: configuration.cid, cpus: cpus, onStart: door)
        } catch {
            let reason =
                switch error.code {
                case EADDRINUSE: "context ID \(configuration.cid) is in use by another guest or this host"
                case ENOTTY: "its descriptor is no vhost-vsock device"
                default: "\(error)"
                }
            throw .device("vsock", reason)
        }
    }
}
