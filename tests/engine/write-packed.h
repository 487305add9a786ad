/* write-packed.h: the tiny model as compressed-tensors would have it, and its plain twin.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gboolean    fp8;        /* FP8-dynamic; else W4A16 in groups of 32 */
  gboolean    per_tensor; /* FP8 with one scale for all rows */
  gboolean    small;      /* the scales of layer 0's up_proj are too small for F16 */
  const char *config;     /* a quantization_config in place of the right one */
  /* one fault, in layer 1's down_proj */
  const char *skip;  /* "_scale", …: this part is missing */
  const char *extra; /* "_zero_point": this part is there, too */
  gboolean    wrong_shape, wrong_scale;
} PackedSpec;

/* Writes a packed checkpoint into @folder and, if it is not NULL, one with the same numbers into
 * @twin: F32 for W4A16, the nearest BF16 for FP8. */
void write_packed (const char *folder, const char *twin, const PackedSpec *spec);

G_END_DECLS
