/* gem-model.c: a loaded checkpoint: the order in which it is read, and what is known about
 * it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the mapped files, the device, the tokenizer and the views.  Loaded on one thread, immutable
 * afterwards.  The small files come first, so that a folder of another kind is refused at once.
 * Reads no tensor itself (gem-checkpoint.c) and computes nothing (gem-decoder.c). */
#define G_LOG_DOMAIN "gem"

#include "gem-model.h"
#include "gem-checkpoint.h"
#include "gem-encoder.h"
#include "gem-file.h"
#include "gem-synthetic.h"
#include "gem-weights.h"

#include <jansson.h>

#define MAX_FACET_BYTES (64 * 1024)
#define MAX_NAME_LENGTH 120

struct _GemModel {
  gatomicrefcount  ref_count;
  GemConfig        config;
  GemTextWeights   text;
  GemVisionWeights vision; /* if vision_is_bound */
  GemAudioWeights  audio;  /* if audio_is_bound */
  gboolean         vision_is_bound, audio_is_bound;
  GArray          *vision_parts, *audio_parts; /* found in the checkpoint, to be bound */
  GemBackend      *backend;
  GemCheckpoint    checkpoint; /* of a folder … */
  GemSynthetic    *synthetic;  /* … or random numbers */
  GemTokenizer    *tokenizer;
  GemTemplate template;
  GPtrArray *warnings; /* of char *, NULL-terminated once loaded */
  char      *folder;
  char      *name;
  char      *identity;
};

/* ---- the small files ---- */

/* Ids of the tokenizer index the embedding: a larger tokenizer would read beyond it. */
static gboolean
load_tokenizer (GemModel *self, GError **error)
{
  guint n;

  self->tokenizer = gem_source_load_tokenizer (self->checkpoint.source, self->name, error);
  if (self->tokenizer == NULL)
    return FALSE;
  n = gem_tokenizer_get_n_tokens (self->tokenizer);
  if (n <= (guint)self->config.text.vocab_size)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The tokenizer of “%s” has %u tokens where config.json says %d: they belong to "
               "different models.",
               self->name, n, self->config.text.vocab_size);
  return FALSE;
}

static gboolean
load_template (GemModel *self, GError **error)
{
  g_autofree char *text = NULL;
  gsize            length;

  self->template = GEM_TEMPLATE_E2B;
  if (!gem_source_read_template (self->checkpoint.source, &text, &length, error))
    return FALSE;
  if (text != NULL && !gem_template_recognise (text, length, &self->template))
    g_ptr_array_add (self->warnings,
                     g_strdup (
                         "This folder's chat template is not one that Facet knows; the one of "
                         "Gemma 4 E2B is used, and answers may be worse than they should be."));
  return TRUE;
}

/* ---- its name ---- */

static gboolean
is_presentable (const char *name)
{
  if (name == NULL || name[0] == '\0' || g_utf8_strlen (name, -1) > MAX_NAME_LENGTH)
    return FALSE;
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* A facet.json that makes no sense only costs the model its name. */
static char *
choose_name (const char *folder, const GemSource *source)
{
  g_autofree char *text = NULL, *chosen = NULL;
  const char      *name;
  gsize            length;
  json_t          *root;

  if (gem_file_read_optional (folder, "facet.json", MAX_FACET_BYTES, &text, &length, NULL) &&
      text != NULL) {
    root = json_loadb (text, length, 0, NULL);
    name = json_string_value (json_object_get (root, "name"));
    if (is_presentable (name))
      chosen = g_strdup (name);
    json_decref (root);
  }
  return chosen != NULL ? g_steal_pointer (&chosen) : gem_source_dup_name (source);
}

/* ---- loading ---- */

static GemModel *
model_new (void)
{
  GemModel *self = g_new0 (GemModel, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  self->checkpoint.weights = &self->text;
  return self;
}

static gboolean
open_backend (GemModel *self, const GemModelOptions *options, GError **error)
{
  KrnOptions krn = {
      .threads = options->threads,
      .fast = options->fast,
      .memory_share = (float)options->memory_share,
  };

  self->backend = gem_backend_open (options->backend, options->device, &krn, self->warnings, error);
  return self->backend != NULL;
}

static KrnType
choose_kv_type (const GemModelOptions *options)
{
  gboolean rounded = options->cache == GEM_CACHE_BF16 ||
                     (options->cache == GEM_CACHE_AUTO && options->fast);

  return rounded ? KRN_BF16 : KRN_F32;
}

/* What config.json tells of an encoder holds only if its tensors are there too. */
static gboolean
find_encoder (GemModel   *self,
              gboolean   *has,
              gboolean    without,
              GArray     *slots,
              GArray    **parts,
              const char *warning,
              GError    **error)
{
  g_autoptr (GError) local = NULL;

  *has = *has && !without;
  if (!*has) {
    g_array_unref (slots);
    return TRUE;
  }
  *parts = gem_checkpoint_find_encoder (&self->checkpoint, slots, &local);
  if (local != NULL) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  if (*parts == NULL) {
    g_ptr_array_add (self->warnings, g_strdup (warning));
    *has = FALSE;
  }
  return TRUE;
}

static gboolean
find_encoders (GemModel *self, const GemModelOptions *options, GError **error)
{
  return find_encoder (self, &self->config.has_vision, options->without_vision,
                       gem_vision_weights_init (&self->vision, &self->config), &self->vision_parts,
                       "This folder holds no vision encoder: the model cannot look at pictures.",
                       error) &&
         find_encoder (self, &self->config.has_audio, options->without_audio,
                       gem_audio_weights_init (&self->audio, &self->config), &self->audio_parts,
                       "This folder holds no audio encoder: the model cannot listen.", error);
}

/* Whatever the backend still had to do for the weights (an upload) has been done, or has failed. */
static gboolean
finish (GemModel *self, GError **error)
{
  char why[256] = "";

  if (gem_backend_get_ops (self->backend)
          ->sync (gem_backend_get_device (self->backend), why, sizeof why) < 0) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE, "The weights could not be brought to %s: %s.",
                 gem_backend_get_description (self->backend), why);
    return FALSE;
  }
  g_ptr_array_add (self->warnings, NULL);
  return TRUE;
}

