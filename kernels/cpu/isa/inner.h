/* inner.h: names and prototypes of the inner loops for the set that is being compiled.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The build defines KRN_ISA as c, avx2 or avx512; ISA (rms) is then krn_avx2_rms, and so on.  Only
 * the files of this folder include this. */
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
void  ISA (clamp) (float *y, const float *x, int n, float low, float high);
void  ISA (add_scaled) (float *y, const float *x, int n, float s);
void  ISA (silu) (float *y, const float *x, int n);
void  ISA (glu) (float *y, const float *a, const float *b, int n);
void  ISA (filter) (float *y, KrnIn x, const float *taps, int n);
void  ISA (layer_norm_relu) (float *y, const float *x, KrnVector w, int n, float eps);
float ISA (max) (const float *x, int n);

void ISA (dot) (KrnOut y, KrnIn x, KrnWeights w);

void ISA (pack_rows) (float *dst, KrnIn x, int cols);
void ISA (pack_panel) (float *dst, KrnWeights w);
void ISA (panel) (KrnOut y, KrnPacked a, KrnPacked b, KrnTile tile);
#if defined(__AVX512BF16__)
void ISA (pack_rows_bf16) (uint16_t *dst, KrnIn x, int cols);
void ISA (pack_panel_bf16) (uint16_t *dst, KrnWeights w);
void ISA (panel_bf16) (KrnOut y, const uint16_t *a, const uint16_t *b, KrnTile tile);
#endif

void ISA (quantise_rows) (KrnQuantRows dst, KrnIn x, int begin, int end);
void ISA (quant_dot) (KrnOut y, KrnQuantRows x, KrnQuantWeights w);

void ISA (
    quantise_tile) (KrnType type, uint8_t *tile, const uint16_t *src, size_t stride, int rows);

void ISA (attend) (KrnAttended to, KrnIn q, const KrnKeys *keys, int head_dim, float scale);
void ISA (attend_band) (float *o, const float *q, const KrnBand *band, int head_dim);
void ISA (soften_lanes) (float *s, int n_keys, KrnLanes lanes, bool masked, int key);
void ISA (correct_lanes) (float *o, const float *factor, int head_dim);
void ISA (unpack_lanes) (float *o, const float *lanes, int n, int head_dim);

void   ISA (condition) (float *x, int n, float temperature, float *block_max);
double ISA (weigh) (float       *w,
                    const float *x,
                    int          n,
                    float        most,
                    float        lowest,
                    float        least,
                    float       *block_sum);

float  ISA (peak_read) (const float *x, size_t n);
double ISA (peak_f32) (long rounds, float *sink);
double ISA (peak_bf16) (long rounds, float *sink);
double ISA (peak_int8) (long rounds, float *sink);
