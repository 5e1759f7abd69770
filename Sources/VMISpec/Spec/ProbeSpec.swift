// SPDX-License-Identifier: Apache-2.0

/// A question put to the guest again and again.
public struct ProbeSpec: Hashable, Sendable {
    /// How the guest is asked.
    public enum Handler: Hashable, Sendable {
        case exec(command: [String])
        case guestAgentPing
        case httpGet(path: String, port: Port, host: String?, scheme: String)
        case tcpSocket(port: Port, host: String?)
    }

    /// A port by number or by name.
    public enum Port: Hashable, Sendable {
        case number(UInt16)
        case name(String)
    }

    /// A header field of an httpGet's request.
    public struct Header: Hashable, Sendable {
        /// Its name, a token.
        public var name: String
        /// Its value, without control characters.
        public var value: String

        init(_ reader: ObjectReader) {
            name = reader.requiredString("name", "name the header field")
            value = reader.string("value") ?? ""
            let isToken = name.utf8.allSatisfy { byte in
                "!#$%&'*+-.^_`|~".utf8.contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
            if !isToken { reader.report.refuse(reader.path.child("name"), "is no name of a header field") }
            if value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                reader.report.refuse(reader.path.child("value"), "must not have control characters")
            }
        }
    }

    /// How the guest is asked.
    public var handler: Handler?
    /// Further header fields of an httpGet's request.
    public var httpHeaders: [Header]
    /// Seconds before the first question.
    public var initialDelaySeconds: Int32
    /// Seconds an answer may take.
    public var timeoutSeconds: Int32
    /// Seconds between two questions.
    public var periodSeconds: Int32
    /// Good answers that make a bad state good.
    public var successThreshold: Int32
    /// Bad answers that make a good state bad.
    public var failureThreshold: Int32

    init(_ reader: ObjectReader) {
        let exec = reader.object("exec") { Handler.exec(command: $0.strings("command")) }
        let ping = reader.object("guestAgentPing") { _ in Handler.guestAgentPing }
        var headers: [Header] = []
        let http = reader.object("httpGet") { get in
            headers = get.objects("httpHeaders") { Header($0) }
            let path = get.string("path") ?? "/"
            if path.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
                get.report.refuse(get.path.child("path"), "must consist of visible ASCII characters; escape the others")
            }
            return Handler.httpGet(
                path: path, port: Self.port(in: get), host: get.string("host"),
                scheme: get.string("scheme") ?? "HTTP")
        }
        let tcp = reader.object("tcpSocket") { socket in
            Handler.tcpSocket(port: Self.port(in: socket), host: socket.string("host"))
        }
        let handlers = [exec, ping, http, tcp].compactMap(\.self)
        handler = handlers.first
        httpHeaders = headers
        if handlers.count != 1 {
            reader.report.refuse(reader.path, "must have exactly one probe type set; keep tcpSocket or httpGet")
        }
        func seconds(_ key: String, orElse standard: Int32) -> Int32 {
            let given: Int32 = reader.integer(key, in: 0...Int32.max) ?? 0
            return given < 1 ? standard : given
        }
        initialDelaySeconds = seconds("initialDelaySeconds", orElse: 0)
        timeoutSeconds = seconds("timeoutSeconds", orElse: 1)
        periodSeconds = seconds("periodSeconds", orElse: 10)
        successThreshold = seconds("successThreshold", orElse: 1)
        failureThreshold = seconds("failureThreshold", orElse: 3)
    }

    private static func port(in reader: ObjectReader) -> Port {
        if case .string(let name) = reader.value("port") { return .name(name) }
        if !reader.has("port") {
            reader.report.refuse(reader.path.child("port"), "is required; give a number from 1 to 65535")
        }
        return .number(reader.integer("port", in: 1...UInt16.max) ?? 0)
    }
}
