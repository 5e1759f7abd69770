// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CTestSupport.h"
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

long ctest_become(unsigned user, unsigned long capabilities) {
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    unsigned low = (unsigned)capabilities, high = (unsigned)(capabilities >> 32);
    struct __user_cap_data_struct data[2] = { { low, low, 0 }, { high, high, 0 } };
    // The C library would change the whole process: these calls are the thread's own.
    if (unshare(CLONE_FS | CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("tun", "/dev/net", "tmpfs", 0, "mode=0755") || mknod("/dev/net/tun", S_IFCHR | 0600, makedev(10, 200)) ||
        chmod("/dev/net/tun", 0666) || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
        syscall(SYS_setresgid, user, user, user) || syscall(SYS_setresuid, user, user, user) ||
        syscall(SYS_capset, &header, data))
        return -(long)errno;
    return 0;
}
