// SPDX-License-Identifier: Apache-2.0

import Record

/// What to do about a processor feature; KubeVirt's words.
public enum CPUFeaturePolicy: String, RecordField, Sendable {
    /// Show it whether or not the host has it.
    case force
    /// Show it; refuse to start where the host lacks it.
    case require
    /// Show it where the host has it.
    case optional
    /// Hide it.
    case disable
    /// Hide it; refuse to start where the host has it.
    case forbid
}
