// SPDX-License-Identifier: Apache-2.0
// The Linux ABI that `import Glibc` does not show: declarations and one-line wrappers, no policy.
// Every wrapper follows the raw system-call convention: a negative result is -errno.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
// Swift's own Glibc module is built without _GNU_SOURCE: fd_set must look the same in both.
#include <features.h>
#undef __USE_XOPEN
#include <sys/select.h>
#define __USE_XOPEN 1
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <linux/falloc.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <linux/sockios.h>
#include <linux/vhost.h>
#include <linux/virtio_ring.h>
#include <net/if.h> // not <linux/if.h>: Swift's Glibc module has this one, and both define struct ifreq
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define CLINUX_RESULT(expression) \
    ({ long clinux_r = (long)(expression); clinux_r < 0 ? -(long)errno : clinux_r; })

// ---- files ----
static inline long clinux_open(const char *path, int flags, unsigned mode) { return CLINUX_RESULT(open(path, flags, mode)); }
static inline long clinux_close(int fd) { return CLINUX_RESULT(close(fd)); }
static inline long clinux_dup_cloexec(int fd) { return CLINUX_RESULT(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }
static inline long clinux_get_flags(int fd) { return CLINUX_RESULT(fcntl(fd, F_GETFL)); }
static inline long clinux_set_flags(int fd, int flags) { return CLINUX_RESULT(fcntl(fd, F_SETFL, flags)); }
static inline long clinux_set_cloexec(int fd, int on) { return CLINUX_RESULT(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0)); }
static inline long clinux_ioctl(int fd, unsigned long request, unsigned long argument) { return CLINUX_RESULT(ioctl(fd, request, argument)); }
static inline long clinux_ioctl_pointer(int fd, unsigned long request, void *argument) { return CLINUX_RESULT(ioctl(fd, request, argument)); }
static inline long clinux_read(int fd, void *p, size_t n) { return CLINUX_RESULT(read(fd, p, n)); }
static inline long clinux_write(int fd, const void *p, size_t n) { return CLINUX_RESULT(write(fd, p, n)); }
static inline long clinux_pread(int fd, void *p, size_t n, int64_t at) { return CLINUX_RESULT(pread(fd, p, n, at)); }
static inline long clinux_pwrite(int fd, const void *p, size_t n, int64_t at) { return CLINUX_RESULT(pwrite(fd, p, n, at)); }
static inline long clinux_readv(int fd, const struct iovec *v, int n) { return CLINUX_RESULT(readv(fd, v, n)); }
static inline long clinux_writev(int fd, const struct iovec *v, int n) { return CLINUX_RESULT(writev(fd, v, n)); }
static inline long clinux_preadv(int fd, const struct iovec *v, int n, int64_t at) { return CLINUX_RESULT(preadv(fd, v, n, at)); }
static inline long clinux_pwritev(int fd, const struct iovec *v, int n, int64_t at) { return CLINUX_RESULT(pwritev(fd, v, n, at)); }
/// RWF_DSYNC with `durable`: returns once the data and what is needed to read them back are on stable storage.
static inline long clinux_pwritev_durable(int fd, const struct iovec *v, int n, int64_t at) { return CLINUX_RESULT(pwritev2(fd, v, n, at, RWF_DSYNC)); }
static inline long clinux_fsync(int fd) { return CLINUX_RESULT(fsync(fd)); }
static inline long clinux_fdatasync(int fd) { return CLINUX_RESULT(fdatasync(fd)); }
static inline long clinux_fallocate(int fd, int mode, int64_t at, int64_t n) { return CLINUX_RESULT(fallocate(fd, mode, at, n)); }
static inline long clinux_ftruncate(int fd, int64_t n) { return CLINUX_RESULT(ftruncate(fd, n)); }
static const int CLINUX_SEEK_DATA = SEEK_DATA;
static const int CLINUX_SEEK_HOLE = SEEK_HOLE;
static inline long clinux_lseek(int fd, int64_t at, int whence) { return CLINUX_RESULT(lseek(fd, at, whence)); }
static inline long clinux_seek_end(int fd) { return CLINUX_RESULT(lseek(fd, 0, SEEK_END)); }
static inline long clinux_fstat(int fd, struct stat *s) { return CLINUX_RESULT(fstat(fd, s)); }
static inline int clinux_is_regular(const struct stat *s) { return S_ISREG(s->st_mode); }
static inline int clinux_is_block_device(const struct stat *s) { return S_ISBLK(s->st_mode); }
static inline int clinux_is_character_device(const struct stat *s) { return S_ISCHR(s->st_mode); }
static inline long clinux_memfd_create(const char *name, unsigned flags) { return CLINUX_RESULT(memfd_create(name, flags)); }
static inline long clinux_getrandom(void *p, size_t n) { return CLINUX_RESULT(getrandom(p, n, 0)); }

