/* gem-tokenizer-build.c: checks that the parts of a tokenizer fit together and makes its tables.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns a tokenizer until it is finished.  Runs on the thread that loads a model.  It knows nothing
 * of JSON; what comes is already UTF-8, but nothing else about it is taken for granted.  Everything
 * is linear in the length of the file, but for sorting the added tokens. */
#define G_LOG_DOMAIN "gem"

#include "gem-tokenizer-build.h"
#include "gem-utf8.h"

/* Errors */

/* A text of the file, made short and printable. */
static void
append_shown (GString *out, GemJsonText text)
{
  const guint8 *p = (const guint8 *)text.data;
  const guint8 *end = p + text.length;
  gunichar      c = 0;

  for (int n = 0; p < end; n++) {
    gsize length = gem_utf8_read (p, end, &c);

    if (n == 40) {
      g_string_append (out, "…");
      return;
    }
    if (g_unichar_isprint (c))
      g_string_append_unichar (out, c);
    else
      g_string_append_printf (out, "\\u%04x", c);
    p += length;
  }
}

gboolean
gem_tokenizer_builder_fail (GemTokenizerBuilder *self,
                            GemError             code,
                            const char          *before,
                            GemJsonText          text,
                            const char          *after)
{
  g_autoptr (GString) what = g_string_new (before);

  append_shown (what, text);
  g_string_append (what, after);
  if (self->error != NULL)
    return FALSE;
  if (code == GEM_ERROR_UNSUPPORTED)
    g_set_error (&self->error, GEM_ERROR, (int)code,
                 "The tokenizer %s is of a kind that Facet does not run: %s.  Choose a Gemma 4 "
                 "model.",
                 self->name, what->str);
  else
    g_set_error (&self->error, GEM_ERROR, (int)code,
                 "The tokenizer %s is damaged: %s.  Download the model again.", self->name,
                 what->str);
  return FALSE;
}

gboolean
gem_tokenizer_builder_fail_memory (GemTokenizerBuilder *self)
{
  if (self->error == NULL)
    g_set_error (&self->error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is not enough memory to load the tokenizer %s.  Close other programs and "
                 "try again.",
                 self->name);
  return FALSE;
}

static gboolean
fail (GemTokenizerBuilder *self, const char *before, GemJsonText text, const char *after)
{
  return gem_tokenizer_builder_fail (self, GEM_ERROR_INVALID_MODEL, before, text, after);
}

static GemJsonText
token_text (const GemTokenizerBuilder *self, gint32 id)
{
  GemJsonText text;

  text.data = gem_tokenizer_text (self->tokenizer, id, &text.length);
  return text;
}

/* Beginning */

gboolean
gem_tokenizer_builder_init (GemTokenizerBuilder *self, const char *name, gsize arena_size)
{
  *self = (GemTokenizerBuilder){.tokenizer = gem_tokenizer_alloc (),
                                .name = name,
                                .arena_size = arena_size};
  self->tokenizer->arena = g_try_malloc (MAX (arena_size, 1));
  return self->tokenizer->arena != NULL || gem_tokenizer_builder_fail_memory (self);
}

void
gem_tokenizer_builder_clear (GemTokenizerBuilder *self)
{
  g_clear_pointer (&self->tokenizer, gem_tokenizer_unref);
  g_clear_pointer (&self->merges, g_free);
  g_clear_pointer (&self->joined, g_free);
  g_clear_error (&self->error);
}

/* The vocabulary */

/* Makes room for the token @id. */
static gboolean
reserve_token (GemTokenizerBuilder *self, gint32 id)
{
  GemTokenizer *t = self->tokenizer;
  guint         size = MAX (self->texts_size, 1024);
  GemTokenText *texts;
  guint8       *flags;

  if ((guint)id < self->texts_size)
    return TRUE;
  while (size <= (guint)id)
    size *= 2;
  texts = g_try_renew (GemTokenText, t->texts, size);
  if (texts == NULL)
    return gem_tokenizer_builder_fail_memory (self);
  t->texts = texts;
  flags = g_try_renew (guint8, t->flags, size);
  if (flags == NULL)
    return gem_tokenizer_builder_fail_memory (self);
  t->flags = flags;
  memset (flags + self->texts_size, 0, size - self->texts_size);
  memset (texts + self->texts_size, 0, (size - self->texts_size) * sizeof *texts);
  self->texts_size = size;
  return TRUE;
}

