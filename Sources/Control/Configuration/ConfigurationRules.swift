// SPDX-License-Identifier: Apache-2.0

/// Throws unless `condition` holds.
func require(
    _ condition: Bool, _ path: @autoclosure () -> String, _ rule: @autoclosure () -> String
) throws(ConfigurationError) {
    guard condition else { throw ConfigurationError(path(), rule()) }
}

/// Throws unless `text` is at most `limit` bytes long and has no control character.
func requireText(_ text: String, at path: @autoclosure () -> String, limit: Int) throws(ConfigurationError) {
    try require(text.utf8.count <= limit, path(), "must be at most \(limit) bytes")
    try require(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, path(), "must not contain control characters")
}

/// Throws unless `text` can name a machine or a device.
func requireName(_ text: String, at path: @autoclosure () -> String) throws(ConfigurationError) {
    try require(!text.isEmpty, path(), "must not be empty")
    try requireText(text, at: path(), limit: ConfigurationLimits.name)
}
