// SPDX-License-Identifier: Apache-2.0

import HTTP

/// What a request's method and path lead to.
enum APIRoute: Equatable {
    /// An operation with the path's segments that stand for braces, in order.
    case operation(APIOperation, [String])
    /// The path exists, with these methods.
    case otherMethods([String])
    /// There is no such path.
    case nowhere

    private static let templates: [(APIOperation, String, [Substring])] = APIOperation.allCases.map { operation in
        let route = operation.route
        return (operation, route.method, route.path.split(separator: "/"))
    }

    init(_ request: HTTPRequest) {
        var methods: [String] = []
        for (operation, method, template) in Self.templates {
            guard let parameters = Self.match(template, request.path) else { continue }
            if method == request.method {
                self = .operation(operation, parameters)
                return
            }
            methods.append(method)
        }
        self = methods.isEmpty ? .nowhere : .otherMethods(methods)
    }

    private static func match(_ template: [Substring], _ path: [String]) -> [String]? {
        guard template.count == path.count else { return nil }
        var parameters: [String] = []
        for (pattern, segment) in zip(template, path) {
            if pattern.hasPrefix("{") {
                guard !segment.isEmpty else { return nil }
                parameters.append(segment)
            } else if pattern != segment {
                return nil
            }
        }
        return parameters
    }
}