/// Takes an open-file-description lock on the whole file: exclusive for writers, shared for readers; never waits.
static inline long clinux_ofd_lock(int fd, int exclusive) {
    struct flock lock = { .l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };
    return CLINUX_RESULT(fcntl(fd, F_OFD_SETLK, &lock));
}

static inline long clinux_lock_byte(int fd, int command, short type, off_t at) {
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
    long r = CLINUX_RESULT(fcntl(fd, command, &lock));
    return r == 0 && command == F_OFD_GETLK && lock.l_type != F_UNLCK ? -EAGAIN : r;
}
/// Gives all that `clinux_lock_image` took back, for every copy of the open file.
static inline void clinux_unlock_image(int fd) {
    for (int n = 0; n < 5; n++) {
        clinux_lock_byte(fd, F_OFD_SETLK, F_UNLCK, 100 + n);
        clinux_lock_byte(fd, F_OFD_SETLK, F_UNLCK, 200 + n);
    }
}

/// Takes read locks on byte 100+n for each permission n held and on byte 200+n for each refused to others, then makes sure
/// that nobody refuses what is held nor holds what is refused. -EAGAIN: somebody does; nothing stays locked.
static inline long clinux_lock_image(int fd, unsigned held, unsigned refused) {
    long r = 0;
    for (int n = 0; n < 5 && r == 0; n++) {
        if (held >> n & 1) r = clinux_lock_byte(fd, F_OFD_SETLK, F_RDLCK, 100 + n);
        if (r == 0 && (refused >> n & 1)) r = clinux_lock_byte(fd, F_OFD_SETLK, F_RDLCK, 200 + n);
    }
    for (int n = 0; n < 5 && r == 0; n++) {
        if (held >> n & 1) r = clinux_lock_byte(fd, F_OFD_GETLK, F_WRLCK, 200 + n);
        if (r == 0 && (refused >> n & 1)) r = clinux_lock_byte(fd, F_OFD_GETLK, F_WRLCK, 100 + n);
    }
    if (r < 0) clinux_unlock_image(fd);
    return r;
}

/// What O_DIRECT asks of memory and offsets, in bytes; both 0 where the file system does not say (statx STATX_DIOALIGN,
/// Linux 6.1; its two numbers lie at byte 152 of the 256 that the call fills).
static inline long clinux_direct_alignment(int fd, unsigned *memory, unsigned *offset) {
    union { unsigned char bytes[256]; uint64_t align; } s;
    memset(&s, 0, sizeof s);
    long r = CLINUX_RESULT(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x2000u, &s));
    unsigned mask;
    memcpy(&mask, s.bytes, sizeof mask);
    *memory = *offset = 0;
    if (r == 0 && (mask & 0x2000u)) {
        memcpy(memory, s.bytes + 152, sizeof *memory);
        memcpy(offset, s.bytes + 156, sizeof *offset);
    }
    return r;
}

/// Opens a path as if `directory` were the root of the file system, without following links of /proc.
static inline long clinux_open_in_root(int directory, const char *path, int flags) {
    struct { uint64_t flags, mode, resolve; } how = { (uint64_t)(unsigned)flags, 0, 0x10 | 0x02 }; // struct open_how: RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS
    return CLINUX_RESULT(syscall(437, directory, path, &how, sizeof how)); // SYS_openat2, Linux 5.6
}

