// SPDX-License-Identifier: Apache-2.0

import HTTP
import VMISpec

extension HTTPResponse {
    /// A JSON document.
    static func json(_ value: JSONValue, _ status: HTTPStatus = .ok) -> HTTPResponse {
        HTTPResponse(status, headers: ["Content-Type": "application/json"], body: value.encoded() + [0x0A])
    }

    /// A request that was not carried out, told as Kubernetes' API tells it (meta/v1 `Status`).
    static func failure(_ status: HTTPStatus, _ message: String) -> HTTPResponse {
        .json(
            .object([
                "kind": .string("Status"), "apiVersion": .string("v1"), "status": .string("Failure"),
                "message": .string(message), "reason": .string(status.phrase.filter { $0 != " " }),
                "code": .integer(Int64(status.rawValue)),
            ]), status)
    }

    /// A request that was carried out and has nothing to tell.
    static let done = HTTPResponse(.noContent)
}
