// SPDX-License-Identifier: Apache-2.0

/// The bounds that a configuration is held against.
public enum ConfigurationLimits {
    /// Most vCPUs of a machine; KVM may allow fewer.
    public static let vcpus: UInt32 = 1024
    /// Most sockets, cores of a socket, or threads of a core.
    public static let topologyLevel: UInt32 = 1024
    /// The highest host CPU or host node that a configuration may name.
    public static let hostIndex: UInt32 = 65_535
    /// Least memory, in bytes.
    public static let leastMemory: UInt64 = 16 << 20
    /// Most memory, in bytes: the 46 bits of physical address that every x86 server since Sandy Bridge has.
    public static let mostMemory: UInt64 = 1 << 46
    /// Memory comes in pieces of this many bytes.
    public static let memoryGranule: UInt64 = 4096
    /// Most threads that prefault memory.
    public static let prefaultThreads: UInt32 = 256
    /// Most NUMA nodes.
    public static let nodes = 64
    /// Longest kernel command line, in bytes, its final NUL not counted (x86 `COMMAND_LINE_SIZE`).
    public static let commandLine = 2047
    /// Longest name of a machine, disk or interface, in bytes.
    public static let name = 253
    /// Longest SMBIOS string, in bytes.
    public static let smbiosString = 255
    /// Longest disk serial, in bytes (virtio 1.2 §5.2.6.1).
    public static let diskSerial = 20
    /// Most disks, or interfaces: each takes a slot of the one PCI bus.
    public static let devices = 24
    /// Most queues of a disk.
    public static let diskQueues: UInt16 = 256
    /// Sizes of a disk's blocks, in bytes (KubeVirt `blockSize.custom`).
    public static let blockSizes: ClosedRange<UInt32> = 512...(2 << 20)
    /// The highest rate or burst, of requests or bytes: what never limits anything.
    public static let mostPerSecond: UInt64 = 1 << 48
    /// Most channels: ports of one virtio console.
    public static let channels = 14
    /// Longest name of a channel, in bytes.
    public static let channelName = 64
    /// Longest time between two askings for memory statistics, in seconds.
    public static let statisticsSeconds: UInt32 = 86_400
    /// Most queue pairs of an interface.
    public static let queuePairs = 64
    /// Least MTU that virtio allows, in bytes (virtio 1.2 §5.1.4.1).
    public static let leastMTU: UInt16 = 68
}
