// SPDX-License-Identifier: Apache-2.0

/// A PCI function: its configuration space as the bus reaches it.
///
/// Several vCPUs may call at once. Accesses never cross a doubleword: the mechanisms in front split them.
public protocol PCIFunction: AnyObject, Sendable {
    /// Reads 1, 2 or 4 bytes at an offset below 4096.
    func readConfiguration(offset: Int, size: Int) -> UInt32
    /// Writes 1, 2 or 4 bytes at an offset below 4096.
    func writeConfiguration(offset: Int, size: Int, value: UInt32)
    /// Becomes as it was when the machine was built; no vCPU runs meanwhile.
    func reset()
}
