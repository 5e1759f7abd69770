// SPDX-License-Identifier: Apache-2.0

import Record

/// Where the processors' abilities come from.
public enum CPUModel: String, RecordField, Sendable {
    /// Everything that the host and KVM offer.
    case hostPassthrough
    /// What the host offers without what ties the guest to this very host.
    case hostModel
}
