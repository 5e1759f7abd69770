// SPDX-License-Identifier: Apache-2.0
//
// The instructions Swift cannot spell: port I/O, volatile access, the time stamp counter, atomics, service calls.
// Declarations and single instructions only, no policy.
#ifndef GUEST_HARDWARE_H
#define GUEST_HARDWARE_H

#include <stdint.h>
#include "layout.h"

#define HW_INLINE static inline __attribute__((always_inline))

extern uint64_t boot_start_info;
extern uint64_t ap_cpu;
extern uint64_t boot_pml4[512];
extern uint8_t ap_trampoline[], ap_trampoline_end[];
extern uint8_t image_start[], image_end[];

// Symbols of the linker script and of boot.S, as addresses.
HW_INLINE uint64_t hw_image_start(void) { return (uint64_t)image_start; }
HW_INLINE uint64_t hw_image_end(void) { return (uint64_t)image_end; }
HW_INLINE uint64_t hw_trampoline(void) { return (uint64_t)ap_trampoline; }
HW_INLINE uint64_t hw_trampoline_end(void) { return (uint64_t)ap_trampoline_end; }
HW_INLINE uint64_t hw_start_info(void) { return boot_start_info; }
HW_INLINE void hw_set_ap_cpu(uint64_t area) { ap_cpu = area; }
HW_INLINE uint64_t hw_page_table(void) { return (uint64_t)boot_pml4; }

HW_INLINE void hw_out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory"); }
HW_INLINE void hw_out16(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory"); }
HW_INLINE void hw_out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory"); }
HW_INLINE uint8_t hw_in8(uint16_t port) { uint8_t v; __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory"); return v; }
HW_INLINE uint16_t hw_in16(uint16_t port) { uint16_t v; __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory"); return v; }
HW_INLINE uint32_t hw_in32(uint16_t port) { uint32_t v; __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory"); return v; }

// Single plain moves: the host decodes the faulting instruction, so nothing fancier may touch a device.
HW_INLINE uint8_t hw_load8(uint64_t a) { uint8_t v; __asm__ volatile("movb (%1), %0" : "=q"(v) : "r"(a) : "memory"); return v; }
HW_INLINE uint16_t hw_load16(uint64_t a) { uint16_t v; __asm__ volatile("movw (%1), %0" : "=r"(v) : "r"(a) : "memory"); return v; }
HW_INLINE uint32_t hw_load32(uint64_t a) { uint32_t v; __asm__ volatile("movl (%1), %0" : "=r"(v) : "r"(a) : "memory"); return v; }
HW_INLINE uint64_t hw_load64(uint64_t a) { uint64_t v; __asm__ volatile("movq (%1), %0" : "=r"(v) : "r"(a) : "memory"); return v; }
HW_INLINE void hw_store8(uint64_t a, uint8_t v) { __asm__ volatile("movb %1, (%0)" ::"r"(a), "q"(v) : "memory"); }
HW_INLINE void hw_store16(uint64_t a, uint16_t v) { __asm__ volatile("movw %1, (%0)" ::"r"(a), "r"(v) : "memory"); }
HW_INLINE void hw_store32(uint64_t a, uint32_t v) { __asm__ volatile("movl %1, (%0)" ::"r"(a), "r"(v) : "memory"); }
HW_INLINE void hw_store64(uint64_t a, uint64_t v) { __asm__ volatile("movq %1, (%0)" ::"r"(a), "r"(v) : "memory"); }

HW_INLINE uint64_t hw_exchange64(uint64_t a, uint64_t v) { __asm__ volatile("xchgq %1, (%2)" : "=r"(v) : "0"(v), "r"(a) : "memory"); return v; }
HW_INLINE uint64_t hw_add64(uint64_t a, uint64_t v) { __asm__ volatile("lock xaddq %1, (%2)" : "=r"(v) : "0"(v), "r"(a) : "memory"); return v; }
HW_INLINE void hw_fence(void) { __asm__ volatile("mfence" ::: "memory"); }
HW_INLINE void hw_pause(void) { __asm__ volatile("pause" ::: "memory"); }

// The lfence keeps the read after everything before it (Intel SDM 2B, RDTSC).
HW_INLINE uint64_t hw_tsc(void) { uint32_t lo, hi; __asm__ volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi) :: "memory"); return (uint64_t)hi << 32 | lo; }

HW_INLINE uint64_t hw_service(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    __asm__ volatile("int3" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "memory", "cc");
    return number;
}

#endif
