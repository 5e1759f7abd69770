// SPDX-License-Identifier: Apache-2.0

import Testing

/// The payloads of `guests/` under the real launcher, its cage closed, on this machine's KVM.
@Suite(
    "Payloads on the local KVM", .serialized,
    .enabled(if: LocalKVM.isUsable, "this machine has no usable /dev/kvm"))
struct Integration {}
