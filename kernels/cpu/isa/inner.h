/* inner.h: names and prototypes of the inner loops for the set that is being compiled.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The build defines KRN_ISA as c, avx2 or avx512; ISA (rms) is then krn_avx2_rms, and so on.  Only the files of this
 * folder include this. */
#pragma once

#include "kernels/cpu/isa/isa.h"
#include "kernels/cpu/isa/simd.h"

#define ISA__(isa, name) krn_##isa##_##name
#define ISA_(isa, name)  ISA__ (isa, name)
#define ISA(name)        ISA_ (KRN_ISA, name)

void  ISA (rms) (float *y, const float *x, KrnVector w, int n, float eps, float s);
void  ISA (add_rms) (float *h, const float *y, KrnVector w, int n, float eps, float scalar);
void  ISA (add_scale) (float *p, const float *c, int n, float s);
void  ISA (gelu_mul) (float *g, const float *u, int n);
void  ISA (softcap) (float *x, int n, float cap);
void  ISA (widen) (float *y, const uint16_t *x, int n, float s);
void  ISA (scale) (float *y, const float *x, int n, float s);
void  ISA (narrow) (uint16_t *y, const float *x, int n);
void  ISA (rotate) (float *x, const float *cs, int n);
float ISA (max) (const float *x, int n);

void ISA (dot) (float *y, size_t y_stride, const float *x, size_t x_stride, int n, const void *w, size_t w_stride, bool bf16, int rows, int cols);

void ISA (pack_rows) (float *dst, const float *x, size_t x_stride, int m, int cols);
void ISA (pack_panel) (float *dst, const void *w, size_t w_stride, bool bf16, int rows, int cols);
void ISA (panel) (float *y, size_t y_stride, const float *a, size_t a_stride, int m, const float *b, size_t b_stride, int depth, int rows, bool add);

#if defined(__AVX512BF16__)
void ISA (pack_rows_bf16) (uint16_t *dst, const float *x, size_t x_stride, int m, int cols);
void ISA (pack_panel_bf16) (uint16_t *dst, const uint16_t *w, size_t w_stride, int rows, int cols);
void ISA (panel_bf16) (float *y, size_t y_stride, const uint16_t *a, int m, const uint16_t *b, int depth, int rows, bool add);
#endif

void ISA (quantise_rows) (KrnQuantRows dst, const float *x, size_t x_stride, int m, int begin, int end);
void ISA (quant_dot) (float *y, size_t y_stride, KrnQuantRows x, int m, KrnType type, const void *tiles, int rows, int cols);

void ISA (quantise_tile) (KrnType type, uint8_t *tile, const uint16_t *src, size_t stride, int rows);

void ISA (attend) (float *o, float *m, float *l, const float *q, int heads, const KrnKeys *keys, int head_dim, float scale);
void ISA (soften_lanes) (float *s, int n_keys, float *m, float *l, const float *first, const float *last, int key);
void ISA (correct_lanes) (float *o, const float *factor, int head_dim);
void ISA (unpack_lanes) (float *o, const float *lanes, int n, int head_dim);

void   ISA (condition) (float *x, int n, float temperature, float *block_max);
double ISA (weigh) (float *w, const float *x, int n, float most, float lowest, float least, float *block_sum);

float  ISA (peak_read) (const float *x, size_t n);
double ISA (peak_f32) (long rounds, float *sink);
double ISA (peak_bf16) (long rounds, float *sink);
double ISA (peak_int8) (long rounds, float *sink);
