// SPDX-License-Identifier: Apache-2.0
// usage: first-run COMMAND [ARG...]
//
// Prints the nanoseconds from execve of a VMM to its first KVM_RUN, from any of its threads, then kills it. A seccomp
// filter on that one ioctl notifies this process, so that all VMMs are measured from outside in the same way and nothing
// else of theirs is slowed down; the guest itself never runs. Console and errors go nowhere.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void check(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int listen_for_run(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_RUN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
};

static void send_descriptor(int socket, int descriptor) {
    union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    *(int *)CMSG_DATA(&control.header) = descriptor;
    struct iovec byte = {"d", 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    check(sendmsg(socket, &message, 0), "sendmsg");
}

static int receive_descriptor(int socket) {
    union control control;
    char byte;
    struct iovec bytes = {&byte, 1};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    check(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) > 0 && message.msg_controllen > 0 ? 0 : -1, "recvmsg");
    return *(int *)CMSG_DATA(&control.header);
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: first-run COMMAND [ARG...]\n");
        return 2;
    }
    int64_t *began = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int pair[2];
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int i = 0; i < 3; i++) dup2(nowhere, i);
        int listener = listen_for_run();
        check(listener, "seccomp");
        fcntl(listener, F_SETFD, FD_CLOEXEC);
        send_descriptor(pair[1], listener);
        char go;
        check(read(pair[1], &go, 1), "read");
        *began = now();
        execv(arguments[1], arguments + 1);
        _exit(127);
    }
    struct pollfd listener = {.fd = receive_descriptor(pair[0]), .events = POLLIN};
    check(write(pair[0], "g", 1), "write");
    int ready = poll(&listener, 1, 60000);
    int64_t ended = now();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (ready != 1 || !(listener.revents & POLLIN)) {
        fprintf(stderr, "first-run: %s ended or waited without entering a guest\n", arguments[1]);
        return 1;
    }
    printf("%lld\n", (long long)(ended - *began));
    return 0;
}
