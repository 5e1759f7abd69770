// SPDX-License-Identifier: Apache-2.0

/// All that a guest agent has told, each part as of its last answer; nil or empty before the first.
///
/// The guest chooses every word of it: texts are cut to 256 bytes without control characters, lists to 128 elements.
public struct AgentInformation: Equatable, Sendable {
    /// How a freeze stands.
    public enum Freeze: String, Equatable, Sendable {
        case thawed
        case frozen
    }

    /// The agent's version.
    public var version: String?
    /// The commands that it carries out.
    public var commands: Set<String> = []
    /// What runs in the guest.
    public var os: GuestOS?
    /// The guest's own name.
    public var hostname: String?
    /// Its time zone.
    public var timezone: GuestTimezone?
    /// Its network interfaces, `lo` included.
    public var interfaces: [GuestInterface] = []
    /// Its mounted file systems.
    public var filesystems: [GuestFilesystem] = []
    /// Who is logged in.
    public var users: [GuestUser] = []
    /// Whether its file systems are frozen.
    public var freeze: Freeze?
    /// How busy it is.
    public var load: GuestLoad?

    /// Nothing told.
    public init() {}
}
