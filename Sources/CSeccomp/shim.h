// SPDX-License-Identifier: Apache-2.0
// libseccomp: the function-like macros Swift cannot see.
#pragma once
#include <seccomp.h>

static const uint32_t CSCMP_ALLOW = SCMP_ACT_ALLOW;
static const uint32_t CSCMP_TRAP = SCMP_ACT_TRAP;
static const uint32_t CSCMP_KILL_PROCESS = SCMP_ACT_KILL_PROCESS;
static inline uint32_t cscmp_errno(uint16_t code) { return SCMP_ACT_ERRNO(code); }
