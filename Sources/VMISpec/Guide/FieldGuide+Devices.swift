// SPDX-License-Identifier: Apache-2.0

extension FieldGuide {
    /// The machine's devices: path, kind and meaning of each field.
    static let deviceTable = """
        spec.domain.devices | Object | The machine's devices.
        spec.domain.devices.disks | []Object | Disks, each over the volume of its name.
        spec.domain.devices.disks[].name | string | The name, which is also the volume's.
        spec.domain.devices.disks[].bootOrder | integer | The place in the order of boot, from 1.
        spec.domain.devices.disks[].serial | string | The serial number the guest sees.
        spec.domain.devices.disks[].disk | Object | It is a disk.
        spec.domain.devices.disks[].disk.bus | string | How it is attached: virtio.
        spec.domain.devices.disks[].disk.readonly | boolean | The guest may not write.
        spec.domain.devices.disks[].cdrom | Object | It is a CD-ROM.
        spec.domain.devices.disks[].lun | Object | It is a LUN whose commands go to the host's device.
        spec.domain.devices.disks[].cache | string | How the host caches: none, writethrough or writeback.
        spec.domain.devices.disks[].io | string | How the host reads and writes: native or threads.
        spec.domain.devices.disks[].errorPolicy | string | What an error of the host's disk does: stop, ignore, report or enospace.
        spec.domain.devices.disks[].shareable | boolean | Several machines may write to it.
        spec.domain.devices.disks[].dedicatedIOThread | boolean | It has an I/O thread of its own.
        spec.domain.devices.disks[].blockSize | Object | The size of its blocks.
        spec.domain.devices.interfaces | []Object | Network interfaces, each on the network of its name.
        spec.domain.devices.interfaces[].name | string | The name, which is also the network's.
        spec.domain.devices.interfaces[].bridge | Object | The guest takes the pod's own address.
        spec.domain.devices.interfaces[].masquerade | Object | The guest has a private address behind the pod's.
        spec.domain.devices.interfaces[].macAddress | string | The guest's Ethernet address; made of the names where not given.
        spec.domain.devices.interfaces[].model | string | The device's model: virtio.
        spec.domain.devices.interfaces[].ports | []Object | Ports that are forwarded to the guest; all where none is given.
        spec.domain.devices.interfaces[].dhcpOptions | Object | What the guest is told by DHCP.
        spec.domain.devices.interfaces[].bootOrder | integer | The place in the order of boot, from 1.
        spec.domain.devices.interfaces[].state | string | Whether the link is up, down, or the interface absent.
        spec.domain.devices.rng | Object | A source of random numbers.
        spec.domain.devices.watchdog | Object | A watchdog that acts when the guest stops feeding it.
        spec.domain.devices.watchdog.name | string | Its name.
        spec.domain.devices.watchdog.i6300esb | Object | An i6300esb.
        spec.domain.devices.watchdog.i6300esb.action | string | reset where not given, poweroff or shutdown.
        spec.domain.devices.autoattachSerialConsole | boolean | A serial console; there unless it is false.
        spec.domain.devices.logSerialConsole | boolean | A log of the serial console; there unless it is false.
        spec.domain.devices.autoattachPodInterface | boolean | An interface on the pod's network where none is described; there unless it is false.
        spec.domain.devices.autoattachMemBalloon | boolean | A memory balloon.
        spec.domain.devices.disableHotplug | boolean | No device comes or goes while the guest runs.
        """
}
