/* gem-tokenizer-file.c: reads a tokenizer.json into the tables that encoding and decoding use.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the file's bytes while it reads.  Runs on the thread that loads a model.  It knows exactly
 * one algorithm, that of the Gemma 3 and 4 family, and refuses by name whatever it does not: a
 * tokenizer that is almost right makes a model talk nonsense without an error.
 *
 * The file is read with our own pull parser, not with jansson's tree, because the window opens with
 * a model.  Of the real file (33 MB, 262,144 tokens, 514,906 merges) the tree alone took 0.58 s and
 * 184 MB, before any table was made of it; all of this file takes @LOAD@ on the same machine. */
#define G_LOG_DOMAIN "gem"

#include "gem-error.h"
#include "gem-json-reader.h"
#include "gem-tokenizer-private.h"
#include "gem-utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* An entry of added_tokens. */
typedef struct {
  GemJsonText content;
  gint64      id; /* −1: not said */
  gboolean    special, normalized, trims;
} AddedToken;

/* A normalizer, pre-tokenizer or decoder: the union of what those of this family can have. */
typedef struct {
  GemJsonText type, pattern, content;
  gboolean    invert;
  guint       n_decoders;
} Component;

typedef struct {
  GemTokenizer *tokenizer; /* being filled */
  const char   *name;      /* of the file, for messages */
  GemJsonReader reader;
  GError      **error;

  gsize        arena_used;
  guint        texts_size; /* allocated entries of texts and flags */
  guint        n_vocab;    /* entries of the model's vocabulary */
  GemPairSlot *merges;     /* in the file's order */
  guint        merges_size;
  char        *joined; /* [max_length] scratch for the text of a merge */

  GArray       *added;   /* of AddedToken */
  GemJsonText   unknown; /* unk_token; data NULL: none */
  gboolean      has_normalizer, has_decoder, has_vocab, has_merges;
  gboolean      merges_wait;   /* they came before the vocabulary … */
  GemJsonReader merges_reader; /* … and start here */
} Loader;

/* Reads the value of the member @name into @target, or sets the error. */
typedef gboolean (*MemberFunc) (Loader *self, const char *name, gpointer target);

typedef struct {
  const char *name;
  MemberFunc  read;
} Member;

/* Errors.  Each sets the error, unless one is set, and returns FALSE. */

static gboolean
fail (Loader *self, GemError code, const char *before, GemJsonText text, const char *after)
{
  g_autoptr (GString) what = g_string_new (before);
  const guint8 *p = (const guint8 *)text.data;
  const guint8 *end = p + text.length;
  gunichar      c = 0;

  /* A text of the file is shown short and printable. */
  for (int n = 0; p < end; n++) {
    gsize length = gem_utf8_read (p, end, &c);

    if (n == 40) {
      g_string_append (what, "…");
      break;
    }
    if (g_unichar_isprint (c))
      g_string_append_unichar (what, c);
    else
      g_string_append_printf (what, "\\u%04x", c);
    p += length;
  }
  g_string_append (what, after);

  if (self->error == NULL || *self->error != NULL)
    return FALSE;
  if (code == GEM_ERROR_UNSUPPORTED)
    g_set_error (self->error, GEM_ERROR, (int)code,
                 "The tokenizer %s is of a kind that Facet does not run: %s.  Choose a Gemma 4 "
                 "model.",
                 self->name, what->str);
  else
    g_set_error (self->error, GEM_ERROR, (int)code,
                 "The tokenizer %s is damaged: %s.  Download the model again.", self->name,
                 what->str);
  return FALSE;
}

static gboolean
fail_plain (Loader *self, GemError code, const char *what)
{
  return fail (self, code, what, (GemJsonText){"", 0}, "");
}

static gboolean
fail_memory (const char *name, GError **error)
{
  if (error != NULL && *error == NULL)
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is not enough memory to load the tokenizer %s.  Close other programs and "
                 "try again.",
                 name);
  return FALSE;
}

