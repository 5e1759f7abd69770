// SPDX-License-Identifier: Apache-2.0

/// What a guest reports through pvpanic; the raw value is the event's bit (QEMU docs/specs/pvpanic).
public enum GuestPanic: UInt8, CaseIterable, Sendable {
    /// The kernel panicked and will do nothing more by itself.
    case panicked = 1
    /// The kernel panicked and starts a crash kernel to save a dump.
    case crashLoaded = 2
    /// The guest shut itself down.
    case shutdown = 4
}
