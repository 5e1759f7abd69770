// SPDX-License-Identifier: Apache-2.0
// Counts heap allocations of a thread, for tests that prove there are none. Tests only.
#pragma once

/// Allocations the calling thread has made so far. Always 0 under AddressSanitizer, which owns malloc itself.
long ctest_allocations(void);