/* What the reader found wrong, if it did. */
static gboolean
check_syntax (Loader *self)
{
  char place[48];

  if (self->reader.problem == NULL)
    return TRUE;
  g_snprintf (place, sizeof place, " (at byte %" G_GSIZE_FORMAT ")", self->reader.problem_at);
  return fail (self, GEM_ERROR_INVALID_MODEL, self->reader.problem, (GemJsonText){"", 0}, place);
}

/* Objects whose members are all known */

static const Member *
find_member (const Member *members, guint n_members, GemJsonText key, guint *bit)
{
  for (guint i = 0; i < n_members; i++)
    if (gem_json_text_equal (key, members[i].name)) {
      *bit = 1u << i;
      return &members[i];
    }
  return NULL;
}

static gboolean
read_members (Loader       *self,
              const char   *where,
              const Member *members,
              guint         n_members,
              gpointer      target)
{
  guint       seen = 0;
  guint       bit = 0;
  GemJsonText key;

  gem_json_reader_enter_object (&self->reader);
  while (gem_json_reader_next_member (&self->reader, &key)) {
    const Member *member = find_member (members, n_members, key, &bit);

    if (member == NULL) {
      g_autofree char *before = g_strconcat (where, " has the unknown part “", NULL);

      return fail (self, GEM_ERROR_UNSUPPORTED, before, key, "”");
    }
    if (seen & bit)
      return fail (self, GEM_ERROR_INVALID_MODEL, "“", key, "” stands there twice");
    seen |= bit;
    if (!member->read (self, member->name, target))
      return check_syntax (self) && FALSE;
  }
  return check_syntax (self);
}

static gboolean
read_ignored (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_skip (&self->reader);
}

/* Something that has to be absent: null, or an empty text. */
static gboolean
read_absent (Loader *self, const char *name, gpointer target)
{
  GemJsonKind kind = gem_json_reader_peek (&self->reader);
  GemJsonText text = {NULL, 1};

  if (kind == GEM_JSON_STRING && !gem_json_reader_read_string (&self->reader, &text))
    return FALSE;
  if (kind == GEM_JSON_NULL || kind == GEM_JSON_INVALID)
    return gem_json_reader_skip (&self->reader);
  if (text.length == 0)
    return TRUE;
  return fail (self, GEM_ERROR_UNSUPPORTED, "it sets “", (GemJsonText){name, strlen (name)}, "”");
}

/* The normalizer, the pre-tokenizer and the decoder */

static gboolean
read_component_type (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_string (&self->reader, &((Component *)target)->type);
}

static gboolean
read_component_content (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_string (&self->reader, &((Component *)target)->content);
}

static gboolean
read_component_invert (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &((Component *)target)->invert);
}

static gboolean
read_pattern_string (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_string (&self->reader, &((Component *)target)->pattern);
}

static gboolean
read_component_pattern (Loader *self, const char *name, gpointer target)
{
  static const Member members[] = {{"String", read_pattern_string}};

  return read_members (self, "a pattern", members, G_N_ELEMENTS (members), target);
}

static gboolean read_decoders (Loader *self, const char *name, gpointer target);

static gboolean
read_component (Loader *self, const char *where, Component *component)
{
  static const Member members[] = {
      {"type", read_component_type},       {"pattern", read_component_pattern},
      {"content", read_component_content}, {"behavior", read_ignored},
      {"invert", read_component_invert},   {"decoders", read_decoders},
  };

  *component = (Component){.invert = FALSE};
  return read_members (self, where, members, G_N_ELEMENTS (members), component);
}

static gboolean
is_replace (const Component *component, const char *pattern, const char *content)
{
  return gem_json_text_equal (component->type, "Replace") &&
         gem_json_text_equal (component->pattern, pattern) &&
         gem_json_text_equal (component->content, content);
}

static gboolean
read_normalizer (Loader *self, const char *name, gpointer target)
{
  Component component;

  if (!read_component (self, "its normalizer", &component))
    return FALSE;
  self->has_normalizer = TRUE;
  if (!is_replace (&component, " ", GEM_SPACE_MARK_UTF8))
    return fail (self, GEM_ERROR_UNSUPPORTED, "its normalizer “", component.type,
                 "” does not just replace spaces by U+2581");
  return TRUE;
}

