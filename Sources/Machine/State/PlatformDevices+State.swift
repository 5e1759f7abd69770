// SPDX-License-Identifier: Apache-2.0

internal import Devices
internal import PCI

extension PlatformDevices {
    /// Everything to save; exact while no vCPU runs.
    func state(_ bus: RootBus) -> PlatformState? {
        guard let (host, lpc) = bridges(bus) else { return nil }
        return PlatformState(
            self, chipset: ChipsetState(hostBridge: host, lpcBridge: lpc, mechanism: mechanism))
    }

    /// Takes a saved state over; interrupt controllers and local APICs come first, which hear of pending interrupts.
    /// - Throws: `StateError.device`.
    func restore(_ state: PlatformState, _ bus: RootBus) throws(StateError) {
        guard let (host, lpc) = bridges(bus),
            state.chipset.restore(hostBridge: host, lpcBridge: lpc, mechanism: mechanism)
        else { throw .device("chipset", "its bridges cannot be in this state") }
        keyboard.state = state.keyboard
        systemControl.state = state.systemControl
        resetControl.state = state.resetControl
        postCode.code = state.postCode
        clock.restore(state.clock)
        power.restore(state.power)
        serial.restore(state.serial)
    }

    private func bridges(_ bus: RootBus) -> (host: FixedFunction, lpc: FixedFunction)? {
        guard let host = bus.function(at: .hostBridge) as? FixedFunction,
            let lpc = bus.function(at: .lpcBridge) as? FixedFunction
        else { return nil }
        return (host, lpc)
    }
}
