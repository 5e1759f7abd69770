// SPDX-License-Identifier: Apache-2.0

/// The fields of a VirtualMachineInstance's spec in the API of KubeVirt v1.9, `[]` standing for an element of a list.
///
/// One line an object: its path, a colon, and the names of its fields.
enum APIFields {
    static let all: [String] = table.split(separator: "\n").flatMap { line -> [String] in
        let parts = line.split(separator: ":")
        guard parts.count == 2 else { return [] }
        return parts[1].split(separator: " ").map { "\(parts[0]).\($0)" }
    }

    private static let table = """
        spec: priorityClassName domain nodeSelector affinity schedulerName serviceAccountName tolerations[]
        spec: topologySpreadConstraints[] evictionStrategy startStrategy terminationGracePeriodSeconds volumes[]
        spec: livenessProbe readinessProbe hostname subdomain networks[] dnsPolicy dnsConfig accessCredentials[]
        spec: architecture resourceClaims[] utilityVolumes[]
        spec.domain: resources cpu memory machine firmware clock features devices ioThreadsPolicy ioThreads chassis
        spec.domain: launchSecurity rebootPolicy
        spec.domain.resources: requests limits overcommitGuestOverhead
        spec.domain.cpu: cores sockets maxSockets threads model features[] dedicatedCpuPlacement numa
        spec.domain.cpu: isolateEmulatorThread realtime
        spec.domain.cpu.features[]: name policy
        spec.domain.cpu.numa: guestMappingPassthrough
        spec.domain.cpu.realtime: mask
        spec.domain.memory: hugepages guest maxGuest reservedOverhead
        spec.domain.memory.hugepages: pageSize
        spec.domain.memory.reservedOverhead: addedOverhead memLock
        spec.domain.machine: type
        spec.domain.firmware: uuid bootloader serial kernelBoot acpi
        spec.domain.firmware.bootloader: bios efi
        spec.domain.firmware.bootloader.bios: useSerial
        spec.domain.firmware.bootloader.efi: secureBoot persistent
        spec.domain.firmware.kernelBoot: kernelArgs container
        spec.domain.firmware.kernelBoot.container: image imagePullSecret imagePullPolicy kernelPath initrdPath
        spec.domain.firmware.acpi: slicNameRef msdmNameRef
        spec.domain.clock: utc timezone timer
        spec.domain.clock.utc: offsetSeconds
        spec.domain.clock.timer: hpet kvm pit rtc hyperv
        spec.domain.clock.timer.hpet: tickPolicy present
        spec.domain.clock.timer.kvm: present
        spec.domain.clock.timer.pit: tickPolicy present
        spec.domain.clock.timer.rtc: tickPolicy present track
        spec.domain.clock.timer.hyperv: present
        spec.domain.features: acpi apic hypervPassthrough hyperv smm kvm pvspinlock
        spec.domain.features.acpi: enabled
        spec.domain.features.apic: enabled endOfInterrupt
        spec.domain.features.hypervPassthrough: enabled
        spec.domain.features.hyperv: relaxed vapic spinlocks vpindex runtime synic synictimer reset vendorid
        spec.domain.features.hyperv: frequencies reenlightenment tlbflush ipi evmcs
        spec.domain.features.hyperv.relaxed: enabled
        spec.domain.features.hyperv.vapic: enabled
        spec.domain.features.hyperv.spinlocks: enabled spinlocks
        spec.domain.features.hyperv.vpindex: enabled
        spec.domain.features.hyperv.runtime: enabled
        spec.domain.features.hyperv.synic: enabled
        spec.domain.features.hyperv.synictimer: enabled direct
        spec.domain.features.hyperv.synictimer.direct: enabled
        spec.domain.features.hyperv.reset: enabled
        spec.domain.features.hyperv.vendorid: enabled vendorid
        spec.domain.features.hyperv.frequencies: enabled
        spec.domain.features.hyperv.reenlightenment: enabled
        spec.domain.features.hyperv.tlbflush: enabled direct extended
        spec.domain.features.hyperv.tlbflush.direct: enabled
        spec.domain.features.hyperv.tlbflush.extended: enabled
        spec.domain.features.hyperv.ipi: enabled
        spec.domain.features.hyperv.evmcs: enabled
        spec.domain.features.smm: enabled
        spec.domain.features.kvm: hidden
        spec.domain.features.pvspinlock: enabled
        spec.domain.devices: useVirtioTransitional disableHotplug disks[] watchdog interfaces[] inputs[]
        spec.domain.devices: autoattachPodInterface autoattachGraphicsDevice autoattachSerialConsole
        spec.domain.devices: logSerialConsole autoattachMemBalloon autoattachInputDevice autoattachVSOCK rng
        spec.domain.devices: blockMultiQueue networkInterfaceMultiqueue gpus[] downwardMetrics panicDevices[]
        spec.domain.devices: filesystems[] hostDevices[] clientPassthrough sound tpm video
        spec.domain.devices.disks[]: name disk lun cdrom bootOrder serial dedicatedIOThread cache io tag blockSize
        spec.domain.devices.disks[]: shareable errorPolicy changedBlockTracking
        spec.domain.devices.disks[].disk: bus readonly pciAddress
        spec.domain.devices.disks[].lun: bus readonly reservation
        spec.domain.devices.disks[].cdrom: bus readonly tray
        spec.domain.devices.disks[].blockSize: custom matchVolume
        spec.domain.devices.disks[].blockSize.custom: logical physical discardGranularity
        spec.domain.devices.disks[].blockSize.matchVolume: enabled
        spec.domain.devices.watchdog: name i6300esb diag288
        spec.domain.devices.watchdog.i6300esb: action
        spec.domain.devices.watchdog.diag288: action
        spec.domain.devices.interfaces[]: name model bridge slirp masquerade sriov macvtap passt passtBinding
        spec.domain.devices.interfaces[]: binding ports[] portRanges[] macAddress bootOrder pciAddress dhcpOptions
        spec.domain.devices.interfaces[]: tag acpiIndex state
        spec.domain.devices.interfaces[].binding: name
        spec.domain.devices.interfaces[].ports[]: name protocol port
        spec.domain.devices.interfaces[].portRanges[]: protocol start end
        spec.domain.devices.interfaces[].dhcpOptions: bootFileName tftpServerName ntpServers[] privateOptions[]
        spec.domain.devices.interfaces[].dhcpOptions.privateOptions[]: option value
        spec.domain.devices.inputs[]: bus type name
        spec.domain.devices.gpus[]: name deviceName claimName requestName virtualGPUOptions tag
        spec.domain.devices.gpus[].virtualGPUOptions: display
        spec.domain.devices.gpus[].virtualGPUOptions.display: enabled ramFB
        spec.domain.devices.gpus[].virtualGPUOptions.display.ramFB: enabled
        spec.domain.devices.panicDevices[]: model
        spec.domain.devices.filesystems[]: name virtiofs
        spec.domain.devices.hostDevices[]: name deviceName claimName requestName tag
        spec.domain.devices.sound: name model
        spec.domain.devices.tpm: enabled persistent
        spec.domain.devices.video: type
        spec.domain.ioThreads: supplementalPoolThreadCount
        spec.domain.chassis: manufacturer version serial asset sku
        spec.domain.launchSecurity: sev snp tdx
        spec.domain.launchSecurity.sev: policy attestation session dhCert
        spec.domain.launchSecurity.sev.policy: encryptedState
        spec.volumes[]: name hostDisk persistentVolumeClaim cloudInitNoCloud cloudInitConfigDrive sysprep
        spec.volumes[]: containerDisk ephemeral emptyDisk dataVolume configMap secret downwardAPI serviceAccount
        spec.volumes[]: downwardMetrics memoryDump containerPath
        spec.volumes[].hostDisk: path type capacity shared
        spec.volumes[].persistentVolumeClaim: hotpluggable
        spec.volumes[].cloudInitNoCloud: secretRef userDataBase64 userData networkDataSecretRef networkDataBase64
        spec.volumes[].cloudInitNoCloud: networkData
        spec.volumes[].cloudInitNoCloud.secretRef: name
        spec.volumes[].cloudInitNoCloud.networkDataSecretRef: name
        spec.volumes[].cloudInitConfigDrive: secretRef userDataBase64 userData networkDataSecretRef
        spec.volumes[].cloudInitConfigDrive: networkDataBase64 networkData
        spec.volumes[].cloudInitConfigDrive.secretRef: name
        spec.volumes[].cloudInitConfigDrive.networkDataSecretRef: name
        spec.volumes[].sysprep: secret configMap
        spec.volumes[].sysprep.secret: name
        spec.volumes[].sysprep.configMap: name
        spec.volumes[].containerDisk: image imagePullSecret path imagePullPolicy
        spec.volumes[].ephemeral: persistentVolumeClaim
        spec.volumes[].ephemeral.persistentVolumeClaim: claimName readOnly
        spec.volumes[].emptyDisk: capacity
        spec.volumes[].dataVolume: name hotpluggable
        spec.volumes[].configMap: name optional volumeLabel
        spec.volumes[].secret: secretName optional volumeLabel
        spec.volumes[].downwardAPI: fields[] volumeLabel
        spec.volumes[].serviceAccount: serviceAccountName
        spec.volumes[].memoryDump: hotpluggable
        spec.volumes[].containerPath: path readOnly
        spec.livenessProbe: exec guestAgentPing httpGet tcpSocket initialDelaySeconds timeoutSeconds periodSeconds
        spec.livenessProbe: successThreshold failureThreshold
        spec.readinessProbe: exec guestAgentPing httpGet tcpSocket initialDelaySeconds timeoutSeconds periodSeconds
        spec.readinessProbe: successThreshold failureThreshold
        spec.networks[]: name pod multus resourceClaim
        spec.networks[].pod: vmNetworkCIDR vmIPv6NetworkCIDR
        spec.networks[].multus: networkName default
        spec.networks[].resourceClaim: claimName requestName
        spec.accessCredentials[]: sshPublicKey userPassword
        spec.accessCredentials[].sshPublicKey: source propagationMethod
        spec.accessCredentials[].sshPublicKey.source: secret
        spec.accessCredentials[].sshPublicKey.source.secret: secretName
        spec.accessCredentials[].sshPublicKey.propagationMethod: configDrive noCloud qemuGuestAgent
        spec.accessCredentials[].sshPublicKey.propagationMethod.qemuGuestAgent: users[]
        spec.accessCredentials[].userPassword: source propagationMethod
        spec.accessCredentials[].userPassword.source: secret
        spec.accessCredentials[].userPassword.source.secret: secretName
        spec.accessCredentials[].userPassword.propagationMethod: qemuGuestAgent
        spec.resourceClaims[]: name resourceClaimName resourceClaimTemplateName
        spec.utilityVolumes[]: name claimName readOnly type
        """
}
