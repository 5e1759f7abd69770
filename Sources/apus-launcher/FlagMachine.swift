// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Network

/// The machine that flags describe, with every file of it open.
struct FlagMachine: ~Copyable {
    private(set) var configuration: MachineConfiguration
    private var descriptors: DescriptorBundle

    /// - Throws: `FlagError` that names the flag and the file, or `ConfigurationError`.
    init(_ flags: Flags) throws {
        guard let kernel = flags.kernel else { throw FlagError("--kernel", "is needed; --help lists all flags") }
        var bundle = DescriptorBundle()
        let kernelSlot = try FlagMachine.open("--kernel", kernel, O_RDONLY, into: &bundle)
        var boot = BootConfiguration(kernel: kernelSlot, commandLine: flags.commandLine)
        if let initrd = flags.initrd {
            boot.initrd = try FlagMachine.open("--initrd", initrd, O_RDONLY, into: &bundle)
        }
        var uuid = [UInt8](repeating: 0, count: 16)
        uuid[15] = 1
        guard let identity = MachineUUID(bytes: uuid) else { throw FlagError("--name", "has no identity") }
        var memory = MemoryConfiguration(bytes: flags.memory, prefaultThreads: flags.prefaultThreads)
        if let page = flags.hugepages { memory.backing = .hugetlb(pageBytes: page) }
        var configuration = MachineConfiguration(
            name: flags.name, uuid: identity, cpu: CPUConfiguration(topology: flags.cpus), memory: memory, boot: boot)
        for (index, disk) in flags.disks.enumerated() {
            configuration.disks.append(try FlagMachine.open(disk, name: "disk\(index)", into: &bundle))
        }
        for (index, net) in flags.nets.enumerated() {
            var taps: [DescriptorSlot] = []
            var vhost: [DescriptorSlot] = []
            for _ in 0..<net.queues {
                taps.append(try FlagMachine.openTap(net.tap, into: &bundle))
                if net.hasVhost {
                    vhost.append(try FlagMachine.open("--net vhost", "/dev/vhost-net", O_RDWR, into: &bundle))
                }
            }
            let mac = net.mac ?? MACAddress(bytes: [0x02, 0x41, 0x50, 0x55, 0x53, UInt8(truncatingIfNeeded: index)])
            guard let mac else { throw FlagError("--net", "has no address") }
            configuration.nets.append(
                NetConfiguration(
                    name: "net\(index)", taps: taps, vhost: vhost, mac: mac, isUp: net.isUp, receiving: net.receiving,
                    sending: net.sending))
        }
        if flags.hasRNG { configuration.rng = .getrandom }
        for channel in flags.channels {
            let slot = try FlagMachine.listen("--channel", channel.path, into: &bundle)
            configuration.channels.append(ChannelConfiguration(name: channel.name, end: .listener(slot: slot)))
        }
        configuration.balloon = flags.balloon
        configuration.watchdog = flags.watchdog
        if let cid = flags.vsockCID {
            do throws(Errno) {
                let file = try FileDescriptor.open("/dev/vhost-vsock", O_RDWR)
                configuration.vsock = VsockConfiguration(device: try FlagMachine.add(file, to: &bundle), cid: cid)
            } catch {
                let remedy = error.code == ENOENT ? "; load its module: modprobe vhost_vsock" : ""
                throw FlagError("--vsock", "/dev/vhost-vsock: \(error.reason)\(remedy)")
            }
        }
        configuration.pvpanic = true
        configuration.sandbox = flags.sandbox
        configuration.terminal = try FlagMachine.console("--terminal", flags.terminal, into: &bundle)
        configuration.console = try FlagMachine.console("--serial", flags.serial, into: &bundle)
        try configuration.validate(descriptors: bundle.count)
        self.configuration = configuration
        descriptors = bundle
    }

    /// The open files, once.
    mutating func takeDescriptors() -> DescriptorBundle {
        var taken = DescriptorBundle()
        swap(&taken, &descriptors)
        return taken
    }

    private static func console(
        _ flag: String, _ place: Flags.Serial, into bundle: inout DescriptorBundle
    ) throws -> SerialConsole {
        switch place {
        case .none: .nowhere
        case .stdio:
            .stdio(input: try duplicate(flag, 0, into: &bundle), output: try duplicate(flag, 1, into: &bundle))
        case .unix(let path): .listener(slot: try listen(flag, path, into: &bundle))
        }
    }

    private static func listen(
        _ flag: String, _ path: String, into bundle: inout DescriptorBundle
    ) throws -> DescriptorSlot {
        do throws(Errno) {
            return try add(try UnixSocket.listenAnew(path).release(), to: &bundle)
        } catch {
            throw FlagError(flag, "\(path): \(error.reason)")
        }
    }

    private static func open(
        _ flag: String, _ path: String, _ mode: Int32, into bundle: inout DescriptorBundle
    ) throws -> DescriptorSlot {
        do throws(Errno) {
            // Opening a pipe would wait for its other end, with the signals that end us blocked.
            let file = try FileDescriptor.open(path, mode | O_NONBLOCK)
            try file.setNonblocking(false)
            return try add(file, to: &bundle)
        } catch {
            throw FlagError(flag, "\(path): \(error.reason)")
        }
    }

    private static func open(
        _ flag: DiskFlag, name: String, into bundle: inout DescriptorBundle
    ) throws -> DiskConfiguration {
        var disk = flag.disk
        disk.name = name
        let mode = disk.readonly ? O_RDONLY : O_RDWR
        if let path = flag.path { disk.file = try open("--disk", path, mode, into: &bundle) }
        if let path = flag.dataFile { disk.dataFile = try open("--disk", path, mode, into: &bundle) }
        for layer in flag.backing {
            let file = try open("--disk", layer.path, O_RDONLY, into: &bundle)
            var dataFile: DescriptorSlot?
            if let path = layer.dataFile { dataFile = try open("--disk", path, O_RDONLY, into: &bundle) }
            disk.backing.append(ImageLayer(file: file, format: layer.format, dataFile: dataFile))
        }
        return disk
    }

    private static func openTap(_ name: String, into bundle: inout DescriptorBundle) throws -> DescriptorSlot {
        do throws(TapError) {
            let tap = try Tap.open(name)
            guard let slot = bundle.add(tap.release()) else { throw TapError.busy(name) }
            return slot
        } catch {
            throw FlagError("--net", "\(error)")
        }
    }

    private static func duplicate(
        _ flag: String, _ raw: Int32, into bundle: inout DescriptorBundle
    ) throws -> DescriptorSlot {
        do throws(Errno) {
            return try add(try FileDescriptor.duplicate(of: raw), to: &bundle)
        } catch {
            throw FlagError(flag, "standard input and output must be open: \(error.reason)")
        }
    }

    private static func add(
        _ file: consuming FileDescriptor, to bundle: inout DescriptorBundle
    ) throws(Errno) -> DescriptorSlot {
        guard let slot = bundle.add(file) else { throw Errno(code: EMFILE, call: "open") }
        return slot
    }
}
