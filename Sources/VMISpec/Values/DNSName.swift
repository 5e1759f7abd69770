// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' rules for names (k8s.io/apimachinery/pkg/util/validation).
enum DNSName {
    /// Lower-case letters, digits and dashes, starting and ending with a letter or digit, at most 63 characters.
    static func isLabel(_ text: String) -> Bool {
        isLabel(text[...])
    }

    /// Labels between dots, at most 253 characters.
    static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                isLabel(part, atMost: 253)
            }
    }

    private static func isLabel(_ text: Substring, atMost limit: Int = 63) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= limit else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ character: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
    }
}
