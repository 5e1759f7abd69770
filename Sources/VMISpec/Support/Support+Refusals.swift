// SPDX-License-Identifier: Apache-2.0

extension Support {
    /// Fields that are refused, with the reason and the remedy.
    static let refusals: [String: SupportRule] = {
        var rows: [String: SupportRule] = [:]
        for (prefix, table) in [
            ("spec", instanceRefusals), ("spec.domain", domainRefusals), ("spec.domain.devices", deviceRefusals),
            ("spec.domain.devices.disks[]", diskRefusals), ("spec.domain.devices.interfaces[]", interfaceRefusals),
            ("spec.volumes[]", volumeRefusals), ("spec.networks[]", networkRefusals), ("machine.spec", machineRefusals),
        ] {
            for (name, rule) in table {
                rows["\(prefix).\(name)"] = rule
            }
        }
        return rows
    }()

    private static let instanceRefusals: KeyValuePairs<String, SupportRule> = [
        "startStrategy": .refused("starting paused is not supported; remove the field and use `apus pause`"),
        "resourceClaims": .refused("dynamic resource allocation is not supported; remove the field"),
        "utilityVolumes": .refused("utility volumes are not supported; remove the field"),
        "architecture": .only(
            ["amd64"].map(JSONValue.string), "only amd64 is supported; set amd64 or remove the field"),
    ]

    private static let domainRefusals: KeyValuePairs<String, SupportRule> = [
        "chassis": .refused("strings of the chassis are not supported; use firmware.serial and firmware.uuid"),
        "clock.timezone": .refused("time zones are not supported; write utc: {} and set the zone in the guest"),
        "clock.utc.offsetSeconds": .refused("the clock always shows UTC; remove the field"),
        "clock.timer.pit.tickPolicy": .only(
            [.string("delay")], "the timer always delivers missed ticks late; set delay or remove the field"),
        "clock.timer.rtc.tickPolicy": .refused("tick policies of this timer are not supported; remove the field"),
        "clock.timer.rtc.track": .only([.string("guest")], "the clock always tracks the guest; remove the field"),
        "clock.timer.hpet.tickPolicy": .refused("the machine has no such timer; remove the field"),
        "cpu.model": .only(
            ["host-model", "host-passthrough"].map(JSONValue.string),
            "named CPU models are not supported; use host-model or host-passthrough, and features"),
        "cpu.features[].policy": .only(
            ["require", "optional", "disable", "forbid"].map(JSONValue.string),
            "a feature the host lacks cannot be forced; use require or optional"),
        "cpu.realtime": .refused("realtime scheduling is not supported; use dedicatedCpuPlacement"),
        "features.hyperv": .refused("Hyper-V enlightenments are not supported; remove the field"),
        "features.hypervPassthrough": .refused("Hyper-V enlightenments are not supported; remove the field"),
        "features.kvm.hidden": .refused("the hypervisor cannot be hidden from the guest; remove the field"),
        "firmware.acpi": .refused("ACPI tables of one's own are not supported; remove the field"),
        "firmware.bootloader": .refused(
            "booting by firmware is not supported in this version; remove the field and use kernelBoot"),
        "firmware.kernelBoot.container.imagePullPolicy": .only(
            ["IfNotPresent", "Never"].map(JSONValue.string),
            "images are directories given by --image NAME=DIR and never pulled; set Never or remove the field"),
        "firmware.kernelBoot.container.imagePullSecret": .refused(
            "images are directories given by --image NAME=DIR and never pulled; remove the field"),
        "ioThreads": .refused("I/O threads cannot be configured; remove the field"),
        "ioThreadsPolicy": .refused("I/O threads cannot be configured; remove the field"),
        "launchSecurity": .refused("encrypted guests are not supported; remove the field"),
        "memory.reservedOverhead": .refused("reserved overhead is not supported; remove the field"),
        "rebootPolicy": .only(
            [.string("Reboot")], "a guest's reboot always restarts it in place; set Reboot or remove the field"),
        "resources.claims": .refused("dynamic resource allocation is not supported; remove the field"),
    ]

    private static let deviceRefusals: KeyValuePairs<String, SupportRule> = [
        "autoattachGraphicsDevice": .refused(
            "there is no display; set false or remove the field, and use the serial console"),
        "autoattachInputDevice": .refused("there is no display to have input for; remove the field"),
        "clientPassthrough": .refused("USB is not supported; remove the field"),
        "downwardMetrics": .refused("downward metrics are not supported; remove the field"),
        "filesystems": .refused(
            "shared file systems are not supported; remove the field and put the files on a disk"),
        "gpus": .refused("passed-through devices are not supported; remove the field"),
        "hostDevices": .refused("passed-through devices are not supported; remove the field"),
        "inputs": .refused("there is no display to have input for; remove the field"),
        "panicDevices": .refused("every machine has a pvpanic device already; remove the field"),
        "sound": .refused("sound is not supported; remove the field"),
        "tpm": .refused("TPMs are not supported; remove the field"),
        "useVirtioTransitional": .refused("virtio devices are modern only; remove the field"),
        "video": .refused("there is no display; remove the field and use the serial console"),
        "watchdog.diag288": .refused("is a watchdog of IBM Z; use i6300esb"),
    ]

