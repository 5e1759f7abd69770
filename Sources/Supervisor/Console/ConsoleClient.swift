// SPDX-License-Identifier: Apache-2.0

import Linux

/// Somebody who looks at a console.
final class ConsoleClient {
    let socket: FileDescriptor
    /// The token by which the loop knows it.
    var token: UInt64 = 0
    /// How much of the output it has got.
    var place: UInt64 = 0
    /// Whether what it sends is the guest's input as soon as it is the newest of those.
    let mayWrite: Bool
    /// Nothing more comes from it.
    var inputEnded = false

    init(_ socket: consuming FileDescriptor, mayWrite: Bool) {
        self.socket = socket
        self.mayWrite = mayWrite
    }
}
