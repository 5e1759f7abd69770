// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The labels of a sample.
struct MetricLabels: CustomStringConvertible {
    private var pairs: [(name: String, value: String)] = []

    /// Those that KubeVirt gives every metric of an instance: node, namespace, name, and the instance's own labels as
    /// `kubernetes_vmi_label_*` (pkg/monitoring/metrics/virt-handler/domainstats).
    init(_ metadata: ObjectMeta, node: String) {
        pairs = [("node", node), ("namespace", metadata.namespace), ("name", metadata.name)]
        var seen: Set<String> = []
        for key in metadata.labels.keys.sorted() {
            let name = "kubernetes_vmi_label_" + String(key.map { "./-".contains($0) ? "_" : $0 })
            // What is no label key of Kubernetes, or the same as another one by now, has no name here.
            guard name.utf8.allSatisfy(Self.isPlain), seen.insert(name).inserted else { continue }
            pairs.append((name, metadata.labels[key] ?? ""))
        }
    }

    /// Labels of one's own.
    init(_ pairs: KeyValuePairs<String, String>) { self.pairs = pairs.map { ($0.key, $0.value) } }

    /// The same and one more.
    func with(_ name: String, _ value: String) -> MetricLabels {
        var more = self
        more.pairs.append((name, value))
        return more
    }

    /// As the text format writes them.
    var description: String {
        pairs.isEmpty ? "" : "{" + pairs.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
