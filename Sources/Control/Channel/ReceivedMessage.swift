// SPDX-License-Identifier: Apache-2.0

/// A message together with the descriptors that came with it.
public struct ReceivedMessage: ~Copyable, Sendable {
    /// The message.
    public let message: ControlMessage
    /// Its descriptors, in the order of the slots that the message refers to.
    public var descriptors: DescriptorBundle

    init(message: ControlMessage, descriptors: consuming DescriptorBundle) {
        self.message = message
        self.descriptors = descriptors
    }
}
