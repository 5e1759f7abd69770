// SPDX-License-Identifier: Apache-2.0

internal import Bus
internal import GuestMemory
internal import PCI

/// What a virtio device is wired to: buses, memory, interrupts, doorbells.
struct DeviceFabric {
    let bus: RootBus
    let memory: MemoryBus
    let window64: Range<UInt64>
    let ram: GuestMemory
    let routes: InterruptRoutes
    let doorbells: Doorbells
}