    private static let diskRefusals: KeyValuePairs<String, SupportRule> = [
        "blockSize.custom.discardGranularity": .refused(
            "the granularity of discards is the image's own; remove the field"),
        "cache": .refused("cache modes are not supported; remove the field, the guest's flushes are always honoured"),
        "cdrom.bus": .only([.string("scsi")], "CD-ROM drives are on the SCSI controller only; set scsi"),
        "cdrom.tray": .only(
            [.string("closed")], "a drive's tray is closed at the start; set closed or remove the field"),
        "changedBlockTracking": .refused("changed block tracking is not supported; remove the field"),
        "dedicatedIOThread": .refused("I/O threads cannot be configured; remove the field"),
        "disk.bus": .only(
            [.string("virtio"), .string("scsi")], "only virtio and scsi disks are supported; set virtio"),
        "disk.pciAddress": .refused("PCI addresses cannot be chosen; remove the field and use serial"),
        "io": .refused("I/O modes cannot be chosen; remove the field"),
        "lun.bus": .only([.string("scsi")], "LUNs are on the SCSI controller only; set scsi"),
        "lun.reservation": .refused("persistent reservations are not supported; remove the field"),
        "shareable": .refused(
            "shared disks are not supported; remove the field, or set disk.readonly on every machine"),
        "tag": .refused("device tags are not supported; remove the field and use serial"),
    ]

    private static let interfaceRefusals: KeyValuePairs<String, SupportRule> = [
        "acpiIndex": .refused(
            "interface names are not set by ACPI; remove the field and match macAddress in the guest"),
        "binding": .refused("binding plugins are not supported; use masquerade: {} or bridge: {}"),
        "bootOrder": .refused("nothing boots from the network; remove the field"),
        "macvtap": .refused("was discontinued in KubeVirt v1.3; use masquerade: {} or bridge: {}"),
        "model": .only([.string("virtio")], "only virtio interfaces are supported; set virtio or remove the field"),
        "passt": .refused("was discontinued in KubeVirt v1.3; use masquerade: {} or bridge: {}"),
        "passtBinding": .refused("passt is not supported; use masquerade: {} or bridge: {}"),
        "pciAddress": .refused("PCI addresses cannot be chosen; remove the field and match macAddress in the guest"),
        "portRanges": .refused("ranges of ports are not supported; list single ones in ports, or none to forward all"),
        "slirp": .refused("was discontinued in KubeVirt v1.3; use masquerade: {} or bridge: {}"),
        "sriov": .refused("passed-through devices are not supported; use masquerade: {} or bridge: {}"),
        "state": .only(
            [.string("up"), .string("down")], "interfaces cannot be left out; set down, or remove the interface"),
        "tag": .refused("device tags are not supported; remove the field and match macAddress in the guest"),
    ]

    private static let networkRefusals: KeyValuePairs<String, SupportRule> = [
        "resourceClaim": .refused("dynamic resource allocation is not supported; use pod: {}")
    ]

    /// What to use in place of a volume that needs a cluster or an image registry.
    private static let instead = "use persistentVolumeClaim with --pvc NAME=PATH, or hostDisk"

    private static let volumeRefusals: KeyValuePairs<String, SupportRule> = [
        "containerPath": .refused("paths of containers are not supported; \(instead)"),
        "dataVolume.hotpluggable": .refused("volumes cannot be unplugged; remove the field"),
        "downwardMetrics": .refused("downward metrics are not supported; remove the volume"),
        "hostDisk.shared": .refused("machines do not move between hosts; remove the field"),
        "memoryDump": .refused("memory dumps are not supported; remove the volume"),
        "persistentVolumeClaim.hotpluggable": .refused("volumes cannot be unplugged; remove the field"),
    ]

    private static let machineRefusals: KeyValuePairs<String, SupportRule> = [
        "dataVolumeTemplates": .refused("data volumes are not supported; \(instead)"),
        "instancetype": .refused("instance types cannot be looked up; write cpu and memory into the template"),
        "preference": .refused("preferences cannot be looked up; write the fields into the template"),
    ]
}
