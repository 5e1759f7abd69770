// SPDX-License-Identifier: Apache-2.0

@testable import Control
import Glibc
import Linux
@testable import Record

/// A hostile peer: whatever bytes and descriptors it sends, the channel returns messages or an error, and no descriptor
/// is left open.
///
/// The input is a run of pieces, each with its length and how many descriptors go with it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzControl(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let before = lowestFree()
    do {
        try converse(FuzzInput(start, count))
    } catch {
        fatalError("\(error)")
    }
    must(lowestFree() == before, "a descriptor was left open")
    return 0
}

private func converse(_ bytes: FuzzInput) throws {
    var input = bytes
    let pair = try UnixSocket.pair()
    let peer = pair.first
    var channel = try ControlChannel(pair.second)
    var isOpen = true
    while isOpen, !input.isEmpty {
        let shape = input.byte()
        var piece: [UInt8]
        if shape & 1 != 0 {
            // A true frame around what may be a record.
            let body = input.bytes(Int(input.byte()) + (shape & 2 != 0 ? Int(input.byte()) << 4 : 0))
            piece = ControlFrame(messageBytes: max(body.count, 1), descriptors: Int(shape >> 2 & 3)).header + body
        } else {
            piece = input.bytes(Int(input.byte()))
        }
        let files = [Int32](repeating: peer.descriptor.raw, count: Int(shape >> 2 & (shape & 0x80 != 0 ? 31 : 3)))
        if !piece.isEmpty { _ = piece.withUnsafeBytes { b in try? peer.send(b, descriptors: files) } }
        isOpen = hear(&channel)
    }
    _ = shutdown(peer.descriptor.raw, Int32(SHUT_WR))
    if isOpen { must(!hear(&channel), "the end was not noticed") }
}

/// Takes every message; false when the conversation is over.
private func hear(_ channel: inout ControlChannel) -> Bool {
    do throws(ControlError) {
        while var received = try channel.next() {
            if case .request(let id, .start(let configuration)) = received.message {
                do throws(ConfigurationError) {
                    try configuration.validate(descriptors: received.descriptors.count)
                } catch {
                    must(!"\(error)".isEmpty, "an error says nothing")
                }
                _ = received.descriptors.take(configuration.boot.kernel)
                try channel.reply(to: id, .done)
            }
            let encoded = Record.encode(received.message)
            do throws(RecordError) {
                must(
                    try Record.decode(ControlMessage.self, encoded) == received.message,
                    "a message reads differently once written")
            } catch {
                fatalError("what was written does not read: \(error)")
            }
        }
        return true
    } catch {
        must(!error.description.isEmpty, "an error says nothing")
        return false
    }
}

private func lowestFree() -> Int32 {
    let number = dup(0)
    if number >= 0 { close(number) }
    return number
}
