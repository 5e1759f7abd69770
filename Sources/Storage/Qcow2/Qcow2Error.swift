// SPDX-License-Identifier: Apache-2.0

/// Why a qcow2 image cannot be used: the file, what is wrong with it, and what to do, in one line.
public struct Qcow2Error: Error, Equatable, Sendable, CustomStringConvertible {
    /// The image as its user names it.
    public let image: String
    /// What is wrong and the remedy.
    public let message: String

    /// An image at fault.
    public init(_ image: String, _ message: String) {
        self.image = image
        self.message = message
    }

    /// The image and the message in one line.
    public var description: String { "\(image): \(message)" }
}
