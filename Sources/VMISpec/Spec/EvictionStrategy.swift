// SPDX-License-Identifier: Apache-2.0

/// What a cluster does with an instance on a node that is drained; it concerns the cluster only.
enum EvictionStrategy: String, CaseIterable {
    case none = "None"
    case liveMigrate = "LiveMigrate"
    case liveMigrateIfPossible = "LiveMigrateIfPossible"
    case external = "External"
}
