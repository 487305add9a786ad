/* gem-source.h: where a model comes from, whatever the form: its configuration, its tokenizer, and
 * tensors by the names that the engine calls them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two forms, told apart by what lies at a path:
 *   a folder as Hugging Face lays it out   config.json, tokenizer.json, safetensors; plain, or
 * packed by compressed-tensors (gem-packed.h) GGUF                                   one file, or a
 * folder with one; beside it, perhaps, the projector file (mmproj) that holds the encoders
 * (gem-gguf-names.h) A source answers for names below a part, e.g. "layers.0.mlp.up_proj.weight" of
 * the decoder, with a tensor of the shape that a Hugging Face checkpoint has; what is stored in
 * another order or through a function is put right there.  What type it has is its own affair:
 * gem-tensor.h gives its numbers, and gem-checkpoint.c decides in which form they are kept.
 * Internal to the engine; loading thread. */
#pragma once

#include "gem-config.h"
#include "gem-tensor.h"
#include "gem-tokenizer.h"

G_BEGIN_DECLS

typedef struct _GemSource GemSource;

typedef enum {
  GEM_SOURCE_DECODER,  /* "embed_tokens.weight", "layers.0.…" */
  GEM_SOURCE_ENCODERS, /* "vision_tower.…", "audio_tower.…", "embed_vision.…" */
  GEM_SOURCE_WHOLE,    /* full names: "lm_head.weight", and those of a drafter */
} GemSourcePart;

/* Looks what @path is; reads nothing large yet. */
GemSource *gem_source_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void       gem_source_free (GemSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemSource, gem_source_free)

/* What the model is called by its files: the folder, or the file without its ending.  (transfer
 * full) */
char *gem_source_dup_name (const GemSource *self) G_GNUC_WARN_UNUSED_RESULT;

/* @name goes into messages. */
gboolean      gem_source_read_config (GemSource  *self,
                                      GemConfig  *config,
                                      const char *name,
                                      GError    **error);
GemTokenizer *gem_source_load_tokenizer (GemSource  *self,
                                         const char *name,
                                         GError    **error) G_GNUC_WARN_UNUSED_RESULT;
/* TRUE with *text NULL: the model brings no chat template. */
gboolean gem_source_read_template (GemSource *self, char **text, gsize *length, GError **error);

/* Maps the weights.  @whole: a drafter's, which has no decoder's names. */
gboolean         gem_source_map (GemSource *self, gboolean whole, GError **error);
/* After that.  NULL without an error: there is none.  The tensor lives as long as the source. */
const GemTensor *gem_source_find (GemSource    *self,
                                  GemSourcePart part,
                                  const char   *name,
                                  GError      **error);
/* What the files call it, for messages.  (transfer full) */
char            *gem_source_dup_tensor_name (GemSource *self, GemSourcePart part, const char *name);
/* 32 hexadecimal digits that change when a file is replaced or edited: from sizes, times, inodes,
 * headers and samples of the data, not from where the files lie.  (transfer full) */
char            *gem_source_dup_identity (GemSource *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