static const unsigned long CLINUX_BLKGETSIZE64 = BLKGETSIZE64;
static const unsigned long CLINUX_BLKDISCARD = BLKDISCARD;
static const unsigned long CLINUX_BLKZEROOUT = BLKZEROOUT;
static const unsigned long CLINUX_BLKSSZGET = BLKSSZGET;
static const unsigned long CLINUX_BLKPBSZGET = BLKPBSZGET;
static const unsigned long CLINUX_SG_GET_VERSION = SG_GET_VERSION_NUM;
static const unsigned long CLINUX_SG_IO = SG_IO;

/// One command to a SCSI device (SG_IO, version 3): `direction` is 0 for no data, 1 to the device, 2 from it. The status,
/// the length of the sense data and the bytes not moved are stored; -EIO when the host's adapter or driver failed.
static inline long clinux_scsi_command(int fd, const void *block, unsigned char block_count, int direction,
                                       void *vectors, unsigned short vector_count, unsigned int bytes, void *sense,
                                       unsigned char sense_count, unsigned int milliseconds, unsigned char *status,
                                       unsigned char *sense_written, int *residual) {
    struct sg_io_hdr header = {0};
    header.interface_id = 'S';
    header.dxfer_direction = direction == 1 ? SG_DXFER_TO_DEV : direction == 2 ? SG_DXFER_FROM_DEV : SG_DXFER_NONE;
    header.cmd_len = block_count;
    header.mx_sb_len = sense_count;
    header.iovec_count = direction ? vector_count : 0;
    header.dxfer_len = direction ? bytes : 0;
    header.dxferp = direction ? vectors : NULL;
    header.cmdp = (unsigned char *)block;
    header.sbp = (unsigned char *)sense;
    header.timeout = milliseconds;
    if (ioctl(fd, SG_IO, &header) < 0) return -(long)errno;
    // DRIVER_SENSE (8) only says that there is sense data.
    if (header.host_status != 0 || (header.driver_status & ~8) != 0) return -(long)EIO;
    *status = header.status;
    *sense_written = header.sb_len_wr;
    *residual = header.resid;
    return 0;
}
static const int CLINUX_PUNCH_HOLE = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
static const int CLINUX_ZERO_RANGE = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
static const int CLINUX_O_DIRECT = O_DIRECT;
static const int CLINUX_O_PATH = O_PATH;

// ---- memory ----
static inline long clinux_mmap(void *at, size_t n, int protection, int flags, int fd, int64_t offset, void **result) {
    void *p = mmap(at, n, protection, flags, fd, offset);
    if (p == MAP_FAILED) return -(long)errno;
    *result = p;
    return 0;
}
static inline long clinux_munmap(void *p, size_t n) { return CLINUX_RESULT(munmap(p, n)); }
static inline long clinux_madvise(void *p, size_t n, int advice) { return CLINUX_RESULT(madvise(p, n, advice)); }
static inline long clinux_mbind(void *p, size_t n, int mode, const unsigned long *nodes, unsigned long bits, unsigned flags) {
    return CLINUX_RESULT(syscall(SYS_mbind, p, n, mode, nodes, bits, flags));
}
static const int CLINUX_MPOL_BIND = MPOL_BIND;
static const unsigned CLINUX_MPOL_MF_STRICT = MPOL_MF_STRICT;
static const unsigned CLINUX_MPOL_MF_MOVE = MPOL_MF_MOVE;
static const int CLINUX_MADV_POPULATE_WRITE = 23;
static const int CLINUX_MADV_DONTDUMP = MADV_DONTDUMP;
static const int CLINUX_MAP_HUGE_SHIFT = 26;
static const int CLINUX_MAP_HUGETLB = MAP_HUGETLB;
static const int CLINUX_MAP_NORESERVE = MAP_NORESERVE;
static const int CLINUX_MAP_FIXED = MAP_FIXED;

