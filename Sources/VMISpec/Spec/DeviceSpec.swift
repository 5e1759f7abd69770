// SPDX-License-Identifier: Apache-2.0

/// The machine's devices.
public struct DeviceSpec: Hashable, Sendable {
    /// Disks, each over the volume of its name.
    public var disks: [DiskSpec] = []

    /// Network interfaces, each on the network of its name.
    public var interfaces: [InterfaceSpec] = []

    /// A source of random numbers.
    public var rng = false

    /// A serial console, there unless turned off.
    public var autoattachSerialConsole = true

    /// A log of the serial console's output, there unless turned off.
    public var logSerialConsole = true

    /// An interface on the pod's network where no network is described, there unless turned off.
    public var autoattachPodInterface = true

    /// A memory balloon, if it was asked for in so many words.
    public var autoattachMemBalloon: Bool?

    /// A display, if it was asked for in so many words.
    public var autoattachGraphicsDevice: Bool?

    /// A vsock device.
    public var autoattachVSOCK = false

    /// A queue a vCPU for each interface.
    public var networkInterfaceMultiqueue = false

    /// A queue a vCPU for each disk.
    public var blockMultiQueue = false

    /// No device comes or goes while the guest runs.
    public var disableHotplug = false

    /// A watchdog.
    public var watchdog: WatchdogSpec?

    init() {}

    init(_ reader: ObjectReader) {
        disks = reader.objects("disks") { DiskSpec($0) }
        interfaces = reader.objects("interfaces") { InterfaceSpec($0) }
        rng = reader.marker("rng")
        autoattachSerialConsole = reader.bool("autoattachSerialConsole") ?? true
        autoattachPodInterface = reader.bool("autoattachPodInterface") ?? true
        autoattachMemBalloon = reader.bool("autoattachMemBalloon")
        autoattachGraphicsDevice = reader.bool("autoattachGraphicsDevice")
        autoattachVSOCK = reader.bool("autoattachVSOCK") ?? false
        networkInterfaceMultiqueue = reader.bool("networkInterfaceMultiqueue") ?? false
        blockMultiQueue = reader.bool("blockMultiQueue") ?? false
        disableHotplug = reader.bool("disableHotplug") ?? false
        watchdog = reader.object("watchdog") { WatchdogSpec($0) }
        logSerialConsole = reader.bool("logSerialConsole") ?? true
        for flag in ["useVirtioTransitional", "autoattachInputDevice"] {
            _ = reader.bool(flag)
        }
    }
}
