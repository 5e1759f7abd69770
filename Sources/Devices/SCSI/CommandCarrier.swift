// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Somebody who has commands carried out as they are: a SCSI device of the host.
public protocol CommandCarrier: AnyObject, Sendable {
    /// Sends a command and waits for its end, see `HostSCSIDevice.send`.
    /// - Throws: `Errno`; EPERM for a command that is not let through.
    func send(
        _ block: UnsafeRawBufferPointer, _ data: IOSpan, count: Int, isWrite: Bool,
        sense: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> HostSCSIDevice.Outcome
}

extension HostSCSIDevice: CommandCarrier {}
