// SPDX-License-Identifier: Apache-2.0

internal import KVM

/// The VM in the kernel, shared by all who wire something to it.
final class SharedVM: Sendable {
    let vm: VM

    init(_ vm: consuming VM) { self.vm = vm }
}
