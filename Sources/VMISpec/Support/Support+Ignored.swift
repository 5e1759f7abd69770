// SPDX-License-Identifier: Apache-2.0

extension Support {
    /// Fields that are deliberately ignored: they speak to a cluster's scheduler and controllers, of which there is none.
    static let deliberatelyIgnored: [IgnoredField] = {
        let scheduling = "it chooses a node, and the machine runs on this one"
        let pod = "it describes the pod around the machine, and there is none"
        let controller = "it is for a cluster's controllers"
        let server = "it is written by a cluster"
        let rows: KeyValuePairs<String, String> = [
            "spec.affinity": scheduling,
            "spec.nodeSelector": scheduling,
            "spec.priorityClassName": scheduling,
            "spec.schedulerName": scheduling,
            "spec.tolerations": scheduling,
            "spec.topologySpreadConstraints": scheduling,
            "spec.dnsConfig": pod,
            "spec.dnsPolicy": pod,
            "spec.serviceAccountName": pod,
            "spec.domain.resources.overcommitGuestOverhead": pod,
            "spec.evictionStrategy": controller,
            "machine.spec.updateVolumesStrategy": controller,
            "metadata.finalizers": controller,
            "metadata.ownerReferences": controller,
            "metadata.creationTimestamp": server,
            "metadata.deletionGracePeriodSeconds": server,
            "metadata.deletionTimestamp": server,
            "metadata.generation": server,
            "metadata.managedFields": server,
            "metadata.resourceVersion": server,
            "metadata.selfLink": server,
            "status": server,
        ]
        return rows.map { IgnoredField(path: $0.key, reason: $0.value) }
    }()
}
