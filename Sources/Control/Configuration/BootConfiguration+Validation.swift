// SPDX-License-Identifier: Apache-2.0

extension BootConfiguration {
    func validate() throws(ConfigurationError) {
        try requireText(commandLine, at: "boot.commandLine", limit: ConfigurationLimits.commandLine)
    }
}
