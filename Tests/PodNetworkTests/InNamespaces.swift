// SPDX-License-Identifier: Apache-2.0

import Testing

/// Tests with real devices in network namespaces of their own.
@Suite("In network namespaces", .serialized, .enabled(if: NetworkNamespace.isAvailable))
struct InNamespaces {}
