// SPDX-License-Identifier: Apache-2.0

import Control
import PodNetwork
import VMISpec

extension InstanceStatus {
    /// The status of an instance that was planned and is about to start.
    init(_ manifest: VMIManifest, _ machine: MachineConfiguration, user: UInt32, node: String?, at moment: Timestamp) {
        self.init(at: moment)
        let spec = manifest.instance.spec
        guestBytesAtBoot = machine.memory.bytes
        guestBytesRequested = machine.memory.bytes
        guestBytesCurrent = machine.memory.bytes
        topology = (machine.cpu.topology.sockets, machine.cpu.topology.cores, machine.cpu.topology.threads)
        runtimeUser = user
        vsockCID = machine.vsock?.cid
        nodeName = node
        qosClass = Self.qualityOfService(spec.domain)
        interfaces = machine.nets.map { net in
            var status = InterfaceStatus(name: net.name, mac: "\(net.mac)")
            status.queueCount = max(net.queues, 1)
            return status
        }
        volumes = Self.volumes(of: spec)
        set(
            .ready, false, reason: "GuestNotRunning", message: "Guest VM is not reported as running", at: moment)
        if let obstacle = MigrationObstacle(spec, manifest.instance.metadata) {
            set(.liveMigratable, false, reason: obstacle.reason, message: obstacle.message, at: moment)
        } else {
            set(.liveMigratable, true, at: moment)
        }
        migrationMethod = MigrationObstacle.needsBlockMigration(spec) ? "BlockMigration" : "LiveMigration"
    }

    /// Adds what the pod's network knows of the interfaces.
    mutating func add(_ connected: [ConnectedInterface]) {
        for known in connected {
            guard let place = interfaces.firstIndex(where: { $0.name == known.name }) else { continue }
            interfaces[place].addresses = known.addresses
            interfaces[place].podInterfaceName = known.podInterface
        }
    }

    /// The class that the pod of such an instance has: its memory is always requested.
    private static func qualityOfService(_ domain: DomainSpec) -> String {
        if domain.cpu.dedicatedCPUPlacement { return "Guaranteed" }
        let resources = domain.resources
        guard let memory = resources.memoryLimit, memory == resources.requestedMemory ?? memory,
            let cpu = resources.cpuLimit, cpu == resources.requestedCPU ?? cpu
        else { return "Burstable" }
        return "Guaranteed"
    }

    private static func volumes(of spec: InstanceSpec) -> [VolumeStatus] {
        var counts: [String: Int] = [:]
        var targets: [String: String] = [:]
        for attached in spec.attachedDisks {
            let prefix = attached.disk.target.bus == .virtio ? "vd" : "sd"
            targets[attached.volume.name] = prefix + letters(counts[prefix, default: 0])
            counts[prefix, default: 0] += 1
        }
        return spec.volumes.map { volume in
            var status = VolumeStatus(name: volume.name, target: targets[volume.name] ?? "")
            switch volume.source {
            case .persistentVolumeClaim(let claim), .ephemeral(let claim): status.claimName = claim.claimName
            case .dataVolume(let name, _): status.claimName = name
            default: break
            }
            return status
        }
    }

    /// "a" to "z", "aa" and so on.
    static func letters(_ index: Int) -> String {
        var text = ""
        var rest = index
        repeat {
            text = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(rest % 26))) + text
            rest = rest / 26 - 1
        } while rest >= 0
        return text
    }
}
