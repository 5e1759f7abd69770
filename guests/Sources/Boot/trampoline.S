// SPDX-License-Identifier: Apache-2.0
//
// Where an application processor wakes up after SIPI: real mode, copied to TRAMPOLINE by Processors.swift.

#include "layout.h"

        .section .rodata.trampoline, "a", @progbits
        .code16
        .globl  ap_trampoline, ap_trampoline_end
ap_trampoline:
        cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        lgdtl   TRAMPOLINE + (trampoline_gdtr - ap_trampoline)
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $SELECTOR_KERNEL_CODE32, $ap_start32
        .balign 8
trampoline_gdtr:
        .word   6 * 8 - 1
        .long   boot_gdt
ap_trampoline_end:
