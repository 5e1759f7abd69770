// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

/// Touches all of a guest's RAM with several threads, each taking the next slice until none is left.
final class PrefaultJob: Sendable {
    private let base: UInt
    private let layout: RAMLayout
    private let next = Atomic<UInt64>(0)
    private let failure = Atomic<Int>(0)
    private static let sliceBytes: UInt64 = 64 << 20

    /// `base` is the host address of guest-physical zero; the mapping must outlive `run`.
    init(base: UInt, layout: RAMLayout) {
        self.base = base
        self.layout = layout
    }

    /// Works until every page exists; the calling thread is one of the `threads`. Returns the first failure.
    func run(threads: Int) -> Errno? {
        if threads > 1, let helper = try? OSThread(name: "prefault", { self.work() }) {
            let failure = run(threads: threads - 1)
            helper.join()
            return failure ?? outcome
        }
        work()
        return outcome
    }

    private var outcome: Errno? {
        let code = failure.load(ordering: .acquiring)
        return code < 0 ? Errno(code: Int32(-code), call: "madvise") : nil
    }

    private func work() {
        let slices = (layout.bytes + PrefaultJob.sliceBytes - 1) / PrefaultJob.sliceBytes
        while failure.load(ordering: .relaxed) == 0 {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < slices else { return }
            for run in layout.runs(offset: index * PrefaultJob.sliceBytes, count: PrefaultJob.sliceBytes) {
                // SAFETY: the run is RAM of this layout, mapped at `base`; populating changes no byte of it.
                let r = unsafe clinux_madvise(
                    UnsafeMutableRawPointer(bitPattern: base + UInt(run.start.rawValue)), Int(run.count),
                    CLINUX_MADV_POPULATE_WRITE)
                if r < 0 { failure.store(r, ordering: .releasing) }
            }
        }
    }
}
