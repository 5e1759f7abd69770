// SPDX-License-Identifier: Apache-2.0

import Hardware

/// What boot.S hands to Swift.
enum Boot {
    nonisolated(unsafe) static var area: UInt64 = 0
}

@_extern(c, "main")
func payloadMain(_ argc: Int32, _ argv: UnsafeMutableRawPointer?) -> Int32

/// Ring 3 begins: the smallest heap first, everything else from Swift.
@c(guest_start)
func start(_ area: UInt64) {
    Boot.area = area
    Heap.start(from: hw_image_end(), to: hw_image_end() + 1 << 20)
    _ = payloadMain(0, nil)
    Power.off(3)
}
