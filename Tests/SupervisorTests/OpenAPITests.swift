// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import Supervisor
import Testing
import VMISpec

@Suite("docs/openapi.yaml describes the running server", .serialized)
struct OpenAPITests {
    @Test("the server and the file have the same operations at the same places")
    func routes() throws {
        let file = Set(try OpenAPIDocument().responses.keys.map { "\($0.operation) \($0.method) \($0.path)" })
        let server = Set(APIOperation.allCases.map { "\($0) \($0.route.method) \($0.route.path)" })
        #expect(file == server)
    }

    /// How a response of the file is brought about.
    private struct Recipe {
        let operation: APIOperation
        let status: Int
        var name = "data"
        var headers: HTTPHeaders = [:]
        var query: [String: String] = [:]
        var body = ""

        init(
            _ operation: APIOperation, _ status: Int, name: String = "data", headers: HTTPHeaders = [:],
            query: [String: String] = [:], body: String = ""
        ) {
            self.operation = operation
            self.status = status
            self.name = name
            self.headers = headers
            self.query = query
            self.body = body
        }

        var request: HTTPRequest {
            let path = operation.route.path.split(separator: "/").map { $0.hasPrefix("{") ? name : String($0) }
            return HTTPRequest(
                method: operation.route.method, path: path, query: query, headers: headers, body: Array(body.utf8))
        }
    }

    private static let volume =
        #"{"name":"data","disk":{"disk":{"bus":"scsi"}},"volumeSource":{"persistentVolumeClaim":{"claimName":"data"}}}"#
    private static let upgrade: HTTPHeaders = ["Connection": "Upgrade", "Upgrade": "apus-console"]

