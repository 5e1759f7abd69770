// SPDX-License-Identifier: Apache-2.0
//
// What assembly and Swift agree on: selectors, the per-CPU area and the service numbers.
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA 0x1B
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_KERNEL_CODE32 0x28
#define SELECTOR_TSS 0x30

#define TRAMPOLINE 0x8000
#define VECTOR_STUB_SIZE 16
#define VECTOR_SPURIOUS 255
// The TSS, its I/O bitmap and the byte of ones that ends it.
#define TSS_SIZE (104 + 8192 + 1)

// The per-CPU area, aligned to its size so that ring 0 finds it from its stack pointer.
// It begins with 256 vector slots of four quadwords: count, last TSC, largest gap, TSC-deadline period.
#define CPU_SIZE 0x8000
#define CPU_GDT 0x2000
#define CPU_GDTR 0x2040
#define CPU_X2APIC 0x2050
#define CPU_INDEX 0x2054
#define CPU_USER_STACK 0x2058
#define CPU_FAULT_STACK 0x2060
#define CPU_TSS 0x4000
#define CPU_FAULT_VECTOR 0x2100
#define CPU_FAULT_ERROR 0x2108
#define CPU_FAULT_RIP 0x2110
#define CPU_FAULT_CS 0x2118
#define CPU_FAULT_RSP 0x2120
#define CPU_FAULT_CR2 0x2128
#define CPU_IST_TOP 0x4000

#define SERVICE_WAIT 0
#define SERVICE_RDMSR 1
#define SERVICE_WRMSR 2
#define SERVICE_CPUID 3
#define SERVICE_FLUSH 4
#define SERVICE_STOP 5
#define SERVICE_TRIPLE_FAULT 6
#define SERVICE_COUNT 7

#endif
