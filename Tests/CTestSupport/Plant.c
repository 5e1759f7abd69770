// SPDX-License-Identifier: Apache-2.0
#include "CTestSupport.h"
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

enum { SYSCALL_INSTRUCTION_BYTES = 2 };

int ctest_plant_call(int thread, long call) {
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) < 0) return errno;
    int failure = 0, status = 0;
    struct user_regs_struct registers;
    if (ptrace(PTRACE_INTERRUPT, thread, 0, 0) < 0 || waitpid(thread, &status, __WALL) < 0 ||
        ptrace(PTRACE_GETREGS, thread, 0, &registers) < 0) {
        failure = errno;
    } else if ((long)registers.orig_rax < 0) {
        failure = EAGAIN;  // stopped outside a system call
    } else {
        // The instruction that brought it into the kernel runs once more, with another number, and is not restarted.
        registers.rip -= SYSCALL_INSTRUCTION_BYTES;
        registers.rax = (unsigned long long)call;
        registers.orig_rax = -1ULL;
        registers.rdi = registers.rsi = registers.rdx = registers.r10 = registers.r8 = registers.r9 = 0;
        if (ptrace(PTRACE_SETREGS, thread, 0, &registers) < 0) failure = errno;
    }
    if (ptrace(PTRACE_DETACH, thread, 0, 0) < 0 && !failure) failure = errno;
    return failure;
}
