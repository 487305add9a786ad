/* gem-need.c: adds up what loading and a session would take.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Follows gem-checkpoint.c in what is where: a head that is quantised is a second copy of the
 * embedding, which then is only gathered from. */
#define G_LOG_DOMAIN "gem"

#include "gem-need.h"

#include "gem-cache.h"
#include "gem-decoder.h"
#include "gem-encoder.h"
#include "gem-weights.h"

#include "kernels/krn-quant.h"

/* A pass of the CPU and of a GPU (KrnDeviceInfo.rows). */
#define CPU_ROWS 512
#define GPU_ROWS 2048
/* What the largest picture (173 MB) or the longest clip (97 MB) is encoded in. */
#define ENCODING_BYTES (G_GUINT64_CONSTANT (173) * 1000 * 1000)

static guint64
slot_bytes (const GemWeightSlot *slot, GemWeights weights, gboolean packed)
{
  gboolean is_matrix = slot->kind == GEM_SLOT_LINEAR || slot->kind == GEM_SLOT_FINE;
  KrnType  type = packed && is_matrix ? KRN_Q4 : gem_weight_slot_get_type (slot, weights);
  guint64  bytes = type == KRN_BF16 ? 0 : krn_quant_bytes (type, slot->rows, slot->cols);

  return bytes > 0 ? bytes : (guint64)slot->rows * (guint64)slot->cols * 2;
}

static void
count_decoder (GemNeed *need, const GemTextConfig *config, GemWeights weights, gboolean packed)
{
  g_autofree GemTextWeights *text = g_new (GemTextWeights, 1);
  g_autoptr (GArray) slots = gem_text_weights_init (text, config);
  gboolean shared_head = config->tie_word_embeddings && weights == GEM_WEIGHTS_BF16;

  for (guint i = 0; i < slots->len; i++) {
    const GemWeightSlot *slot = &g_array_index (slots, GemWeightSlot, i);
    guint64              bytes = slot_bytes (slot, weights, packed);

    if (slot->kind == GEM_SLOT_TABLE || (slot->kind == GEM_SLOT_EMBED && !shared_head))
      need->tables += bytes;
    else if (!(slot->kind == GEM_SLOT_HEAD && shared_head))
      need->weights += bytes;
  }
}

/* Takes @slots. */
static guint64
count_encoder (GArray *slots)
{
  guint64 bytes = 0;

  for (guint i = 0; i < slots->len; i++)
    bytes += slot_bytes (&g_array_index (slots, GemWeightSlot, i), GEM_WEIGHTS_BF16, FALSE);
  g_array_unref (slots);
  return bytes;
}

gboolean
gem_need_count (const char *shape,
                GemWeights  weights,
                gboolean    packed,
                guint       n_ctx,
                gboolean    on_gpu,
                GemNeed    *need)
{
  GemConfig                    config;
  g_autofree GemVisionWeights *vision = g_new (GemVisionWeights, 1);
  g_autofree GemAudioWeights  *audio = g_new (GemAudioWeights, 1);
  guint                        rows = MIN (n_ctx, on_gpu ? GPU_ROWS : CPU_ROWS);

  *need = (GemNeed){0};
  if (!gem_config_init_published (&config, shape))
    return FALSE;
  count_decoder (need, &config.text, weights, packed);
  need->encoders = count_encoder (gem_vision_weights_init (vision, &config)) +
                   count_encoder (gem_audio_weights_init (audio, &config)) + ENCODING_BYTES;
  need->session =
      gem_cache_bytes (&config.text, KRN_F32, n_ctx, rows) +
      gem_decoder_bytes (&config.text, rows) +
      ((guint64)config.text.vocab_size + (guint64)config.text.hidden_size) * sizeof (float);
  return TRUE;
}

guint64
gem_need_get_total (const GemNeed *need)
{
  return need->weights + need->encoders + need->session;
}
