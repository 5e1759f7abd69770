// SPDX-License-Identifier: Apache-2.0

/// Keys or passwords, kept in a secret, that are to be put into the guest.
public enum AccessCredential: Hashable, Sendable {
    /// Public keys for ssh.
    case sshPublicKey(secretName: String, propagation: Propagation)
    /// Passwords of users.
    case userPassword(secretName: String, propagation: Propagation)
    /// Neither was given, which is reported.
    case none

    /// The way into the guest.
    public enum Propagation: Hashable, Sendable {
        case configDrive
        case noCloud
        case guestAgent(users: [String])
        /// No way was given, which is reported.
        case none
    }

    init(_ reader: ObjectReader) {
        let keys = reader.object("sshPublicKey") { ssh in
            AccessCredential.sshPublicKey(secretName: Self.secret(in: ssh), propagation: Self.propagation(in: ssh))
        }
        let password = reader.object("userPassword") { user in
            AccessCredential.userPassword(secretName: Self.secret(in: user), propagation: Self.propagation(in: user))
        }
        let given = [keys, password].compactMap(\.self)
        if given.count != 1 {
            reader.report.refuse(reader.path, "must have exactly one access credential type set; keep sshPublicKey")
        }
        self = given.first ?? .none
    }

    private static func secret(in reader: ObjectReader) -> String {
        let name = reader.object("source") { source in
            source.object("secret") { $0.requiredString("secretName", "name the secret") }
        }
        guard let name = name ?? nil else {
            reader.report.refuse(reader.path.child("source"), "must have exactly one source set; add secret")
            return ""
        }
        return name
    }

    private static func propagation(in reader: ObjectReader) -> Propagation {
        let methods = reader.object("propagationMethod") { method in
            [
                method.marker("configDrive") ? Propagation.configDrive : nil,
                method.marker("noCloud") ? .noCloud : nil,
                method.object("qemuGuestAgent") { .guestAgent(users: $0.strings("users")) },
            ].compactMap(\.self)
        }
        guard let methods, methods.count == 1, let method = methods.first else {
            reader.report.refuse(
                reader.path.child("propagationMethod"), "must have exactly one propagationMethod set; keep noCloud")
            return .none
        }
        return method
    }
}
