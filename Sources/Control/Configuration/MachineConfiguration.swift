// SPDX-License-Identifier: Apache-2.0

import Record

/// Everything the launcher needs to know of one machine; files are referred to by descriptor, never by path.
public struct MachineConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "machine"

    /// The machine's name, for thread names and logs; 1 to 253 bytes.
    public var name: String
    /// The machine's identity, shown to the guest by SMBIOS.
    public var uuid: MachineUUID
    /// Processors.
    public var cpu: CPUConfiguration
    /// Memory.
    public var memory: MemoryConfiguration
    /// What runs first.
    public var boot: BootConfiguration
    /// What SMBIOS says about the machine.
    public var smbios: SMBIOSStrings
    /// Disks, in the order of their PCI slots.
    public var disks: [DiskConfiguration]
    /// Whether there is a SCSI controller even without a disk on it, so that disks can be attached later.
    public var hasSCSI: Bool
    /// Network interfaces, in the order of their PCI slots.
    public var nets: [NetConfiguration]
    /// Where virtio-rng gets its bytes; nil for no such device.
    public var rng: EntropySource?
    /// Where the terminal of the virtio console leads, `hvc0` to Linux; nowhere for no such terminal.
    public var terminal: SerialConsole
    /// Channels between guest and host, such as a guest agent's.
    public var channels: [ChannelConfiguration]
    /// The memory balloon; nil for no such device.
    public var balloon: BalloonConfiguration?
    /// What the i6300esb watchdog does; nil for no such device.
    public var watchdog: WatchdogAction?
    /// A socket device; nil for none.
    public var vsock: VsockConfiguration?
    /// Where the first serial port leads.
    public var console: SerialConsole
    /// Whether the guest is given a pvpanic device.
    public var pvpanic: Bool
    /// What a reboot of the guest does.
    public var onReboot: RebootAction
    /// What a panic of the guest does.
    public var onPanic: PanicAction
    /// Whether the launcher confines itself before the guest runs.
    public var sandbox: Bool

    /// A machine with the given processors, memory and kernel, and nothing else.
    public init(
        name: String, uuid: MachineUUID, cpu: CPUConfiguration, memory: MemoryConfiguration, boot: BootConfiguration
    ) {
        self.name = name
        self.uuid = uuid
        self.cpu = cpu
        self.memory = memory
        self.boot = boot
        smbios = SMBIOSStrings()
        disks = []
        hasSCSI = false
        nets = []
        rng = nil
        terminal = .nowhere
        channels = []
        balloon = nil
        watchdog = nil
        vsock = nil
        console = .nowhere
        pvpanic = false
        onReboot = .restart
        onPanic = .exit
        sandbox = true
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("uuid", uuid)
        fields.put("cpu", cpu)
        fields.put("memory", memory)
        fields.put("boot", boot)
        fields.put("smbios", smbios)
        fields.put("disks", disks)
        fields.put("hasSCSI", hasSCSI)
        fields.put("nets", nets)
        fields.put("rng", rng)
        fields.put("terminal", terminal)
        fields.put("channels", channels)
        fields.put("balloon", balloon)
        fields.put("watchdog", watchdog)
        fields.put("vsock", vsock)
        fields.put("console", console)
        fields.put("pvpanic", pvpanic)
        fields.put("onReboot", onReboot)
        fields.put("onPanic", onPanic)
        fields.put("sandbox", sandbox)
    }

    /// Takes every field; says nothing about their sense, see `validate(descriptors:)`.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        uuid = try fields.take("uuid")
        cpu = try fields.take("cpu")
        memory = try fields.take("memory")
        boot = try fields.take("boot")
        smbios = try fields.take("smbios")
        disks = try fields.take("disks")
        hasSCSI = try fields.take("hasSCSI")
        nets = try fields.take("nets")
        rng = try fields.take("rng")
        terminal = try fields.take("terminal")
        channels = try fields.take("channels")
        balloon = try fields.take("balloon")
        watchdog = try fields.take("watchdog")
        vsock = try fields.take("vsock")
        console = try fields.take("console")
        pvpanic = try fields.take("pvpanic")
        onReboot = try fields.take("onReboot")
        onPanic = try fields.take("onPanic")
        sandbox = try fields.take("sandbox")
    }
}