/* A split on the space: behind the normalizer no space is left, so that it does nothing, whatever
 * its behaviour. */
static gboolean
read_pre_tokenizer (Loader *self, const char *name, gpointer target)
{
  Component component;

  if (gem_json_reader_peek (&self->reader) == GEM_JSON_NULL)
    return gem_json_reader_skip (&self->reader);
  if (!read_component (self, "its pre-tokenizer", &component))
    return FALSE;
  if (!gem_json_text_equal (component.type, "Split") ||
      !gem_json_text_equal (component.pattern, " ") || component.invert)
    return fail (self, GEM_ERROR_UNSUPPORTED, "its pre-tokenizer “", component.type,
                 "” does not just split at spaces");
  return TRUE;
}

/* Replace, then ByteFallback, then Fuse: the order decides, and is ours. */
static gboolean
read_decoders (Loader *self, const char *name, gpointer target)
{
  static const char *const order[] = {"Replace", "ByteFallback", "Fuse"};
  Component               *sequence = target;
  Component                part;

  if (!gem_json_reader_enter_array (&self->reader))
    return FALSE;
  for (guint i = 0; gem_json_reader_next_item (&self->reader); i++) {
    if (!read_component (self, "its decoder", &part))
      return FALSE;
    if (i >= G_N_ELEMENTS (order) || !gem_json_text_equal (part.type, order[i]) ||
        (i == 0 && !is_replace (&part, GEM_SPACE_MARK_UTF8, " ")))
      return fail (self, GEM_ERROR_UNSUPPORTED, "its decoder has an unknown step “", part.type,
                   "”");
    sequence->n_decoders = i + 1;
  }
  return self->reader.problem == NULL;
}

static gboolean
read_decoder (Loader *self, const char *name, gpointer target)
{
  Component component;

  if (!read_component (self, "its decoder", &component))
    return FALSE;
  self->has_decoder = TRUE;
  /* Fuse only joins, which we do anyway. */
  if (!gem_json_text_equal (component.type, "Sequence") || component.n_decoders < 2)
    return fail (self, GEM_ERROR_UNSUPPORTED, "its decoder “", component.type,
                 "” is not Replace, ByteFallback and Fuse");
  return TRUE;
}

/* Added tokens: read now, applied when the vocabulary is known. */

static gboolean
read_added_id (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_integer (&self->reader, &((AddedToken *)target)->id);
}

static gboolean
read_added_content (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_string (&self->reader, &((AddedToken *)target)->content);
}

static gboolean
read_added_special (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &((AddedToken *)target)->special);
}

static gboolean
read_added_normalized (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &((AddedToken *)target)->normalized);
}

/* lstrip, rstrip, single_word: none of this family has them set. */
static gboolean
read_added_trims (Loader *self, const char *name, gpointer target)
{
  AddedToken *token = target;
  gboolean    set;

  if (!gem_json_reader_read_boolean (&self->reader, &set))
    return FALSE;
  token->trims |= set;
  return TRUE;
}

static gboolean
read_added_token (Loader *self, AddedToken *token)
{
  static const Member members[] = {
      {"id", read_added_id},
      {"content", read_added_content},
      {"special", read_added_special},
      {"normalized", read_added_normalized},
      {"lstrip", read_added_trims},
      {"rstrip", read_added_trims},
      {"single_word", read_added_trims},
  };

  *token = (AddedToken){.id = -1};
  if (!read_members (self, "an added token", members, G_N_ELEMENTS (members), token))
    return FALSE;
  if (token->trims)
    return fail (self, GEM_ERROR_UNSUPPORTED, "its added token “", token->content,
                 "” has lstrip, rstrip or single_word set");
  if (token->content.length == 0)
    return fail_plain (self, GEM_ERROR_INVALID_MODEL, "an added token has no content");
  if (token->content.length > GEM_TOKENIZER_MAX_ADDED_LENGTH)
    return fail (self, GEM_ERROR_UNSUPPORTED, "its added token “", token->content, "” is too long");
  /* We look for these in a text whose spaces have not been replaced. */
  if (token->normalized && memchr (token->content.data, ' ', token->content.length) != NULL)
    return fail (self, GEM_ERROR_UNSUPPORTED, "its normalized added token “", token->content,
                 "” holds a space");
  return TRUE;
}

