// SPDX-License-Identifier: Apache-2.0

public import Bus

/// What answers behind a BAR, and hears where the guest has put it.
///
/// The decoder calls `placed` and `removed` under its own lock, from whichever vCPU changed a register: neither may
/// call the decoder, wait for a thread, or take a lock that is held around a call of the decoder.
public protocol MemoryWindow: BusDevice {
    /// The window answers at `address` from now on.
    func placed(at address: UInt64)
    /// The window no longer answers at `address`.
    func removed(from address: UInt64)
}
