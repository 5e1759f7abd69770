// SPDX-License-Identifier: Apache-2.0

/// Where struct kvm_run keeps what every exit reads, as numbers that inlined code can use; CKVM.h holds them against
/// <linux/kvm.h>.
@usableFromInline
enum RunPage {
    @inlinable static var reason: Int { 8 }
    @inlinable static var reasonPort: UInt32 { 2 }
    @inlinable static var reasonMemory: UInt32 { 6 }

    @inlinable static var portDirection: Int { 32 }
    @inlinable static var portSize: Int { 33 }
    @inlinable static var port: Int { 34 }
    @inlinable static var portCount: Int { 36 }
    @inlinable static var portDataOffset: Int { 40 }

    @inlinable static var memoryAddress: Int { 32 }
    @inlinable static var memoryData: Int { 40 }
    @inlinable static var memorySize: Int { 48 }
    @inlinable static var memoryIsWrite: Int { 52 }
}
