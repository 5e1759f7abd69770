// SPDX-License-Identifier: Apache-2.0
// libcap: capability sets of the process.
#pragma once
#include <sys/capability.h>
