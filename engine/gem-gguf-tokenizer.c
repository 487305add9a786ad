/* gem-gguf-tokenizer.c: hands a GGUF file's tokens and merges to the builder of tokenizers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether they fit together is checked there (gem-tokenizer-build.c). */
#define G_LOG_DOMAIN "gem"

#include "gem-gguf-tokenizer.h"
#include "gem-tokenizer-build.h"

#include <string.h>

/* tokenizer.ggml.token_type */
enum {
  TYPE_UNKNOWN = 2,
  TYPE_CONTROL = 3,
  TYPE_USER_DEFINED = 4,
};

#define N_ROLES 5

typedef struct {
  const GemGguf      *file;
  GemTokenizerBuilder build;
  GArray             *added; /* of GemAddedToken */
  gint64              roles[N_ROLES];
} Loader;

static gboolean
damaged (Loader *self, const char *why, GemJsonText text, const char *after)
{
  return gem_tokenizer_builder_fail (&self->build, GEM_ERROR_INVALID_MODEL, why, text, after);
}

static gboolean
check_model (Loader *self)
{
  GemJsonText model = GEM_JSON_NO_TEXT;

  if (!gem_gguf_get_text (self->file, "tokenizer.ggml.model", &model))
    return damaged (self, "the file has none", GEM_JSON_NO_TEXT, "");
  return gem_json_text_equal (model, "gemma4") ||
         gem_tokenizer_builder_fail (&self->build, GEM_ERROR_UNSUPPORTED, "it is one for “", model,
                                     "”");
}

/* Bytes of all tokens, each with a NUL. */
static gboolean
measure (Loader *self, GemGgufArray tokens, gsize *size)
{
  GemJsonText text;

  *size = 0;
  if (tokens.n > GEM_TOKENIZER_MAX_TOKENS)
    return damaged (self, "it has too many tokens", GEM_JSON_NO_TEXT, "");
  while (gem_gguf_array_next_text (&tokens, &text))
    *size += text.length + 1;
  if (tokens.n > 0)
    return damaged (self, "its tokens are no texts", GEM_JSON_NO_TEXT, "");
  return *size <= GEM_TOKENIZER_MAX_BYTES ||
         damaged (self, "its tokens are too long", GEM_JSON_NO_TEXT, "");
}

/* ---- the vocabulary ---- */

/* <|x>, <x|>, <|x|> */
static gboolean
is_mark (GemJsonText text)
{
  return text.length > 3 && text.data[0] == '<' && text.data[text.length - 1] == '>' &&
         (text.data[1] == '|' || text.data[text.length - 2] == '|');
}

/* Beginning and end of a text and of a turn, padding, the unknown. */
static void
read_roles (Loader *self)
{
  static const char *const keys[N_ROLES] = {
      "tokenizer.ggml.bos_token_id",     "tokenizer.ggml.eos_token_id",
      "tokenizer.ggml.eot_token_id",     "tokenizer.ggml.unknown_token_id",
      "tokenizer.ggml.padding_token_id",
  };

  for (int i = 0; i < N_ROLES; i++)
    if (!gem_gguf_get_integer (self->file, keys[i], &self->roles[i]))
      self->roles[i] = -1;
}

static gboolean
has_role (const Loader *self, gint64 id)
{
  for (int i = 0; i < N_ROLES; i++)
    if (self->roles[i] == id)
      return TRUE;
  return FALSE;
}

static void
note_added (Loader *self, GemJsonText text, gint64 id, gint64 type)
{
  GemAddedToken added = {.content = text, .id = id};

  added.special =
      type == TYPE_UNKNOWN || type == TYPE_CONTROL || has_role (self, id) || is_mark (text);
  if (added.special || type == TYPE_USER_DEFINED)
    g_array_append_val (self->added, added);
}

