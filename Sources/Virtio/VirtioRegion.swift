// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import Synchronization

/// What answers behind a virtio function's BAR, laid out in pages: common configuration, interrupt status, device
/// configuration, doorbells, MSI-X table and pending bits.
final class VirtioRegion: MemoryWindow {
    static let common: UInt64 = 0x0000
    static let interruptStatus: UInt64 = 0x1000
    static let device: UInt64 = 0x2000
    static let doorbells: UInt64 = 0x3000
    /// Bytes between two queues' doorbells: each has its own address, and so its own ioeventfd.
    static let doorbellStride: UInt64 = 4
    static let page: UInt64 = 0x1000

    /// Where the vector table begins.
    let vectors: UInt64
    /// Where the pending bits begin.
    let pending: UInt64
    /// Bytes in use.
    let end: UInt64
    private let transport: VirtioTransport
    private let msix: MSIXTable
    private let registry: any DoorbellRegistry

    init(transport: VirtioTransport, msix: MSIXTable, registry: any DoorbellRegistry) {
        self.transport = transport
        self.msix = msix
        self.registry = registry
        vectors = VirtioRegion.doorbells + VirtioRegion.pages(VirtioRegion.doorbellBytes(transport))
        pending = vectors + VirtioRegion.pages(UInt64(msix.count) * 16)
        end = pending + VirtioRegion.page
    }

    /// Bytes of the doorbell region.
    var doorbellBytes: UInt64 { VirtioRegion.doorbellBytes(transport) }

    private static func doorbellBytes(_ transport: VirtioTransport) -> UInt64 {
        max(UInt64(transport.kicks.count), 1) * doorbellStride
    }

    private static func pages(_ bytes: UInt64) -> UInt64 { (bytes + page - 1) & ~(page - 1) }

    func read(offset: UInt64, size: Int) -> UInt64 {
        switch offset {
        case VirtioRegion.common..<VirtioRegion.interruptStatus: transport.read(offset: Int(offset), size: size)
        // One byte, cleared by being read; the rest of its page is nothing.
        case VirtioRegion.interruptStatus: UInt64(transport.takeInterruptStatus())
        case VirtioRegion.device..<VirtioRegion.doorbells:
            transport.device.readConfiguration(at: Int(offset - VirtioRegion.device), size: size)
        case vectors..<pending: msix.readTable(offset: offset - vectors, size: size)
        case pending..<end: msix.readPending(offset: offset - pending, size: size)
        default: 0
        }
    }

    func write(offset: UInt64, size: Int, value: UInt64) {
        switch offset {
        case VirtioRegion.common..<VirtioRegion.interruptStatus:
            transport.write(offset: Int(offset), size: size, value: value)
        case VirtioRegion.device..<VirtioRegion.doorbells:
            transport.device.writeConfiguration(at: Int(offset - VirtioRegion.device), size: size, value: value)
        case VirtioRegion.doorbells..<(VirtioRegion.doorbells + doorbellBytes):
            // A doorbell is rung by a word at its own address; the ioeventfd answers where the kernel has it.
            let at = offset - VirtioRegion.doorbells
            if at % VirtioRegion.doorbellStride == 0 {
                transport.kick(queue: Int(at / VirtioRegion.doorbellStride))
            }
        case vectors..<pending: msix.writeTable(offset: offset - vectors, size: size, value: value)
        default: return
        }
    }

    func placed(at address: UInt64) {
        // Where the kernel refuses, the write comes out of the guest and `write` signals the same eventfd.
        for i in 0..<transport.kicks.count { try? registry.attach(doorbell(i, address), event: transport.kicks[i]) }
    }

    func removed(from address: UInt64) {
        for i in 0..<transport.kicks.count { registry.detach(doorbell(i, address), event: transport.kicks[i]) }
    }

    private func doorbell(_ queue: Int, _ address: UInt64) -> Doorbell {
        let offset = VirtioRegion.doorbells + UInt64(queue) * VirtioRegion.doorbellStride
        return Doorbell(address: address &+ offset, size: 2, value: nil)
    }
}
