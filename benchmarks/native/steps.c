// SPDX-License-Identifier: Apache-2.0
// usage: steps [--trace KIND] PID SAMPLES PORT
//
// Counts the user-space instructions a VMM executes between the return of one KVM_RUN and the system call instruction of
// the next, that one included, by single-stepping the vCPU's thread: exact, and free of any timer. Prints one line a
// kind of exit, `KIND SAMPLES MIN MEDIAN MAX SYSCALLS`, where SYSCALLS is the median of other system calls on the way,
// and ends when each kind has SAMPLES or the VMM is gone. Port accesses count only at PORT. --trace prints the
// instruction addresses of one exit instead.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KINDS = 4, SAMPLES_MAX = 100000, PATH_MAX_BYTES = 512 };
static const char *const names[KINDS] = {"pio_write", "pio_read", "mmio_write", "mmio_read"};

static void check(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

// The thread named "CPU 0/KVM", as Apus and QEMU call it, else the process's first.
static pid_t vcpu_thread(pid_t process) {
    char path[PATH_MAX_BYTES], name[64];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    if (!tasks) check(-1, path);
    pid_t found = process;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        pid_t task = atoi(entry->d_name);
        snprintf(path, sizeof path, "/proc/%d/task/%d/comm", process, task);
        FILE *file = fopen(path, "r");
        if (file && fgets(name, sizeof name, file) && !strncmp(name, "CPU 0/KVM", 9)) found = task;
        if (file) fclose(file);
    }
    closedir(tasks);
    return found;
}

static uintptr_t run_page(pid_t process) {
    char path[PATH_MAX_BYTES], line[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "/proc/%d/maps", process);
    FILE *maps = fopen(path, "r");
    if (!maps) check(-1, path);
    uintptr_t address = 0;
    while (!address && fgets(line, sizeof line, maps)) {
        if (strstr(line, "kvm-vcpu:0")) address = strtoull(line, NULL, 16);
    }
    fclose(maps);
    if (!address) check(-1, "kvm_run");
    return address;
}

// Which kind of exit the shared page tells of, or -1.
static int kind_of_exit(int memory, uintptr_t page, uint16_t port) {
    struct kvm_run run;
    check(pread(memory, &run, sizeof run, (off_t)page) == sizeof run ? 0 : -1, "kvm_run");
    if (run.exit_reason == KVM_EXIT_IO && run.io.port == port) return run.io.direction == KVM_EXIT_IO_OUT ? 0 : 1;
    if (run.exit_reason == KVM_EXIT_MMIO) return run.mmio.is_write ? 2 : 3;
    return -1;
}

// Whether the thread stopped, rather than ended.
static int stopped(pid_t thread) {
    int status;
    return waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status);
}

static int is_run(const struct user_regs_struct *r, uint64_t number) { return number == SYS_ioctl && r->rsi == KVM_RUN; }

// Runs to the return of a KVM_RUN; false when the thread ended first.
static int to_exit(pid_t thread, struct user_regs_struct *registers) {
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, thread, 0, 0) < 0 || !stopped(thread)) return 0;
        struct __ptrace_syscall_info info;
        check(ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info), "PTRACE_GET_SYSCALL_INFO");
        if (info.op != PTRACE_SYSCALL_INFO_EXIT) continue;
        check(ptrace(PTRACE_GETREGS, thread, 0, registers), "PTRACE_GETREGS");
        if (is_run(registers, registers->orig_rax) && (long)registers->rax == 0) return 1;
    }
}

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(int count, char **arguments) {
    const char *traced = NULL;
    if (count == 6 && !strcmp(arguments[1], "--trace")) traced = arguments[2], arguments += 2, count -= 2;
    if (count != 4) {
        fprintf(stderr, "usage: steps [--trace KIND] PID SAMPLES PORT\n");
        return 2;
    }
    pid_t process = atoi(arguments[1]), thread = vcpu_thread(process);
    int wanted = atoi(arguments[2]);
    if (wanted < 1 || wanted > SAMPLES_MAX) wanted = SAMPLES_MAX;
    uint16_t port = (uint16_t)strtoul(arguments[3], NULL, 0);
    uintptr_t page = run_page(process);
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "/proc/%d/mem", process);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    check(memory, path);
    static int steps[KINDS][SAMPLES_MAX], calls[KINDS][SAMPLES_MAX];
    int have[KINDS] = {0};

    check(ptrace(PTRACE_SEIZE, thread, 0, PTRACE_O_TRACESYSGOOD), "PTRACE_SEIZE");
    check(ptrace(PTRACE_INTERRUPT, thread, 0, 0), "PTRACE_INTERRUPT");
    if (!stopped(thread)) check(-1, "the VMM ended");
    struct user_regs_struct registers;
    for (int full = 0; full < KINDS && to_exit(thread, &registers);) {
        int kind = kind_of_exit(memory, page, port);
        if (kind < 0 || have[kind] == wanted) continue;
        int tracing = traced && !strcmp(traced, names[kind]);
        int n = 0, other = 0;
        for (;;) {
            errno = 0;
            long code = ptrace(PTRACE_PEEKTEXT, thread, registers.rip, 0);
            if (code == -1) check(errno ? -1 : 0, "PTRACE_PEEKTEXT");
            int calls_kernel = (code & 0xFFFF) == 0x050F;
            n++;
            if (tracing) printf("%llx\n", registers.rip);
            if (calls_kernel && is_run(&registers, registers.rax)) break;
            other += calls_kernel;
            check(ptrace(PTRACE_SINGLESTEP, thread, 0, 0), "PTRACE_SINGLESTEP");
            if (!stopped(thread)) check(-1, "the VMM ended within an exit");
            check(ptrace(PTRACE_GETREGS, thread, 0, &registers), "PTRACE_GETREGS");
        }
        if (tracing) break;
        steps[kind][have[kind]] = n;
        calls[kind][have[kind]++] = other;
        full += have[kind] == wanted;
    }
    ptrace(PTRACE_DETACH, thread, 0, 0);
    for (int kind = 0; kind < KINDS && !traced; kind++) {
        int have_kind = have[kind];
        if (have_kind == 0) continue;
        qsort(steps[kind], have_kind, sizeof(int), ascending);
        qsort(calls[kind], have_kind, sizeof(int), ascending);
        printf("%s %d %d %d %d %d\n", names[kind], have_kind, steps[kind][0], steps[kind][have_kind / 2],
               steps[kind][have_kind - 1], calls[kind][have_kind / 2]);
    }
    return 0;
}
