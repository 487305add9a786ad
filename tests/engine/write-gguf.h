/* write-gguf.h: GGUF files for tests, and the tiny model as one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* ---- a file, key by key ---- */

typedef struct _GgufWriter GgufWriter;

GgufWriter *gguf_writer_new (void);
void        gguf_writer_add_u32 (GgufWriter *self, const char *key, guint32 value);
void        gguf_writer_add_f32 (GgufWriter *self, const char *key, float value);
void        gguf_writer_add_bool (GgufWriter *self, const char *key, gboolean value);
void        gguf_writer_add_text (GgufWriter *self, const char *key, const char *value);
void        gguf_writer_add_texts (GgufWriter *self, const char *key, const GPtrArray *values);
void        gguf_writer_add_i32s (GgufWriter *self, const char *key, const gint32 *values, gsize n);
void gguf_writer_add_bools (GgufWriter *self, const char *key, const gboolean *values, gsize n);
/* @type: the format's number; @shape as in a checkpoint, the slowest dimension first. */
void gguf_writer_add_tensor (GgufWriter   *self,
                             const char   *name,
                             guint32       type,
                             const gint64 *shape,
                             int           n_dims,
                             const void   *data,
                             gsize         n_bytes);
/* The file's bytes (transfer full); frees the writer. */
GByteArray *gguf_writer_finish (GgufWriter *self);

/* ---- the tiny model ---- */

typedef enum {
  GGUF_F32 = 0,
  GGUF_F16 = 1,
  GGUF_Q4_0 = 2,
  GGUF_Q8_0 = 8,
  GGUF_Q4_K = 12,
  GGUF_Q6_K = 14,
  GGUF_BF16 = 30,
} GgufType;

typedef struct {
  GgufType    type; /* of what is multiplied with; rows that are no whole blocks become Q8_0 */
  gboolean    no_projector; /* the model alone */
  const char *model_file;   /* "model.gguf" */
  const char *projector_file;
  const char *architecture; /* "gemma4" */
  const char *tokenizer;    /* "gemma4" */
  const char *skip;         /* a key or a tensor that is left out */
  gboolean    split;        /* says that it is one part of two */
  gboolean    scaled_rope;  /* the full layers' frequencies are divided by 8 */
} GgufSpec;

/* Writes the model and its projector into @folder and, if it is not NULL, a checkpoint with the
 * same numbers, in BF16, into
 * @twin. */
void write_gguf (const char *folder, const char *twin, const GgufSpec *spec);

G_END_DECLS
