// SPDX-License-Identifier: Apache-2.0

/// What a device made of an attack.
enum Reaction {
    /// It set DEVICE_NEEDS_RESET.
    case needsReset
    /// It completed the request, did not accept the features or did not take the setting.
    case refused
    /// It did nothing that can be seen.
    case quiet
}
