// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

extension BootError {
    /// The error for a range that is not guest RAM.
    static func doesNotFit(_ file: File, at address: UInt64, count: UInt64, memory: RAMLayout) -> BootError {
        switch file {
        case .kernel:
            .kernelDoesNotFit(start: address, end: address.addingSaturated(count), memory: memory.bytes)
        case .initrd: .initrdDoesNotFit(bytes: count, below: memory.end, memory: memory.bytes)
        }
    }
}