// ---- events ----
static inline long clinux_eventfd(unsigned initial) { return CLINUX_RESULT(eventfd(initial, EFD_CLOEXEC | EFD_NONBLOCK)); }
static inline long clinux_epoll_create(void) { return CLINUX_RESULT(epoll_create1(EPOLL_CLOEXEC)); }
static inline long clinux_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = { .events = events, .data.u64 = token };
    return CLINUX_RESULT(epoll_ctl(epoll, operation, fd, &event));
}
static inline long clinux_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms) { return CLINUX_RESULT(epoll_wait(epoll, events, count, timeout_ms)); }
static inline uint32_t clinux_event_mask(const struct epoll_event *event) { return event->events; }
static inline uint64_t clinux_event_token(const struct epoll_event *event) { return event->data.u64; }
static inline long clinux_wait_readable(int fd) {
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return CLINUX_RESULT(poll(&p, 1, -1));
}
static inline long clinux_timerfd(void) { return CLINUX_RESULT(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)); }
static inline long clinux_timerfd_set(int fd, uint64_t first_ns, uint64_t period_ns) {
    struct itimerspec t = {
        .it_value = { .tv_sec = (time_t)(first_ns / 1000000000u), .tv_nsec = (long)(first_ns % 1000000000u) },
        .it_interval = { .tv_sec = (time_t)(period_ns / 1000000000u), .tv_nsec = (long)(period_ns % 1000000000u) } };
    return CLINUX_RESULT(timerfd_settime(fd, 0, &t, NULL));
}
static inline long clinux_signalfd(const sigset_t *set) { return CLINUX_RESULT(signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK)); }
static inline uint64_t clinux_now_ns(int clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// ---- sockets ----
static inline long clinux_socketpair(int type, int fds[2]) { return CLINUX_RESULT(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds)); }
static inline long clinux_unix_socket(void) { return CLINUX_RESULT(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
static inline long clinux_unix_address(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t n = strlen(path);
    if (n >= sizeof address->sun_path) return -ENAMETOOLONG;
    memcpy(address->sun_path, path, n + 1);
    return 0;
}
static inline long clinux_unix_bind(int fd, const char *path) {
    struct sockaddr_un a;
    long r = clinux_unix_address(path, &a);
    return r < 0 ? r : CLINUX_RESULT(bind(fd, (struct sockaddr *)&a, sizeof a));
}
static inline long clinux_unix_connect(int fd, const char *path) {
    struct sockaddr_un a;
    long r = clinux_unix_address(path, &a);
    return r < 0 ? r : CLINUX_RESULT(connect(fd, (struct sockaddr *)&a, sizeof a));
}
static inline long clinux_listen(int fd, int backlog) { return CLINUX_RESULT(listen(fd, backlog)); }
static inline long clinux_accept(int fd) { return CLINUX_RESULT(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)); }
static inline long clinux_shutdown(int fd, int how) { return CLINUX_RESULT(shutdown(fd, how)); }

enum { CLINUX_MAX_DESCRIPTORS = 253 }; // SCM_MAX_FD

/// Sends bytes with descriptors attached to their first byte.
static inline long clinux_send_descriptors(int fd, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    if (descriptor_count > CLINUX_MAX_DESCRIPTORS) return -EINVAL;
    union { char space[CMSG_SPACE(sizeof(int) * CLINUX_MAX_DESCRIPTORS)]; struct cmsghdr align; } control;
    struct iovec v = { .iov_base = (void *)bytes, .iov_len = count };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
    if (descriptor_count > 0) {
        m.msg_control = control.space;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
        memcpy(CMSG_DATA(c), descriptors, sizeof(int) * descriptor_count);
    }
    return CLINUX_RESULT(sendmsg(fd, &m, MSG_NOSIGNAL));
}

/// Receives bytes and the descriptors attached to them (close-on-exec); at most `*descriptor_count` of them are kept. -EMFILE when some were lost.
static inline long clinux_receive_descriptors(int fd, void *bytes, size_t count, int *descriptors, size_t *descriptor_count) {
    union { char space[CMSG_SPACE(sizeof(int) * CLINUX_MAX_DESCRIPTORS)]; struct cmsghdr align; } control;
    struct iovec v = { .iov_base = bytes, .iov_len = count };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space };
    long r = CLINUX_RESULT(recvmsg(fd, &m, MSG_CMSG_CLOEXEC));
    size_t room = *descriptor_count, kept = 0;
    if (r >= 0) {
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
            if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
            size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < n; i++) {
                int d;
                memcpy(&d, CMSG_DATA(c) + i * sizeof(int), sizeof d);
                if (kept < room) descriptors[kept++] = d; else close(d);
            }
        }
    }
    if (r >= 0 && (m.msg_flags & MSG_CTRUNC)) {
        // The process is at its limit of open files and the kernel dropped the rest: a later message's descriptors must not take their place.
        while (kept > 0) close(descriptors[--kept]);
        r = -EMFILE;
    }
    *descriptor_count = kept;
    return r;
}

