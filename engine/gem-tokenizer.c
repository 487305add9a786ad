/* gem-tokenizer.c: text to token ids.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns a tokenizer's lifetime and the encoder; gem-tokenizer-file.c fills the tables,
 * gem-detokenizer.c goes the other way.  Nothing here writes to a tokenizer, so any number of
 * threads may encode with one; what an encoding needs beside it lives in an Encoder on the caller's
 * stack.
 *
 * The text is cut at added tokens; what lies between is encoded by merging.  The reference looks
 * for the lowest merge in the whole of it.  We first cut between every two characters that no merge
 * joins (gem_join_filter_test ()): a token that covered such a place would hold these two
 * characters side by side, and every token of several characters comes from merges that joined each
 * of its neighbours once.  So the result is the same, and the pieces are words, not chapters. */
#define G_LOG_DOMAIN "gem"

#include "gem-error.h"
#include "gem-tokenizer-private.h"
#include "gem-utf8.h"

#define NO_SYMBOL G_MAXUINT32

/* So that positions fit 32 bits; no context holds a hundredth of it. */
#define MAX_TEXT (1u << 30)

/* A token of the piece being merged, in a linked list. */
typedef struct {
  gint32  id;
  guint32 previous, next;
  guint32 rank; /* of its merge with the next one; GEM_NO_RANK: none, or this symbol is gone */
} Symbol;

typedef struct {
  const GemTokenizer *tokenizer;
  gboolean            special; /* special tokens are recognised */
  GArray             *ids;     /* NULL: only count */
  gsize               n_ids;
  gboolean            after_unknown; /* the last id stands for unknown characters */
  gboolean            no_memory;

  Symbol *symbols; /* the piece */
  gsize   n_symbols, symbols_size;

  guint64 *heap; /* of rank << 32 | position, the least first: leftmost on ties */
  gsize    n_heap, heap_size;
} Encoder;

/* Lifetime */

GemTokenizer *
gem_tokenizer_alloc (void)
{
  GemTokenizer *self = g_new0 (GemTokenizer, 1);

  self->ref_count = 1;
  self->unknown_id = -1;
  return self;
}

