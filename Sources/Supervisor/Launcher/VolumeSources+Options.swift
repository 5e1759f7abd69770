// SPDX-License-Identifier: Apache-2.0

import Volumes

extension VolumeSources {
    /// What was said about an instance outside of its manifest.
    init(_ options: LaunchOptions, directory: String) {
        let environment = SiblingProgram.environment
        self.init(claims: options.claims, directory: directory, cache: Self.cache(environment: environment))
        images = options.images
        configMaps = options.configMaps
        secrets = options.secrets
        podRoot = options.podRoot
        self.environment = environment
    }
}