// ---- threads, signals, processes ----
static inline int clinux_set_thread_name(const char *name) { return (int)prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }
static inline int clinux_thread_id(void) { return (int)syscall(SYS_gettid); }
static inline long clinux_get_affinity(int tid, void *mask, size_t bytes) { return CLINUX_RESULT(syscall(SYS_sched_getaffinity, tid, bytes, mask)); }
static inline long clinux_set_affinity(int tid, const void *mask, size_t bytes) { return CLINUX_RESULT(syscall(SYS_sched_setaffinity, tid, bytes, mask)); }
/// The signal that takes a vCPU thread out of KVM_RUN.
static inline int clinux_kick_signal(void) { return SIGRTMIN; }
static inline long clinux_ignore_signal(int number) { return CLINUX_RESULT(signal(number, SIG_IGN) == SIG_ERR ? -1 : 0); }
static inline void clinux_empty_handler(int number) { (void)number; }
/// Installs a handler that does nothing, without SA_RESTART: the signal only interrupts.
static inline long clinux_interrupting_signal(int number) {
    struct sigaction a = { .sa_handler = clinux_empty_handler };
    return CLINUX_RESULT(sigaction(number, &a, NULL));
}
static inline int clinux_wait_exited(int status) { return WIFEXITED(status); }
static inline int clinux_wait_exit_status(int status) { return WEXITSTATUS(status); }
static inline int clinux_wait_signalled(int status) { return WIFSIGNALED(status); }
static inline int clinux_wait_signal(int status) { return WTERMSIG(status); }
static inline long clinux_die_with_parent(int number) { return CLINUX_RESULT(prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)); }
static inline long clinux_pidfd_open(int pid) { return CLINUX_RESULT(syscall(434, pid, 0)); } // SYS_pidfd_open, Linux 5.3
static inline long clinux_become_subreaper(void) { return CLINUX_RESULT(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); }
static inline long clinux_futex_wait(const uint32_t *word, uint32_t expected) {
    return CLINUX_RESULT(syscall(SYS_futex, word, 128 /* FUTEX_WAIT_PRIVATE */, expected, NULL, NULL, 0));
}
static inline long clinux_futex_wake(const uint32_t *word, int count) { return CLINUX_RESULT(syscall(SYS_futex, word, 129 /* FUTEX_WAKE_PRIVATE */, count, NULL, NULL, 0)); }

