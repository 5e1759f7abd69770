// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

extension Supervision {
    /// Opens the console to clients, under KubeVirt's names where this is a pod.
    /// - Throws: `SupervisorError` that names the path.
    func openConsole(_ options: LaunchOptions, _ preparation: inout Preparation) throws(SupervisorError) {
        guard preparation.configuration.console != .nowhere else { return }
        let folder = try privateDirectory(options)
        let name = RuntimeDirectory.File.serial.rawValue
        do throws(Errno) {
            let inner = RuntimeDirectory.File.launcherConsole
            let hub = try SocketPath.connect(inner.rawValue, in: directory.path)
            unlink(directory.file(inner))
            unlink("\(folder)/\(name)")
            let listener = try SocketPath.listen(name, in: folder)
            console = try Console(
                hub: hub.release(), listener: listener, path: "\(folder)/\(name)",
                log: instance.spec.domain.devices.logSerialConsole ? "\(folder)/\(name)-log" : nil, loop: loop)
        } catch {
            throw SupervisorError("\(folder)/\(name) cannot be opened: \(error)")
        }
    }

    /// Where KubeVirt's private files of this instance are, or its runtime directory where this is no pod.
    private func privateDirectory(_ options: LaunchOptions) throws(SupervisorError) -> String {
        guard let root = options.podRoot else { return directory.path }
        let parent = "\(root == "/" ? "" : root)/var/run/kubevirt-private"
        let path = "\(parent)/\(instance.metadata.uid ?? instance.firmwareUUID.description)"
        for folder in [parent, path] where mkdir(folder, 0o770) != 0 && errno != EEXIST {
            throw SupervisorError("\(folder) cannot be made: \(Errno(code: errno, call: "mkdir").reason)")
        }
        return path
    }
}