static gboolean
report (GemProgressFunc progress,
        double          fraction,
        const char     *what,
        gpointer        user_data,
        GError        **error)
{
  if (progress == NULL || progress (fraction, what, user_data))
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_CANCELLED, "Loading the model was cancelled.");
  return FALSE;
}

static gboolean
open_source (GemModel *self, const char *path, GError **error)
{
  self->folder = g_strdup (path);
  self->checkpoint.source = gem_source_open (path, error);
  if (self->checkpoint.source == NULL)
    return FALSE;
  self->name = choose_name (path, self->checkpoint.source);
  return TRUE;
}

static gboolean
load (GemModel              *self,
      const char            *path,
      const GemModelOptions *options,
      GemProgressFunc        progress,
      gpointer               user_data,
      GError               **error)
{
  if (!report (progress, 0, "Reading the configuration", user_data, error) ||
      !open_source (self, path, error) ||
      !gem_source_read_config (self->checkpoint.source, &self->config, self->name, error) ||
      !load_template (self, error) ||
      !report (progress, 0.01, "Reading the tokenizer", user_data, error) ||
      !load_tokenizer (self, error) ||
      !report (progress, 0.05, "Reading the weights", user_data, error) ||
      !open_backend (self, options, error) ||
      !gem_checkpoint_load (&self->checkpoint, &self->config, self->backend, options,
                            self->warnings, progress, user_data, error) ||
      !find_encoders (self, options, error) || !finish (self, error) ||
      !report (progress, 1, "Ready", user_data, error))
    return FALSE;
  self->text.kv_type = choose_kv_type (options);
  self->identity = gem_source_dup_identity (self->checkpoint.source);
  return TRUE;
}

GemModel *
gem_model_load_on_cpu (const char            *folder,
                       const GemModelOptions *options,
                       const GError          *reason,
                       GemProgressFunc        progress,
                       gpointer               user_data,
                       GError               **error)
{
  g_autoptr (GemModel) self = model_new ();
  GemModelOptions on_cpu = *options;

  on_cpu.backend = "cpu";
  on_cpu.device = NULL;
  g_ptr_array_add (self->warnings,
                   g_strdup_printf (g_error_matches (reason, GEM_ERROR, GEM_ERROR_NO_MEMORY)
                                        ? "The CPU computes, because the model does not fit the "
                                          "GPU.  %s"
                                        : "The CPU computes, because the GPU failed.  %s",
                                    reason->message));
  return load (self, folder, &on_cpu, progress, user_data, error) ? g_steal_pointer (&self) : NULL;
}

GemModel *
gem_model_load (const char            *folder,
                const GemModelOptions *options,
                GemProgressFunc        progress,
                gpointer               user_data,
                GError               **error)
{
  g_autoptr (GemModel) self = model_new ();
  g_autoptr (GError) reason = NULL;

  if (load (self, folder, options, progress, user_data, &reason))
    return g_steal_pointer (&self);
  if (self->backend == NULL || !gem_backend_is_automatic_gpu (self->backend) ||
      (!g_error_matches (reason, GEM_ERROR, GEM_ERROR_NO_MEMORY) &&
       !g_error_matches (reason, GEM_ERROR, GEM_ERROR_DEVICE))) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return NULL;
  }
  g_clear_pointer (&self, gem_model_unref);
  return gem_model_load_on_cpu (folder, options, reason, progress, user_data, error);
}

GemModel *
gem_model_new_synthetic (const char *shape, const GemModelOptions *options, GError **error)
{
  g_autoptr (GemModel) self = model_new ();

  if (!gem_config_init_published (&self->config, shape)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "There is no published shape “%s”; there are e2b and e4b.", shape);
    return NULL;
  }
  self->name = g_strdup_printf ("Random weights, %s", shape);
  self->config.has_vision &= !options->without_vision;
  self->config.has_audio &= !options->without_audio;
  if (!open_backend (self, options, error))
    return NULL;
  self->synthetic = gem_synthetic_new ();
  if (!gem_synthetic_fill (self->synthetic, &self->text, &self->config, self->backend,
                           options->weights, options->threads, error) ||
      !finish (self, error))
    return NULL;
  self->text.kv_type = choose_kv_type (options);
  self->identity = g_strdup (self->name);
  return g_steal_pointer (&self);
}

