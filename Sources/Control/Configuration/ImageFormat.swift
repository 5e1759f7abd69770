// SPDX-License-Identifier: Apache-2.0

import Record

/// How the bytes of a disk lie in its file; always said, never guessed from contents that a guest may have written.
public enum ImageFormat: String, RecordField, Sendable {
    /// As they are.
    case raw
    /// In clusters, QEMU's qcow2 version 2 or 3.
    case qcow2
}