/* Keeps @text, which is not indexed yet, as the token @id. */
static gboolean
put_token (GemTokenizerBuilder *self, GemJsonText text, gint64 id)
{
  GemTokenizer *t = self->tokenizer;

  if (id < 0 || id >= (gint64)GEM_TOKENIZER_MAX_TOKENS)
    return fail (self, "the id of the token “", text, "” is out of range");
  if (!reserve_token (self, (gint32)id))
    return FALSE;
  if (t->flags[id] & GEM_TOKEN_FLAG_PRESENT)
    return fail (self, "the token “", text, "” has the id of another one");

  g_assert (text.length < self->arena_size - self->arena_used);
  t->texts[id] = (GemTokenText){(guint32)self->arena_used, (guint32)text.length};
  t->flags[id] = GEM_TOKEN_FLAG_PRESENT;
  memcpy (t->arena + self->arena_used, text.data, text.length);
  t->arena[self->arena_used + text.length] = '\0';
  self->arena_used += text.length + 1;
  t->n_tokens = MAX (t->n_tokens, (guint)id + 1);
  t->max_length = MAX (t->max_length, (guint32)text.length);
  return TRUE;
}

gboolean
gem_tokenizer_builder_add_token (GemTokenizerBuilder *self, GemJsonText text, gint64 id)
{
  if (!put_token (self, text, id))
    return FALSE;
  self->n_vocab++;
  return TRUE;
}

gboolean
gem_tokenizer_builder_index (GemTokenizerBuilder *self)
{
  GemTokenizer *t = self->tokenizer;

  if (!gem_vocab_index_init (&t->index, self->n_vocab) ||
      !gem_join_filter_init (&t->joins, self->n_vocab))
    return gem_tokenizer_builder_fail_memory (self);
  self->joined = g_try_malloc (MAX (t->max_length, 1));
  if (self->joined == NULL)
    return gem_tokenizer_builder_fail_memory (self);
  for (gint32 id = 0; (guint)id < t->n_tokens; id++)
    if (gem_tokenizer_has (t, id) &&
        gem_vocab_index_insert (&t->index, t->arena, t->texts, id) != id)
      return fail (self, "the token “", token_text (self, id), "” stands there twice");
  return TRUE;
}

/* The merges */

/* Whether @left and @right together are the token @id. */
static gboolean
is_joined (const GemTokenizer *t, gint32 id, GemJsonText left, GemJsonText right)
{
  gsize       length;
  const char *text;

  if (!gem_tokenizer_has (t, id))
    return FALSE;
  text = gem_tokenizer_text (t, id, &length);
  return length == left.length + right.length && memcmp (text, left.data, left.length) == 0 &&
         memcmp (text + left.length, right.data, right.length) == 0;
}

/* The id of what a pair becomes; −1 if that is no token.  Merges are usually listed by what they
 * make, so that it is what the merge before made, or the next token: of the real file's, 997 in
 * 1000. */
static gint32
find_joined (GemTokenizerBuilder *self, GemJsonText left, GemJsonText right)
{
  GemTokenizer *t = self->tokenizer;
  gint32        guess = t->n_merges > 0 ? t->merged[t->n_merges - 1] : 0;

  if (is_joined (t, guess, left, right))
    return guess;
  if (is_joined (t, guess + 1, left, right))
    return guess + 1;
  if (left.length + right.length > t->max_length)
    return -1;
  memcpy (self->joined, left.data, left.length);
  memcpy (self->joined + left.length, right.data, right.length);
  return gem_tokenizer_find (t, self->joined, left.length + right.length);
}

static gunichar
last_character (GemJsonText text)
{
  return g_utf8_get_char (g_utf8_prev_char (text.data + text.length));
}

