// SPDX-License-Identifier: Apache-2.0
//
// From the PVH entry to ring 3.
//
// The whole payload runs in ring 3 with IOPL 3 and user-accessible page tables, so that it does its own port and
// memory-mapped I/O. Ring 0 is this file only, and is plain x86-64 without SSE: some hosts interpret it.
// Ring 0 is entered by `int3` (a service call), by an interrupt (counted here, never reflected) and by a fault
// (handed to Swift's guest_fault in ring 3).

#include "layout.h"

        .section .note.pvh, "a", @note
        .balign 4
        .long   4                               // "Xen\0"
        .long   8
        .long   18                              // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   start32

        .section .text.boot, "ax", @progbits
        .code32
        .globl  start32
// PVH direct boot ABI: ebx = hvm_start_info, flat 32-bit segments, paging and interrupts off.
start32:
        cli
        cld
        movl    $ap_boot_stack_top, %esp
        movl    %ebx, boot_start_info
        lgdt    boot_gdtr
        call    enter_long_mode
        ljmp    $SELECTOR_KERNEL_CODE, $start64

// Switches paging on with the static tables; the caller then jumps to a 64-bit segment. Clobbers eax, ecx, edx.
enter_long_mode:
        movl    %cr4, %eax
        orl     $(1 << 5 | 1 << 9 | 1 << 10), %eax       // PAE, OSFXSR, OSXMMEXCPT
        movl    %eax, %cr4
        movl    $boot_pml4, %eax
        movl    %eax, %cr3
        movl    $0xC0000080, %ecx                       // EFER
        rdmsr
        orl     $(1 << 8), %eax                         // LME
        wrmsr
        movl    %cr0, %eax
        andl    $~(1 << 2 | 1 << 3 | 1 << 29 | 1 << 30), %eax // EM, TS, NW, CD
        orl     $(1 << 31 | 1 << 5 | 1 << 1), %eax      // PG, NE, MP
        movl    %eax, %cr0
        ret

        .code64
start64:
        movl    $SELECTOR_KERNEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        leaq    boot_cpu(%rip), %rbx
        leaq    boot_stack_top(%rip), %rax
        movq    %rax, CPU_USER_STACK(%rbx)
        leaq    boot_fault_stack_top(%rip), %rax
        movq    %rax, CPU_FAULT_STACK(%rbx)
        leaq    CPU_SIZE(%rbx), %rsp

        movb    $0xFF, %al                              // both PICs masked: nothing arrives as ExtINT
        outb    %al, $0x21
        outb    %al, $0xA1

        // IDT: 256 interrupt gates; int3 may be raised by ring 3; NMI and #DF have their own stack.
        leaq    vector_stubs(%rip), %rax
        leaq    boot_idt(%rip), %rdi
        movl    $256, %ecx
1:      movw    %ax, (%rdi)
        movw    $SELECTOR_KERNEL_CODE, 2(%rdi)
        movw    $0x8E00, 4(%rdi)
        movq    %rax, %rdx
        shrq    $16, %rdx
        movw    %dx, 6(%rdi)
        shrq    $16, %rdx
        movl    %edx, 8(%rdi)
        movl    $0, 12(%rdi)
        addq    $16, %rdi
        addq    $VECTOR_STUB_SIZE, %rax
        decl    %ecx
        jnz     1b
        leaq    boot_idt(%rip), %rdi
        movb    $0xEE, (3 * 16 + 5)(%rdi)
        movb    $1, (2 * 16 + 4)(%rdi)
        movb    $1, (8 * 16 + 4)(%rdi)

        leaq    guest_start(%rip), %rbp
        jmp     enter_ring3

        .globl  ap_start32
        .code32
ap_start32:
        movl    $SELECTOR_KERNEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    $ap_boot_stack_top, %esp
        call    enter_long_mode
        ljmp    $SELECTOR_KERNEL_CODE, $ap_start64
        .code64
ap_start64:
        movq    ap_cpu(%rip), %rbx
        leaq    CPU_SIZE(%rbx), %rsp
        leaq    guest_processor_start(%rip), %rbp
        // falls through

// rbx = this CPU's area, rbp = where ring 3 starts. Fills the area's GDT and TSS, loads them and leaves ring 0.
enter_ring3:
        leaq    boot_gdt(%rip), %rsi
        leaq    CPU_GDT(%rbx), %rdi
        movl    $(SELECTOR_TSS / 8), %ecx