GemModel *
gem_model_ref (GemModel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gem_model_unref (GemModel *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  /* The device's buffers borrow from what lies behind them. */
  g_clear_pointer (&self->backend, gem_backend_close);
  g_clear_pointer (&self->vision_parts, g_array_unref);
  g_clear_pointer (&self->audio_parts, g_array_unref);
  gem_checkpoint_clear (&self->checkpoint);
  g_clear_pointer (&self->synthetic, gem_synthetic_free);
  g_clear_pointer (&self->tokenizer, gem_tokenizer_unref);
  g_ptr_array_unref (self->warnings);
  g_free (self->folder);
  g_free (self->name);
  g_free (self->identity);
  g_free (self);
}

/* ---- what is known ---- */

const GemConfig *
gem_model_get_config (GemModel *self)
{
  return &self->config;
}

GemTokenizer *
gem_model_get_tokenizer (GemModel *self)
{
  return self->tokenizer;
}

GemTemplate
gem_model_get_template (GemModel *self)
{
  return self->template;
}

const char *const *
gem_model_get_warnings (GemModel *self)
{
  return (const char *const *)self->warnings->pdata;
}

const char *
gem_model_get_name (GemModel *self)
{
  return self->name;
}

const char *
gem_model_get_folder (GemModel *self)
{
  return self->folder;
}

const char *
gem_model_get_identity (GemModel *self)
{
  return self->identity;
}

const char *
gem_model_get_device_name (GemModel *self)
{
  return gem_backend_get_description (self->backend);
}

gboolean
gem_model_is_on_automatic_gpu (GemModel *self)
{
  return gem_backend_is_automatic_gpu (self->backend);
}

guint64
gem_model_get_weight_bytes (GemModel *self)
{
  return self->synthetic != NULL ? gem_synthetic_get_weight_bytes (self->synthetic)
                                 : self->checkpoint.weight_bytes;
}

guint64
gem_model_get_table_bytes (GemModel *self)
{
  return self->synthetic != NULL ? gem_synthetic_get_table_bytes (self->synthetic)
                                 : self->checkpoint.table_bytes;
}

gboolean
gem_model_is_stop (GemModel *self, gint32 id)
{
  for (int i = 0; i < self->config.n_stop_ids; i++)
    if (self->config.stop_ids[i] == id)
      return TRUE;
  return FALSE;
}

const GemTextWeights *
gem_model_get_text_weights (struct _GemModel *self)
{
  return &self->text;
}

const KrnOps *
gem_model_get_ops (struct _GemModel *self)
{
  return gem_backend_get_ops (self->backend);
}

GemBackend *
gem_model_get_backend (struct _GemModel *self)
{
  return self->backend;
}

KrnDevice *
gem_model_get_krn_device (struct _GemModel *self)
{
  return gem_backend_get_device (self->backend);
}

guint
gem_model_get_pass_rows (struct _GemModel *self)
{
  KrnDeviceInfo info = {.rows = 0};

  gem_model_get_ops (self)->info (gem_model_get_krn_device (self), &info);
  return info.rows > 0 ? (guint)info.rows : 512;
}

/* ---- the encoders, when they are first asked for ---- */

/* Takes @slots. */
static gboolean
bind_encoder (GemModel *self, GArray *parts, GArray *slots, GError **error)
{
  g_autoptr (GArray) owned = slots;

  if (self->synthetic != NULL)
    return gem_synthetic_fill_encoder (self->synthetic, slots, self->backend, error);
  return gem_checkpoint_bind_encoder (&self->checkpoint, parts, self->backend, error);
}

const GemVisionWeights *
gem_model_get_vision_weights (GemModel *self, GError **error)
{
  if (!self->config.has_vision) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "“%s” cannot look at pictures: it has no vision encoder, or was loaded without "
                 "it.",
                 self->name);
    return NULL;
  }
  if (!self->vision_is_bound)
    self->vision_is_bound =
        bind_encoder (self, self->vision_parts,
                      gem_vision_weights_init (&self->vision, &self->config), error) &&
        gem_vision_weights_bind_rope (&self->vision, &self->config.vision, self->backend, error);
  return self->vision_is_bound ? &self->vision : NULL;
}

const GemAudioWeights *
gem_model_get_audio_weights (GemModel *self, GError **error)
{
  if (!self->config.has_audio) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                 "“%s” cannot listen: it has no audio encoder, or was loaded without it.",
                 self->name);
    return NULL;
  }
  if (!self->audio_is_bound)
    self->audio_is_bound =
        bind_encoder (self, self->audio_parts, gem_audio_weights_init (&self->audio, &self->config),
                      error) &&
        gem_audio_weights_bind_constants (&self->audio, &self->config.audio, self->backend, error);
  return self->audio_is_bound ? &self->audio : NULL;
}
