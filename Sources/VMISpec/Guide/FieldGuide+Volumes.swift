// SPDX-License-Identifier: Apache-2.0

extension FieldGuide {
    /// Volumes and networks: path, kind and meaning of each field.
    static let volumeTable = """
        spec.volumes[].name | string | The name, which is also the disk's.
        spec.volumes[].persistentVolumeClaim | Object | A claim's volume: disk.img in it, or the device it is.
        spec.volumes[].persistentVolumeClaim.claimName | string | The claim's name, as in --pvc NAME=PATH.
        spec.volumes[].persistentVolumeClaim.readOnly | boolean | The claim forbids writing.
        spec.volumes[].dataVolume | Object | A claim that is filled by CDI.
        spec.volumes[].hostDisk | Object | A file of the host.
        spec.volumes[].hostDisk.path | string | Its path.
        spec.volumes[].hostDisk.type | string | Disk must be there; DiskOrCreate makes what is not.
        spec.volumes[].hostDisk.capacity | Quantity | The size of one that is made.
        spec.volumes[].containerDisk | Object | A disk image in a container image; what the guest writes is gone afterwards.
        spec.volumes[].ephemeral | Object | A claim that is only read; what the guest writes is gone afterwards.
        spec.volumes[].emptyDisk | Object | An empty disk that is gone afterwards.
        spec.volumes[].cloudInitNoCloud | Object | A disk with cloud-init's files.
        spec.volumes[].cloudInitNoCloud.userData | string | The user data.
        spec.volumes[].cloudInitNoCloud.userDataBase64 | string | The user data in base64.
        spec.volumes[].cloudInitNoCloud.networkData | string | The network data.
        spec.volumes[].cloudInitNoCloud.networkDataBase64 | string | The network data in base64.
        spec.volumes[].cloudInitConfigDrive | Object | A disk with OpenStack's files for cloud-init.
        spec.volumes[].configMap | Object | A disk with a ConfigMap's files.
        spec.volumes[].secret | Object | A disk with a Secret's files.
        spec.volumes[].serviceAccount | Object | A disk with a service account's token.
        spec.volumes[].downwardAPI | Object | A disk with facts about the pod.
        spec.volumes[].sysprep | Object | A disk with Windows' answer file.
        spec.networks[].name | string | The name, which is also the interface's.
        spec.networks[].pod | Object | The pod's network.
        spec.networks[].multus | Object | A further network of Multus.
        spec.networks[].multus.networkName | string | The network attachment definition.
        """
}
