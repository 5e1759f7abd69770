// SPDX-License-Identifier: Apache-2.0
#include "CTestSupport.h"
#include <errno.h>
#include <stddef.h>

static __thread long allocations __attribute__((tls_model("initial-exec")));

long ctest_allocations(void) { return allocations; }

#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
// These take the place of glibc's in the test executable and in every library it loads.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t n) {
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t count, size_t n) {
    allocations++;
    return __libc_calloc(count, n);
}

void *realloc(void *p, size_t n) {
    allocations++;
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n) {
    allocations++;
    return __libc_memalign(alignment, n);
}

int posix_memalign(void **result, size_t alignment, size_t n) {
    allocations++;
    void *p = __libc_memalign(alignment, n);
    if (!p) return ENOMEM;
    *result = p;
    return 0;
}
#endif
