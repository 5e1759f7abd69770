// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// The files of an engine by index; keeps them open as long as it lives.
///
/// Hot paths reach a file without touching its reference count.
@safe
struct FileTable: ~Copyable, @unchecked Sendable {
    let count: Int
    private let entries: UnsafeMutablePointer<Unmanaged<ImageFile>>

    init(_ files: [ImageFile]) {
        count = files.count
        unsafe entries = .allocate(capacity: max(files.count, 1))
        for (index, file) in files.enumerated() {
            unsafe (entries + index).initialize(to: .passRetained(file))
        }
    }

    deinit {
        for index in 0..<count { unsafe entries[index].release() }
        unsafe entries.deallocate()
    }

    /// Whether there is a file at this index.
    @inline(__always)
    func contains(_ index: Int) -> Bool { index >= 0 && index < count }

    /// Lends the file at an index that `contains` holds for.
    @inline(__always)
    func with<Result, Failure: Error>(
        _ index: Int, _ body: (ImageFile) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(contains(index), "The engine has no such file")
        // SAFETY: the table holds a reference until it ends.
        let outcome = unsafe entries[index]._withUnsafeGuaranteedRef { file in
            do throws(Failure) { return Swift.Result<Result, Failure>.success(try body(file)) } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
