// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@Suite("Runs of iovecs")
struct IOSpanTests {
    @Test(
        "consuming from the front crosses entries, empty ones included",
        arguments: [
            ([4, 4], 0, 8), ([4, 4], 3, 5), ([4, 4], 4, 4), ([0, 4, 0, 0, 4], 4, 4), ([4, 4], 8, 0), ([4, 4], 100, 0),
            ([0, 0], 0, 0), ([], 5, 0), ([1, 1, 1, 1], 2, 2),
        ])
    func consume(lengths: [Int], bytes: Int, left: Int) {
        let vectors = Vectors(lengths)
        vectors.withSpan { span in
            span.consume(bytes)
            #expect(span.byteCount == left)
            #expect(span.first.count <= left)
        }
        #expect(vectors.contents.count == lengths.reduce(0, +), "the entries themselves stay as they were")
    }

    @Test("bytes written through a span are read back through one, however they are split")
    func roundTrip() {
        let contents = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for split in [[1000], [1, 999], [333, 0, 333, 334], Array(repeating: 1, count: 1000)] {
            #expect(Vectors(contents, split: split).contents == contents)
        }
    }

    @Test("a span takes and gives no more than it has")
    func bounds() {
        let vectors = Vectors([3, 2])
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        vectors.withSpan { span in
            #expect(bytes.withUnsafeBytes { span.write($0) } == 5)
            #expect(span.count == 0)
            #expect(span.first.count == 0)
        }
        #expect(vectors.contents == [1, 2, 3, 4, 5])
    }

    @Test(
        "alignment looks at addresses and at lengths",
        arguments: [([512, 1024], 0, true), ([512, 100], 0, false), ([512], 4, false), ([], 0, true)])
    func alignment(lengths: [Int], skew: Int, isAligned: Bool) {
        #expect(Vectors(lengths, skew: skew).withSpan { $0.isAligned(to: 512) } == isAligned)
    }

    @Test("a cleared span is zeros from where it had got to")
    func clear() {
        let vectors = Vectors([3, 3])
        vectors.withSpan { span in
            span.consume(2)
            span.clear()
        }
        #expect(vectors.contents == [0xEE, 0xEE, 0, 0, 0, 0])
    }
}
