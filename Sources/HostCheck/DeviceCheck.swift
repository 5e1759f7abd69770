// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Linux

/// What networks and disks are served with.
enum DeviceCheck {
    static func findings(root: String) -> [Finding] {
        [
            device(
                "/dev/net/tun", root: root, without: "no VM can have a network", fix: "modprobe tun",
                permission: "chmod 666 /dev/net/tun"),
            device(
                "/dev/vhost-net", root: root, without: "networks are served by the launcher itself",
                fix: "modprobe vhost_net", permission: "add this user to its group"),
            device(
                "/dev/vhost-vsock", root: root, without: "no VM can have autoattachVSOCK", fix: "modprobe vhost_vsock",
                permission: "add this user to its group"),
            ioUring,
        ]
    }

    private static func device(
        _ path: String, root: String, without: String, fix: String, permission: String
    ) -> Finding {
        guard let error = HostFile.refusal("\(root)\(path)") else { return Finding(path, .ok, "can be opened") }
        return Finding(
            path, .warn, "\(HostFile.reason(error)); \(without)", fix: error.code == 2 ? fix : permission)
    }

    private static var ioUring: Finding {
        let result = clinux_io_uring_probe()
        if result >= 0 { return Finding("io_uring", .ok, "permitted") }
        let error = Errno(code: Int32(clamping: -result), call: "io_uring_setup")
        let fix =
            error.code == 38
            ? "use a kernel with CONFIG_IO_URING"
            : "sysctl kernel.io_uring_disabled=0, or allow it in the container's seccomp profile"
        return Finding("io_uring", .warn, "\(error.reason); disks are served by threads", fix: fix)
    }
}
