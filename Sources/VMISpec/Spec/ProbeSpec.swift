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

    /// How the guest is asked.
    public var handler: Handler?
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
        let http = reader.object("httpGet") { get in
            _ = get.objects("httpHeaders") { ($0.string("name"), $0.string("value")) }
            return Handler.httpGet(
                path: get.string("path") ?? "/", port: Self.port(in: get), host: get.string("host"),
                scheme: get.string("scheme") ?? "HTTP")
        }
        let tcp = reader.object("tcpSocket") { socket in
            Handler.tcpSocket(port: Self.port(in: socket), host: socket.string("host"))
        }
        let handlers = [exec, ping, http, tcp].compactMap(\.self)
        handler = handlers.first
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
