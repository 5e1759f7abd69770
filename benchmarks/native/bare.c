// SPDX-License-Identifier: Apache-2.0
// usage: bare [--caged] PAYLOAD [COMMAND-LINE]
//
// The least a VMM can do for an exit: one vCPU with KVM's interrupt controllers and 128 MiB, a PVH payload, and a loop
// around KVM_RUN that knows the serial port's two registers a payload prints by and the port it switches off by.
// Everything else reads as zero and is swallowed when written. It is the floor that exits are compared with.
//
// --caged adds what any VMM that is confined and has an I/O thread cannot do without, in its least form: a second thread,
// so that the kernel counts references to descriptors, and a seccomp filter that lets KVM_RUN through in six instructions.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MEMORY = 128 << 20, START_INFO = 0x1000, MEMORY_MAP = 0x1100, COMMAND_LINE = 0x2000, XEN_ELFNOTE_PHYS32_ENTRY = 18 };

static void check(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void refuse(const char *why) {
    fprintf(stderr, "bare: %s\n", why);
    exit(1);
}

// Copies the payload where it wants to be and returns its PVH entry.
static uint32_t load(uint8_t *memory, const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    check(file, path);
    struct stat status;
    check(fstat(file, &status), "fstat");
    const uint8_t *image = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (image == MAP_FAILED) refuse("the payload cannot be mapped");
    const Elf64_Ehdr *header = (const void *)image;
    if (status.st_size < (long)sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG)) refuse("the payload is no ELF");
    const Elf64_Phdr *part = (const void *)(image + header->e_phoff);
    uint32_t entry = 0;
    for (int i = 0; i < header->e_phnum; i++, part++) {
        if (part->p_type == PT_LOAD) {
            if (part->p_paddr + part->p_memsz > MEMORY) refuse("the payload does not fit");
            memcpy(memory + part->p_paddr, image + part->p_offset, part->p_filesz);
        }
        if (part->p_type != PT_NOTE) continue;
        const uint8_t *at = image + part->p_offset, *end = at + part->p_filesz;
        while (at + sizeof(Elf64_Nhdr) <= end) {
            const Elf64_Nhdr *note = (const void *)at;
            const uint8_t *value = at + sizeof *note + ((note->n_namesz + 3) & ~3u);
            if (note->n_type == XEN_ELFNOTE_PHYS32_ENTRY) memcpy(&entry, value, sizeof entry);
            at = value + ((note->n_descsz + 3) & ~3u);
        }
    }
    if (entry == 0) refuse("the payload has no PVH note");
    return entry;
}

// hvm_start_info, version 1, with one range of RAM.
static void describe(uint8_t *memory, const char *words) {
    struct { uint32_t magic, version, flags, modules; uint64_t module_list, words, rsdp, map; uint32_t ranges, zero; } info =
        {0x336EC578, 1, 0, 0, 0, COMMAND_LINE, 0, MEMORY_MAP, 1, 0};
    struct { uint64_t start, bytes; uint32_t type, zero; } range = {0, MEMORY, 1, 0};
    memcpy(memory + START_INFO, &info, sizeof info);
    memcpy(memory + MEMORY_MAP, &range, sizeof range);
    strncpy((char *)memory + COMMAND_LINE, words, 2047);
}

// 32-bit protected mode, flat, paging off (Xen docs/misc/pvh).
static void enter(int vcpu, uint32_t entry) {
    struct kvm_sregs system;
    check(ioctl(vcpu, KVM_GET_SREGS, &system), "KVM_GET_SREGS");
    struct kvm_segment data = {.limit = ~0u, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1, .selector = 16};
    struct kvm_segment code = data;
    code.type = 11, code.selector = 8;
    system.cs = code;
    system.ds = system.es = system.fs = system.gs = system.ss = data;
    system.cr0 = 0x11;
    check(ioctl(vcpu, KVM_SET_SREGS, &system), "KVM_SET_SREGS");
    struct kvm_regs registers = {.rip = entry, .rbx = START_INFO, .rflags = 2};
    check(ioctl(vcpu, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

static int make_vcpu(int kvm, int vm) {
    int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    check(vcpu, "KVM_CREATE_VCPU");
    static struct { struct kvm_cpuid2 head; struct kvm_cpuid_entry2 entries[256]; } cpuid;
    cpuid.head.nent = 256;
    check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid), "KVM_GET_SUPPORTED_CPUID");
    check(ioctl(vcpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
    return vcpu;
}

static void loop(int vcpu, struct kvm_run *run) {
    for (;;) {
        if (ioctl(vcpu, KVM_RUN, 0) < 0) {
            if (errno == EINTR) continue;
            check(-1, "KVM_RUN");
        }
        switch (run->exit_reason) {
            case KVM_EXIT_IO: {
                uint8_t *data = (uint8_t *)run + run->io.data_offset;
                if (run->io.direction == KVM_EXIT_IO_IN) {
                    memset(data, run->io.port == 0x3FD ? 0x60 : 0, run->io.size);
                } else if (run->io.port == 0x3F8) {
                    putchar(*data);
                } else if (run->io.port == 0x604) {
                    return;
                }
                break;
            }
            case KVM_EXIT_MMIO:
                if (!run->mmio.is_write) memset(run->mmio.data, 0, run->mmio.len);
                break;
            default: fprintf(stderr, "bare: exit reason %u\n", run->exit_reason); exit(1);
        }
    }
}

static void *sleep_for_good(void *argument) {
    for (;;) pause();
    return argument;
}

static void cage(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleep_for_good, NULL)) refuse("no second thread");
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_RUN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

int main(int count, char **arguments) {
    int caged = count > 1 && !strcmp(arguments[1], "--caged");
    arguments += caged, count -= caged;
    if (count < 2) refuse("usage: bare [--caged] PAYLOAD [COMMAND-LINE]");
    setvbuf(stdout, NULL, _IOLBF, 4096);
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    check(kvm, "/dev/kvm");
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    check(vm, "KVM_CREATE_VM");
    uint8_t *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) refuse("no memory");
    madvise(memory, MEMORY, MADV_HUGEPAGE);
    struct kvm_userspace_memory_region region = {.memory_size = MEMORY, .userspace_addr = (uintptr_t)memory};
    check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    check(ioctl(vm, KVM_SET_TSS_ADDR, 0xFFFBD000), "KVM_SET_TSS_ADDR");
    check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
    struct kvm_pit_config pit = {0};
    check(ioctl(vm, KVM_CREATE_PIT2, &pit), "KVM_CREATE_PIT2");
    int vcpu = make_vcpu(kvm, vm);
    int bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    check(bytes, "KVM_GET_VCPU_MMAP_SIZE");
    struct kvm_run *run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED) refuse("no kvm_run");
    describe(memory, count > 2 ? arguments[2] : "");
    enter(vcpu, load(memory, arguments[1]));
    if (caged) cage();
    loop(vcpu, run);
    return 0;
}