static gboolean
read_added_tokens (Loader *self, const char *name, gpointer target)
{
  AddedToken token;

  if (!gem_json_reader_enter_array (&self->reader))
    return FALSE;
  while (gem_json_reader_next_item (&self->reader)) {
    if (self->added->len == GEM_TOKENIZER_MAX_ADDED)
      return fail_plain (self, GEM_ERROR_INVALID_MODEL, "it has too many added tokens");
    if (!read_added_token (self, &token))
      return FALSE;
    g_array_append_val (self->added, token);
  }
  return self->reader.problem == NULL;
}

/* The vocabulary */

/* Makes room for the token @id. */
static gboolean
reserve_token (Loader *self, gint32 id)
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
    return fail_memory (self->name, self->error);
  t->texts = texts;
  flags = g_try_renew (guint8, t->flags, size);
  if (flags == NULL)
    return fail_memory (self->name, self->error);
  t->flags = flags;
  memset (flags + self->texts_size, 0, size - self->texts_size);
  memset (texts + self->texts_size, 0, (size - self->texts_size) * sizeof *texts);
  self->texts_size = size;
  return TRUE;
}

static gboolean
add_token (Loader *self, gint64 id, GemJsonText text)
{
  GemTokenizer *t = self->tokenizer;

  if (id < 0 || id >= (gint64)GEM_TOKENIZER_MAX_TOKENS)
    return fail (self, GEM_ERROR_INVALID_MODEL, "the id of the token “", text, "” is out of range");
  if (!reserve_token (self, (gint32)id))
    return FALSE;
  if (t->flags[id] & GEM_TOKEN_FLAG_PRESENT)
    return fail (self, GEM_ERROR_INVALID_MODEL, "the token “", text, "” has the id of another one");

  /* In the file a text has two quotes, here one NUL: the arena, as long as the file, is long
   * enough. */
  t->texts[id] = (GemTokenText){(guint32)self->arena_used, (guint32)text.length};
  t->flags[id] = GEM_TOKEN_FLAG_PRESENT;
  memcpy (t->arena + self->arena_used, text.data, text.length);
  t->arena[self->arena_used + text.length] = '\0';
  self->arena_used += text.length + 1;
  t->n_tokens = MAX (t->n_tokens, (guint)id + 1);
  t->max_length = MAX (t->max_length, (guint32)text.length);
  return TRUE;
}

static gboolean
index_vocabulary (Loader *self)
{
  GemTokenizer *t = self->tokenizer;

  if (!gem_vocab_index_init (&t->index, self->n_vocab))
    return fail_memory (self->name, self->error);
  for (guint id = 0; id < t->n_tokens; id++) {
    GemJsonText text;

    if (!(t->flags[id] & GEM_TOKEN_FLAG_PRESENT) ||
        gem_vocab_index_insert (&t->index, t->arena, t->texts, (gint32)id) == (gint32)id)
      continue;
    text.data = gem_tokenizer_text (t, (gint32)id, &text.length);
    return fail (self, GEM_ERROR_INVALID_MODEL, "the token “", text, "” stands there twice");
  }
  return TRUE;
}

static gboolean
read_vocabulary (Loader *self, const char *name, gpointer target)
{
  GemJsonText text;
  gint64      id;

  gem_json_reader_enter_object (&self->reader);
  while (gem_json_reader_next_member (&self->reader, &text)) {
    if (!gem_json_reader_read_integer (&self->reader, &id) || !add_token (self, id, text))
      return FALSE;
    self->n_vocab++;
  }
  if (self->reader.problem != NULL)
    return FALSE;
  self->has_vocab = TRUE;
  return index_vocabulary (self);
}

/* The merges */

