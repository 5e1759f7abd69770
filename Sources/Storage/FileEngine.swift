// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Carries out operations on a small table of open files for one worker thread, at once or in the background.
///
/// Formats stand on it: a raw disk passes its requests on to file 0, a qcow2 image splits them among its own file, its
/// data file and the layers below. The rules are those of `BlockEngine`: submit a batch, `commit` once, ask for
/// completions whenever `completionEvent` is readable; operations of one batch complete in any order. Transfers are
/// whole when they complete, misaligned ones are carried through aligned memory, and a file that has no call for a
/// discard or for zeros is treated as `ImageFile` says.
///
/// All calls come from one thread, that of the first `submit`, except `properties` and `refresh`, which may come from
/// any other while that thread leaves the engine alone.
public protocol FileEngine: ~Copyable, Sendable {
    /// Most operations in flight; at least 1.
    var depth: Int { get }
    /// A descriptor that is readable while completions wait, -1 when every operation completes in `submit`.
    var completionEvent: Int32 { get }
    /// Number of files in the table.
    var fileCount: Int { get }
    /// Capacity and alignment of a file.
    func properties(of file: Int) -> ImageProperties
    /// Starts one operation; `token` is below `depth` and not in flight.
    mutating func submit(_ operation: BlockOperation, file: Int, token: Int) -> BlockSubmission
    /// Carries one operation out before it returns, beside those in flight: for tables and headers.
    /// - Throws: `Errno` of the host's call.
    mutating func perform(_ operation: BlockOperation, file: Int) throws(Errno)
    /// Hands everything submitted so far to the kernel.
    mutating func commit()
    /// Takes one completion; nil when none waits.
    mutating func nextCompletion() -> BlockCompletion?
    /// Waits until every operation in flight is complete, so that `nextCompletion` has them all.
    mutating func drain()
    /// Looks at a file's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    mutating func refresh(file: Int) throws(Errno)
}
