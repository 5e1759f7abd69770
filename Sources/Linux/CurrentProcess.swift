// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// The calling process.
public enum CurrentProcess {
    /// Its id.
    public static var id: Int32 { getpid() }

    /// Dies of SIGKILL when the thread that started it ends; false when that has happened already.
    /// - Parameter parent: the parent's process id as it was handed over.
    public static func dieWithParent() -> Bool {
        let parent = getppid()
        _ = clinux_die_with_parent(SIGKILL)
        return getppid() == parent
    }

    /// Ends at once, without running exit handlers.
    public static func end(_ status: Int32) -> Never { _exit(status) }

    /// Keeps the allocator to one arena: a thread of ours allocates little, and an arena each would cost pages.
    public static func limitAllocator() { clinux_one_arena() }

    /// Writes one line to standard error.
    public static func complain(_ line: String) {
        let text = line + "\n"
        // SAFETY: the bytes outlive the call. A closed standard error loses the line and nothing else.
        unsafe text.withCString { p in _ = unsafe clinux_write(2, p, strlen(p)) }
    }
}
