// SPDX-License-Identifier: Apache-2.0

/// Where one stream stands.
struct ConsoleReader {
    let stream: ConsoleStream
    /// How much of the output it has got, counted from the first byte ever.
    var position: UInt64 = 0
    /// Nothing more comes from it.
    var inputEnded: Bool
    /// Nothing more can go to it.
    var outputEnded: Bool
    /// Its index in the poll set, while it is in it.
    var slot: Int?

    init(_ stream: ConsoleStream) {
        self.stream = stream
        inputEnded = !stream.reads
        outputEnded = !stream.writes
    }

    var isDone: Bool { inputEnded && outputEnded }
}