/* The two halves of a merge: ["a", "b"], or "a b" in older files. */
static gboolean
read_pair (Loader *self, GemJsonText *left, GemJsonText *right)
{
  GemJsonText none;
  const char *space;

  if (gem_json_reader_peek (&self->reader) == GEM_JSON_ARRAY) {
    gem_json_reader_enter_array (&self->reader);
    if (gem_json_reader_next_item (&self->reader) &&
        gem_json_reader_read_string (&self->reader, left) &&
        gem_json_reader_next_item (&self->reader) &&
        gem_json_reader_read_string (&self->reader, right) &&
        !gem_json_reader_next_item (&self->reader) && self->reader.problem == NULL)
      return TRUE;
    return check_syntax (self) &&
           fail_plain (self, GEM_ERROR_INVALID_MODEL, "a merge is not a pair");
  }
  if (!gem_json_reader_read_string (&self->reader, &none))
    return FALSE;
  space = memchr (none.data, ' ', none.length);
  if (space == NULL)
    return fail (self, GEM_ERROR_INVALID_MODEL, "the merge “", none, "” is not a pair");
  *left = (GemJsonText){none.data, (gsize)(space - none.data)};
  *right = (GemJsonText){space + 1, none.length - left->length - 1};
  return TRUE;
}

/* The id of what a pair becomes; −1 if that is no token. */
static gint32
find_joined (Loader *self, GemJsonText left, GemJsonText right)
{
  if (left.length + right.length > self->tokenizer->max_length)
    return -1;
  memcpy (self->joined, left.data, left.length);
  memcpy (self->joined + left.length, right.data, right.length);
  return gem_tokenizer_find (self->tokenizer, self->joined, left.length + right.length);
}

static gboolean
reserve_merge (Loader *self)
{
  guint        size = MAX (self->merges_size * 2, 1024);
  GemPairSlot *merges;
  gint32      *merged;

  if (self->tokenizer->n_merges < self->merges_size)
    return TRUE;
  if (self->tokenizer->n_merges >= GEM_TOKENIZER_MAX_MERGES)
    return fail_plain (self, GEM_ERROR_INVALID_MODEL, "it has too many merges");
  merges = g_try_renew (GemPairSlot, self->merges, size);
  if (merges == NULL)
    return fail_memory (self->name, self->error);
  self->merges = merges;
  merged = g_try_renew (gint32, self->tokenizer->merged, size);
  if (merged == NULL)
    return fail_memory (self->name, self->error);
  self->tokenizer->merged = merged;
  self->merges_size = size;
  return TRUE;
}

static gboolean
read_merge_list (Loader *self)
{
  GemTokenizer *t = self->tokenizer;
  GemJsonText   left, right;

  self->joined = g_try_malloc (MAX (t->max_length, 1));
  if (self->joined == NULL)
    return fail_memory (self->name, self->error);
  if (!gem_json_reader_enter_array (&self->reader))
    return FALSE;
  while (gem_json_reader_next_item (&self->reader)) {
    guint32     rank = t->n_merges;
    GemPairSlot merge = {.rank = rank};

    if (!reserve_merge (self) || !read_pair (self, &left, &right))
      return FALSE;
    merge.left = gem_tokenizer_find (t, left.data, left.length);
    merge.right = gem_tokenizer_find (t, right.data, right.length);
    t->merged[rank] = find_joined (self, left, right);
    if (merge.left < 0 || merge.right < 0)
      return fail (self, GEM_ERROR_INVALID_MODEL, "a merge names “", merge.left < 0 ? left : right,
                   "”, which is no token");
    if (t->merged[rank] < 0)
      return fail (self, GEM_ERROR_INVALID_MODEL, "a merge of “", left, "” makes what is no token");
    self->merges[t->n_merges++] = merge;
  }
  return self->reader.problem == NULL;
}

static gboolean
read_merges (Loader *self, const char *name, gpointer target)
{
  self->has_merges = TRUE;
  if (self->has_vocab)
    return read_merge_list (self);
  self->merges_wait = TRUE;
  self->merges_reader = self->reader;
  return gem_json_reader_skip (&self->reader);
}

/* The model */

static gboolean
read_model_type (Loader *self, const char *name, gpointer target)
{
  GemJsonText type;

  if (!gem_json_reader_read_string (&self->reader, &type))
    return FALSE;
  return gem_json_text_equal (type, "BPE") ||
         fail (self, GEM_ERROR_UNSUPPORTED, "its algorithm is “", type, "”, not BPE");
}

