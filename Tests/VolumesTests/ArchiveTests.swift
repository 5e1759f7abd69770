// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Volumes

@Suite("Layers come to one image")
struct LayerStackTests {
    private func file(_ path: String) -> LayerArchive.Entry {
        .init(path: path.split(separator: "/").map(String.init), isFile: true, isFolder: false, offset: 0, bytes: 1)
    }

    @Test(
        "an upper layer replaces, hides and removes what lies below",
        arguments: [
            (["disk/a.img"], [], ["a.img"]), (["disk/a.img"], ["disk/.wh.a.img", "disk/b.img"], ["b.img"]),
            (["disk/a.img"], ["disk/.wh..wh..opq", "disk/b.img"], ["b.img"]), (["disk/a.img"], [".wh.disk"], []),
            (["disk/a.img"], ["disk"], []), (["disk/a.img"], ["disk/b.img"], ["a.img", "b.img"]),
        ] as [([String], [String], [String])])
    func whiteouts(_ lower: [String], _ upper: [String], _ left: [String]) {
        var stack = LayerStack()
        stack.add(lower.map(file), layer: 0)
        stack.add(upper.map(file), layer: 1)
        #expect(stack.names(in: ["disk"]) == left)
    }
}
