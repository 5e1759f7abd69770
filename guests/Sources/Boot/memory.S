// SPDX-License-Identifier: Apache-2.0
//
// The memory routines the Swift compiler calls by name. String instructions: short, and fast wherever ERMS is.

        .text
        .globl  memcpy, memmove, memset, memcmp, free
memmove:
        movq    %rdi, %rax
        subq    %rsi, %rax
        cmpq    %rdx, %rax
        jae     memcpy                                  // destination not inside the source's tail
        movq    %rdi, %rax
        leaq    -1(%rdi,%rdx), %rdi
        leaq    -1(%rsi,%rdx), %rsi
        movq    %rdx, %rcx
        std
        rep     movsb
        cld
        ret

memcpy:
        movq    %rdi, %rax
        movq    %rdx, %rcx
        rep     movsb
        ret

memset:
        movq    %rdi, %r8
        movl    %esi, %eax
        movq    %rdx, %rcx
        rep     stosb
        movq    %r8, %rax
        ret

memcmp:
        xorl    %eax, %eax
        testq   %rdx, %rdx
        jz      2f
1:      movzbl  (%rdi), %eax
        movzbl  (%rsi), %ecx
        subl    %ecx, %eax
        jne     2f
        incq    %rdi
        incq    %rsi
        decq    %rdx
        jnz     1b
2:      ret

// Named here because Swift keeps the name to itself.
free:
        jmp     guest_release
