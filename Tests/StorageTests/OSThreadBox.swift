// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// A thread that answers yes or no.
final class OSThreadBox {
    private final class Answer: Sendable { let value = Atomic<Bool>(false) }
    private let answer = Answer()
    private var thread: OSThread?

    init(_ body: @escaping @Sendable () -> Bool) throws(Errno) {
        let answer = self.answer
        thread = try OSThread(name: "test") { answer.value.store(body(), ordering: .releasing) }
    }

    /// What the thread said when it ended.
    func join() -> Bool {
        thread.take()?.join()
        return answer.value.load(ordering: .acquiring)
    }
}
