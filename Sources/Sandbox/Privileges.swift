// SPDX-License-Identifier: Apache-2.0

internal import CCapability
internal import CLinux
import Glibc
internal import Linux

/// Gives up what a launcher does not need once its descriptors have arrived.
public enum Privileges {
    /// Sets no_new_privs, drops every capability and empties the bounding and ambient sets, for this thread and those
    /// it starts afterwards.
    /// - Throws: `SandboxError` that names the call.
    public static func drop() throws(SandboxError) {
        try forbidNew()
        // Without CAP_SETPCAP the bounding set cannot shrink; no_new_privs makes it irrelevant then.
        if hasSetPCAP {
            var capability: Int32 = 0
            while capability < 64, cap_get_bound(cap_value_t(capability)) >= 0 {
                if cap_drop_bound(cap_value_t(capability)) != 0 {
                    throw .library("cap_drop_bound", code: errno)
                }
                capability += 1
            }
        }
        _ = cap_reset_ambient()
        guard let none = cap_init() else { throw .library("cap_init", code: ENOMEM) }
        defer { cap_free(UnsafeMutableRawPointer(none)) }
        guard cap_set_proc(none) == 0 else { throw .library("cap_set_proc", code: errno) }
    }

    /// Sets no_new_privs: nothing this process executes can gain privileges, and filters may be installed.
    /// - Throws: `SandboxError.system`.
    static func forbidNew() throws(SandboxError) {
        try check(clinux_no_new_privileges(), "prctl PR_SET_NO_NEW_PRIVS")
    }

    private static var hasSetPCAP: Bool {
        guard let all = cap_get_proc() else { return false }
        defer { cap_free(UnsafeMutableRawPointer(all)) }
        var value = CAP_CLEAR
        return cap_get_flag(all, cap_value_t(CAP_SETPCAP), CAP_EFFECTIVE, &value) == 0 && value == CAP_SET
    }

    private static func check(_ result: Int, _ call: StaticString) throws(SandboxError) {
        do throws(Errno) { try Errno.check(result, call) } catch { throw .system(error) }
    }
}