// ---- tun ----
static const unsigned long CLINUX_TUNSETIFF = TUNSETIFF;
static const unsigned long CLINUX_TUNSETOFFLOAD = TUNSETOFFLOAD;
static const unsigned long CLINUX_TUNSETVNETHDRSZ = TUNSETVNETHDRSZ;
static const unsigned long CLINUX_TUNGETFEATURES = TUNGETFEATURES;
static const unsigned long CLINUX_TUNGETIFF = TUNGETIFF;
static const unsigned long CLINUX_TUNSETQUEUE = TUNSETQUEUE;
static const unsigned long CLINUX_TUNSETTXFILTER = TUNSETTXFILTER;
static const unsigned long CLINUX_TUNSETCARRIER = TUNSETCARRIER;
static const unsigned CLINUX_TUN_F_USO = 0x20u | 0x40u; // TUN_F_USO4 | TUN_F_USO6, Linux 6.2
static inline long clinux_tun_attach(int fd, const char *name, short flags) {
    struct ifreq r;
    memset(&r, 0, sizeof r);
    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    r.ifr_flags = flags;
    return CLINUX_RESULT(ioctl(fd, TUNSETIFF, &r));
}
/// Reads the name (IFNAMSIZ bytes) and TUNSETIFF's flags of the interface that a tun descriptor is attached to.
static inline long clinux_tun_identity(int fd, char *name, unsigned *flags) {
    struct ifreq r;
    memset(&r, 0, sizeof r);
    long result = CLINUX_RESULT(ioctl(fd, TUNGETIFF, &r));
    memcpy(name, r.ifr_name, IFNAMSIZ);
    *flags = (unsigned short)r.ifr_flags;
    return result;
}
/// Asks or tells the kernel something about the interface `name`, through a socket of its own.
static inline long clinux_interface_request(unsigned long request, const char *name, struct ifreq *r) {
    strncpy(r->ifr_name, name, IFNAMSIZ - 1);
    r->ifr_name[IFNAMSIZ - 1] = 0;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0) return -(long)errno;
    long result = CLINUX_RESULT(ioctl(s, request, r));
    close(s);
    return result;
}
/// Reads the interface flags (IFF_UP …) of a named interface into `*flags`.
static inline long clinux_interface_flags(const char *name, int *flags) {
    struct ifreq r = { 0 };
    long result = clinux_interface_request(SIOCGIFFLAGS, name, &r);
    *flags = (unsigned short)r.ifr_flags;
    return result;
}
static inline long clinux_interface_mtu(const char *name, int *mtu) {
    struct ifreq r = { 0 };
    long result = clinux_interface_request(SIOCGIFMTU, name, &r);
    *mtu = r.ifr_mtu;
    return result;
}

