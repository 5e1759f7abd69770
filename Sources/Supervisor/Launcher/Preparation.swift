// SPDX-License-Identifier: Apache-2.0

import Control
import Linux
import PodNetwork
import VMISpec
import Volumes

/// A machine's configuration together with its open descriptors, ready to be sent to a launcher.
public struct Preparation: ~Copyable {
    /// The machine, completed by what was learnt from its files and devices.
    public private(set) var configuration: MachineConfiguration
    /// The descriptors in the order of the configuration's slots.
    public var descriptors: DescriptorBundle

    /// Opens everything that a plan asks for.
    /// - Parameters:
    ///   - directory: the instance's runtime directory: made disks and the console's socket are put there.
    /// - Throws: `SupervisorError` that names the field and the remedy.
    public init(
        _ plan: Plan, of instance: VirtualMachineInstance, _ options: LaunchOptions, in directory: String
    ) throws(SupervisorError) {
        var configuration = plan.configuration
        var descriptors = DescriptorBundle()
        let volumes = VolumeSources(claims: options.claims, directory: directory)
        for planned in plan.descriptors {
            let opened: FileDescriptor
            do {
                switch planned.source {
                case .image(let path, let image):
                    opened = try ImageDirectory.open(path, of: image, field: planned.field)
                case .volume(let volume, let isReadOnly):
                    opened = try volumes.open(volume, isReadOnly: isReadOnly, field: planned.field, of: instance)
                case .tap(let name, let network, let interface):
                    let tap = try PodTap.open(name, network: network, field: planned.field)
                    configuration.nets[interface].mtu = tap.mtu
                    opened = try tap.descriptor.duplicate()
                case .console:
                    let socket = try SocketPath.listen(RuntimeDirectory.File.serial.rawValue, in: directory)
                    opened = try socket.descriptor.duplicate()
                }
            } catch let error as Errno {
                throw SupervisorError(planned.field, "the console's socket cannot be made in \(directory): \(error)")
            } catch {
                throw SupervisorError("\(error)")
            }
            guard descriptors.add(opened) != nil else {
                throw SupervisorError(planned.field, "the machine has too many files; remove some")
            }
        }
        self.configuration = configuration
        self.descriptors = descriptors
    }
}
