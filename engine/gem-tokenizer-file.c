/* gem-tokenizer-file.c: reads a tokenizer.json into the tables that encoding and decoding use.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the file's bytes while it reads.  Runs on the thread that loads a model.  It knows exactly
 * one algorithm, that of the Gemma 3 and 4 family, and refuses by name whatever it does not: a
 * tokenizer that is almost right makes a model talk nonsense without an error.
 *
 * The file is read with our own pull parser, not with jansson's tree, because the window opens with
 * a model.  Of the real file (33 MB, 262,144 tokens, 514,906 merges), on an EPYC, the tree alone
 * took 0.58 s and 184 MB, before any table was made of it.  All of the loading here takes a third
 * of that time, 0.2 s, and at most 72 MB, of which 28 MB remain. */
#define G_LOG_DOMAIN "gem"

#include "gem-json-reader.h"
#include "gem-tokenizer-build.h"
#include "gem-utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A normalizer, pre-tokenizer or decoder: the union of what those of this family can have. */
typedef struct {
  GemJsonText type, pattern, content;
  gboolean    invert;
  guint       n_decoders;
} Component;

typedef struct {
  GemTokenizerBuilder build;
  GemJsonReader       reader;
  GArray             *added;   /* of GemAddedToken */
  GemJsonText         unknown; /* unk_token; data NULL: none */
  gboolean            has_normalizer, has_decoder, has_vocab, has_merges;
  gboolean            merges_wait;   /* they came before the vocabulary … */
  GemJsonReader       merges_reader; /* … and start here */
} Loader;

/* Reads the value of the member @name into @target, or sets the error. */
typedef gboolean (*MemberFunc) (Loader *self, const char *name, gpointer target);

typedef struct {
  const char *name;
  MemberFunc  read;
} Member;

static gboolean
damaged (Loader *self, const char *before, GemJsonText text, const char *after)
{
  return gem_tokenizer_builder_fail (&self->build, GEM_ERROR_INVALID_MODEL, before, text, after);
}

static gboolean
unsupported (Loader *self, const char *before, GemJsonText text, const char *after)
{
  return gem_tokenizer_builder_fail (&self->build, GEM_ERROR_UNSUPPORTED, before, text, after);
}

/* What the reader found wrong, if it did. */
static gboolean
check_syntax (Loader *self)
{
  char place[48];

  if (self->reader.problem == NULL)
    return TRUE;
  g_snprintf (place, sizeof place, " (at byte %" G_GSIZE_FORMAT ")", self->reader.problem_at);
  return damaged (self, self->reader.problem, GEM_JSON_NO_TEXT, place);
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

      return unsupported (self, before, key, "”");
    }
    if (seen & bit)
      return damaged (self, "“", key, "” stands there twice");
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
  return unsupported (self, "it sets “", (GemJsonText){name, strlen (name)}, "”");
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

  *component = (Component){GEM_JSON_NO_TEXT, GEM_JSON_NO_TEXT, GEM_JSON_NO_TEXT, FALSE, 0};
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

  if (gem_json_reader_peek (&self->reader) == GEM_JSON_NULL)
    return gem_json_reader_skip (&self->reader);
  if (!read_component (self, "its normalizer", &component))
    return FALSE;
  self->has_normalizer = TRUE;
  if (!is_replace (&component, " ", GEM_SPACE_MARK_UTF8))
    return unsupported (self, "its normalizer “", component.type,
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
    return unsupported (self, "its pre-tokenizer “", component.type,
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
      return unsupported (self, "its decoder has an unknown step “", part.type, "”");
    sequence->n_decoders = i + 1;
  }
  return self->reader.problem == NULL;
}

static gboolean
read_decoder (Loader *self, const char *name, gpointer target)
{
  Component component;

  if (gem_json_reader_peek (&self->reader) == GEM_JSON_NULL)
    return gem_json_reader_skip (&self->reader);
  if (!read_component (self, "its decoder", &component))
    return FALSE;
  self->has_decoder = TRUE;
  /* Fuse only joins, which we do anyway. */
  if (!gem_json_text_equal (component.type, "Sequence") || component.n_decoders < 2)
    return unsupported (self, "its decoder “", component.type,
                        "” is not Replace, ByteFallback and Fuse");
  return TRUE;
}

/* Added tokens: read now, applied when the vocabulary is known. */

static gboolean
read_added_id (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_integer (&self->reader, &((GemAddedToken *)target)->id);
}

static gboolean
read_added_content (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_string (&self->reader, &((GemAddedToken *)target)->content);
}

static gboolean
read_added_special (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &((GemAddedToken *)target)->special);
}

static gboolean
read_added_normalized (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &((GemAddedToken *)target)->normalized);
}

/* lstrip, rstrip, single_word: none of this family has them set. */
static gboolean
read_added_trims (Loader *self, const char *name, gpointer target)
{
  GemAddedToken *token = target;
  gboolean       set;

  if (!gem_json_reader_read_boolean (&self->reader, &set))
    return FALSE;
  token->trims |= set;
  return TRUE;
}

