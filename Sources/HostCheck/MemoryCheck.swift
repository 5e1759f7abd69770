// SPDX-License-Identifier: Apache-2.0

/// Huge pages, transparent and from pools.
enum MemoryCheck {
    static func findings(root: String) -> [Finding] {
        [transparent(root: root)]
            + [("2Mi", "hugepages-2048kB"), ("1Gi", "hugepages-1048576kB")].map { pool($0.0, $0.1, root: root) }
    }

    private static func transparent(root: String) -> Finding {
        let name = "Transparent huge pages"
        let file = "/sys/kernel/mm/transparent_hugepage/enabled"
        guard let text = HostFile.text("\(root)\(file)") else {
            return Finding(name, .warn, "not in this kernel; guests run slower", fix: "use hugepages in the manifest")
        }
        let chosen = text.split(separator: " ").first { $0.hasPrefix("[") }?.dropFirst().dropLast() ?? ""
        return chosen == "never"
            ? Finding(name, .warn, "never; guests run slower", fix: "echo madvise > \(file)")
            : Finding(name, .ok, String(chosen))
    }

    private static func pool(_ size: String, _ folder: String, root: String) -> Finding {
        let name = "Huge pages of \(size)"
        let path = "/sys/kernel/mm/hugepages/\(folder)"
        guard let total = HostFile.text("\(root)\(path)/nr_hugepages").flatMap({ UInt64($0) }),
            let free = HostFile.text("\(root)\(path)/free_hugepages").flatMap({ UInt64($0) })
        else { return Finding(name, .warn, "no pool; hugepages.pageSize: \(size) cannot be used") }
        return total == 0
            ? Finding(
                name, .warn, "the pool is empty; hugepages.pageSize: \(size) cannot be used",
                fix: "echo NUMBER > \(path)/nr_hugepages, if a manifest asks for them")
            : Finding(name, .ok, "\(free) of \(total) free")
    }
}
