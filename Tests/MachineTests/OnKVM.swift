// SPDX-License-Identifier: Apache-2.0

import Testing

/// Tests that make virtual machines, one at a time: some count what this process has of them.
@Suite("Machines on this host's KVM", .serialized)
enum OnKVM {}
