/* table.c: the inner loops of one instruction set, as a table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernels/cpu/isa/inner.h"
#include "kernels/cpu/isa/panel.h"

#define STRING_(x) #x
#define STRING(x)  STRING_ (x)

const KrnIsa ISA_ (KRN_ISA, table) = {
    .name = STRING (KRN_ISA),
    .dot_rows = DOT_R,
    .panel_min = PANEL_MIN,
    .panel_m = PANEL_M,
    .panel_n = PANEL_N,
    .quant_m = QUANT_M,
    .quant_streams = QUANT_STREAMS,

    .rms = ISA (rms),
    .add_rms = ISA (add_rms),
    .add_scale = ISA (add_scale),
    .gelu_mul = ISA (gelu_mul),
    .softcap = ISA (softcap),
    .widen = ISA (widen),
    .scale = ISA (scale),
    .narrow = ISA (narrow),
    .rotate = ISA (rotate),
    .clamp = ISA (clamp),
    .add_scaled = ISA (add_scaled),
    .silu = ISA (silu),
    .glu = ISA (glu),
    .layer_norm_relu = ISA (layer_norm_relu),
    .filter = ISA (filter),
    .max = ISA (max),

    .dot = ISA (dot),

    .pack_rows = ISA (pack_rows),
    .pack_panel = ISA (pack_panel),
    .panel = ISA (panel),

#if defined(__AVX512BF16__)
    .bf16_dot = true,
    .pack_rows_bf16 = ISA (pack_rows_bf16),
    .pack_panel_bf16 = ISA (pack_panel_bf16),
    .panel_bf16 = ISA (panel_bf16),
#endif
#if defined(__AVX512VNNI__)
    .int8_dot = true,
#endif

    .quantise_rows = ISA (quantise_rows),
    .quant_dot = ISA (quant_dot),

    .quantise_tile = ISA (quantise_tile),

    .attend = ISA (attend),
    .attend_band = ISA (attend_band),
    .soften_lanes = ISA (soften_lanes),
    .correct_lanes = ISA (correct_lanes),
    .unpack_lanes = ISA (unpack_lanes),

    .condition = ISA (condition),
    .weigh = ISA (weigh),

    .peak_read = ISA (peak_read),
    .peak_f32 = ISA (peak_f32),
    .peak_bf16 = ISA (peak_bf16),
    .peak_int8 = ISA (peak_int8),
};
