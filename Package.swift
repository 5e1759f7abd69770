// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Rooms that touch raw memory or the kernel's ABI mark every unsafe expression.
let strict: [SwiftSetting] = [.strictMemorySafety()]

/// Links the Swift runtime into the executable, with the parts of Foundation that only a static module would name itself.
let staticEssentials = ["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims"]
/// The same for what Yams imports: all of Foundation.
let staticFoundation = staticEssentials + ["-lCoreFoundation", "-l_FoundationICU", "-lstdc++"]

/// Below the wall: no Foundation, no Swift concurrency. See docs/architecture.md.
let belowTheWall: [Target] = [
    .target(name: "CLinux"),
    .target(name: "CKVM"),
    .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
    .systemLibrary(name: "CCapability", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
    .systemLibrary(name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev"])]),
    .target(name: "Linux", dependencies: ["CLinux"], swiftSettings: strict),
    .target(name: "GuestMemory", dependencies: ["Linux"], swiftSettings: strict),
    .target(name: "Record"),
    .target(name: "KVM", dependencies: ["CKVM", "Linux", "GuestMemory", "Record"], swiftSettings: strict),
    .target(name: "Sandbox", dependencies: ["CLinux", "CSeccomp", "CCapability", "Linux"]),
    .target(name: "Bus", dependencies: ["Linux"]),
    .target(name: "PCI", dependencies: ["Bus", "Record", "Linux"]),
    .target(
        name: "Virtio", dependencies: ["GuestMemory", "Bus", "PCI", "Record", "Linux"], swiftSettings: strict),
    .target(name: "Storage", dependencies: ["CLinux", "CCompression", "Linux"], swiftSettings: strict),
    .target(name: "Network", dependencies: ["CLinux", "Linux"], swiftSettings: strict),
    .target(
        name: "Devices",
        dependencies: [
            "Virtio", "PCI", "Bus", "GuestMemory", "Storage", "Network", "Sandbox", "Record", "Linux",
        ],
        swiftSettings: strict),
    .target(name: "Boot", dependencies: ["GuestMemory", "Linux"], swiftSettings: strict),
    .target(name: "Control", dependencies: ["Record", "Linux"]),
    .target(
        name: "Machine",
        dependencies: [
            "Devices", "Boot", "KVM", "Control", "Record", "GuestMemory", "Bus", "PCI", "Virtio", "Storage", "Network",
            "Sandbox", "Linux",
        ],
        swiftSettings: strict),
    .executableTarget(
        name: "apus-launcher",
        dependencies: ["Machine", "Sandbox", "Control", "Storage", "Network", "Linux"],
        linkerSettings: [.unsafeFlags(["-static-executable"], .when(configuration: .release))]),
]

let aboveTheWall: [Target] = [
    .target(name: "VMISpec"),
    .target(name: "HTTP"),
    .target(name: "Volumes", dependencies: ["VMISpec", "Control", "Storage", "Linux"]),
    .target(name: "PodNetwork", dependencies: ["VMISpec", "CLinux", "Linux"]),
    .target(name: "GuestAgent", dependencies: ["VMISpec", "Linux"]),
    .target(
        name: "Supervisor",
        dependencies: ["VMISpec", "HTTP", "Volumes", "PodNetwork", "GuestAgent", "Control", "Record", "Linux"]),
    .executableTarget(
        name: "apus-supervisor",
        dependencies: [
            "Supervisor", "PodNetwork", "VMISpec", "Linux",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        linkerSettings: [.unsafeFlags(staticEssentials, .when(configuration: .release))]),
    .executableTarget(
        name: "apus",
        dependencies: [
            "HostCheck", "VMISpec", "HTTP", "Supervisor", "Storage", "Linux", .product(name: "Yams", package: "Yams"),
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        linkerSettings: [.unsafeFlags(staticFoundation, .when(configuration: .release))]),
    .target(name: "HostCheck", dependencies: ["KVM", "Linux", "CLinux"]),
]

let tests: [Target] = [
    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .target(
        name: "TestSupport", dependencies: ["CTestSupport", "GuestMemory", "Virtio", "PCI", "Bus", "KVM", "Linux"],
        path: "Tests/TestSupport"),
    .testTarget(name: "RoomTests"),
    .testTarget(name: "LinuxTests", dependencies: ["Linux", "TestSupport"]),
    .testTarget(name: "GuestMemoryTests", dependencies: ["GuestMemory", "TestSupport"]),
    .testTarget(name: "RecordTests", dependencies: ["Record"]),
    .testTarget(name: "KVMTests", dependencies: ["KVM", "GuestMemory", "Record", "TestSupport"]),
    .testTarget(name: "BusTests", dependencies: ["Bus"]),
    .testTarget(name: "PCITests", dependencies: ["PCI", "Bus", "Record", "Linux", "TestSupport"]),
    .testTarget(
        name: "VirtioTests",
        dependencies: ["Virtio", "PCI", "Bus", "GuestMemory", "Record", "Linux", "TestSupport"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
    .testTarget(name: "NetworkTests", dependencies: ["Network", "TestSupport"]),
    .testTarget(name: "DevicesTests", dependencies: ["Devices", "TestSupport"]),
    .testTarget(name: "BootTests", dependencies: ["Boot", "GuestMemory", "TestSupport"]),
    .testTarget(name: "ControlTests", dependencies: ["Control", "Record", "Linux"]),
    .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "Linux"]),
    .testTarget(name: "MachineTests", dependencies: ["Machine", "TestSupport"]),
    .testTarget(name: "VMISpecTests", dependencies: ["VMISpec"]),
    .testTarget(name: "HTTPTests", dependencies: ["HTTP"]),
    .testTarget(name: "VolumesTests", dependencies: ["Volumes", "VMISpec", "Control", "Linux"]),
    .testTarget(
        name: "SupervisorTests",
        dependencies: [
            "Supervisor", "HTTP", "Volumes", "PodNetwork", "VMISpec", "Control", "Record", "Linux",
            "apus-supervisor", "fake-launcher", .product(name: "Yams", package: "Yams"),
        ]),
    .executableTarget(
        name: "fake-launcher", dependencies: ["Control", "Record", "Linux"], path: "Tests/FakeLauncher"),
    .testTarget(name: "GuestAgentTests", dependencies: ["GuestAgent", "VMISpec", "Linux"]),
    .testTarget(name: "PodNetworkTests", dependencies: ["PodNetwork", "VMISpec", "CTestSupport", "CLinux", "Linux"]),
    .testTarget(name: "HostCheckTests", dependencies: ["HostCheck"]),
    .testTarget(name: "ApusTests", dependencies: ["apus", "VMISpec", "Storage", "Linux"]),
    .testTarget(name: "Integration", dependencies: ["Control", "Linux", "CTestSupport"]),
    .testTarget(name: "EndToEnd", exclude: ["Inside"]),
    .executableTarget(
        name: "prove-driver", dependencies: ["Control", "Storage", "CLinux", "Linux"], path: "Tests/ProofDriver"),
    .testTarget(name: "ProofSamples"),
    .executableTarget(name: "ring-cost", dependencies: ["Virtio", "GuestMemory"], path: "Tests/RingCost"),
]

let package = Package(
    name: "apus",
    products: [
        .executable(name: "apus", targets: ["apus"]),
        .executable(name: "apus-launcher", targets: ["apus-launcher"]),
        .executable(name: "apus-supervisor", targets: ["apus-supervisor"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: belowTheWall + aboveTheWall + tests
)
