// SPDX-License-Identifier: Apache-2.0

/// When an image is asked for at its registry.
public enum ImagePullPolicy: String, CaseIterable, Hashable, Sendable {
    case always = "Always"
    case ifNotPresent = "IfNotPresent"
    case never = "Never"
}
