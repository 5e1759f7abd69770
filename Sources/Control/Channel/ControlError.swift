// SPDX-License-Identifier: Apache-2.0

import Linux
import Record

/// Why a control channel cannot go on; after any of these but `congested` and `tooLong` it is of no more use.
public enum ControlError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The peer is gone.
    case closed
    /// A system call on the socket failed.
    case socket(Errno)
    /// The peer sent bytes that are not a frame, for a reason told in a few words.
    case malformed(String)
    /// The peer sent a frame that is not a message.
    case record(RecordError)
    /// The message to send is longer than a frame may be, in bytes.
    case tooLong(bytes: Int)
    /// The peer does not read: too many bytes wait to be sent to it.
    case congested(bytes: Int)
    /// Nothing arrived in time.
    case timedOut

    /// The reason in one line.
    public var description: String {
        switch self {
        case .closed: "The other end of the control channel is gone"
        case .socket(let errno): "The control channel failed: \(errno)"
        case .malformed(let reason): "The other end of the control channel sent a malformed frame: \(reason)"
        case .record(let error): "The other end of the control channel sent a message that cannot be read: \(error)"
        case .tooLong(let bytes): "A control message of \(bytes) bytes is longer than \(ControlFrame.maximumBytes)"
        case .congested(let bytes): "The other end of the control channel does not read; \(bytes) bytes wait for it"
        case .timedOut: "The other end of the control channel did not answer in time"
        }
    }
}