/// Makes a tap in this thread's network namespace that stays when its descriptor is closed.
static inline long clinux_tun_persist(int fd, int on) { return CLINUX_RESULT(ioctl(fd, TUNSETPERSIST, (unsigned long)on)); }
/// Sets or clears IFF_UP.
static inline long clinux_interface_set_up(const char *name, int on) {
    struct ifreq r = { 0 };
    long result = clinux_interface_request(SIOCGIFFLAGS, name, &r);
    if (result < 0) return result;
    r.ifr_flags = (short)(on ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
    return clinux_interface_request(SIOCSIFFLAGS, name, &r);
}
/// Moves the calling thread into a network namespace of its own.
static inline long clinux_new_network_namespace(void) { return CLINUX_RESULT(unshare(CLONE_NEWNET)); }

/// Whether one queue of a multi-queue tap takes part: one that does not is given no frames.
static inline long clinux_tun_set_queue(int fd, int on) {
    struct ifreq r;
    memset(&r, 0, sizeof r);
    r.ifr_flags = (short)(on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE);
    return CLINUX_RESULT(ioctl(fd, TUNSETQUEUE, &r));
}
/// Plugs the tap's cable in or pulls it, as the host sees it; Linux 5.0.
static inline long clinux_tun_set_carrier(int fd, int on) { return CLINUX_RESULT(ioctl(fd, CLINUX_TUNSETCARRIER, &on)); }
/// Says which destinations a tap lets through: `filter` is a struct tun_filter with its addresses; none of them means all.
static inline long clinux_tun_set_filter(int fd, const void *filter) { return CLINUX_RESULT(ioctl(fd, TUNSETTXFILTER, filter)); }

// ---- vhost ----
static const unsigned long CLINUX_VHOST_GET_FEATURES = VHOST_GET_FEATURES;
static const unsigned long CLINUX_VHOST_SET_FEATURES = VHOST_SET_FEATURES;
static const unsigned long CLINUX_VHOST_SET_OWNER = VHOST_SET_OWNER;
static const unsigned long CLINUX_VHOST_SET_MEM_TABLE = VHOST_SET_MEM_TABLE;
static const unsigned long CLINUX_VHOST_SET_LOG_BASE = VHOST_SET_LOG_BASE;
static const unsigned long CLINUX_VHOST_SET_VRING_NUM = VHOST_SET_VRING_NUM;
static const unsigned long CLINUX_VHOST_SET_VRING_ADDR = VHOST_SET_VRING_ADDR;
static const unsigned long CLINUX_VHOST_SET_VRING_BASE = VHOST_SET_VRING_BASE;
static const unsigned long CLINUX_VHOST_GET_VRING_BASE = VHOST_GET_VRING_BASE;
static const unsigned long CLINUX_VHOST_SET_VRING_KICK = VHOST_SET_VRING_KICK;
static const unsigned long CLINUX_VHOST_SET_VRING_CALL = VHOST_SET_VRING_CALL;
static const unsigned long CLINUX_VHOST_SET_VRING_ERR = VHOST_SET_VRING_ERR;
static const unsigned long CLINUX_VHOST_GET_BACKEND_FEATURES = VHOST_GET_BACKEND_FEATURES;
static const unsigned long CLINUX_VHOST_SET_BACKEND_FEATURES = VHOST_SET_BACKEND_FEATURES;
static const unsigned long CLINUX_VHOST_NET_SET_BACKEND = VHOST_NET_SET_BACKEND;
static const unsigned long CLINUX_VHOST_VSOCK_SET_GUEST_CID = VHOST_VSOCK_SET_GUEST_CID;
static const unsigned long CLINUX_VHOST_VSOCK_SET_RUNNING = VHOST_VSOCK_SET_RUNNING;
static inline long clinux_vhost_value(int fd, unsigned long request, uint64_t *value) { return CLINUX_RESULT(ioctl(fd, request, value)); }
/// VHOST_SET_VRING_NUM and the two for the ring's position; the kernel fills `*number` in for VHOST_GET_VRING_BASE.
static inline long clinux_vhost_ring_state(int fd, unsigned long request, unsigned ring, unsigned *number) {
    struct vhost_vring_state s = { .index = ring, .num = *number };
    long r = CLINUX_RESULT(ioctl(fd, request, &s));
    *number = s.num;
    return r;
}
static inline long clinux_vhost_ring_file(int fd, unsigned long request, unsigned ring, int file) {
    struct vhost_vring_file f = { .index = ring, .fd = file };
    return CLINUX_RESULT(ioctl(fd, request, &f));
}
/// Addresses are the host's, but for that of the log, which is the guest's address of the used ring.
static inline long clinux_vhost_ring_addresses(int fd, unsigned ring, uint64_t descriptors, uint64_t available, uint64_t used, int logs, uint64_t log) {
    struct vhost_vring_addr a = {
        .index = ring, .flags = logs ? 1u << VHOST_VRING_F_LOG : 0, .desc_user_addr = descriptors,
        .used_user_addr = used, .avail_user_addr = available, .log_guest_addr = log };
    return CLINUX_RESULT(ioctl(fd, VHOST_SET_VRING_ADDR, &a));
}
enum { CLINUX_VHOST_REGIONS = 8 };
/// `regions` are triples: guest address, bytes, host address.
static inline long clinux_vhost_set_memory(int fd, const uint64_t *regions, unsigned count) {
    // struct vhost_memory with room for its regions.
    struct { uint32_t nregions, padding; struct vhost_memory_region regions[CLINUX_VHOST_REGIONS]; } m;
    if (count > CLINUX_VHOST_REGIONS) return -E2BIG;
    memset(&m, 0, sizeof m);
    m.nregions = count;
    for (unsigned i = 0; i < count; i++) {
        m.regions[i].guest_phys_addr = regions[3 * i];
        m.regions[i].memory_size = regions[3 * i + 1];
        m.regions[i].userspace_addr = regions[3 * i + 2];
    }
    return CLINUX_RESULT(ioctl(fd, VHOST_SET_MEM_TABLE, &m));
}
#include "CLinuxNetwork.h"

// ---- io_uring ----
/// Whether this process may set up an io_uring: 0, or -errno of the attempt.
static inline long clinux_io_uring_probe(void) {
    unsigned char parameters[120] = { 0 }; // struct io_uring_params
    long fd = CLINUX_RESULT(syscall(SYS_io_uring_setup, 1, parameters));
    if (fd >= 0) close((int)fd);
    return fd < 0 ? fd : 0;
}

static inline long clinux_uring_setup(unsigned entries, struct io_uring_params *p) { return CLINUX_RESULT(syscall(SYS_io_uring_setup, entries, p)); }
static inline long clinux_uring_enter(int ring, unsigned submit, unsigned wait, unsigned flags) {
    return CLINUX_RESULT(syscall(SYS_io_uring_enter, ring, submit, wait, flags, NULL, 0));
}
static inline long clinux_uring_register(int ring, unsigned operation, const void *argument, unsigned count) {
    return CLINUX_RESULT(syscall(SYS_io_uring_register, ring, operation, argument, count));
}
static inline void clinux_uring_fill(struct io_uring_sqe *e, uint8_t operation, int file, const void *address, uint32_t length, uint64_t offset, uint32_t operation_flags, uint64_t token) {
    memset(e, 0, sizeof *e);
    e->opcode = operation;
    e->flags = IOSQE_FIXED_FILE;
    e->fd = file;
    e->addr = (uint64_t)(uintptr_t)address;
    e->len = length;
    e->off = offset;
    e->rw_flags = (int)operation_flags; // one union with fsync_flags
    e->user_data = token;
}
static inline void clinux_uring_fill_allocate(struct io_uring_sqe *e, int file, int mode, uint64_t offset, uint64_t count, uint64_t token) {
    clinux_uring_fill(e, IORING_OP_FALLOCATE, file, NULL, (uint32_t)mode, offset, 0, token);
    e->addr = count;
}
/// BLOCK_URING_CMD_DISCARD, Linux 6.12.
static inline void clinux_uring_fill_discard(struct io_uring_sqe *e, int file, uint64_t offset, uint64_t count, uint64_t token) {
    clinux_uring_fill(e, IORING_OP_URING_CMD, file, NULL, 0, _IO(0x12, 0), 0, token); // cmd_op is the low half of off
    e->addr = offset;
    e->addr3 = count;
}
static inline struct io_uring_restriction clinux_uring_restrict(unsigned opcode, unsigned value) {
    struct io_uring_restriction r = { 0 };
    r.opcode = (uint16_t)opcode;
    r.sqe_op = (uint8_t)value; // one union with register_op and sqe_flags
    return r;
}
/// Registers the ring's descriptor with the calling thread; the index that `enter` takes, or -errno.
static inline long clinux_uring_register_itself(int ring) {
    struct io_uring_rsrc_update u = { .offset = -1u, .data = (uint64_t)ring };
    long r = clinux_uring_register(ring, IORING_REGISTER_RING_FDS, &u, 1);
    return r == 1 ? (long)u.offset : r < 0 ? r : -EINVAL;
}
static const int CLINUX_RWF_DSYNC = RWF_DSYNC;
static const int64_t CLINUX_URING_RINGS = IORING_OFF_SQ_RING;
static const int64_t CLINUX_URING_ENTRIES = IORING_OFF_SQES;

// ---- terminal ----
static inline long clinux_is_terminal(int fd) { return isatty(fd); }

// ---- sandbox ----
#include <linux/filter.h>
#include <linux/seccomp.h>
enum { CLINUX_CALL_NAMES = 480 };
static inline long clinux_no_new_privileges(void) { return CLINUX_RESULT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }
static inline long clinux_install_filter(const void *program, unsigned short count) {
    struct sock_fprog p = { .len = count, .filter = (struct sock_filter *)program };
    return CLINUX_RESULT(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p));
}
/// Remembers the name of a system call for the report of a violation.
void clinux_name_call(int number, const char *name);
/// Remembers which class of thread the calling thread is.
void clinux_name_thread_class(const char *name);
/// From now on SIGSYS writes one line with the call's name to standard error and ends the process.
long clinux_report_violations(void);

// ---- allocator ----
#include <malloc.h>
static inline void clinux_one_arena(void) { mallopt(M_ARENA_MAX, 1); }
