// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor

/// A guest's serial console on this process's terminal, or on its standard input and output where there is none.
///
/// The terminal is raw while the session lives. Ctrl-] opens a menu of one key.
final class ConsoleSession {
    /// What the person at the terminal wants.
    enum Wish: Equatable { case nothing, detach, powerButton, kill }

    private let socket: FileDescriptor
    private var terminal: Terminal?
    private let isInteractive: Bool
    private var menuIsOpen = false
    /// Whether the console's other end is gone.
    private(set) var isEnded = false
    /// Whether standard input is to be waited for.
    private(set) var wantsInput = true

    private static let menuKey: UInt8 = 0x1D

    /// Connects to the console of the instance of a runtime directory.
    /// - Throws: `Errno` of `open` or `connect`, `SupervisorError` when there is no console.
    init(_ directory: String, readOnly: Bool = false) throws {
        let connection = try InstanceConnection.connect(to: directory)
        let first = try connection.openConsole(readOnly: readOnly)
        socket = try connection.duplicate()
        Output.write(first, to: 1)
        isInteractive = Terminal.isTerminal(0) && Terminal.isTerminal(1)
        terminal = isInteractive ? Terminal(0) : nil
    }

    /// The console's socket, to be watched.
    var raw: Int32 { socket.raw }

    /// Shows what the guest wrote.
    func showOutput() {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = chunk.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) {
            isEnded = true
        } else if count > 0 {
            Output.write(Array(chunk[..<count]), to: 1)
        }
    }

    /// Passes on what was typed, up to a wish.
    func takeInput() -> Wish {
        var chunk = [UInt8](repeating: 0, count: 1024)
        let count = chunk.withUnsafeMutableBytes { Glibc.read(0, $0.baseAddress, $0.count) }
        guard count > 0 else {
            if count == 0 || (errno != EAGAIN && errno != EINTR) { wantsInput = false }
            return .nothing
        }
        guard isInteractive else {
            send(chunk[..<count])
            return .nothing
        }
        var plain: [UInt8] = []
        for key in chunk[..<count] {
            if menuIsOpen {
                menuIsOpen = false
                Output.write(Array("\r\n".utf8), to: 2)
                switch key {
                case UInt8(ascii: "d"), UInt8(ascii: "D"): return .detach
                case UInt8(ascii: "q"), UInt8(ascii: "Q"): return .powerButton
                case UInt8(ascii: "k"), UInt8(ascii: "K"): return .kill
                case Self.menuKey: plain.append(key)
                default: break
                }
            } else if key == Self.menuKey {
                menuIsOpen = true
                let text = "\r\n[apus] d(etach), q(uit: press the power button), k(ill), c(ontinue)? "
                Output.write(Array(text.utf8), to: 2)
            } else {
                plain.append(key)
            }
        }
        send(plain[...])
        return .nothing
    }

    /// Gives the terminal back.
    func close() {
        guard terminal != nil else { return }
        terminal = nil
        Output.write(Array("\r\n".utf8), to: 1)
    }

    private func send(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
