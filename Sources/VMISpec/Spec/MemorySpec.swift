// SPDX-License-Identifier: Apache-2.0

/// The guest's memory.
public struct MemorySpec: Hashable, Sendable {
    /// What the guest is given: `memory.guest`, else the memory request, the memory limit, or one huge page
    /// (setGuestMemory, pkg/defaults/defaults.go). Nil, and refused, where none of them is given.
    public var guest: Quantity?

    /// The size of the huge pages it lies in.
    public var hugepageSize: Quantity?

    /// The most the guest may be given while it runs.
    public var maxGuest: Quantity?

    /// True when `memory.guest` was written, false when something else decided.
    public var hasExplicitGuest: Bool

    init(resources: ResourceRequirements) {
        hasExplicitGuest = false
        guest = Self.derived(resources, hugepageSize: nil)
    }

    init(_ reader: ObjectReader, resources: ResourceRequirements) {
        let written = reader.quantity("guest")
        hasExplicitGuest = reader.has("guest")
        hugepageSize =
            reader.object("hugepages") { pages in
                if !pages.has("pageSize") {
                    pages.report.refuse(pages.path.child("pageSize"), "is required; use 2Mi or 1Gi")
                }
                return pages.quantity("pageSize")
            } ?? nil
        maxGuest = reader.quantity("maxGuest")
        guest = hasExplicitGuest ? written : Self.derived(resources, hugepageSize: hugepageSize)
    }

    private static func derived(_ resources: ResourceRequirements, hugepageSize: Quantity?) -> Quantity? {
        [resources.requestedMemory, resources.memoryLimit, hugepageSize].lazy.compactMap(\.self).first { !$0.isZero }
    }

    /// The guest's memory in bytes, rounded up to whole pages of 4 KiB; 0 only where `guest` was refused.
    public var guestBytes: UInt64 {
        guard let value = guest?.value, value > 0 else { return 0 }
        return (UInt64(value) + 4095) & ~4095
    }

    /// The size of the huge pages in bytes; nil for ordinary ones.
    public var hugepageBytes: UInt64? {
        hugepageSize.map { UInt64(clamping: $0.value) }
    }
}