1:      movq    (%rsi), %rax
        movq    %rax, (%rdi)
        addq    $8, %rsi
        addq    $8, %rdi
        decl    %ecx
        jnz     1b
        leaq    CPU_TSS(%rbx), %rax
        movw    $(TSS_SIZE - 1), (%rdi)
        movw    %ax, 2(%rdi)
        movq    %rax, %rdx
        shrq    $16, %rdx
        movb    %dl, 4(%rdi)
        movb    $0x89, 5(%rdi)                          // present, available 64-bit TSS
        movb    $0, 6(%rdi)
        movb    %dh, 7(%rdi)
        shrq    $16, %rdx
        movl    %edx, 8(%rdi)
        movl    $0, 12(%rdi)
        leaq    CPU_SIZE(%rbx), %rcx
        movq    %rcx, 4(%rax)                           // RSP0
        leaq    CPU_IST_TOP(%rbx), %rcx
        movq    %rcx, 36(%rax)                          // IST1
        movw    $104, 102(%rax)                         // an I/O bitmap of zeroes allows every port: some
        movb    $0xFF, (TSS_SIZE - 1)(%rax)             // hosts' iretq does not load IOPL
        movw    $(SELECTOR_TSS + 15), CPU_GDTR(%rbx)
        leaq    CPU_GDT(%rbx), %rax
        movq    %rax, (CPU_GDTR + 2)(%rbx)
        lgdt    CPU_GDTR(%rbx)
        movl    $SELECTOR_TSS, %eax
        ltr     %ax
        lidt    boot_idtr(%rip)
        movl    $SELECTOR_USER_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movq    %rbx, %rdi
        movq    CPU_USER_STACK(%rbx), %rax
        subq    $8, %rax                                // as after a call: rsp = 8 mod 16
        pushq   $SELECTOR_USER_DATA
        pushq   %rax
        pushq   $0x3202                                 // IOPL 3, interrupts on
        pushq   $SELECTOR_USER_CODE
        pushq   %rbp
        xorl    %ebp, %ebp
        iretq

// Every vector pushes (error code, vector) and goes on by kind.
        .macro  vector_stub number
        .balign VECTOR_STUB_SIZE
        .if     \number >= 32
        pushq   $\number
        jmp     interrupt
        .elseif \number == 3
        jmp     service
        .elseif \number == 8 || (\number >= 10 && \number <= 14) || \number == 17 || \number == 21 || \number == 29 || \number == 30
        pushq   $\number
        jmp     fault
        .else
        pushq   $0
        pushq   $\number
        jmp     fault
        .endif
        .endm

        .balign VECTOR_STUB_SIZE
vector_stubs:
        .set    number, 0
        .rept   256
        vector_stub number
        .set    number, number + 1
        .endr

// Counts the interrupt in this CPU's slot for the vector: {count, last TSC, largest gap, TSC-deadline period}.
        .balign 16
interrupt:
        pushq   %rax
        pushq   %rcx
        pushq   %rdx
        pushq   %rbx
        movq    %rsp, %rbx
        andq    $-CPU_SIZE, %rbx
        movl    32(%rsp), %eax
        cmpl    $VECTOR_SPURIOUS, %eax
        je      4f
        shll    $5, %eax
        leaq    (%rbx,%rax), %rcx
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        movq    8(%rcx), %rdx
        movq    %rax, 8(%rcx)
        testq   %rdx, %rdx
        jz      1f
        negq    %rdx
        addq    %rax, %rdx
        cmpq    16(%rcx), %rdx
        jbe     1f
        movq    %rdx, 16(%rcx)
1:      incq    (%rcx)
        movq    24(%rcx), %rdx
        testq   %rdx, %rdx
        jz      2f
        addq    %rax, %rdx
        movl    %edx, %eax
        shrq    $32, %rdx
        movl    $0x6E0, %ecx                            // IA32_TSC_DEADLINE
        wrmsr
2:      cmpl    $0, CPU_X2APIC(%rbx)
        jne     3f
        movl    $0xFEE000B0, %eax                       // EOI
        movl    $0, (%rax)
        jmp     4f
3:      xorl    %eax, %eax
        xorl    %edx, %edx
        movl    $0x80B, %ecx
        wrmsr
4:      popq    %rbx
        popq    %rdx
        popq    %rcx
        popq    %rax
        addq    $8, %rsp
        iretq

// Service call by int3: rax = number, rdi, rsi, rdx = arguments; the answer in rax, everything else is kept.
        .balign 16
service:
        pushq   %rcx
        pushq   %rdx
        cmpl    $SERVICE_COUNT, %eax
        jae     bad_service
        leaq    service_table(%rip), %rcx
        movslq  (%rcx,%rax,4), %rax
        addq    %rcx, %rax
        jmp     *%rax

// Sleeps until an interrupt unless *rdi already differs from rsi: no wake-up is lost between the look and the hlt.
service_wait:
        cmpq    %rsi, (%rdi)
        jne     1f
        sti
        hlt
        cli
1:      xorl    %eax, %eax
        jmp     service_done

service_rdmsr:
        movl    %edi, %ecx
        rdmsr
        shlq    $32, %rdx
        orq     %rdx, %rax
        jmp     service_done

