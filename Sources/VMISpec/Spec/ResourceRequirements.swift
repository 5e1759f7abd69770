// SPDX-License-Identifier: Apache-2.0

/// What is asked of the host, and the most that may be used of it.
public struct ResourceRequirements: Hashable, Sendable {
    /// `requests.memory`.
    public var requestedMemory: Quantity?

    /// `requests.cpu`; taken from the limit where only that is given.
    public var requestedCPU: Quantity?

    /// `limits.memory`.
    public var memoryLimit: Quantity?

    /// `limits.cpu`.
    public var cpuLimit: Quantity?

    init() {}

    init(_ reader: ObjectReader) {
        let requests = reader.object("requests") { ($0.quantity("memory"), $0.quantity("cpu")) }
        let limits = reader.object("limits") { ($0.quantity("memory"), $0.quantity("cpu")) }
        (requestedMemory, requestedCPU) = requests ?? (nil, nil)
        (memoryLimit, cpuLimit) = limits ?? (nil, nil)
        _ = reader.bool("overcommitGuestOverhead")
        if requestedCPU == nil || requestedCPU?.isZero == true, let cpuLimit, !cpuLimit.isZero {
            requestedCPU = cpuLimit
        }
    }
}