static gboolean
read_added_token (Loader *self, GemAddedToken *token)
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

  *token = (GemAddedToken){.content = GEM_JSON_NO_TEXT, .id = -1};
  if (!read_members (self, "an added token", members, G_N_ELEMENTS (members), token))
    return FALSE;
  if (token->trims)
    return unsupported (self, "its added token “", token->content,
                        "” has lstrip, rstrip or single_word set");
  if (token->content.length == 0)
    return damaged (self, "an added token has no content", GEM_JSON_NO_TEXT, "");
  if (token->content.length > GEM_TOKENIZER_MAX_ADDED_LENGTH)
    return unsupported (self, "its added token “", token->content, "” is too long");
  /* We look for these in a text whose spaces have not been replaced. */
  if (token->normalized && memchr (token->content.data, ' ', token->content.length) != NULL)
    return unsupported (self, "its normalized added token “", token->content, "” holds a space");
  return TRUE;
}

static gboolean
read_added_tokens (Loader *self, const char *name, gpointer target)
{
  GemAddedToken token;

  if (!gem_json_reader_enter_array (&self->reader))
    return FALSE;
  while (gem_json_reader_next_item (&self->reader)) {
    if (self->added->len == GEM_TOKENIZER_MAX_ADDED)
      return damaged (self, "it has too many added tokens", GEM_JSON_NO_TEXT, "");
    if (!read_added_token (self, &token))
      return FALSE;
    g_array_append_val (self->added, token);
  }
  return self->reader.problem == NULL;
}

/* The vocabulary */

static gboolean
read_vocabulary (Loader *self, const char *name, gpointer target)
{
  GemJsonText text;
  gint64      id;

  gem_json_reader_enter_object (&self->reader);
  while (gem_json_reader_next_member (&self->reader, &text))
    if (!gem_json_reader_read_integer (&self->reader, &id) ||
        !gem_tokenizer_builder_add_token (&self->build, text, id))
      return FALSE;
  if (self->reader.problem != NULL)
    return FALSE;
  self->has_vocab = TRUE;
  return gem_tokenizer_builder_index (&self->build);
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
    return check_syntax (self) && damaged (self, "a merge is not a pair", GEM_JSON_NO_TEXT, "");
  }
  if (!gem_json_reader_read_string (&self->reader, &none))
    return FALSE;
  space = memchr (none.data, ' ', none.length);
  if (space == NULL)
    return damaged (self, "the merge “", none, "” is not a pair");
  *left = (GemJsonText){none.data, (gsize)(space - none.data)};
  *right = (GemJsonText){space + 1, none.length - left->length - 1};
  return TRUE;
}

static gboolean
read_merge_list (Loader *self)
{
  GemJsonText left, right;

  if (!gem_json_reader_enter_array (&self->reader))
    return FALSE;
  while (gem_json_reader_next_item (&self->reader))
    if (!read_pair (self, &left, &right) ||
        !gem_tokenizer_builder_add_merge (&self->build, left, right))
      return FALSE;
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
         unsupported (self, "its algorithm is “", type, "”, not BPE");
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
  return gem_json_reader_read_boolean (&self->reader, &self->build.tokenizer->fuse_unknown);
}

static gboolean
read_byte_fallback (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &self->build.tokenizer->byte_fallback);
}

static gboolean
read_ignore_merges (Loader *self, const char *name, gpointer target)
{
  return gem_json_reader_read_boolean (&self->reader, &self->build.tokenizer->ignore_merges);
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
         unsupported (self, "its format is version “", version, "”, not 1.0");
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
    return damaged (self, "it has no vocabulary or no merges", GEM_JSON_NO_TEXT, "");
  if (!self->has_normalizer || !self->has_decoder)
    return unsupported (self, "it has no normalizer or no decoder", GEM_JSON_NO_TEXT, "");
  if (self->merges_wait) {
    self->reader = self->merges_reader;
    return read_merge_list (self) || (check_syntax (self) && FALSE);
  }
  return TRUE;
}

/* Reads @data, which it changes. */
static GemTokenizer *
load (char *data, gsize length, const char *name, GError **error)
{
  Loader        self = {.unknown = {NULL, 0}};
  GemTokenizer *tokenizer = NULL;

  gem_json_reader_init (&self.reader, data, length);
  self.added = g_array_new (FALSE, FALSE, sizeof (GemAddedToken));
  /* A text has two quotes in the file, and one NUL in the arena: its length is enough. */
  if (gem_tokenizer_builder_init (&self.build, name, length) && read_document (&self))
    tokenizer =
        gem_tokenizer_builder_finish (&self.build, (GemAddedToken *)(void *)self.added->data,
                                      self.added->len, self.unknown);
  if (tokenizer == NULL)
    g_propagate_error (error, g_steal_pointer (&self.build.error));
  gem_tokenizer_builder_clear (&self.build);
  g_array_unref (self.added);
  return tokenizer;
}

/* Files */

static gboolean
fail_memory (const char *name, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
               "There is not enough memory to read the tokenizer %s.  Close other programs and try "
               "again.",
               name);
  return FALSE;
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
  return load (copy, length, name, error);
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
  return read_it ? load (data, length, path, error) : NULL;
}