GemTokenizer *
gem_tokenizer_ref (GemTokenizer *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
gem_tokenizer_unref (GemTokenizer *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  gem_vocab_index_clear (&self->index);
  gem_pair_table_clear (&self->pairs);
  gem_join_filter_clear (&self->joins);
  g_free (self->raw_added.ids);
  g_free (self->normalized_added.ids);
  g_free (self->merged);
  g_free (self->texts);
  g_free (self->flags);
  g_free (self->arena);
  g_free (self);
}

/* The vocabulary */

guint
gem_tokenizer_get_n_tokens (GemTokenizer *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->n_tokens;
}

GemTokenKind
gem_tokenizer_get_kind (GemTokenizer *self, gint32 id)
{
  g_return_val_if_fail (self != NULL, GEM_TOKEN_TEXT);
  if (!gem_tokenizer_has (self, id))
    return GEM_TOKEN_TEXT;
  if (self->flags[id] & GEM_TOKEN_FLAG_SPECIAL)
    return GEM_TOKEN_SPECIAL;
  return self->flags[id] & GEM_TOKEN_FLAG_BYTE ? GEM_TOKEN_BYTE : GEM_TOKEN_TEXT;
}

const char *
gem_tokenizer_get_text (GemTokenizer *self, gint32 id)
{
  gsize length;

  g_return_val_if_fail (self != NULL, NULL);
  return gem_tokenizer_has (self, id) ? gem_tokenizer_text (self, id, &length) : NULL;
}

gint32
gem_tokenizer_find_special (GemTokenizer *self, const char *text)
{
  const GemAddedSet *sets[2];
  gsize              length;

  g_return_val_if_fail (self != NULL, -1);
  g_return_val_if_fail (text != NULL, -1);

  length = strlen (text);
  sets[0] = &self->raw_added;
  sets[1] = &self->normalized_added;
  for (int i = 0; i < 2; i++) {
    gsize  matched = 0;
    gint32 id = gem_added_set_match (sets[i], self, (const guint8 *)text, length, &matched);

    if (id >= 0 && matched == length && self->flags[id] & GEM_TOKEN_FLAG_SPECIAL)
      return id;
  }
  return -1;
}

/* Added tokens */

/* The first of the set's range [low, high) whose byte at @depth is at least @byte. */
static guint
lower_bound (const GemAddedSet  *set,
             const GemTokenizer *tokenizer,
             guint               low,
             guint               high,
             gsize               depth,
             guint               byte)
{
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if ((guint8)tokenizer->arena[tokenizer->texts[set->ids[middle]].offset + depth] < byte)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

gint32
gem_added_set_match (const GemAddedSet  *set,
                     const GemTokenizer *tokenizer,
                     const guint8       *text,
                     gsize               length,
                     gsize              *matched)
{
  gint32 found = -1;
  guint  low, high;

  if (length == 0)
    return -1;
  low = set->first[text[0]];
  high = set->first[text[0] + 1];
  for (gsize depth = 1; low < high; depth++) {
    /* All of [low, high) begin with the first @depth bytes of the text; a token that ends here
     * comes first. */
    if (tokenizer->texts[set->ids[low]].length == depth) {
      found = set->ids[low++];
      *matched = depth;
    }
    if (depth == length)
      break;
    low = lower_bound (set, tokenizer, low, high, depth, text[depth]);
    high = lower_bound (set, tokenizer, low, high, depth, text[depth] + 1u);
  }
  return found;
}

/* Ids out */

static void
emit (Encoder *self, gint32 id)
{
  self->n_ids++;
  self->after_unknown = FALSE;
  if (self->ids != NULL)
    g_array_append_val (self->ids, id);
}

/* A character that is no token: its bytes, or the unknown token, or nothing. */
static void
emit_unknown (Encoder *self, const guint8 *character, gsize length)
{
  const GemTokenizer *t = self->tokenizer;

  if (t->byte_fallback)
    for (gsize i = 0; i < length; i++)
      emit (self, t->byte_ids[character[i]]);
  else if (t->unknown_id >= 0 && !(self->after_unknown && t->fuse_unknown)) {
    emit (self, t->unknown_id);
    self->after_unknown = TRUE;
  }
}

/* The heap */

static void
sift_down (guint64 *heap, gsize n, gsize i)
{
  guint64 value = heap[i];

  for (gsize child = 2 * i + 1; child < n; child = 2 * i + 1) {
    if (child + 1 < n && heap[child + 1] < heap[child])
      child++;
    if (value <= heap[child])
      break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = value;
}

static guint64
heap_pop (Encoder *self)
{
  guint64 least = self->heap[0];

  self->heap[0] = self->heap[--self->n_heap];
  if (self->n_heap > 0)
    sift_down (self->heap, self->n_heap, 0);
  return least;
}

/* There is room: a merge takes one entry out before it puts at most two in, and there are fewer
 * merges than symbols, for each of which reserve_symbols () keeps two places. */
static void
heap_push (Encoder *self, guint32 rank, guint32 position)
{
  guint64 value = (guint64)rank << 32 | position;
  gsize   i = self->n_heap++;

  while (i > 0 && self->heap[(i - 1) / 2] > value) {
    self->heap[i] = self->heap[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  self->heap[i] = value;
}

/* Merging */

static gboolean
reserve_symbols (Encoder *self)
{
  gsize    size = MAX (self->symbols_size * 2, 64);
  Symbol  *symbols;
  guint64 *heap;

  if (self->n_symbols < self->symbols_size)
    return TRUE;
  symbols = g_try_renew (Symbol, self->symbols, size);
  if (symbols != NULL) {
    self->symbols = symbols;
    heap = g_try_renew (guint64, self->heap, 2 * size);
    if (heap != NULL) {
      self->heap = heap;
      self->symbols_size = size;
      return TRUE;
    }
  }
  self->no_memory = TRUE;
  return FALSE;
}

static void
push_symbol (Encoder *self, gint32 id)
{
  guint32 i = (guint32)self->n_symbols;

  if (!reserve_symbols (self))
    return;
  self->symbols[i] = (Symbol){id, i > 0 ? i - 1 : NO_SYMBOL, i + 1, GEM_NO_RANK};
  self->n_symbols++;
}

/* Looks up the merge of the symbol at @position with its next. */
static guint32
find_rank (Encoder *self, guint32 position)
{
  Symbol *symbol = &self->symbols[position];

  symbol->rank = symbol->next == NO_SYMBOL
                     ? GEM_NO_RANK
                     : gem_pair_table_find (&self->tokenizer->pairs, symbol->id,
                                            self->symbols[symbol->next].id);
  return symbol->rank;
}

static void
merge_at (Encoder *self, guint32 position)
{
  Symbol *symbol = &self->symbols[position];
  Symbol *eaten = &self->symbols[symbol->next];

  symbol->id = self->tokenizer->merged[symbol->rank];
  symbol->next = eaten->next;
  eaten->rank = GEM_NO_RANK;
  if (symbol->next != NO_SYMBOL)
    self->symbols[symbol->next].previous = position;

  if (find_rank (self, position) != GEM_NO_RANK)
    heap_push (self, symbol->rank, position);
  if (symbol->previous != NO_SYMBOL && find_rank (self, symbol->previous) != GEM_NO_RANK)
    heap_push (self, self->symbols[symbol->previous].rank, symbol->previous);
}

/* Merges the symbols of the piece and emits what is left. */
static void
finish_piece (Encoder *self)
{
  if (self->n_symbols == 0)
    return;

  self->symbols[self->n_symbols - 1].next = NO_SYMBOL;
  self->n_heap = 0;
  for (guint32 i = 0; i + 1 < self->n_symbols; i++)
    if (find_rank (self, i) != GEM_NO_RANK)
      self->heap[self->n_heap++] = (guint64)self->symbols[i].rank << 32 | i;
  for (gsize i = self->n_heap / 2; i-- > 0;)
    sift_down (self->heap, self->n_heap, i);

  while (self->n_heap > 0) {
    guint64 least = heap_pop (self);

    /* Otherwise a neighbour has changed since; the entry for what it became is in the heap as well.
     */
    if (self->symbols[(guint32)least].rank == (guint32)(least >> 32))
      merge_at (self, (guint32)least);
  }

  for (guint32 i = 0; i != NO_SYMBOL; i = self->symbols[i].next)
    emit (self, self->symbols[i].id);
  self->n_symbols = 0;
}

/* The token of just this text, if it is one that text may become: no control token, no byte. */
static gint32
find_text (const GemTokenizer *t, const guint8 *text, gsize length)
{
  gint32 id = gem_tokenizer_find (t, (const char *)text, length);

  return id >= 0 && !(t->flags[id] & (GEM_TOKEN_FLAG_SPECIAL | GEM_TOKEN_FLAG_BYTE)) ? id : -1;
}

/* Puts the three bytes of a character at @out and gives their end. */
static inline guint8 *
put_three (guint8 *out, const char *character)
{
  memcpy (out, character, 3);
  return out + 3;
}

/* @text with every space replaced.  (transfer full), NULL when memory is short. */
static guint8 *
replace_spaces (Encoder *self, const guint8 *text, gsize length, gsize *new_length)
{
  guint8 *normalized = g_try_malloc (3 * length);
  guint8 *out = normalized;

  if (normalized == NULL) {
    self->no_memory = TRUE;
    return NULL;
  }
  for (gsize i = 0; i < length; i++)
    if (text[i] == ' ')
      out = put_three (out, GEM_SPACE_MARK_UTF8);
    else
      *out++ = text[i];
  *new_length = (gsize)(out - normalized);
  return normalized;
}

/* A text that is a token as a whole. */
static gboolean
encode_whole (Encoder *self, const guint8 *text, gsize length)
{
  g_autofree guint8 *normalized = NULL;
  gint32             id;

  if (length > self->tokenizer->max_length)
    return FALSE;
  normalized = replace_spaces (self, text, length, &length);
  if (normalized == NULL)
    return FALSE;
  id = find_text (self->tokenizer, normalized, length);
  if (id >= 0)
    emit (self, id);
  return id >= 0;
}

/* Text without added tokens. */
static void
encode_plain (Encoder *self, const guint8 *text, gsize length)
{
  const GemTokenizer *t = self->tokenizer;
  const guint8       *end = text + length;
  gunichar            previous = 0;
  gunichar            c = 0;
  gsize               size;

  if (length == 0 || (t->ignore_merges && encode_whole (self, text, length)))
    return;
  for (; text < end && !self->no_memory; text += size) {
    const guint8 *character = text;
    gsize         n_bytes;
    gint32        id;

    size = n_bytes = gem_utf8_read (text, end, &c);
    if (c == ' ') {
      character = (const guint8 *)GEM_SPACE_MARK_UTF8;
      n_bytes = strlen (GEM_SPACE_MARK_UTF8);
      c = GEM_SPACE_MARK;
    }
    id = find_text (t, character, n_bytes);
    if (id < 0 || (self->n_symbols > 0 && !gem_join_filter_test (&t->joins, previous, c)))
      finish_piece (self);
    if (id < 0)
      emit_unknown (self, character, n_bytes);
    else
      push_symbol (self, id);
    previous = c;
  }
  finish_piece (self);
}

typedef void (*EncodeFunc) (Encoder *self, const guint8 *text, gsize length);

/* Cuts the text at the tokens of @set, the leftmost and then the longest first; @between encodes
 * the rest.  As in the reference, a special token that is not wanted still hides others inside it,
 * and is text. */
static void
encode_cut (Encoder           *self,
            const GemAddedSet *set,
            const guint8      *text,
            gsize              length,
            EncodeFunc         between)
{
  const GemTokenizer *t = self->tokenizer;
  gsize               start = 0;
  gsize               matched = 0;

  for (gsize i = 0; i < length && !self->no_memory;) {
    gint32 id = set->first[text[i]] == set->first[text[i] + 1]
                    ? -1
                    : gem_added_set_match (set, t, text + i, length - i, &matched);

    if (id < 0) {
      i++;
      continue;
    }
    if (self->special || !(t->flags[id] & GEM_TOKEN_FLAG_SPECIAL)) {
      between (self, text + start, i - start);
      emit (self, id);
      start = i + matched;
    }
    i += matched;
  }
  between (self, text + start, length - start);
}

/* Text without the added tokens that are looked for in the text as it is. */
static void
encode_normalized (Encoder *self, const guint8 *text, gsize length)
{
  const GemAddedSet *set = &self->tokenizer->normalized_added;
  g_autofree guint8 *normalized = NULL;

  if (set->n_ids == 0 || length == 0) {
    encode_plain (self, text, length);
    return;
  }
  normalized = replace_spaces (self, text, length, &length);
  if (normalized != NULL)
    encode_cut (self, set, normalized, length, encode_plain);
}

/* The whole text */

/* How much of the text is UTF-8, from its start. */
static gsize
valid_length (const guint8 *text, gsize length)
{
  const guint8 *p = text;
  const guint8 *end = text + length;
  gunichar      c;
  gsize         size;

  while (p < end && (size = gem_utf8_read (p, end, &c)) > 0)
    p += size;
  return (gsize)(p - text);
}

/* @text with U+FFFD for every bad byte.  (transfer full), NULL when memory is short. */
static guint8 *
repair (const guint8 *text, gsize length, gsize *new_length)
{
  guint8       *repaired = g_try_malloc (3 * length);
  guint8       *out = repaired;
  const guint8 *end = text + length;

  if (repaired == NULL)
    return NULL;
  while (text < end) {
    gsize valid = valid_length (text, (gsize)(end - text));

    memcpy (out, text, valid);
    out += valid;
    text += valid;
    if (text < end) {
      out = put_three (out, "\xef\xbf\xbd");
      text++;
    }
  }
  *new_length = (gsize)(out - repaired);
  return repaired;
}

static void
encode (Encoder *self, const guint8 *text, gsize length)
{
  g_autofree guint8 *repaired = NULL;

  if (valid_length (text, length) < length) {
    repaired = repair (text, length, &length);
    self->no_memory = repaired == NULL;
    text = repaired;
  }
  if (!self->no_memory)
    encode_cut (self, &self->tokenizer->raw_added, text, length, encode_normalized);
  g_free (self->symbols);
  g_free (self->heap);
}

gboolean
gem_tokenizer_encode (GemTokenizer  *self,
                      const char    *text,
                      gssize         length,
                      GemEncodeFlags flags,
                      GArray        *ids,
                      GError       **error)
{
  Encoder encoder = {.tokenizer = self, .special = (flags & GEM_ENCODE_SPECIAL) != 0, .ids = ids};
  gsize   n_bytes;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (text != NULL || length == 0, FALSE);
  g_return_val_if_fail (ids != NULL && g_array_get_element_size (ids) == sizeof (gint32), FALSE);

  n_bytes = length < 0 ? strlen (text) : (gsize)length;
  if (n_bytes > MAX_TEXT) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_TOO_LONG,
                 "The text is longer than 1 GiB.  Give a part of it.");
    return FALSE;
  }
  encode (&encoder, (const guint8 *)text, n_bytes);
  if (encoder.no_memory) {
    g_array_set_size (ids, ids->len - (guint)encoder.n_ids);
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is not enough memory to read a text of %" G_GSIZE_FORMAT
                 " bytes.  Give a part of it.",
                 n_bytes);
    return FALSE;
  }
  return TRUE;
}

gsize
gem_tokenizer_count (GemTokenizer *self, const char *text, gssize length, GemEncodeFlags flags)
{
  Encoder encoder = {.tokenizer = self, .special = (flags & GEM_ENCODE_SPECIAL) != 0};

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (text != NULL || length == 0, 0);

  encode (&encoder, (const guint8 *)text, length < 0 ? strlen (text) : (gsize)length);
  return encoder.n_ids;
}
