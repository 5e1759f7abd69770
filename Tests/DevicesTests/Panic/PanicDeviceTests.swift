// SPDX-License-Identifier: Apache-2.0

import Bus
import Devices
import Testing

@Suite("pvpanic and POST codes")
struct PanicDeviceTests {
    @Test(
        "each event bit is reported once, other bits are ignored",
        arguments: [
            (0, []), (1, ["panicked"]), (2, ["crashLoaded"]), (4, ["shutdown"]), (3, ["panicked", "crashLoaded"]),
            (0xF8, []), (0xFF, ["panicked", "crashLoaded", "shutdown"]),
        ] as [(UInt64, [String])])
    func events(value: UInt64, reported: [String]) {
        let signals = RecordedSignals()
        let device = PanicDevice(signals: signals)
        device.write(offset: 0, size: 1, value: value)
        #expect(signals.take() == reported)
        #expect(device.read(offset: 0, size: 1) == 7)
    }

    @Test("the POST code port keeps the last code")
    func postCodes() {
        let port = PostCodePort()
        #expect(port.code == 0)
        port.write(offset: 0, size: 1, value: 0x1A5)
        #expect(port.code == 0xA5)
        #expect(port.read(offset: 0, size: 1) == 0xA5)
    }

    @Test("no access harms them")
    func hostile() {
        sweep(PanicDevice(signals: RecordedSignals()), seed: 2)
        sweep(PostCodePort(), seed: 3)
    }
}
