// SPDX-License-Identifier: Apache-2.0
// <linux/kvm.h> for Swift: ioctl numbers as constants (function-like macros do not import), accessors for flexible
// arrays, and declarations newer than Debian 12's 6.1 headers. No policy. A negative result is -errno.
#pragma once
#include <errno.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define CKVM_NUMBER(name) static const unsigned long C##name = name
CKVM_NUMBER(KVM_GET_API_VERSION);
CKVM_NUMBER(KVM_CREATE_VM);
CKVM_NUMBER(KVM_CHECK_EXTENSION);
CKVM_NUMBER(KVM_GET_VCPU_MMAP_SIZE);
CKVM_NUMBER(KVM_GET_SUPPORTED_CPUID);
CKVM_NUMBER(KVM_GET_MSR_INDEX_LIST);
CKVM_NUMBER(KVM_GET_MSR_FEATURE_INDEX_LIST);
CKVM_NUMBER(KVM_CREATE_VCPU);
CKVM_NUMBER(KVM_SET_USER_MEMORY_REGION);
CKVM_NUMBER(KVM_GET_DIRTY_LOG);
CKVM_NUMBER(KVM_CLEAR_DIRTY_LOG);
CKVM_NUMBER(KVM_SET_TSS_ADDR);
CKVM_NUMBER(KVM_SET_IDENTITY_MAP_ADDR);
CKVM_NUMBER(KVM_CREATE_IRQCHIP);
CKVM_NUMBER(KVM_CREATE_PIT2);
CKVM_NUMBER(KVM_IRQ_LINE);
CKVM_NUMBER(KVM_SET_GSI_ROUTING);
CKVM_NUMBER(KVM_SIGNAL_MSI);
CKVM_NUMBER(KVM_IRQFD);
CKVM_NUMBER(KVM_IOEVENTFD);
CKVM_NUMBER(KVM_ENABLE_CAP);
CKVM_NUMBER(KVM_GET_STATS_FD);
CKVM_NUMBER(KVM_GET_CLOCK);
CKVM_NUMBER(KVM_SET_CLOCK);
CKVM_NUMBER(KVM_GET_IRQCHIP);
CKVM_NUMBER(KVM_SET_IRQCHIP);
CKVM_NUMBER(KVM_GET_PIT2);
CKVM_NUMBER(KVM_SET_PIT2);
CKVM_NUMBER(KVM_RUN);
CKVM_NUMBER(KVM_GET_REGS);
CKVM_NUMBER(KVM_SET_REGS);
CKVM_NUMBER(KVM_GET_SREGS);
CKVM_NUMBER(KVM_SET_SREGS);
CKVM_NUMBER(KVM_GET_SREGS2);
CKVM_NUMBER(KVM_SET_SREGS2);
CKVM_NUMBER(KVM_GET_FPU);
CKVM_NUMBER(KVM_SET_FPU);
CKVM_NUMBER(KVM_GET_MSRS);
CKVM_NUMBER(KVM_SET_MSRS);
CKVM_NUMBER(KVM_GET_LAPIC);
CKVM_NUMBER(KVM_SET_LAPIC);
CKVM_NUMBER(KVM_SET_CPUID2);
CKVM_NUMBER(KVM_GET_MP_STATE);
CKVM_NUMBER(KVM_SET_MP_STATE);
CKVM_NUMBER(KVM_GET_VCPU_EVENTS);
CKVM_NUMBER(KVM_SET_VCPU_EVENTS);
CKVM_NUMBER(KVM_SET_SIGNAL_MASK);
CKVM_NUMBER(KVM_GET_TSC_KHZ);
CKVM_NUMBER(KVM_SET_TSC_KHZ);
CKVM_NUMBER(KVM_KVMCLOCK_CTRL);
CKVM_NUMBER(KVM_NMI);
CKVM_NUMBER(KVM_GET_XSAVE);
CKVM_NUMBER(KVM_SET_XSAVE);
CKVM_NUMBER(KVM_GET_XSAVE2);
CKVM_NUMBER(KVM_GET_XCRS);
CKVM_NUMBER(KVM_SET_XCRS);
CKVM_NUMBER(KVM_GET_DEBUGREGS);
CKVM_NUMBER(KVM_SET_DEBUGREGS);
CKVM_NUMBER(KVM_GET_NESTED_STATE);
CKVM_NUMBER(KVM_SET_NESTED_STATE);
CKVM_NUMBER(KVM_GET_DEVICE_ATTR);
CKVM_NUMBER(KVM_SET_DEVICE_ATTR);
#undef CKVM_NUMBER

