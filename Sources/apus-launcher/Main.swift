// SPDX-License-Identifier: Apache-2.0

import Control
import KVM
import Linux
import Machine
import Sandbox

@main
enum Main {
    static func main() {
        CurrentProcess.limitAllocator()
        CurrentProcess.end(run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        do throws(FlagError) {
            let flags = try Flags(arguments)
            switch flags.mode {
            case .help:
                print(Help.text)
                return 0
            case .version:
                print("apus-launcher \(Help.version)")
                return 0
            case .controlled(let descriptor): return controlled(descriptor)
            case .standalone: return standalone(flags)
            }
        } catch {
            CurrentProcess.complain("apus-launcher: \(error)")
            return 2
        }
    }

    /// Everything comes over the socket; whoever holds the other end decides.
    private static func controlled(_ descriptor: Int32) -> Int32 {
        guard CurrentProcess.dieWithParent() else { return 1 }
        do {
            var session = try Supervised(UnixSocket(owning: FileDescriptor(owning: descriptor)))
            return session.serve()
        } catch {
            CurrentProcess.complain("The control socket cannot be used (\(error))")
            return 1
        }
    }

    private static func standalone(_ flags: Flags) -> Int32 {
        let terminal: Terminal? =
            switch (flags.serial, flags.terminal) {
            case (.stdio, _), (_, .stdio): Terminal(0, keepsSignals: true)
            default: nil
            }
        defer { _ = terminal }
        do {
            var bench = try Bench(flags)
            return bench.serve()
        } catch {
            CurrentProcess.complain("\(error)")
            return 1
        }
    }
}