    private static let obeying: [Recipe] = [
        .init(.getStatus, 200), .init(.getInstance, 200), .init(.getMachine, 200), .init(.getMetrics, 200),
        .init(.getState, 200), .init(.streamEvents, 200, headers: ["Last-Event-ID": "0"]),
        .init(.streamEvents, 400, headers: ["Last-Event-ID": "x"]), .init(.pause, 204), .init(.resume, 204),
        .init(.reset, 204), .init(.softReboot, 204), .init(.detach, 204), .init(.openConsole, 101, headers: upgrade),
        .init(.openConsole, 400, headers: upgrade, query: ["mode": "eat"]), .init(.openConsole, 426),
        .init(.removeVolume, 404), .init(.removeVolume, 409, name: "d"), .init(.addVolume, 400, body: "{"),
        .init(.addVolume, 422, body: #"{"name":"x","volumeSource":{"persistentVolumeClaim":{"claimName":"none"}}}"#),
        .init(.addVolume, 204, body: volume), .init(.addVolume, 409, body: volume), .init(.getStatus, 200),
        .init(.resizeVolume, 204, name: "d"), .init(.resizeVolume, 204, name: "d", body: #"{"size":"20Gi"}"#),
        .init(.resizeVolume, 400, name: "d", body: #"{"size":"-1"}"#), .init(.resizeVolume, 404, name: "x"),
        .init(.removeVolume, 204), .init(.setBalloon, 204, body: #"{"guest":"32Mi"}"#),
        .init(.setBalloon, 400, body: #"{"guest":7}"#), .init(.setBalloon, 422, body: #"{"guest":"1Ti"}"#),
        .init(.stop, 400, body: #"{"gracePeriodSeconds":-1}"#), .init(.stop, 202),
    ]
    private static let unable: [Recipe] = [
        .init(.getState, 501), .init(.openConsole, 404, headers: upgrade),
    ]
    private static let refusing: [Recipe] = [
        .init(.pause, 409), .init(.resume, 409), .init(.reset, 409), .init(.softReboot, 409),
        .init(.resizeVolume, 409, name: "d", body: #"{"size":"20Gi"}"#),
        .init(.setBalloon, 409, body: #"{"guest":"32Mi"}"#),
    ]
    private static let mute: [Recipe] = [
        .init(.pause, 504), .init(.resume, 504), .init(.reset, 504), .init(.softReboot, 504), .init(.getState, 504),
        .init(.addVolume, 504, body: volume), .init(.setBalloon, 504, body: #"{"guest":"32Mi"}"#),
        .init(.resizeVolume, 504, name: "d"),
    ]
    private static let forgetful: [Recipe] = [.init(.addVolume, 204, body: volume), .init(.removeVolume, 504)]
    private static let ending: [Recipe] = [
        .init(.addVolume, 204, body: volume), .init(.pause, 503), .init(.resume, 503), .init(.reset, 503),
        .init(.softReboot, 503), .init(.getState, 503), .init(.removeVolume, 503),
        .init(.addVolume, 503, body: volume.replacing("\"name\":\"data\"", with: "\"name\":\"more\"")),
        .init(.setBalloon, 503, body: #"{"guest":"32Mi"}"#), .init(.resizeVolume, 503, name: "d"),
    ]
    private static let crowded: [Recipe] = [
        .init(.streamEvents, 503), .init(.openConsole, 503, headers: upgrade),
    ]

    @Test("no response is in the file that these tests do not bring about, and the other way round")
    func complete() throws {
        let all = [
            Self.obeying, Self.unable, Self.refusing, Self.mute, Self.forgetful, Self.ending, Self.crowded,
        ].flatMap { $0 }
        let tried = Set(all.map { "\($0.operation) \($0.status)" })
        #expect(tried == Set(try OpenAPIDocument().responses.keys.map(\.description)))
    }

    private static let disk = #","disks":[{"name":"d","disk":{"bus":"virtio"}}]"#
    private static let claim = #"{"name":"d","persistentVolumeClaim":{"claimName":"root"}}"#

    private func supervisor(_ behaviour: String, devices: String = "") throws -> RunningSupervisor {
        let root = "/tmp/apus-root-\(getpid())-\(UInt32.random(in: .min ... .max)).raw"
        try FileDescriptor.open(root, O_WRONLY | O_CREAT).writeAll([UInt8](repeating: 0, count: 4096))
        defer { unlink(root) }
        return try RunningSupervisor(
            behaviour, devices: Self.disk + devices, volumes: Self.claim, options: ["--pvc", "root=\(root)"])
    }

    private func check(_ recipe: Recipe, _ response: HTTPResponse) throws {
        let document = try OpenAPIDocument()
        #expect(
            response.code == recipe.status, "\(recipe.operation): \(String(decoding: response.body, as: UTF8.self))")
        let described = try #require(
            document.responses.first { $0.key.description == "\(recipe.operation) \(recipe.status)" }?.value)
        guard let content = OpenAPIDocument.members(described["content"]).first else {
            #expect(response.body.isEmpty, "\(recipe.operation) \(recipe.status) has a body")
            return
        }
        #expect(response.headers["content-type"]?.hasPrefix(content.0) == true)
        if content.0 == "application/json", let schema = content.1["schema"] {
            let problems = document.problems(try JSONValue(parsing: response.body), schema)
            #expect(problems.isEmpty, "\(recipe.operation) \(recipe.status): \(problems)")
        }
    }

    @Test(
        "every response is as the file describes it",
        arguments: [
            ("obeys hotplug", "", obeying), ("", #","autoattachSerialConsole":false"#, unable),
            ("refuses", "", refusing),
            ("forgets hotplug", "", forgetful), ("hangs-up hotplug", "", ending),
        ])
    private func responses(_ behaviour: String, _ devices: String, _ recipes: [Recipe]) throws {
        let running = try supervisor(behaviour, devices: devices)
        for recipe in recipes { try check(recipe, try running.ask(recipe.request)) }
    }

    @Test("a launcher that does not answer is told of in time")
    func silence() throws {
        let running = try supervisor("mute")
        // All at once, so that the time passes once.
        let sockets = try Self.mute.map { recipe in
            let socket = try running.socket()
            try socket.writeAll(recipe.request.encoded)
            return InstanceConnection(socket)
        }
        for (recipe, socket) in zip(Self.mute, sockets) {
            var parser = HTTPResponseParser()
            let duplicate = try socket.duplicate()
            var part: HTTPResponseParser.Part?
            while part == nil {
                let bytes = RunningSupervisor.read(duplicate, seconds: 60)
                try #require(!bytes.isEmpty)
                parser.append(bytes)
                part = try parser.next()
            }
            guard case .response(let response)? = part else { throw Unmet("no response") }
            try check(recipe, response)
        }
    }

    @Test("more listeners than there is room for are told so")
    func crowd() throws {
        let running = try supervisor("")
        var listeners: [InstanceConnection] = []
        for _ in 0..<32 {
            let connection = try running.connection()
            try connection.listen()
            _ = try connection.nextEvents()
            listeners.append(connection)
        }
        for recipe in Self.crowded { try check(recipe, try running.ask(recipe.request)) }
        #expect(listeners.count == 32)
    }

    @Test("events are as the file describes them")
    func events() throws {
        let document = try OpenAPIDocument()
        let schema = try #require(document.root["components"]?["schemas"]?["Event"])
        let running = try supervisor("obeys")
        let connection = try running.connection()
        try connection.listen(after: 0)
        for operation in [APIOperation.pause, .resume, .reset, .stop] { try running.connection().ask(operation) }
        var names: Set<String> = []
        while !connection.isEnded {
            for event in try connection.nextEvents() {
                #expect(document.problems(event, schema).isEmpty, "\(event.text())")
                names.insert(event["event"]?.stringValue ?? "")
            }
        }
        #expect(names == ["launching", "started", "paused", "resumed", "reset", "status", "stopping", "ended"])
    }
}