static gboolean
read_tokens (Loader *self, GemGgufArray tokens)
{
  GemGgufArray types = {.n = 0};
  GemJsonText  text;
  gint64       id = 0, type = 0;

  read_roles (self);
  if (gem_gguf_get_array (self->file, "tokenizer.ggml.token_type", &types) && types.n != tokens.n)
    return damaged (self, "it has not as many types as tokens", GEM_JSON_NO_TEXT, "");
  for (; gem_gguf_array_next_text (&tokens, &text); id++) {
    /* a text of no characters could never be met */
    if (text.length == 0)
      return damaged (self, "a token is empty", GEM_JSON_NO_TEXT, "");
    if (!gem_gguf_array_next_integer (&types, &type) && types.n > 0)
      return damaged (self, "its types are no numbers", GEM_JSON_NO_TEXT, "");
    if (!gem_tokenizer_builder_add_token (&self->build, text, id))
      return FALSE;
    if (self->added->len < GEM_TOKENIZER_MAX_ADDED && text.length <= GEM_TOKENIZER_MAX_ADDED_LENGTH)
      note_added (self, text, id, type);
  }
  return TRUE;
}

/* ---- merges ---- */

/* A space parts the halves: none is in a token, where U+2581 stands for it. */
static gboolean
read_merges (Loader *self)
{
  GemGgufArray merges;
  GemJsonText  text;

  if (!gem_gguf_get_array (self->file, "tokenizer.ggml.merges", &merges))
    return damaged (self, "it has no merges", GEM_JSON_NO_TEXT, "");
  while (gem_gguf_array_next_text (&merges, &text)) {
    const char *space = text.length > 1 ? memchr (text.data + 1, ' ', text.length - 1) : NULL;
    GemJsonText left, right;

    if (space == NULL)
      return damaged (self, "the merge “", text, "” is none");
    left = (GemJsonText){text.data, (gsize)(space - text.data)};
    right = (GemJsonText){space + 1, text.length - left.length - 1};
    if (!gem_tokenizer_builder_add_merge (&self->build, left, right))
      return FALSE;
  }
  return merges.n == 0 || damaged (self, "its merges are no texts", GEM_JSON_NO_TEXT, "");
}

/* ---- all of it ---- */

/* The text of the token with that id; none: its data is NULL. */
static GemJsonText
find_token (Loader *self, const char *key)
{
  GemGgufArray tokens;
  GemJsonText  text = {NULL, 0};
  gint64       id;

  if (!gem_gguf_get_integer (self->file, key, &id) ||
      !gem_gguf_get_array (self->file, "tokenizer.ggml.tokens", &tokens))
    return text;
  for (gint64 i = 0; gem_gguf_array_next_text (&tokens, &text); i++)
    if (i == id)
      return text;
  return (GemJsonText){NULL, 0};
}

static GemTokenizer *
read_all (Loader *self)
{
  GemGgufArray tokens;
  gsize        size;

  if (!gem_gguf_get_array (self->file, "tokenizer.ggml.tokens", &tokens)) {
    damaged (self, "it has no tokens", GEM_JSON_NO_TEXT, "");
    return NULL;
  }
  if (!check_model (self) || !measure (self, tokens, &size))
    return NULL;
  if (!gem_tokenizer_builder_init (&self->build, self->build.name, size + 1) ||
      !read_tokens (self, tokens) || !gem_tokenizer_builder_index (&self->build) ||
      !read_merges (self))
    return NULL;
  self->build.tokenizer->byte_fallback = TRUE;
  self->build.tokenizer->fuse_unknown = TRUE;
  return gem_tokenizer_builder_finish (&self->build, (GemAddedToken *)(gpointer)self->added->data,
                                       self->added->len,
                                       find_token (self, "tokenizer.ggml.unknown_token_id"));
}

GemTokenizer *
gem_gguf_load_tokenizer (const GemGguf *file, GError **error)
{
  Loader        self = {.file = file, .build = {.name = gem_gguf_get_name (file)}};
  GemTokenizer *tokenizer;

  self.added = g_array_new (FALSE, FALSE, sizeof (GemAddedToken));
  tokenizer = read_all (&self);
  if (tokenizer == NULL)
    g_propagate_error (error, g_steal_pointer (&self.build.error));
  gem_tokenizer_builder_clear (&self.build);
  g_array_unref (self.added);
  return tokenizer;
}
