/* gem-model.h: a loaded checkpoint: immutable weights on one device, its tokenizer and its defaults.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading maps the files; bf16 weights are used in place.  Immutable after load and
 * reference counted; sessions hold a reference.  All calls from the engine thread, except ref, unref and getters.
 *
 * The encoders for pictures and sound (gem-media.h) are looked at while loading, but take memory only once the first picture or
 * clip comes.  They are kept as stored whatever the weights' type: an encoder is bound by arithmetic and not by reading, so
 * that fewer bits would cost precision and gain nothing. */
#pragma once

#include "gem-chat.h"
#include "gem-config.h"
#include "gem-error.h"
#include "gem-tokenizer.h"

G_BEGIN_DECLS

typedef struct _GemModel GemModel;

typedef enum {
  GEM_WEIGHTS_BF16, /* as stored */
  GEM_WEIGHTS_Q8,   /* blocks of 32, 8 bits; what is stored in fewer stays so */
  GEM_WEIGHTS_Q4,   /* blocks of 32, 4 bits; 8 for the head, keys, values, per-layer inputs */
} GemWeights;

/* In which numbers the keys and values of a timeline are kept. */
typedef enum {
  GEM_CACHE_AUTO, /* F32, or BF16 with `fast` */
  GEM_CACHE_F32,  /* exact */
  GEM_CACHE_BF16, /* half the memory; rounded to 8 bits of mantissa */
} GemCacheType;

typedef struct {
  const char *backend; /* "cpu", "cuda", "hip", or "auto" (and NULL) for any */
  const char *device;  /* "auto" (and NULL, ""), or what names one: gem-device.h; a number within the backend */
  double      memory_share; /* of a GPU's memory, 0 < … ≤ 1; 0: 0.9 */
  GemWeights  weights;
  GemCacheType cache;
  int         threads; /* 0: one per core */
  gboolean    fast;    /* bf16 activations in front of bf16 weights */
  gboolean    without_vision, without_audio; /* the model is not to see, or hear: less memory */
  const char *cache_dir; /* where quantised weights are kept; NULL: kept nowhere.  Created when missing */
} GemModelOptions;

/* Called on the loading thread; @fraction 0…1, @what a short phrase ("Reading weights").  FALSE cancels. */
typedef gboolean (*GemProgressFunc) (double fraction, const char *what, gpointer user_data);

/* Loads a checkpoint folder as Hugging Face lays it out, a GGUF file, or a folder with one (docs/forms.md).
 *
 * With backend and device "auto" a GPU that works computes, else the CPU; if there is a GPU and it cannot be used, or the model
 * finds no room on it (then the progress begins again), the CPU computes and a warning says why.  A device that was named
 * computes, or it is an error (GEM_ERROR_DEVICE, GEM_ERROR_NO_MEMORY). */
GemModel *gem_model_load (const char *folder, const GemModelOptions *options, GemProgressFunc progress, gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same on the CPU, whatever @options say, because of @reason, which becomes the first warning: for what turns out after
 * loading on a GPU that "auto" chose, such as a context that finds no room.  Free the other model before. */
GemModel *gem_model_load_on_cpu (const char *folder, const GemModelOptions *options, const GError *reason, GemProgressFunc progress, gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Random weights of the full-size shape ("e2b", "e4b"), for benchmarks; no tokenizer. */
GemModel *gem_model_new_synthetic (const char *shape, const GemModelOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GemModel *gem_model_ref (GemModel *self);
void      gem_model_unref (GemModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemModel, gem_model_unref)

const GemConfig *gem_model_get_config (GemModel *self);
GemTokenizer    *gem_model_get_tokenizer (GemModel *self); /* (transfer none), NULL for a synthetic one */
GemTemplate      gem_model_get_template (GemModel *self);
/* Sentences that the person should know ("This folder's chat template is not one that Facet knows; …"), NULL-terminated. */
const char *const *gem_model_get_warnings (GemModel *self);
/* "Demonstration model" when the folder says so (facet.json: {"name": …}), else the folder's name. */
const char *gem_model_get_name (GemModel *self);
/* "CPU, AMD EPYC …, 2 threads, avx512" */
const char *gem_model_get_device_name (GemModel *self);
/* Whether that is a GPU that "auto" chose, so that gem_model_load_on_cpu () may take its place. */
gboolean gem_model_is_on_automatic_gpu (GemModel *self);
/* Bytes of the text decoder's weights as they are kept; and how many of them belong to tables of which a token only
 * gathers a row.  The difference is what computing one token reads. */
guint64 gem_model_get_weight_bytes (GemModel *self);
guint64 gem_model_get_table_bytes (GemModel *self);
/* What changes when the files of the weights do, wherever they lie. */
const char *gem_model_get_identity (GemModel *self);
/* The path that it was loaded from; NULL for a synthetic model. */
const char *gem_model_get_folder (GemModel *self);

/* Whether @id ends a turn; the ids come from generation_config.json. */
gboolean gem_model_is_stop (GemModel *self, gint32 id);

G_END_DECLS