static gboolean
read_unknown (Loader *self, const char *name, gpointer target)
{
  if (gem_json_reader_peek (&self->reader) == GEM_JSON_NULL)
    return gem_json_reader_skip (&self->reader);
  return gem_json_reader_read_string (&self->reader, &self->unknown);
}

static gboolean
read_fuse_unknown (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &self->tokenizer->fuse_unknown);
}

static gboolean
read_byte_fallback (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &self->tokenizer->byte_fallback);
}

static gboolean
read_ignore_merges (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &self->tokenizer->ignore_merges);
}

static gboolean
read_model (Loader *self, const char *name, gpointer target)
{
  static const Member members[] = {
      {"type", read_model_type},
      {"dropout", read_absent},
      {"unk_token", read_unknown},
      {"continuing_subword_prefix", read_absent},
      {"end_of_word_suffix", read_absent},
      {"fuse_unk", read_fuse_unknown},
      {"byte_fallback", read_byte_fallback},
      {"ignore_merges", read_ignore_merges},
      {"vocab", read_vocabulary},
      {"merges", read_merges},
  };

  return read_members (self, "its model", members, G_N_ELEMENTS (members), NULL);
}

/* The document */

static gboolean
read_version (Loader *self, const char *name, gpointer target)
{
  GemJsonText version;

  if (!gem_json_reader_read_string (&self->reader, &version))
    return FALSE;
  return gem_json_text_equal (version, "1.0") ||
         fail (self, GEM_ERROR_UNSUPPORTED, "its format is version “", version, "”, not 1.0");
}

static gboolean
read_document (Loader *self)
{
  /* Cutting, padding and the BOS in front are the chat format's work. */
  static const Member members[] = {
      {"version", read_version},
      {"truncation", read_ignored},
      {"padding", read_ignored},
      {"added_tokens", read_added_tokens},
      {"normalizer", read_normalizer},
      {"pre_tokenizer", read_pre_tokenizer},
      {"post_processor", read_ignored},
      {"decoder", read_decoder},
      {"model", read_model},
  };

  if (!read_members (self, "it", members, G_N_ELEMENTS (members), NULL))
    return FALSE;
  gem_json_reader_finish (&self->reader);
  if (!check_syntax (self))
    return FALSE;
  if (!self->has_vocab || !self->has_merges)
    return fail_plain (self, GEM_ERROR_INVALID_MODEL, "it has no vocabulary or no merges");
  if (!self->has_normalizer || !self->has_decoder)
    return fail_plain (self, GEM_ERROR_UNSUPPORTED, "it has no normalizer or no decoder");
  if (self->merges_wait) {
    self->reader = self->merges_reader;
    return read_merge_list (self) || (check_syntax (self) && FALSE);
  }
  return TRUE;
}

/* What follows from all of it together */

