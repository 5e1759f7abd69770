// SPDX-License-Identifier: Apache-2.0
// The last words of a process that made a forbidden system call. In C because a signal handler may touch nothing but
// memory prepared beforehand.
#include "CLinux.h"

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

static void report(int number, siginfo_t *info, void *context) {
    (void)context;
    char line[128], digits[12];
    int call = info->si_syscall;
    size_t n = append(line, 0, sizeof line, "forbidden system call ");
    if (call >= 0 && call < CLINUX_CALL_NAMES && call_names[call][0] != 0) {
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
    // SA_RESETHAND has put the default action back, and SA_NODEFER lets it strike at once.
    syscall(SYS_tgkill, getpid(), clinux_thread_id(), number);
    _exit(128 + number);
}

long clinux_report_violations(void) {
    struct sigaction action = { .sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER };
    return CLINUX_RESULT(sigaction(SIGSYS, &action, NULL));
}
