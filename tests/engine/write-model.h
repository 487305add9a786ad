/* write-model.h: small checkpoint folders of every form that the loader should take or refuse.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  /* the shape; vocabulary 4096, the tiny model's tokenizer */
  const char *layers;      /* "ssFsF" */
  int         n_shared;    /* of the last layers */
  int         hidden, mlp, heads, kv_heads, head_dim, global_head_dim, per_layer;
  gboolean    double_wide;
  /* the form */
  const char *prefix;      /* "model.language_model." */
  const char *dtype;       /* "BF16", "F32" */
  gboolean    untied;      /* with an lm_head.weight, and config.json says so */
  gboolean    shared_kv;   /* the sharing layers carry keys and values, of a useless shape */
  gboolean    two_files;   /* an index and two shards */
  guint       pad;         /* spaces after the header */
  /* one fault, by the tensor's name without prefix */
  const char *skip;        /* is missing */
  const char *widen;       /* has one column too many */
  const char *odd_dtype;   /* is stored as I16 */
} ModelSpec;

/* Reduced to a few kilobytes, in the proportions of the published ones. */
extern const ModelSpec model_spec_e2b, model_spec_e4b;

/* Writes config.json, tokenizer.json and the weights. */
void write_model (const char *folder, const ModelSpec *spec);

/* tests/golden/tiny-model, data/demo (transfer full) */
char *source_path (const char *path);
/* Copies a file of the source tree. */
void copy_file (const char *source, const char *folder, const char *file);

G_END_DECLS
