// SPDX-License-Identifier: Apache-2.0

/// The head of struct kvm_nested_state (KVM api.rst 4.114), by which the kernel decides how much it reads.
struct NestedHeader {
    /// KVM_STATE_NESTED_*: what the guest's own hypervisor is doing.
    let flags: UInt16
    /// Bytes of the whole.
    let bytes: Int

    /// The shortest there is.
    static let least = 128

    /// Nil when the bytes are not a nested state of the length it claims.
    init?(_ state: [UInt8]) {
        guard state.count >= NestedHeader.least, state.count <= 64 << 10 else { return nil }
        flags = UInt16(state[0]) | UInt16(state[1]) << 8
        bytes = (0..<4).reduce(0) { $0 | Int(state[4 + $1]) << (8 * $1) }
        guard bytes == state.count else { return nil }
    }

    /// Whether a kernel without nested virtualisation can leave it out.
    var isIdle: Bool { flags == 0 && bytes == NestedHeader.least }
}
