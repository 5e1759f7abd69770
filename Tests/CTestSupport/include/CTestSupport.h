// SPDX-License-Identifier: Apache-2.0
// What tests need beneath Swift: heap allocations counted, a hand in another process, threads with few privileges. Tests only.
#pragma once

/// Allocations the calling thread has made so far. Always 0 under AddressSanitizer, which owns malloc itself.
long ctest_allocations(void);

/// Makes a thread of another process, which sleeps in a system call, make another one without arguments instead, and lets
/// it go. Returns 0 or an errno.
int ctest_plant_call(int thread, long call);

/// Makes a system call of the calling thread, and of those it starts, fail with `error` from now on; 0, or -errno.
long ctest_forbid(long call, int error);
/// The number of io_uring_setup.
long ctest_io_uring_setup(void);

/// Makes the calling thread, and no other, act as a user with these effective capabilities only, a bit each, and gives
/// it a /dev/net/tun that everybody may open, as a device plugin does. 0 or -errno.
long ctest_become(unsigned user, unsigned long capabilities);
