// SPDX-License-Identifier: Apache-2.0
// The last words of a process that made a forbidden system call. In C because a signal handler may touch nothing but
// memory prepared beforehand.
#include "CLinux.h"
#include <linux/audit.h>
#include <stdatomic.h>

static char call_names[CLINUX_CALL_NAMES][28];
static __thread char thread_class[16];

static void copy_name(char *to, size_t room, const char *from) {
    size_t i = 0;
    for (; from[i] != 0 && i + 1 < room; i++) to[i] = from[i];
    to[i] = 0;
}

void clinux_name_call(int number, const char *name) {
    if (number >= 0 && number < CLINUX_CALL_NAMES) copy_name(call_names[number], sizeof call_names[number], name);
}

void clinux_name_thread_class(const char *name) { copy_name(thread_class, sizeof thread_class, name); }

static size_t append(char *line, size_t at, size_t room, const char *text) {
    while (*text != 0 && at < room) line[at++] = *text++;
    return at;
}

static atomic_flag reporting = ATOMIC_FLAG_INIT;

static void report(int number, siginfo_t *info, void *context) {
    (void)context;
    // Threads may violate their filters together: one reports, the others wait for its end, which is theirs.
    while (atomic_flag_test_and_set(&reporting)) syscall(SYS_sched_yield);
    char line[128], digits[12];
    int call = info->si_syscall;
    int native = info->si_arch == AUDIT_ARCH_X86_64;
    size_t n = append(line, 0, sizeof line, native ? "forbidden system call " : "forbidden foreign system call ");
    if (native && call >= 0 && call < CLINUX_CALL_NAMES && call_names[call][0] != 0) {
        n = append(line, n, sizeof line, call_names[call]);
    } else {
        char *d = digits + sizeof digits - 1;
        *d = 0;
        unsigned value = (unsigned)call;
        do *--d = (char)('0' + value % 10); while ((value /= 10) != 0);
        n = append(line, n, sizeof line, d);
    }
    n = append(line, n, sizeof line, " on a ");
    n = append(line, n, sizeof line, thread_class[0] != 0 ? thread_class : "main");
    n = append(line, n, sizeof line, " thread\n");
    ssize_t ignored = write(STDERR_FILENO, line, n);
    (void)ignored;
    // SIGSYS is blocked while its handler runs. Where the filter forbids sigaction, a second violation is what the
    // kernel cannot deliver: the process dies of it. Where there is no such filter, the default action is back.
    signal(number, SIG_DFL);
    sigset_t all;
    sigemptyset(&all);
    sigaddset(&all, number);
    pthread_sigmask(SIG_UNBLOCK, &all, NULL);
    syscall(SYS_tgkill, getpid(), clinux_thread_id(), number);
    _exit(128 + number);
}

long clinux_report_violations(void) {
    struct sigaction action = { .sa_sigaction = report, .sa_flags = SA_SIGINFO };
    return CLINUX_RESULT(sigaction(SIGSYS, &action, NULL));
}
