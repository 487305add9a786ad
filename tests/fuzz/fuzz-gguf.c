/* fuzz-gguf.c: a hostile GGUF file; every tensor that gets through is read to its last number, and
 * the configuration and the tokenizer that it holds are read, too.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-config.h"
#include "gem-gguf-config.h"
#include "gem-gguf-tokenizer.h"
#include "kernels/krn-quant.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
read_tensor (const GemTensor *t)
{
  gsize cols = (gsize)t->shape[t->n_dims - 1];
  gsize rows = t->n_bytes / gem_dtype_get_size (t->dtype) * gem_dtype_get_block (t->dtype) / cols;
  g_autofree float   *numbers = g_new (float, cols);
  g_autofree guint16 *halves = g_new (guint16, cols);
  KrnType             blocks = gem_tensor_get_block_type (t);

  g_assert (gem_tensor_has_numbers (t));
  for (gsize r = 0; r < rows; r++) {
    gem_tensor_read (t, r, 1, numbers);
    gem_tensor_read_bf16 (t, r, 1, halves);
  }
  if (blocks != KRN_BF16 && t->n_dims == 2) {
    g_autofree guint8 *tiles = g_malloc (krn_quant_bytes (blocks, KRN_TILE_ROWS, (int)cols));

    for (gsize r = 0; r < rows; r += KRN_TILE_ROWS)
      gem_tensor_read_tiles (t, r, tiles);
  }
}

static void
assert_error (gboolean ok, const GError *error)
{
  g_assert (ok == (error == NULL));
  g_assert (ok || g_utf8_validate (error->message, -1, NULL));
}

static void
read_rest (const GemGguf *file)
{
  g_autoptr (GError) config_error = NULL;
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (GError) tokenizer_error = NULL;
  g_autofree char *config = gem_gguf_dup_config (file, file, &config_error);
  g_autofree char *generation = gem_gguf_dup_generation (file);
  g_autoptr (GemTokenizer) tokenizer = gem_gguf_load_tokenizer (file, &tokenizer_error);
  GemConfig parsed;
  gboolean  ok;

  assert_error (config != NULL, config_error);
  assert_error (tokenizer != NULL, tokenizer_error);
  if (config == NULL)
    return;
  ok = gem_config_parse (&parsed, config, strlen (config), generation, strlen (generation), "fuzz",
                         &parse_error);
  assert_error (ok, parse_error);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemGguf) file = gem_gguf_new_from_data (data, size, "fuzz", &error);
  gsize covered = 0;

  assert_error (file != NULL, error);
  if (file == NULL)
    return 0;
  for (guint i = 0; i < gem_gguf_get_n_tensors (file); i++) {
    const GemTensor *t = gem_gguf_get_nth (file, i);

    g_assert (gem_gguf_find (file, t->name) == t);
    read_tensor (t);
    covered += t->n_bytes;
  }
  g_assert (covered <= size);
  read_rest (file);
  return 0;
}
