// SPDX-License-Identifier: Apache-2.0

/// What a reboot of the guest means.
enum RebootPolicy: String, CaseIterable {
    /// The guest starts again in place.
    case reboot = "Reboot"
    /// The instance ends.
    case terminate = "Terminate"
}
