// SPDX-License-Identifier: Apache-2.0

extension FieldGuide {
    /// The instance and its domain: path, kind and meaning of each field.
    static let instanceTable = """
        metadata | Object | What Kubernetes knows the object by.
        metadata.name | string | The name, a DNS name of at most 253 characters.
        metadata.namespace | string | The namespace; default where none is given.
        metadata.uid | string | The cluster's identity of this very object.
        metadata.labels | Object | Labels; metrics carry them as kubernetes_vmi_label_*.
        metadata.annotations | Object | Annotations, kept and reported.
        machine.spec | Object | A virtual machine: when to run, and the template of what.
        machine.spec.runStrategy | string | When to run: Always, RerunOnFailure, Once, Manual or Halted.
        machine.spec.running | boolean | The older way to say runStrategy: true is Always and false is Halted.
        spec | Object | The instance: its machine, and what its disks and interfaces lead to.
        spec.domain | Object | The machine itself.
        spec.volumes | []Object | What the disks are made of, each under its disk's name.
        spec.networks | []Object | What the interfaces are connected to, each under its interface's name.
        spec.hostname | string | The guest's host name; the first label of the name where not given.
        spec.subdomain | string | The guest's DNS subdomain.
        spec.terminationGracePeriodSeconds | integer | Seconds between the press of the power button and the end; 30 where not given.
        spec.startStrategy | string | Paused starts the guest paused.
        spec.evictionStrategy | string | What a cluster does when the node is drained.
        spec.architecture | string | The processor architecture; amd64 where not given.
        spec.livenessProbe | Object | A question to the guest; when it fails, the guest is shut down and the instance has failed.
        spec.readinessProbe | Object | A question to the guest; the condition Ready follows its answers.
        spec.livenessProbe.httpGet | Object | Good when a GET is answered with 200 to 399.
        spec.livenessProbe.httpGet.path | string | The path; / where not given.
        spec.livenessProbe.httpGet.port | integer or string | The port, or the name of an interface's port.
        spec.livenessProbe.httpGet.host | string | The address; the guest's where not given.
        spec.livenessProbe.httpGet.scheme | string | HTTP; HTTPS is not spoken.
        spec.livenessProbe.httpGet.httpHeaders | []Object | Further header fields.
        spec.livenessProbe.tcpSocket | Object | Good when a connection can be made.
        spec.livenessProbe.tcpSocket.port | integer or string | The port, or the name of an interface's port.
        spec.livenessProbe.tcpSocket.host | string | The address; the guest's where not given.
        spec.livenessProbe.exec | Object | Good when a program in the guest exits with 0; needs the guest's agent.
        spec.livenessProbe.exec.command | []string | The program and its arguments.
        spec.livenessProbe.guestAgentPing | Object | Good when the guest's agent answers.
        spec.livenessProbe.initialDelaySeconds | integer | Seconds before the first question; 0 where not given.
        spec.livenessProbe.periodSeconds | integer | Seconds between two questions; 10 where not given.
        spec.livenessProbe.timeoutSeconds | integer | Seconds an answer may take; 1 where not given.
        spec.livenessProbe.successThreshold | integer | Good answers in a row that make it good; 1 where not given.
        spec.livenessProbe.failureThreshold | integer | Bad answers in a row that make it bad; 3 where not given.
        spec.accessCredentials | []Object | SSH keys and passwords to be put into the guest.
        spec.domain.cpu | Object | Processors: sockets times cores times threads.
        spec.domain.cpu.cores | integer | Cores a socket; 1 where not given.
        spec.domain.cpu.sockets | integer | Sockets; 1 where not given.
        spec.domain.cpu.threads | integer | Threads a core; 1 where not given.
        spec.domain.cpu.maxSockets | integer | The most sockets that may be plugged in later.
        spec.domain.cpu.model | string | host-model where not given, or host-passthrough.
        spec.domain.cpu.features | []Object | Features of the processor by name.
        spec.domain.cpu.features[].name | string | The name in /proc/cpuinfo or libvirt's.
        spec.domain.cpu.features[].policy | string | require where not given, optional, disable or forbid.
        spec.domain.cpu.dedicatedCpuPlacement | boolean | Each vCPU has a CPU of its own.
        spec.domain.cpu.isolateEmulatorThread | boolean | Everything but the vCPUs has another CPU of its own.
        spec.domain.cpu.numa | Object | NUMA nodes of the guest.
        spec.domain.cpu.numa.guestMappingPassthrough | Object | The guest has the host's nodes of its CPUs; needs dedicated CPUs and huge pages.
        spec.domain.memory | Object | The guest's memory.
        spec.domain.memory.guest | Quantity | How much the guest sees, such as 2Gi.
        spec.domain.memory.maxGuest | Quantity | The most memory that may be plugged in later.
        spec.domain.memory.hugepages | Object | The memory comes from the host's pool of huge pages.
        spec.domain.memory.hugepages.pageSize | Quantity | 2Mi or 1Gi.
        spec.domain.resources | Object | What the pod asks for; memory and CPUs where nothing else says how many.
        spec.domain.resources.requests | Object | cpu and memory that it needs.
        spec.domain.resources.limits | Object | cpu and memory that it may use.
        spec.domain.machine | Object | The machine's type.
        spec.domain.machine.type | string | q35 or one of pc-q35-*.
        spec.domain.firmware | Object | What runs first, and what SMBIOS says.
        spec.domain.firmware.uuid | string | The machine's UUID; made of the name where not given.
        spec.domain.firmware.serial | string | The machine's serial number.
        spec.domain.firmware.kernelBoot | Object | A kernel that is started without firmware.
        spec.domain.firmware.kernelBoot.kernelArgs | string | The kernel's command line.
        spec.domain.firmware.kernelBoot.container | Object | The image that has the kernel.
        spec.domain.firmware.kernelBoot.container.image | string | The image's name, as in --image NAME=DIR.
        spec.domain.firmware.kernelBoot.container.kernelPath | string | The kernel's path in it.
        spec.domain.firmware.kernelBoot.container.initrdPath | string | The initial RAM disk's path in it.
        spec.domain.clock | Object | The guest's clock and timers.
        spec.domain.clock.utc | Object | The clock shows UTC.
        spec.domain.clock.timer | Object | Timers of the machine.
        spec.domain.features | Object | Features of the machine.
        spec.domain.rebootPolicy | string | Reboot starts the guest again in place.
        """
}