static gboolean
apply_added_token (Loader *self, const AddedToken *token)
{
  GemTokenizer *t = self->tokenizer;
  gint32        id = gem_tokenizer_find (t, token->content.data, token->content.length);

  if (id < 0) {
    if (!add_token (self, token->id, token->content))
      return FALSE;
    id = (gint32)token->id;
  } else if (id != token->id)
    return fail (self, GEM_ERROR_INVALID_MODEL, "the added token “", token->content,
                 "” has another id in the vocabulary");
  else if (t->flags[id] & GEM_TOKEN_FLAG_ADDED)
    return fail (self, GEM_ERROR_INVALID_MODEL, "the added token “", token->content,
                 "” stands there twice");
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
make_added_set (Loader *self, GemAddedSet *set, gboolean normalized)
{
  GemTokenizer *t = self->tokenizer;
  guint         at = 0;

  set->ids = g_try_new (gint32, MAX (self->added->len, 1));
  if (set->ids == NULL)
    return fail_memory (self->name, self->error);
  for (guint i = 0; i < self->added->len; i++) {
    const AddedToken *token = &g_array_index (self->added, AddedToken, i);

    if (token->normalized == normalized)
      set->ids[set->n_ids++] = (gint32)token->id;
  }
  g_qsort_with_data (set->ids, (int)set->n_ids, sizeof *set->ids, compare_texts, t);
  for (guint i = 0; i + 1 < set->n_ids; i++)
    if (compare_texts (&set->ids[i], &set->ids[i + 1], t) == 0) {
      GemJsonText text;

      text.data = gem_tokenizer_text (t, set->ids[i], &text.length);
      return fail (self, GEM_ERROR_INVALID_MODEL, "the added token “", text,
                   "” stands there twice");
    }
  for (guint byte = 0; byte < 256; byte++) {
    set->first[byte] = at;
    while (at < set->n_ids && (guint8)t->arena[t->texts[set->ids[at]].offset] == byte)
      at++;
  }
  set->first[256] = at;
  return TRUE;
}

/* <0x00> … <0xFF>: by their text, as in the reference. */
static gboolean
find_byte_tokens (Loader *self)
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
      return fail (self, GEM_ERROR_UNSUPPORTED, "its byte token “", name, "” is a special one");
    if (id >= 0)
      t->flags[id] |= GEM_TOKEN_FLAG_BYTE;
    else if (t->byte_fallback)
      return fail (self, GEM_ERROR_INVALID_MODEL, "the byte token “", name, "” is missing");
  }
  return TRUE;
}

static gboolean
find_unknown_token (Loader *self)
{
  GemTokenizer *t = self->tokenizer;

  t->unknown_id = -1;
  if (self->unknown.data == NULL)
    return TRUE;
  t->unknown_id = gem_tokenizer_find (t, self->unknown.data, self->unknown.length);
  return t->unknown_id >= 0 || fail (self, GEM_ERROR_INVALID_MODEL, "the token for the unknown, “",
                                     self->unknown, "”, is missing");
}

/* Whether a text can turn into @id by merging, or be merged on.  Control and byte tokens must not:
 * what a person types would become one. */
static gboolean
check_mergeable (Loader *self, gint32 id)
{
  GemTokenizer *t = self->tokenizer;
  GemJsonText   text;

  text.data = gem_tokenizer_text (t, id, &text.length);
  if (text.length == 0)
    return fail_plain (self, GEM_ERROR_INVALID_MODEL, "a merge has an empty half");
  if (id == t->unknown_id || t->flags[id] & (GEM_TOKEN_FLAG_SPECIAL | GEM_TOKEN_FLAG_BYTE))
    return fail (self, GEM_ERROR_UNSUPPORTED, "a merge uses the control token “", text, "”");
  return TRUE;
}

static gunichar
first_character (const GemTokenizer *t, gint32 id)
{
  return g_utf8_get_char (t->arena + t->texts[id].offset);
}

static gunichar
last_character (const GemTokenizer *t, gint32 id)
{
  gsize       length;
  const char *text = gem_tokenizer_text (t, id, &length);

  return g_utf8_get_char (g_utf8_prev_char (text + length));
}

static gboolean
make_pairs (Loader *self)
{
  GemTokenizer *t = self->tokenizer;

  if (!gem_pair_table_init (&t->pairs, t->n_merges) ||
      !gem_join_filter_init (&t->joins, t->n_merges))
    return fail_memory (self->name, self->error);
  for (guint i = 0; i < t->n_merges; i++) {
    const GemPairSlot *merge = &self->merges[i];

    if (!check_mergeable (self, merge->left) || !check_mergeable (self, merge->right) ||
        !check_mergeable (self, t->merged[i]))
      return FALSE;
    gem_pair_table_insert (&t->pairs, merge->left, merge->right, merge->rank);
    gem_join_filter_add (&t->joins, last_character (t, merge->left),
                         first_character (t, merge->right));
  }
  return TRUE;
}

/* Gives back what growing took too much. */
static void
trim_memory (Loader *self)
{
  GemTokenizer *t = self->tokenizer;

  t->arena = g_realloc (t->arena, MAX (self->arena_used, 1));
  t->texts = g_renew (GemTokenText, t->texts, MAX (t->n_tokens, 1));
  t->flags = g_renew (guint8, t->flags, MAX (t->n_tokens, 1));
  t->merged = g_renew (gint32, t->merged, MAX (t->n_merges, 1));
}

