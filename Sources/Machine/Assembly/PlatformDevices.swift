// SPDX-License-Identifier: Apache-2.0

internal import Boot
internal import Bus
internal import Devices
internal import GuestMemory
internal import KVM
internal import Linux
internal import PCI

/// The devices every machine has at fixed places: serial port, clock, power management, resets, pvpanic, PCI ports.
final class PlatformDevices: Sendable {
    let serial: Serial
    let console: ConsoleHub
    let clock: RTC
    let power: PowerDevice
    let ports: PortBus

    let keyboard: KeyboardController
    let systemControl: SystemControlPort
    let resetControl: ResetControl
    let postCode = PostCodePort()
    let mechanism: ConfigurationMechanism1

    private let serialEvent: EventFD
    private let clockEvent: EventFD

    /// Places the devices and wires their interrupts.
    /// - Throws: `Errno` that names the call.
    init(
        _ shared: SharedVM, bus: RootBus, layout: RAMLayout, signals: any MachineSignals, hasPanicPort: Bool
    ) throws(Errno) {
        serialEvent = try EventFD()
        clockEvent = try EventFD()
        try shared.vm.attachInterrupt(gsi: UInt32(Serial.interruptNumber), event: serialEvent.raw)
        try shared.vm.attachInterrupt(gsi: UInt32(RTC.interruptNumber), event: clockEvent.raw)
        console = try ConsoleHub()
        serial = Serial(interrupt: Interrupt(raw: serialEvent.raw), sink: console)
        clock = try RTC(interrupt: Interrupt(raw: clockEvent.raw), memory: layout)
        power = try PowerDevice(
            interrupt: InterruptPin(shared, gsi: PlatformDevices.systemControlInterrupt), signals: signals)
        keyboard = KeyboardController(signals: signals)
        systemControl = SystemControlPort(signals: signals)
        resetControl = ResetControl(signals: signals)
        mechanism = ConfigurationMechanism1(bus: bus)
        var ranges = [
            BusRange(start: Serial.port, count: Serial.portCount, device: serial),
            BusRange(start: RTC.port, count: RTC.portCount, device: clock),
            BusRange(start: KeyboardController.port, count: KeyboardController.portCount, device: keyboard),
            BusRange(start: SystemControlPort.port, count: 1, device: systemControl),
            // Before the PCI ports, whose range it lies in.
            BusRange(start: ResetControl.port, count: 1, device: resetControl),
            BusRange(
                start: ConfigurationMechanism1.port, count: ConfigurationMechanism1.count, device: mechanism),
            BusRange(start: PowerDevice.port, count: PowerDevice.portCount, device: power),
            BusRange(start: PostCodePort.port, count: 1, device: postCode),
        ]
        if hasPanicPort {
            ranges.append(BusRange(start: PanicDevice.port, count: 1, device: PanicDevice(signals: signals)))
        }
        ports = PortBus(ranges)
    }

    /// What have timers that the launcher's loop watches.
    var timed: [any TimedDevice] { [clock, power] }

    /// Becomes as it was when the machine was built, apart from clock, CMOS memory and unread input.
    func reset() {
        serial.reset()
        clock.reset()
        power.reset()
        keyboard.reset()
        systemControl.reset()
        resetControl.reset()
    }

    /// The interrupt the FADT names.
    private static let systemControlInterrupt: UInt32 = 9
}