static gboolean
reserve_merge (GemTokenizerBuilder *self)
{
  guint        size = MAX (self->merges_size * 2, 1024);
  GemPairSlot *merges;
  gint32      *merged;

  if (self->tokenizer->n_merges < self->merges_size)
    return TRUE;
  if (self->tokenizer->n_merges >= GEM_TOKENIZER_MAX_MERGES)
    return fail (self, "it has too many merges", GEM_JSON_NO_TEXT, "");
  merges = g_try_renew (GemPairSlot, self->merges, size);
  if (merges == NULL)
    return gem_tokenizer_builder_fail_memory (self);
  self->merges = merges;
  merged = g_try_renew (gint32, self->tokenizer->merged, size);
  if (merged == NULL)
    return gem_tokenizer_builder_fail_memory (self);
  self->tokenizer->merged = merged;
  self->merges_size = size;
  return TRUE;
}

gboolean
gem_tokenizer_builder_add_merge (GemTokenizerBuilder *self, GemJsonText left, GemJsonText right)
{
  GemTokenizer *t = self->tokenizer;
  guint32       rank = t->n_merges;
  GemPairSlot   merge = {.rank = rank};

  if (!reserve_merge (self))
    return FALSE;
  if (left.length == 0 || right.length == 0)
    return fail (self, "a merge has an empty half", GEM_JSON_NO_TEXT, "");
  merge.left = gem_tokenizer_find (t, left.data, left.length);
  merge.right = gem_tokenizer_find (t, right.data, right.length);
  if (merge.left < 0 || merge.right < 0)
    return fail (self, "a merge names “", merge.left < 0 ? left : right, "”, which is no token");
  t->merged[rank] = find_joined (self, left, right);
  if (t->merged[rank] < 0)
    return fail (self, "a merge of “", left, "” makes what is no token");
  self->merges[t->n_merges++] = merge;
  gem_join_filter_add (&t->joins, last_character (left), g_utf8_get_char (right.data));
  return TRUE;
}

/* Added tokens */

static gboolean
add_added_token (GemTokenizerBuilder *self, const GemAddedToken *token)
{
  GemTokenizer *t = self->tokenizer;
  gint32        id = gem_tokenizer_find (t, token->content.data, token->content.length);

  if (id < 0) {
    if (!put_token (self, token->content, token->id))
      return FALSE;
    id = (gint32)token->id;
  } else if (id != token->id)
    return fail (self, "the added token “", token->content, "” has another id in the vocabulary");
  else if (t->flags[id] & GEM_TOKEN_FLAG_ADDED)
    return fail (self, "the added token “", token->content, "” stands there twice");
  t->flags[id] |= GEM_TOKEN_FLAG_ADDED | (token->special ? GEM_TOKEN_FLAG_SPECIAL : 0);
  return TRUE;
}

static int
compare_texts (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const GemTokenizer *t = user_data;
  gsize               length_a, length_b;
  const char         *text_a = gem_tokenizer_text (t, *(const gint32 *)a, &length_a);
  const char         *text_b = gem_tokenizer_text (t, *(const gint32 *)b, &length_b);
  int                 order = memcmp (text_a, text_b, MIN (length_a, length_b));

  return order != 0 ? order : (length_a > length_b) - (length_a < length_b);
}

/* @set: those of the added tokens that are @normalized or not. */
static gboolean
make_added_set (GemTokenizerBuilder *self,
                GemAddedSet         *set,
                const GemAddedToken *added,
                guint                n_added,
                gboolean             normalized)
{
  GemTokenizer *t = self->tokenizer;
  guint         at = 0;

  set->ids = g_try_new (gint32, MAX (n_added, 1));
  if (set->ids == NULL)
    return gem_tokenizer_builder_fail_memory (self);
  for (guint i = 0; i < n_added; i++)
    if (added[i].normalized == normalized)
      set->ids[set->n_ids++] = (gint32)added[i].id;
  g_qsort_with_data (set->ids, (int)set->n_ids, sizeof *set->ids, compare_texts, t);
  for (guint i = 0; i + 1 < set->n_ids; i++)
    if (compare_texts (&set->ids[i], &set->ids[i + 1], t) == 0)
      return fail (self, "the added token “", token_text (self, set->ids[i]),
                   "” stands there twice");
  for (guint byte = 0; byte < 256; byte++) {
    set->first[byte] = at;
    while (at < set->n_ids && (guint8)t->arena[t->texts[set->ids[at]].offset] == byte)
      at++;
  }
  set->first[256] = at;
  return TRUE;
}

