// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import Testing
import VMISpec

@testable import apus

@Suite("Run strategies")
struct RunStrategyTests {
    private static func end(_ status: Int32, requested: Bool = false) -> InstanceEnd {
        InstanceEnd(
            .object(["status": .integer(Int64(status)), "stopRequested": .bool(requested), "started": .bool(true)]))
    }

    @Test(
        "what follows an end",
        arguments: [
            (VMIManifest.RunStrategy.always, true, true), (.rerunOnFailure, false, true), (.once, false, false),
            (.manual, false, false), (.halted, false, false),
        ])
    func restarts(_ strategy: VMIManifest.RunStrategy, _ afterSuccess: Bool, _ afterFailure: Bool) {
        #expect(RestartPolicy.restarts(strategy, after: Self.end(0)) == afterSuccess)
        #expect(RestartPolicy.restarts(strategy, after: Self.end(1)) == afterFailure)
        #expect(!RestartPolicy.restarts(strategy, after: Self.end(0, requested: true)))
        #expect(!RestartPolicy.restarts(strategy, after: Self.end(1, requested: true)))
    }

    @Test("a stop halts what always runs, and a start makes it run always again")
    func changes() {
        #expect(RestartPolicy.strategy(.always, afterStart: false) == .halted)
        #expect(RestartPolicy.strategy(.halted, afterStart: true) == .always)
        for strategy in [VMIManifest.RunStrategy.manual, .once, .rerunOnFailure] {
            #expect(RestartPolicy.strategy(strategy, afterStart: true) == strategy)
            #expect(RestartPolicy.strategy(strategy, afterStart: false) == strategy)
        }
        #expect(RestartPolicy.objection(to: .once, hadInstance: true) != nil)
        #expect(RestartPolicy.objection(to: .once, hadInstance: false) == nil)
    }

    @Test("the wait grows with the square of the failures, up to five minutes, and a run that lasts ends it")
    func backoff() {
        var backoff = Backoff()
        let least = (0..<7).map { _ in backoff.wait(afterRunningFor: nil) { $0.lowerBound } }
        #expect(least == [10, 40, 90, 160, 250, 300, 300])
        #expect(backoff.wait(afterRunningFor: 9) { $0.upperBound } == 300)
        #expect(backoff.wait(afterRunningFor: 10) == 0)
        #expect(backoff.wait(afterRunningFor: 0) { $0.upperBound } == 15)
    }

    private static func remove(_ path: String) {
        guard var remover = try? ChildProcess("/bin/rm", ["-rf", path], environment: [], passing: []) else { return }
        _ = remover.end(waiting: true)
    }

    @Test("a machine is kept whole, under its namespace and name, and has one keeper at most")
    func store() throws {
        var template = Array("/tmp/apus-store-XXXXXX".utf8CString)
        let home = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { Self.remove(home) }
        let store = try MachineStore.open(environment: ["HOME": home])
        #expect(store.folder == "\(home)/.local/state/apus")
        var record = MachineRecord(
            document: .object(["a": .integer(1)]), arguments: ["--pvc", "a=b"], strategy: .manual)
        record.hadInstance = true
        try store.write(record, as: "default_vm")
        try store.write(record, as: "other_vm")
        #expect(try store.read("default_vm") == record)
        #expect(store.keys == ["default_vm", "other_vm"])
        #expect(throws: SupervisorError.self) { _ = try store.key(of: "vm") }
        #expect(try store.key(of: "other/vm") == "other_vm")
        #expect(try store.key(of: "nobody") == nil)
        do {
            let lock = try Keeper(store, "default_vm")
            #expect(store.keeper(of: "default_vm") == CurrentProcess.id)
            let error = #expect(throws: SupervisorError.self) { _ = try Keeper(store, "default_vm") }
            #expect(error?.description.contains("runs already") == true)
            _ = consume lock
        }
        #expect(store.keeper(of: "default_vm") == nil)
        try FileDescriptor.open("\(store.folder)/default_vm.json", O_WRONLY | O_TRUNC).writeAll(Array("{}".utf8))
        let error = try #require(throws: SupervisorError.self) { _ = try store.read("default_vm") }
        #expect(error.description.contains("default_vm.json"))
    }
}
