// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Network

extension VirtioDevices {
    /// Makes a network card over the taps, and the vhost devices, that came along.
    /// - Throws: `MachineError` that names the field or the interface.
    static func interface(
        _ net: Control.NetConfiguration, _ descriptors: inout DescriptorBundle, thread: String, cpus: CPUSet?,
        door: @escaping @Sendable () -> Void
    ) throws(MachineError) -> Net<Tap> {
        guard let mac = Network.MACAddress(net.mac.description) else {
            throw .configuration(field: "nets[\(net.name)].mac", "is no address")
        }
        var pairs: [NetPair<Tap>] = []
        for (index, slot) in net.taps.enumerated() {
            guard let tap = descriptors.take(slot) else {
                throw .configuration(field: "nets[\(net.name)].taps[\(index)]", "its descriptor did not come")
            }
            var kernel: FileDescriptor? = nil
            if index < net.vhost.count {
                kernel = descriptors.take(net.vhost[index])
                guard kernel != nil else {
                    throw .configuration(field: "nets[\(net.name)].vhost[\(index)]", "its descriptor did not come")
                }
            }
            pairs.append(try pair(net, tap, kernel))
        }
        do throws(Errno) {
            return try Net(
                pairs: pairs, mac: mac, isUp: net.isUp, receiving: net.receiving.map(rate),
                sending: net.sending.map(rate), name: thread, cpus: cpus, onStart: door)
        } catch {
            throw .device("interface \(net.name)", "\(error)")
        }
    }

    private static func pair(
        _ net: Control.NetConfiguration, _ tap: consuming FileDescriptor, _ kernel: consuming FileDescriptor?
    ) throws(MachineError) -> NetPair<Tap> {
        do {
            let port = try Tap(owning: tap, mtu: net.mtu)
            guard net.taps.count == 1 || port.isMultiQueue else { throw TapError.oneQueue(port.name) }
            if let file = kernel.take() { return try NetPair(port, vhost: try Vhost(owning: file)) }
            return try NetPair(port)
        } catch {
            throw .device("interface \(net.name)", "\(error)")
        }
    }

    private static func rate(_ rate: Control.FrameRate) -> Network.FrameRate {
        func bucket(_ perSecond: UInt64, _ burst: UInt64) -> Network.FrameRate.Bucket? {
            perSecond > 0 ? Network.FrameRate.Bucket(perSecond: perSecond, burst: burst > 0 ? burst : nil) : nil
        }
        return Network.FrameRate(
            bytes: bucket(rate.bytesPerSecond, rate.burstBytes),
            frames: bucket(rate.framesPerSecond, rate.burstFrames))
    }
}
