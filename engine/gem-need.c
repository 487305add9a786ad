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
#include "gem-source.h"
#include "gem-weights.h"

#include "kernels/krn-quant.h"

/* A pass of the CPU and of a GPU (KrnDeviceInfo.rows). */
#define CPU_ROWS 512
#define GPU_ROWS 2048
/* What the largest picture (173 MB) or the longest clip (97 MB) is encoded in. */
#define ENCODING_BYTES (G_GUINT64_CONSTANT (173) * 1000 * 1000)

/* @stored: the blocks in which the files have their matrices already, else KRN_BF16. */
static guint64
slot_bytes (const GemWeightSlot *slot, GemWeights weights, KrnType stored)
{
  KrnType type = gem_weight_slot_get_type (slot, weights);
  guint64 bytes;

  if (slot->kind == GEM_SLOT_SCALAR) /* kept with the program's own numbers */
    return 0;
  if ((slot->kind == GEM_SLOT_LINEAR || slot->kind == GEM_SLOT_FINE) &&
      (stored == KRN_Q4 || (stored == KRN_Q8 && type == KRN_BF16)))
    type = stored;
  bytes = type == KRN_BF16 ? 0 : krn_quant_bytes (type, slot->rows, slot->cols);
  return bytes > 0 ? bytes : (guint64)slot->rows * (guint64)slot->cols * 2;
}

static void
count_decoder (GemNeed             *need,
               const GemTextConfig *config,
               const GArray        *slots,
               GemWeights           weights,
               KrnType              stored)
{
  gboolean shared_head = config->tie_word_embeddings && weights == GEM_WEIGHTS_BF16;

  for (guint i = 0; i < slots->len; i++) {
    const GemWeightSlot *slot = &g_array_index (slots, GemWeightSlot, i);
    guint64              bytes = slot_bytes (slot, weights, stored);

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
    bytes += slot_bytes (&g_array_index (slots, GemWeightSlot, i), GEM_WEIGHTS_BF16, KRN_BF16);
  g_array_unref (slots);
  return bytes;
}

static guint64
count_encoders (const GemConfig *config, gboolean with_vision, gboolean with_audio)
{
  g_autofree GemVisionWeights *vision = g_new (GemVisionWeights, 1);
  g_autofree GemAudioWeights  *audio = g_new (GemAudioWeights, 1);
  guint64                      bytes = 0;

  if (with_vision)
    bytes += count_encoder (gem_vision_weights_init (vision, config));
  if (with_audio)
    bytes += count_encoder (gem_audio_weights_init (audio, config));
  return bytes > 0 ? bytes + ENCODING_BYTES : 0;
}

gboolean
gem_need_count (const char *shape,
                GemWeights  weights,
                gboolean    packed,
                guint       n_ctx,
                gboolean    on_gpu,
                GemNeed    *need)
{
  GemConfig                  config;
  g_autofree GemTextWeights *text = g_new (GemTextWeights, 1);
  g_autoptr (GArray) slots = NULL;

  *need = (GemNeed){0};
  if (!gem_config_init_published (&config, shape))
    return FALSE;
  slots = gem_text_weights_init (text, &config.text);
  count_decoder (need, &config.text, slots, weights, packed ? KRN_Q4 : KRN_BF16);
  need->encoders = count_encoders (&config, TRUE, TRUE);
  need->session = gem_need_count_session (&config.text, GEM_CACHE_AUTO, n_ctx, on_gpu);
  return TRUE;
}

/* One matrix speaks for all of them: asking each would be reading each. */
static KrnType
find_stored_type (GemSource *source, const GArray *slots)
{
  for (guint i = 0; i < slots->len; i++) {
    const GemWeightSlot *slot = &g_array_index (slots, GemWeightSlot, i);
    const GemTensor     *tensor = NULL;

    if (slot->kind == GEM_SLOT_LINEAR)
      tensor = gem_source_find (source, GEM_SOURCE_DECODER, slot->name, NULL);
    if (tensor != NULL)
      return gem_tensor_get_block_type (tensor);
  }
  return KRN_BF16;
}

gboolean
gem_need_count_at (const char            *path,
                   const GemModelOptions *options,
                   GemNeed               *need,
                   GemConfig             *config,
                   GError               **error)
{
  g_autofree GemTextWeights *text = g_new (GemTextWeights, 1);
  g_autoptr (GemSource) source = gem_source_open (path, error);
  g_autofree char *name = source != NULL ? gem_source_dup_name (source) : NULL;
  g_autoptr (GArray) slots = NULL;

  *need = (GemNeed){0};
  if (source == NULL || !gem_source_read_config (source, config, name, error) ||
      !gem_source_map (source, FALSE, error))
    return FALSE;
  slots = gem_text_weights_init (text, &config->text);
  count_decoder (need, &config->text, slots, options->weights, find_stored_type (source, slots));
  need->encoders = count_encoders (config, config->has_vision && !options->without_vision,
                                   config->has_audio && !options->without_audio);
  return TRUE;
}

guint64
gem_need_count_session (const GemTextConfig *config,
                        GemCacheType         cache,
                        guint                n_ctx,
                        gboolean             on_gpu)
{
  guint   rows = MIN (n_ctx, on_gpu ? GPU_ROWS : CPU_ROWS);
  guint64 logits =
      ((guint64)config->vocab_size + 1 + (guint64)config->hidden_size) * sizeof (float);

  return gem_cache_bytes (config, cache == GEM_CACHE_BF16 ? KRN_BF16 : KRN_F32, n_ctx, rows) +
         gem_decoder_bytes (config, rows) + logits;
}

guint
gem_need_longest_context (const GemTextConfig *config,
                          GemCacheType         cache,
                          gboolean             on_gpu,
                          guint64              available)
{
  guint fits = 0, too_many = (guint)config->max_position_embeddings + 1;

  while (fits + 1 < too_many) {
    guint tried = fits + (too_many - fits) / 2;

    if (gem_need_count_session (config, cache, tried, on_gpu) <= available)
      fits = tried;
    else
      too_many = tried;
  }
  return fits;
}

guint64
gem_need_get_total (const GemNeed *need)
{
  return need->weights + need->encoders + need->session;
}
