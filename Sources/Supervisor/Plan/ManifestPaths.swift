// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// Where the fields of an instance stand in the manifest that holds it.
struct ManifestPaths {
    /// The instance's spec.
    let spec: String
    /// The domain in it.
    var domain: String { "\(spec).domain" }

    init(_ manifest: VMIManifest) {
        spec = manifest.kind == .virtualMachine ? "spec.template.spec" : "spec"
    }
}
