/* fuzz-config.c: a hostile config.json, and a generation_config.json after the first NUL byte; what
 * gets through keeps the promises that the loader builds on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-config.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_layer (const GemTextConfig *t, int layer)
{
  int source = gem_text_config_kv_source (t, layer);

  g_assert (source >= 0 && source <= layer && source < t->first_shared);
  g_assert (t->layer_types[source] == t->layer_types[layer]);
  g_assert (gem_text_config_head_dim (t, layer) % 2 == 0);
  g_assert (t->num_attention_heads % gem_text_config_n_kv_heads (t, layer) == 0);
  g_assert (gem_text_config_mlp_width (t, layer) > 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *nul = size > 0 ? memchr (data, 0, size) : NULL;
  gsize         length = nul != NULL ? (gsize)(nul - data) : size;
  const char   *generation = nul != NULL ? (const char *)nul + 1 : NULL;
  GemConfig     c;
  g_autoptr (GError) error = NULL;
  gboolean ok = gem_config_parse (&c, (const char *)data, length, generation,
                                  nul != NULL ? size - length - 1 : 0, "fuzz", &error);

  g_assert (ok == (error == NULL));
  if (!ok) {
    g_assert (g_utf8_validate (error->message, -1, NULL));
    return 0;
  }
  for (int layer = 0; layer < c.text.num_hidden_layers; layer++)
    check_layer (&c.text, layer);
  for (int i = 0; i < c.n_stop_ids; i++)
    g_assert (c.stop_ids[i] >= 0 && c.stop_ids[i] < c.text.vocab_size);
  g_assert (c.n_stop_ids <= GEM_MAX_STOP_IDS);
  g_assert (c.text.pad_token_id < c.text.vocab_size_per_layer_input);
  return 0;
}
