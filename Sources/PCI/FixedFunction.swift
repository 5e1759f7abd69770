// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A function that is nothing but configuration registers, such as a bridge of a fixed machine.
public final class FixedFunction: PCIFunction {
    private let initial: ConfigurationSpace
    private let space: Mutex<ConfigurationSpace>

    /// A function with these registers, now and after every reset.
    public init(_ space: ConfigurationSpace) {
        initial = space
        self.space = Mutex(space)
    }

    /// Reads registers.
    public func readConfiguration(offset: Int, size: Int) -> UInt32 {
        space.withLock { $0.read(offset: offset, size: size) }
    }

    /// Writes what is writable.
    public func writeConfiguration(offset: Int, size: Int, value: UInt32) {
        space.withLock { $0.write(offset: offset, size: size, value: value) }
    }

    /// Takes the initial registers back.
    public func reset() { space.withLock { $0 = initial } }

    /// The registers, to save.
    public var state: [UInt8] { space.withLock { $0.bytes } }

    /// Takes saved registers over; false when they are not those of this function.
    public func restore(_ state: [UInt8]) -> Bool { space.withLock { $0.restore(state) } }
}
