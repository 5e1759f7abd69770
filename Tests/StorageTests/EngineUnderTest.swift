// SPDX-License-Identifier: Apache-2.0

import Linux
import Storage
import Testing

/// The engines that tests compare.
enum EngineUnderTest: String, CaseIterable, CustomTestStringConvertible {
    case ring, pool, blocking

    var testDescription: String { rawValue }

    var kind: FileEngineKind {
        switch self {
        case .ring: .ring
        case .pool: .pool
        case .blocking: .blocking
        }
    }

    /// A raw disk on this engine.
    func disk(_ file: ImageFile, depth: Int = 16) throws -> RawEngine<HostFiles> {
        try RawEngine(FileEngines([file], kind: kind, depth: depth, threads: 4).engine(0))
    }
}

extension BlockEngine where Self: ~Copyable {
    /// Carries one operation out and waits for it.
    mutating func run(_ operation: BlockOperation, token: Int = 0) throws(Errno) {
        if case .completed(let failure) = submit(operation, token: token) {
            if let failure { throw failure }
            return
        }
        commit()
        drain()
        guard let completion = nextCompletion() else { throw Errno(code: 5, call: "no completion") }
        guard completion.token == token, nextCompletion() == nil else { throw Errno(code: 22, call: "wrong token") }
        if let failure = completion.failure { throw failure }
    }

    mutating func read(_ vectors: Vectors, at offset: UInt64) throws(Errno) {
        defer { withExtendedLifetime(vectors) {} }
        try run(.read(vectors.span, at: offset, count: UInt64(vectors.span.byteCount)))
    }

    mutating func write(_ vectors: Vectors, at offset: UInt64, durable: Bool = false) throws(Errno) {
        defer { withExtendedLifetime(vectors) {} }
        try run(.write(vectors.span, at: offset, count: UInt64(vectors.span.byteCount), durable: durable))
    }
}
