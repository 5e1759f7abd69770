// SPDX-License-Identifier: Apache-2.0

public import GuestMemory

/// RAM without a machine around it.
public final class Guest: Sendable {
    private let ram: GuestRAM

    /// Maps RAM.
    public init(bytes: UInt64 = 4 << 20, tracksWrites: Bool = false) throws {
        ram = try GuestRAM(layout: RAMLayout(bytes: bytes), tracksWrites: tracksWrites)
    }

    /// A view of it, good as long as the guest is kept.
    public var memory: GuestMemory { ram.memory }
}