service_wrmsr:
        movl    %edi, %ecx
        movl    %esi, %eax
        movq    %rsi, %rdx
        shrq    $32, %rdx
        wrmsr
        xorl    %eax, %eax
        jmp     service_done

// cpuid as ring 0 sees it; rdx points to room for eax, ebx, ecx, edx.
service_cpuid:
        pushq   %rbx
        pushq   %rsi
        movl    %edi, %eax
        movl    %esi, %ecx
        movq    %rdx, %rsi
        cpuid
        movl    %eax, (%rsi)
        movl    %ebx, 4(%rsi)
        movl    %ecx, 8(%rsi)
        movl    %edx, 12(%rsi)
        popq    %rsi
        popq    %rbx
        xorl    %eax, %eax
        jmp     service_done

service_flush:
        movq    %cr3, %rax
        movq    %rax, %cr3
        jmp     service_done

service_stop:
        cli
1:      hlt
        jmp     1b

service_triple_fault:
        lidt    empty_idtr(%rip)
        ud2

service_done:
        popq    %rdx
        popq    %rcx
        iretq

// A number that does not exist is a fault with vector 3.
bad_service:
        popq    %rdx
        popq    %rcx
        pushq   %rax
        pushq   $3
        // falls through

// Stack: vector, error code, rip, cs, rflags, rsp, ss. Saves them in the CPU's area and goes on in guest_fault.
fault:
        pushq   %rbx
        pushq   %rax
        movq    %rsp, %rbx
        andq    $-CPU_SIZE, %rbx
        movq    16(%rsp), %rax
        movq    %rax, CPU_FAULT_VECTOR(%rbx)
        movq    24(%rsp), %rax
        movq    %rax, CPU_FAULT_ERROR(%rbx)
        movq    32(%rsp), %rax
        movq    %rax, CPU_FAULT_RIP(%rbx)
        movq    40(%rsp), %rax
        movq    %rax, CPU_FAULT_CS(%rbx)
        movq    56(%rsp), %rax
        movq    %rax, CPU_FAULT_RSP(%rbx)
        movq    %cr2, %rax
        movq    %rax, CPU_FAULT_CR2(%rbx)
        movq    %rbx, %rdi
        movq    CPU_FAULT_STACK(%rbx), %rax
        subq    $8, %rax
        leaq    CPU_SIZE(%rbx), %rsp
        pushq   $SELECTOR_USER_DATA
        pushq   %rax
        pushq   $0x3202
        pushq   $SELECTOR_USER_CODE
        leaq    guest_fault(%rip), %rax
        pushq   %rax
        iretq

        .balign 4
service_table:
        .long   service_wait - service_table
        .long   service_rdmsr - service_table
        .long   service_wrmsr - service_table
        .long   service_cpuid - service_table
        .long   service_flush - service_table
        .long   service_stop - service_table
        .long   service_triple_fault - service_table

        .section .data.boot, "aw", @progbits
        .balign 4096
// Identity map of the first 4 GiB by 2 MiB pages, user-accessible, accessed and dirty from the start.
// Ring 3 adds what lies above (AddressSpace.swift): these tables are ordinary memory to it.
        .globl  boot_pml4
boot_pml4:
        .quad   boot_pdpt + 0x27
        .fill   511, 8, 0
boot_pdpt:
        .quad   boot_pd + 0x27, boot_pd + 0x1027, boot_pd + 0x2027, boot_pd + 0x3027
        .fill   508, 8, 0
boot_pd:
        .set    page, 0
        .rept   2048
        .quad   page + 0xE7
        .set    page, page + 0x200000
        .endr

        .balign 16
        .globl  boot_gdt
boot_gdt:
        .quad   0
        .quad   0x00AF9B000000FFFF                      // 0x08 ring-0 code, 64-bit
        .quad   0x00CF93000000FFFF                      // 0x10 ring-0 data
        .quad   0x00CFF3000000FFFF                      // 0x18 ring-3 data
        .quad   0x00AFFB000000FFFF                      // 0x20 ring-3 code, 64-bit
        .quad   0x00CF9B000000FFFF                      // 0x28 ring-0 code, 32-bit
boot_gdt_end:
        .globl  boot_gdtr
boot_gdtr:
        .word   boot_gdt_end - boot_gdt - 1
        .quad   boot_gdt
boot_idtr:
        .word   256 * 16 - 1
        .quad   boot_idt
empty_idtr:
        .word   0
        .quad   0
        .balign 8
        .globl  boot_start_info, ap_cpu
boot_start_info:
        .quad   0
ap_cpu:
        .quad   0

        .section .bss.boot, "aw", @nobits
        .balign CPU_SIZE
        .globl  boot_cpu
boot_cpu:
        .skip   CPU_SIZE
        .balign 4096
boot_idt:
        .skip   4096
        .skip   65536
boot_stack_top:
        .skip   8192
boot_fault_stack_top:
        .skip   256
ap_boot_stack_top:
