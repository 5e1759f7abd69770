// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import PodNetwork
import Supervisor
import Testing

@Suite("The socket device of a manifest")
struct SocketDeviceTests {
    private let field = "spec.domain.devices.autoattachVSOCK"

    private func plan(_ devices: String, cid: UInt32? = nil) throws -> Plan {
        var options = LaunchOptions()
        options.images = ["k": "/images/k"]
        options.vsockCID = cid
        return try Plan(try Fixture.manifest(domain: "", devices: devices).0, options, PlanTests.host)
    }

    @Test("autoattachVSOCK asks for a device, whose ID is free to choose and starts from the same number each time")
    func planned() throws {
        let plan = try plan(#","autoattachVSOCK":true"#)
        let slot = try #require(plan.configuration.vsock?.device)
        let planned = plan.descriptors[Int(slot.rawValue)]
        #expect(planned.field == field)
        guard case .vsock(cid: nil, let start) = planned.source else {
            Issue.record("\(planned)")
            return
        }
        #expect(
            try self.plan(#","autoattachVSOCK":true"#).descriptors.contains {
                $0.source == .vsock(cid: nil, start: start)
            })
        #expect(try self.plan("").configuration.vsock == nil)
    }

    @Test("an ID that was asked for is the one that is planned")
    func asked() throws {
        let plan = try plan(#","autoattachVSOCK":true"#, cid: 4321)
        #expect(plan.configuration.vsock?.cid == 4321)
        #expect(
            plan.descriptors.contains { planned in
                if case .vsock(cid: 4321, _) = planned.source { true } else { false }
            })
    }

    @Test(
        "an ID without a device, or that is no guest's, is refused", arguments: [("", 5), ("true", 2), ("true", .max)])
    func refused(value: String, cid: UInt32) throws {
        let error = #expect(throws: SupervisorError.self) {
            try plan(value.isEmpty ? "" : #","autoattachVSOCK":true"#, cid: cid)
        }
        #expect(error?.description.hasPrefix("--vsock-cid") ?? false)
    }

    @Test("a host without vhost-vsock is told the remedy, and what is no such device is told by its name")
    func missing() throws {
        func message(_ path: String) -> String {
            do throws(NetworkError) {
                _ = try PodVsock.open(wanted: nil, from: 1, path: path, field: field)
                return "opened"
            } catch { return error.description }
        }
        #expect(
            message("/dev/no-such-device")
                == "\(field): /dev/no-such-device cannot be opened: No such file or directory; "
                + "load its module: modprobe vhost_vsock")
        #expect(message("/dev/null").hasSuffix("is it a vhost-vsock device?"))
    }

    @Test(
        "two guests of a host get different IDs, and one that is taken is refused by its number",
        .enabled(if: access("/dev/vhost-vsock", R_OK | W_OK) == 0))
    func taken() throws {
        let first = try PodVsock.open(wanted: nil, from: 40_000, field: field)
        let second = try PodVsock.open(wanted: nil, from: 40_000, field: field)
        #expect(first.cid != second.cid)
        do throws(NetworkError) {
            _ = try PodVsock.open(wanted: first.cid, from: 0, field: field)
            Issue.record("the same ID twice")
        } catch {
            #expect(error.message.hasPrefix("context ID \(first.cid) is in use"))
        }
    }
}
