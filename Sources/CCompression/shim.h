// SPDX-License-Identifier: Apache-2.0
// zlib and zstd: what compressed clusters are made with.
#pragma once
#include <zlib.h>
#include <zstd.h>

// inflateInit2 is a macro.
static inline int ccompression_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
static inline size_t ccompression_limit_window(ZSTD_DCtx *context, int log) {
    return ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, log);
}
