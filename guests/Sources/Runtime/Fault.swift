// SPDX-License-Identifier: Apache-2.0

import Hardware

@c(guest_fault)
func fault(_ area: UInt64) {
    Serial.seize()
    report("apus-guest") {
        $0.word("fault")
        $0.field("cpu", UInt64(hw_load32(area + UInt64(CPU_INDEX))))
        $0.field("vector", hw_load64(area + UInt64(CPU_FAULT_VECTOR)))
        $0.hex("error", hw_load64(area + UInt64(CPU_FAULT_ERROR)))
        $0.hex("rip", hw_load64(area + UInt64(CPU_FAULT_RIP)))
        $0.hex("cs", hw_load64(area + UInt64(CPU_FAULT_CS)))
        $0.hex("rsp", hw_load64(area + UInt64(CPU_FAULT_RSP)))
        $0.hex("cr2", hw_load64(area + UInt64(CPU_FAULT_CR2)))
    }
    Power.off(1)
}
