// SPDX-License-Identifier: Apache-2.0

/// The forbidden things.
enum Attack: Int, CaseIterable {
    case descriptorLoop, nextBeyondTable, addressOutOfRange, emptyDescriptors, hugeLengths, indexJump, strangeHead
    case nestedIndirect, oversizeIndirect, brokenIndirect, wrongOrder, shortHeader, ringsOutOfRange, oddQueueSize
    case queueWithoutRings, unofferedFeatures, startWithoutQueues, resetMidFlight, queueResetMidFlight, movedBAR
    case decodingOff, strangeNotifications, scribbledStructures, scribbledConfiguration, randomDescriptors

    var name: StaticString {
        switch self {
        case .descriptorLoop: "descriptor-loop"
        case .nextBeyondTable: "next-beyond-table"
        case .addressOutOfRange: "address-out-of-range"
        case .emptyDescriptors: "empty-descriptors"
        case .hugeLengths: "huge-lengths"
        case .indexJump: "index-jump"
        case .strangeHead: "strange-head"
        case .nestedIndirect: "nested-indirect"
        case .oversizeIndirect: "oversize-indirect"
        case .brokenIndirect: "broken-indirect"
        case .wrongOrder: "wrong-order"
        case .shortHeader: "short-header"
        case .ringsOutOfRange: "rings-out-of-range"
        case .oddQueueSize: "odd-queue-size"
        case .queueWithoutRings: "queue-without-rings"
        case .unofferedFeatures: "unoffered-features"
        case .startWithoutQueues: "start-without-queues"
        case .resetMidFlight: "reset-mid-flight"
        case .queueResetMidFlight: "queue-reset-mid-flight"
        case .movedBAR: "moved-bar"
        case .decodingOff: "decoding-off"
        case .strangeNotifications: "strange-notifications"
        case .scribbledStructures: "scribbled-structures"
        case .scribbledConfiguration: "scribbled-configuration"
        case .randomDescriptors: "random-descriptors"
        }
    }
}