static gboolean
load (Loader *self)
{
  if (!read_document (self))
    return FALSE;
  for (guint i = 0; i < self->added->len; i++)
    if (!apply_added_token (self, &g_array_index (self->added, AddedToken, i)))
      return FALSE;
  if (!make_added_set (self, &self->tokenizer->raw_added, FALSE) ||
      !make_added_set (self, &self->tokenizer->normalized_added, TRUE) ||
      !find_byte_tokens (self) || !find_unknown_token (self) || !make_pairs (self))
    return FALSE;
  trim_memory (self);
  return TRUE;
}

/* Reads @data, which it changes. */
static GemTokenizer *
load_data (char *data, gsize length, const char *name, GError **error)
{
  g_autoptr (GemTokenizer) tokenizer = gem_tokenizer_alloc ();
  GError  *failure = NULL;
  Loader   loader = {.tokenizer = tokenizer, .name = name, .error = &failure};
  gboolean loaded = FALSE;

  tokenizer->arena = g_try_malloc (MAX (length, 1));
  if (tokenizer->arena == NULL) {
    fail_memory (name, error);
    return NULL;
  }
  loader.added = g_array_new (FALSE, FALSE, sizeof (AddedToken));
  gem_json_reader_init (&loader.reader, data, length);
  loaded = load (&loader);
  g_array_unref (loader.added);
  g_free (loader.merges);
  g_free (loader.joined);
  if (!loaded) {
    g_propagate_error (error, failure);
    return NULL;
  }
  return g_steal_pointer (&tokenizer);
}

static gboolean
check_size (guint64 size, const char *name, GError **error)
{
  if (size <= GEM_TOKENIZER_MAX_BYTES)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The tokenizer %s is larger than 256 MiB, which none is.  Download the model again.",
               name);
  return FALSE;
}

GemTokenizer *
gem_tokenizer_new_from_data (const char *data, gsize length, const char *name, GError **error)
{
  g_autofree char *copy = NULL;

  g_return_val_if_fail (data != NULL || length == 0, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!check_size (length, name, error))
    return NULL;
  copy = g_try_malloc (MAX (length, 1));
  if (copy == NULL) {
    fail_memory (name, error);
    return NULL;
  }
  memcpy (copy, data, length);
  return load_data (copy, length, name, error);
}

static gboolean
fail_file (const char *path, const char *why, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL,
               "The tokenizer %s cannot be read: %s.  Choose a folder that holds the whole model, "
               "or download it again.",
               path, why);
  return FALSE;
}

/* A regular file only: a pipe or a device could keep us waiting, or never end.  It is read and not
 * mapped, so that somebody who cuts it off meanwhile cannot crash us. */
static gboolean
read_file (const char *path, int fd, char **data, gsize *length, GError **error)
{
  struct stat status;
  gsize       used = 0;

  if (fstat (fd, &status) != 0)
    return fail_file (path, g_strerror (errno), error);
  if (!S_ISREG (status.st_mode))
    return fail_file (path, "it is not a file", error);
  if (!check_size ((guint64)status.st_size, path, error))
    return FALSE;
  *data = g_try_malloc (MAX ((gsize)status.st_size, 1));
  if (*data == NULL)
    return fail_memory (path, error);
  while (used < (gsize)status.st_size) {
    gssize n = read (fd, *data + used, (gsize)status.st_size - used);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_file (path, g_strerror (errno), error);
    if (n == 0)
      break;
    used += (gsize)n;
  }
  *length = used;
  return TRUE;
}

GemTokenizer *
gem_tokenizer_new_from_file (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize            length = 0;
  gboolean         read_it;
  int              fd;

  g_return_val_if_fail (path != NULL, NULL);

  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    fail_file (path, g_strerror (errno), error);
    return NULL;
  }
  read_it = read_file (path, fd, &data, &length, error);
  close (fd);
  return read_it ? load_data (data, length, path, error) : NULL;
}
