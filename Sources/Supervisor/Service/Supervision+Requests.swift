// SPDX-License-Identifier: Apache-2.0

import Control
import HTTP
import Linux
import VMISpec

extension Supervision {
    /// Carries out what a client asks for.
    func serve(_ request: HTTPRequest, _ connection: APIConnection) {
        switch APIRoute(request) {
        case .nowhere:
            connection.respond(.failure(.notFound, "There is no such path; docs/openapi.yaml lists those there are"))
        case .otherMethods(let methods):
            var response = HTTPResponse.failure(
                .methodNotAllowed, "This path is for \(methods.joined(separator: " and "))")
            response.headers.add("Allow", methods.joined(separator: ", "))
            connection.respond(response)
        case .operation(let operation, let parameters):
            do throws(HTTPError) { try serve(operation, parameters, request, connection) } catch {
                connection.respond(.failure(error.status, error.description))
            }
        }
    }

    private func serve(
        _ operation: APIOperation, _ parameters: [String], _ request: HTTPRequest, _ connection: APIConnection
    ) throws(HTTPError) {
        switch operation {
        case .getStatus: connection.respond(.json(status.json))
        case .getInstance: connection.respond(.json(instanceDocument))
        case .getMachine: connection.respond(.json(machineDocument))
        case .streamEvents: try streamEvents(request, connection)
        case .pause: pass(.pause, connection)
        case .resume: pass(.resume, connection)
        case .reset: pass(.reset, connection)
        case .softReboot: pass(.softReboot, connection)
        case .stop: try stop(request, connection)
        case .detach:
            server.forgetOwners()
            connection.respond(.done)
        case .openConsole: try openConsole(request, connection)
        case .addVolume: try addVolume(request, connection)
        case .removeVolume: try removeVolume(parameters[0], connection)
        case .resizeVolume: try resizeVolume(parameters[0], request, connection)
        case .setBalloon: try setBalloon(request, connection)
        case .getMetrics: getMetrics(connection)
        case .getState: pass(.deviceState, connection)
        }
    }

    /// Hands a request on to the launcher and its answer back.
    func pass(_ request: ControlRequest, _ connection: APIConnection) {
        ask(request) { [weak self, weak connection] reply in
            guard let self, let connection else { return }
            connection.respond(response(to: reply))
        }
    }

    /// The launcher's answer as the API gives it.
    func response(to reply: ControlReply?) -> HTTPResponse {
        switch reply {
        case .done: .done
        case .refused(let message): .failure(.conflict, message)
        case .unsupported(let message): .failure(.notImplemented, message)
        case .deviceState(let value):
            HTTPResponse(.ok, headers: ["Content-Type": "application/json"], body: Array("\(value.json)\n".utf8))
        case .status, .statistics: .failure(.internalError, "The launcher gave another answer than was asked for")
        case nil where channelEnded: .failure(.serviceUnavailable, "The VM is ending")
        case nil: .failure(.gatewayTimeout, "The launcher did not answer in time")
        }
    }

    private func streamEvents(_ request: HTTPRequest, _ connection: APIConnection) throws(HTTPError) {
        guard !server.isFull(besides: console?.count ?? 0) else { throw Self.tooManyStreams }
        let text = request.headers["last-event-id"] ?? request.query["since"]
        let last = text.map { UInt64($0) } ?? events.lastID
        guard let last else {
            throw HTTPError(.badRequest, "Last-Event-ID must be the number of an event, or 0 for all that are kept")
        }
        connection.stream(
            HTTPResponse(.ok, headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-store"]))
        for event in events.after(last) { connection.send(event.encoded) }
    }

    private static let tooManyStreams = HTTPError(
        .serviceUnavailable, "Too many clients listen to this VM already; close one of them")

    private func stop(_ request: HTTPRequest, _ connection: APIConnection) throws(HTTPError) {
        let body = try self.body(of: request, members: ["force", "gracePeriodSeconds"])
        let force = try body["force"].map { value throws(HTTPError) in
            guard let force = value.boolValue else { throw HTTPError(.badRequest, "force: must be true or false") }
            return force
        }
        let grace = try body["gracePeriodSeconds"].map { value throws(HTTPError) in
            guard let seconds = value.integerValue, (0...Int64(Int32.max)).contains(seconds) else {
                throw HTTPError(.badRequest, "gracePeriodSeconds: must be a whole number of seconds, at least 0")
            }
            return seconds
        }
        stopWasRequested = true
        connection.respond(HTTPResponse(.accepted))
        if force == true || grace == 0 || stopping == .not { stop(force: force == true || grace == 0, grace: grace) }
    }

    private func openConsole(_ request: HTTPRequest, _ connection: APIConnection) throws(HTTPError) {
        guard let console else { throw HTTPError(.notFound, "The VM has no serial console") }
        guard request.headers.lists("apus-console", in: "upgrade"), request.headers.lists("upgrade", in: "connection")
        else {
            var response = HTTPResponse.failure(
                .upgradeRequired, "The console is a stream of bytes: send Connection: Upgrade, Upgrade: apus-console")
            response.headers.add("Upgrade", "apus-console")
            return connection.respond(response)
        }
        let mode = request.query["mode"] ?? "write"
        guard ["read", "write"].contains(mode) else { throw HTTPError(.badRequest, "mode: must be read or write") }
        guard console.count < Console.mostClients, !server.isFull(besides: console.count) else {
            throw Self.tooManyStreams
        }
        let head = HTTPResponse(
            .switchingProtocols, headers: ["Connection": "Upgrade", "Upgrade": "apus-console"])
        guard let given = connection.handOver(head) else { return }
        let rest = given.rest
        console.adopt(given.socket, mayWrite: mode == "write", rest: rest)
    }

    private func setBalloon(_ request: HTTPRequest, _ connection: APIConnection) throws(HTTPError) {
        let body = try self.body(of: request, members: ["guest"])
        guard let text = body["guest"]?.stringValue, let guest = try? Quantity(text) else {
            throw HTTPError(.badRequest, "guest: must be an amount of memory such as \"512Mi\"")
        }
        let most = configuration.memory.bytes
        guard guest.value >= 1, UInt64(clamping: guest.value) <= most else {
            throw HTTPError(
                .unprocessable, "guest: must be more than nothing and at most the guest's \(ByteCount(most))")
        }
        let bytes = UInt64(clamping: guest.value)
        ask(.balloon(bytes: bytes)) { [weak self, weak connection] reply in
            guard let self else { return }
            if reply == .done { status.guestBytesCurrent = bytes }
            connection?.respond(response(to: reply))
        }
    }

    /// The members of a JSON object in a request's body; none where there is no body.
    func body(of request: HTTPRequest, members: Set<String>) throws(HTTPError) -> JSONObject {
        guard !request.body.isEmpty else { return JSONObject() }
        guard case .object(let object) = try document(in: request) else {
            throw HTTPError(.badRequest, "The body must be a JSON object")
        }
        for key in object.keys where !members.contains(key) {
            throw HTTPError(
                .badRequest,
                "\(JSONValue.string(key).text()) is unknown; there are: \(members.sorted().joined(separator: ", "))")
        }
        return object
    }

    /// The JSON document in a request's body.
    func document(in request: HTTPRequest) throws(HTTPError) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONValue(
                parsing: request.body, limits: JSONLimits(bytes: HTTPLimits.request.bodyBytes, depth: 16, values: 4096))
        } catch {
            throw HTTPError(.badRequest, "The body is not JSON: \(error)")
        }
    }
}
