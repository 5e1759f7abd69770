// SPDX-License-Identifier: Apache-2.0

/// What a device may tell its transport, from any thread.
///
/// Neither call waits for anything or takes a lock, so a worker may make them while a vCPU waits for that worker to stop.
public protocol TransportPort: AnyObject, Sendable {
    /// The driver broke the rules: sets DEVICE_NEEDS_RESET and interrupts the driver (virtio 1.2 §2.1.2).
    func needsReset()
    /// The configuration structure changed: bumps its generation and interrupts the driver (§2.5).
    func configurationChanged()
}