/* Tokens with a role */

/* <0x00> … <0xFF>: by their text, as in the reference. */
static gboolean
find_byte_tokens (GemTokenizerBuilder *self)
{
  GemTokenizer *t = self->tokenizer;
  char          text[8];

  for (guint byte = 0; byte < 256; byte++) {
    gint32      id;
    GemJsonText name = {text, 6};

    g_snprintf (text, sizeof text, "<0x%02X>", byte);
    id = gem_tokenizer_find (t, text, 6);
    t->byte_ids[byte] = id;
    if (id >= 0 && t->flags[id] & GEM_TOKEN_FLAG_SPECIAL)
      return gem_tokenizer_builder_fail (self, GEM_ERROR_UNSUPPORTED, "its byte token “", name,
                                         "” is a special one");
    if (id >= 0)
      t->flags[id] |= GEM_TOKEN_FLAG_BYTE;
    else if (t->byte_fallback)
      return fail (self, "the byte token “", name, "” is missing");
  }
  return TRUE;
}

static gboolean
find_unknown_token (GemTokenizerBuilder *self, GemJsonText unknown)
{
  GemTokenizer *t = self->tokenizer;

  if (unknown.data == NULL)
    return TRUE;
  t->unknown_id = gem_tokenizer_find (t, unknown.data, unknown.length);
  return t->unknown_id >= 0 ||
         fail (self, "the token for the unknown, “", unknown, "”, is missing");
}

/* The tables of merging */

/* Whether a text can turn into @id by merging, or be merged on.  Control and byte tokens must not:
 * what a person types would become one. */
static gboolean
check_mergeable (GemTokenizerBuilder *self, gint32 id)
{
  GemTokenizer *t = self->tokenizer;

  if (id == t->unknown_id || t->flags[id] & (GEM_TOKEN_FLAG_SPECIAL | GEM_TOKEN_FLAG_BYTE))
    return gem_tokenizer_builder_fail (self, GEM_ERROR_UNSUPPORTED,
                                       "a merge uses the control token “", token_text (self, id),
                                       "”");
  return TRUE;
}

static gboolean
make_pairs (GemTokenizerBuilder *self)
{
  GemTokenizer *t = self->tokenizer;

  if (!gem_pair_table_init (&t->pairs, t->n_merges))
    return gem_tokenizer_builder_fail_memory (self);
  for (guint i = 0; i < t->n_merges; i++) {
    const GemPairSlot *merge = &self->merges[i];

    if (!check_mergeable (self, merge->left) || !check_mergeable (self, merge->right) ||
        !check_mergeable (self, t->merged[i]))
      return FALSE;
    gem_pair_table_insert (&t->pairs, merge->left, merge->right, merge->rank);
  }
  return TRUE;
}

/* Gives back what growing took too much. */
static void
trim_memory (GemTokenizerBuilder *self)
{
  GemTokenizer *t = self->tokenizer;

  t->arena = g_realloc (t->arena, MAX (self->arena_used, 1));
  t->texts = g_renew (GemTokenText, t->texts, MAX (t->n_tokens, 1));
  t->flags = g_renew (guint8, t->flags, MAX (t->n_tokens, 1));
  t->merged = g_renew (gint32, t->merged, MAX (t->n_merges, 1));
}

GemTokenizer *
gem_tokenizer_builder_finish (GemTokenizerBuilder *self,
                              const GemAddedToken *added,
                              guint                n_added,
                              GemJsonText          unknown)
{
  GemTokenizer *t = self->tokenizer;

  for (guint i = 0; i < n_added; i++)
    if (!add_added_token (self, &added[i]))
      return NULL;
  if (!make_added_set (self, &t->raw_added, added, n_added, FALSE) ||
      !make_added_set (self, &t->normalized_added, added, n_added, TRUE) ||
      !find_byte_tokens (self) || !find_unknown_token (self, unknown) || !make_pairs (self))
    return NULL;
  trim_memory (self);
  return g_steal_pointer (&self->tokenizer);
}
