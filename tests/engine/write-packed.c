/* write-packed.c: the tiny model as compressed-tensors would have it, and its plain twin.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Written from the format's description, not with the engine's code: it is what that is tested
 * against. */
#include "write-packed.h"

#include "gem-safetensors.h"
#include "golden-model.h"
#include "write-model.h"
#include "write-safetensors.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define GROUP 32
#define FAULT "layers.1.mlp.down_proj.weight"
#define SMALL "layers.0.mlp.up_proj.weight"

typedef struct {
  const PackedSpec  *spec;
  SafetensorsWriter *packed, *twin;
} Writer;

/* ---- numbers ---- */

static guint16
to_bf16 (float x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  return (guint16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float
from_bf16 (guint16 x)
{
  guint32 bits = (guint32)x << 16;
  float   value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

static double
from_e4m3 (int code)
{
  int exponent = code >> 3 & 15, fraction = code & 7;

  return exponent == 0 ? ldexp (fraction, -9) : ldexp (8 + fraction, exponent - 10);
}

/* The nearest code of x ≥ 0, which is at most 448: the codes 0 … 126 are in order. */
static int
to_e4m3 (double x)
{
  int low = 0, high = 126;

  while (high - low > 1) {
    int middle = (low + high) / 2;

    *(from_e4m3 (middle) <= x ? &low : &high) = middle;
  }
  return x - from_e4m3 (low) <= from_e4m3 (high) - x ? low : high;
}

static float
largest (const float *w, gsize n)
{
  float most = 0;

  for (gsize i = 0; i < n; i++)
    most = MAX (most, fabsf (w[i]));
  return most;
}

/* ---- one matrix ---- */

static void
put_part (Writer       *w,
          const char   *name,
          const char   *suffix,
          const char   *dtype,
          const gint64 *shape,
          int           n_dims,
          const void   *data,
          gsize         n_bytes)
{
  g_autofree char *full = g_strconcat (name, suffix, NULL);

  if (g_str_has_suffix (name, FAULT) && g_strcmp0 (w->spec->skip, suffix) == 0)
    return;
  safetensors_writer_add_data (w->packed, full, dtype, shape, n_dims, data, n_bytes);
}

static void
put_packed4 (Writer *w, const char *name, const GemTensor *t, const float *numbers)
{
  gsize               rows = (gsize)t->shape[0], cols = (gsize)t->shape[1], n = rows * cols;
  gboolean            fault = g_str_has_suffix (name, FAULT);
  g_autofree guint32 *codes = g_new0 (guint32, n / 8);
  g_autofree guint16 *scales = g_new (guint16, n / GROUP);
  g_autofree float   *values = g_new (float, n);
  gint64              packed[] = {t->shape[0], t->shape[1] / 8};
  gint64              groups[] = {t->shape[0], t->shape[1] / GROUP};
  gint64              said[] = {t->shape[0], t->shape[1]}, two = 2;

  for (gsize i = 0; i < n; i++) {
    gboolean tiny = w->spec->small && g_str_has_suffix (name, SMALL);
    float    scale = largest (numbers + i / GROUP * GROUP, GROUP) / 7;
    int      q;

    scales[i / GROUP] = to_bf16 (tiny ? scale * 0x1p-18f : scale);
    q = CLAMP ((int)lrintf (numbers[i] / from_bf16 (to_bf16 (scale))), -8, 7);
    codes[i / 8] |= (guint32)(q + 8) << i % 8 * 4;
    values[i] = from_bf16 (scales[i / GROUP]) * (float)q;
  }
  if (fault && w->spec->wrong_shape)
    said[0]++;
  if (fault && w->spec->wrong_scale)
    groups[1] /= 2;
  put_part (w, name, "_packed", "I32", packed, 2, codes, n / 2);
  put_part (w, name, "_scale", "BF16", groups, 2, scales, (gsize)(groups[0] * groups[1]) * 2);
  put_part (w, name, "_shape", "I64", &two, 1, said, sizeof said);
  if (fault && w->spec->extra != NULL)
    put_part (w, name, w->spec->extra, "I32", &two, 1, said, 8);
  safetensors_writer_add_data (w->twin, name, "F32", t->shape, 2, values, 4 * n);
}

static void
put_f8 (Writer *w, const char *name, const GemTensor *t, const float *numbers)
{
  gsize               rows = (gsize)t->shape[0], cols = (gsize)t->shape[1], n = rows * cols;
  g_autofree guint8  *codes = g_new (guint8, n);
  g_autofree guint16 *scales = g_new (guint16, rows), *values = g_new (guint16, n);
  gint64              per_row[] = {t->shape[0], 1}, one = 1;

  for (gsize r = 0; r < rows; r++) {
    scales[r] = w->spec->per_tensor ? to_bf16 (largest (numbers, n) / 440)
                                    : to_bf16 (largest (numbers + r * cols, cols) / 440);
    for (gsize c = 0; c < cols; c++) {
      float x = numbers[r * cols + c], scale = from_bf16 (scales[r]);
      int   code = to_e4m3 (fabsf (x) / scale);

      codes[r * cols + c] = (guint8)(code | (x < 0 ? 0x80 : 0));
      values[r * cols + c] =
          to_bf16 (scale * (float)(x < 0 ? -from_e4m3 (code) : from_e4m3 (code)));
    }
  }
  if (g_str_has_suffix (name, FAULT) && w->spec->wrong_scale)
    per_row[0]--;
  put_part (w, name, "", "F8_E4M3", t->shape, 2, codes, n);
  if (w->spec->per_tensor)
    put_part (w, name, "_scale", "BF16", &one, 1, scales, 2);
  else
    put_part (w, name, "_scale", "BF16", per_row, 2, scales, 2 * (gsize)per_row[0]);
  safetensors_writer_add_data (w->twin, name, "BF16", t->shape, 2, values, 2 * n);
}

/* ---- the checkpoint ---- */

/* The decoder's linear layers; the embeddings, and what sees and hears, stay as they are. */
static gboolean
is_packed (const GemTensor *t)
{
  return strstr (t->name, "language_model.") != NULL && strstr (t->name, "embed") == NULL &&
         t->n_dims == 2;
}

static void
put (Writer *w, const GemTensor *t)
{
  g_autofree float *numbers = NULL;

  if (!is_packed (t)) {
    safetensors_writer_add_data (w->packed, t->name, "BF16", t->shape, t->n_dims, t->data,
                                 t->n_bytes);
    safetensors_writer_add_data (w->twin, t->name, "BF16", t->shape, t->n_dims, t->data,
                                 t->n_bytes);
    return;
  }
  numbers = g_new (float, t->n_bytes / 2);
  for (gsize i = 0; i < t->n_bytes / 2; i++)
    numbers[i] = from_bf16 ((guint16)(t->data[2 * i] | t->data[2 * i + 1] << 8));
  if (w->spec->fp8)
    put_f8 (w, t->name, t, numbers);
  else
    put_packed4 (w, t->name, t, numbers);
}

static void
write_config (const char *folder, const char *quantization)
{
  g_autofree char *path = golden_path ("tiny-model/config.json"), *text = NULL;
  json_t          *root = json_load_file (path, 0, NULL);

  g_assert_nonnull (root);
  if (quantization != NULL)
    json_object_set_new (root, "quantization_config", json_loads (quantization, 0, NULL));
  text = json_dumps (root, 0);
  write_text (folder, "config.json", text);
  json_decref (root);
  copy_file ("tests/golden/tiny-model/tokenizer.json", folder, "tokenizer.json");
}

/* In the library's own words. */
static char *
quantization_config (const PackedSpec *spec)
{
  if (spec->config != NULL)
    return g_strdup (spec->config);
  return g_strdup_printf ("{\"quant_method\":\"compressed-tensors\",\"format\":\"%s\","
                          "\"quantization_status\":"
                          "\"compressed\",\"ignore\":[\"lm_head\"],\"kv_cache_scheme\":null,"
                          "\"config_groups\":{\"group_0\":"
                          "{\"targets\":[\"Linear\"],\"input_activations\":%s,\"output_"
                          "activations\":null,\"weights\":{"
                          "\"num_bits\":%d,\"type\":\"%s\",\"symmetric\":true,\"strategy\":\"%s\","
                          "\"group_size\":%s,"
                          "\"actorder\":null,\"dynamic\":false}}}}",
                          spec->fp8 ? "float-quantized" : "pack-quantized",
                          spec->fp8 ? "{\"num_bits\":8,\"type\":\"float\",\"strategy\":\"token\","
                                      "\"dynamic\":true}"
                                    : "null",
                          spec->fp8 ? 8 : 4, spec->fp8 ? "float" : "int",
                          !spec->fp8         ? "group"
                          : spec->per_tensor ? "tensor"
                                             : "channel",
                          spec->fp8 ? "null" : "32");
}

void
write_packed (const char *folder, const char *twin, const PackedSpec *spec)
{
  g_autofree char *path = golden_path ("tiny-model/model.safetensors");
  g_autofree char *config = quantization_config (spec);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = gem_safetensors_open (path, &error);
  Writer w = {spec, safetensors_writer_new (), safetensors_writer_new ()};

  g_assert_no_error (error);
  for (guint i = 0; i < gem_safetensors_get_n_tensors (files); i++)
    put (&w, gem_safetensors_get_nth (files, i));
  write_bytes (folder, "model.safetensors", safetensors_writer_finish (w.packed));
  write_config (folder, config);
  if (twin == NULL) {
    g_byte_array_unref (safetensors_writer_finish (w.twin));
    return;
  }
  write_bytes (twin, "model.safetensors", safetensors_writer_finish (w.twin));
  write_config (twin, NULL);
}
