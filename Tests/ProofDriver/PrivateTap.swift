// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Synchronization

/// A tap in a network namespace of its own, so that nothing a guest sends reaches anybody.
struct PrivateTap: ~Copyable {
    /// The tap, as the launcher wants it.
    let file: FileDescriptor

    private final class Result: Sendable {
        let value = Mutex<Int>(0)
    }

    /// Makes the namespace on a thread that ends at once; the open tap keeps it alive.
    /// - Throws: `Errno`, EPERM without the right to make namespaces.
    init() throws(Errno) {
        let file = try FileDescriptor.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
        let raw = file.raw
        let result = Result()
        let thread = try OSThread(name: "tap") {
            var code = clinux_new_network_namespace()
            // A tun descriptor belongs to the namespace it was opened in: open it again in the new one, same number.
            if code == 0 {
                let inner = Glibc.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
                code = inner < 0 ? -Int(errno) : Int(dup2(inner, raw))
                if inner >= 0 { close(inner) }
            }
            if code >= 0 { code = Int(fcntl(raw, F_SETFD, FD_CLOEXEC)) }
            let flags = Int16(truncatingIfNeeded: Int(IFF_TAP) | Int(IFF_NO_PI) | Int(IFF_VNET_HDR))
            if code >= 0 { code = clinux_tun_attach(raw, "proof", flags) }
            if code >= 0 { code = clinux_interface_set_up("proof", 1) }
            let final = code
            result.value.withLock { $0 = final }
        }
        thread.join()
        let code = result.value.withLock { $0 }
        guard code >= 0 else { throw Errno(code: Int32(-code), call: "making a tap in a new network namespace") }
        self.file = file
    }
}