static const uint32_t CKVM_IOEVENTFD_DATAMATCH = KVM_IOEVENTFD_FLAG_DATAMATCH;
static const uint32_t CKVM_IOEVENTFD_PIO = KVM_IOEVENTFD_FLAG_PIO;
static const uint32_t CKVM_IOEVENTFD_DEASSIGN = KVM_IOEVENTFD_FLAG_DEASSIGN;

static inline long ckvm_ioctl(int fd, unsigned long request, unsigned long argument) {
    int r = ioctl(fd, request, argument);
    return r < 0 ? -(long)errno : r;
}
static inline long ckvm_ioctl_pointer(int fd, unsigned long request, void *argument) {
    int r = ioctl(fd, request, argument);
    return r < 0 ? -(long)errno : r;
}

// KVM_RUN without the C library's wrapper, which is a quarter of the instructions an exit takes in user space.
static inline long ckvm_run(int fd) {
#ifdef __x86_64__
    long r = SYS_ioctl;
    __asm__ volatile("syscall" : "+a"(r) : "D"((long)fd), "S"(KVM_RUN), "d"(0L) : "rcx", "r11", "memory");
    return r;
#else
    return ckvm_ioctl(fd, KVM_RUN, 0);
#endif
}

// What KVM/RunPage.swift says; these are part of the kernel's ABI.
_Static_assert(offsetof(struct kvm_run, exit_reason) == 8 && KVM_EXIT_IO == 2 && KVM_EXIT_MMIO == 6 &&
               KVM_EXIT_IO_IN == 0, "exit reasons");
_Static_assert(offsetof(struct kvm_run, io.direction) == 32 && offsetof(struct kvm_run, io.size) == 33 &&
               offsetof(struct kvm_run, io.port) == 34 && offsetof(struct kvm_run, io.count) == 36 &&
               offsetof(struct kvm_run, io.data_offset) == 40, "port accesses");
_Static_assert(offsetof(struct kvm_run, mmio.phys_addr) == 32 && offsetof(struct kvm_run, mmio.data) == 40 &&
               offsetof(struct kvm_run, mmio.len) == 48 && offsetof(struct kvm_run, mmio.is_write) == 52,
               "memory accesses");
static const long CKVM_RUN_IMMEDIATE_EXIT = offsetof(struct kvm_run, immediate_exit);

// Flexible arrays: where the entries start.
static inline struct kvm_cpuid_entry2 *ckvm_cpuid_entries(struct kvm_cpuid2 *p) { return p->entries; }
static inline struct kvm_msr_entry *ckvm_msr_entries(struct kvm_msrs *p) { return p->entries; }
static inline uint32_t *ckvm_msr_indices(struct kvm_msr_list *p) { return p->indices; }
static inline struct kvm_irq_routing_entry *ckvm_routing_entries(struct kvm_irq_routing *p) { return p->entries; }
static inline uint8_t *ckvm_signal_mask_bytes(struct kvm_signal_mask *p) { return p->sigset; }

// The host's time-stamp counter, for kernels whose KVM_GET_CLOCK does not report it.
static inline uint64_t ckvm_host_tsc(void) {
#ifdef __x86_64__
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}
