// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Netfilter's own `nft`, which reads a whole ruleset and makes it in one transaction.
enum NftCommand {
    /// Carries a transaction out; nil when it is done, or why not.
    static func run(_ text: String) -> String? {
        guard let program = places.first(where: { access($0, X_OK) == 0 }) else {
            return "nft is not installed; install nftables"
        }
        do throws(Errno) {
            let input = try FileDescriptor.memory(named: "nft")
            try input.writeAll(Array(text.utf8))
            lseek(input.raw, 0, SEEK_SET)
            let output = try FileDescriptor.memory(named: "nft-output")
            // Targets rise, and no source lies below one of them.
            let source = try input.duplicate()
            let sink = try output.duplicate()
            var child = try ChildProcess(
                program, ["-f", "-"], environment: ["LC_ALL=C"],
                passing: [.init(source.raw, as: 0), .init(sink.raw, as: 1), .init(sink.raw, as: 2)])
            if child.end(waiting: true) == .exited(0) { return nil }
            lseek(output.raw, 0, SEEK_SET)
            let words = String(decoding: (try? output.readAll(limit: 1 << 16)) ?? [], as: UTF8.self)
            let first = words.split(separator: "\n").first ?? "nft failed"
            return first.hasPrefix("/dev/stdin") ? String(first.drop { $0 != " " }.dropFirst()) : String(first)
        } catch {
            return "nft cannot be run: \(error)"
        }
    }

    private static let places = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft"]
}
