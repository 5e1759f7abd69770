// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Storage
import VMISpec

/// `apus image check FILE`.
struct ImageCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a qcow2 image, and repair it if asked to.",
        discussion: "Exits with 0 for a sound image, 3 when clusters are leaked, 2 when there are errors.")

    @Argument(help: "The image; no VM uses it.")
    var file: String

    @Option(help: "What to repair: leaks, or all.")
    var repair: Qcow2CheckReport.Repair = .none

    @Flag(help: "Write JSON.")
    var json = false

    func run() throws {
        var status: Int32 = 0
        try Output.reporting {
            let bar = ProgressBar("checking")
            defer { bar.end() }
            let image = try ImageFile.open(file, readOnly: repair == .none, end: .zeros)
            guard try ImageLocator.format(of: image) == .qcow2 else {
                throw Qcow2Error(file, "is raw; there is nothing to check")
            }
            let report = try Qcow2Check.run(
                on: try OpenMetadataFile(image), name: file, repair: repair, progress: bar.show)
            bar.end()
            status = report.corruptions > 0 ? 2 : report.leaks > 0 ? 3 : 0
            Output.write(json ? report.json.text(indentation: 2) + "\n" : report.text)
        }
        throw ExitCode(status)
    }
}

extension Qcow2CheckReport.Repair: ExpressibleByArgument {}

extension Qcow2CheckReport {
    /// Lines for people.
    var text: String {
        var lines = messages
        if repairedCorruptions > 0 { lines.append("\(repairedCorruptions) errors repaired") }
        if repairedLeaks > 0 { lines.append("\(repairedLeaks) leaked clusters given back") }
        lines.append(
            corruptions == 0 && leaks == 0
                ? "no errors" : "\(corruptions) errors, \(leaks) leaked clusters")
        let share = diskClusters == 0 ? 0 : dataClusters * 1000 / diskClusters
        lines.append("\(dataClusters) of \(diskClusters) clusters in use (\(share / 10).\(share % 10) %)")
        return lines.map { $0 + "\n" }.joined()
    }

    /// The same for programs.
    var json: JSONValue {
        func number(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(UInt64(value))) }
        return .object([
            "errors": number(corruptions), "leaks": number(leaks), "repairedErrors": number(repairedCorruptions),
            "repairedLeaks": number(repairedLeaks), "clusters": number(diskClusters),
            "usedClusters": number(dataClusters), "compressedClusters": number(compressedClusters),
            "imageEnd": number(imageEnd), "messages": .array(messages.map(JSONValue.string)),
        ])
    }
}
