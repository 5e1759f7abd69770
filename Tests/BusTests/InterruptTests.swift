// SPDX-License-Identifier: Apache-2.0

import Bus
import Linux
import Testing

@Suite("Interrupt")
struct InterruptTests {
    @Test("raising adds one to the eventfd")
    func raises() throws {
        let event = try EventFD()
        let interrupt = Interrupt(raw: event.raw)
        interrupt.raise()
        interrupt.raise()
        #expect(event.drain() == 2)
        #expect(event.drain() == 0)
    }

    @Test("no interrupt is no event")
    func none() {
        Interrupt.none.raise()
        #expect(Interrupt.none.raw == -1)
    }
}
