// SPDX-License-Identifier: Apache-2.0

/// What the owner of a worker asks its thread to do.
enum WorkerCommand<Work: QueueWork & ~Copyable>: Sendable {
    case start(DeviceSetup, @Sendable (DeviceSetup, EventSet) throws -> Work)
    case stop
    case pause
    case resume
    case positions
    case shutDown
}
