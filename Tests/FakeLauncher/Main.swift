// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux

/// Speaks a launcher's control channel without a machine; `FAKE_LAUNCHER` says in words how it behaves.
///
/// `obeys` its power button, `refuses` everything, is `mute`, `forgets` to answer when a disk is taken away, does
/// `hotplug`, `hangs-up` when asked to pause and lives on, or `crashes` then.
@main
enum Main {
    static func main() {
        SignalSet.ignoreBrokenPipes()
        let words = Set(
            (getenv("FAKE_LAUNCHER").map { String(cString: $0) } ?? "").split(separator: " ").map(String.init))
        do {
            try FakeLauncher(words).serve()
        } catch {
            CurrentProcess.complain("fake launcher: \(error)")
            exit(1)
        }
    }
}
