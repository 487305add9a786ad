/* facet-search-tokenizer.c: a text to the tokens that the index (message_fts) has of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Words are as SQLite's unicode61 finds them, without accents.  Besides:
 *
 * - Scripts that put no spaces between words: of every run of them each two neighbours are a token,
 *   and its last character alone.  So what is looked for is a phrase of such pairs, one character
 * is the beginning of a pair, and a word of another script that stands between them is a word.
 * - Signs: each that occurs, and each two neighbours, once for the whole text.  They take no place
 *   of their own: "free, software" has the phrase "free software".
 *
 * In what is asked (FTS5_TOKENIZE_QUERY) two characters are a pair and nothing else.
 *
 * With 100,000 messages, a tenth of them in Chinese, facet.db is larger by a quarter (133 and 165
 * MB), most of it for the lists of words by their first letter.  SQLite's trigrams were measured,
 * too: they make an index three times as large and do not find two characters, which is what most
 * Chinese words have.
 *
 * The text may be anything: what is no UTF-8 divides words. */
#define G_LOG_DOMAIN "facet-search"

#include "facet-search-tokenizer.h"

#include "facet-search-chars.h"

#include <string.h>

#define ASCII 128

typedef int (*TokenFunc) (void *, int, const char *, int, int, int);

/* One of these for each table. */
typedef struct {
  fts5_tokenizer methods; /* unicode61's */
  Fts5Tokenizer *words;
} Tokenizer;

/* A text that is being read. */
typedef struct {
  const Tokenizer *tokenizer;
  const char      *text;
  int              length;
  gboolean         asked;
  int              flags;
  void            *context;
  TokenFunc        token;
  int              offset;           /* of what unicode61 is reading */
  guint64 ascii[ASCII * ASCII / 64]; /* signs: bit 128 a + b is the pair ab, bit b alone b */
  GArray *others;                    /* the same of other signs, of guint64; NULL: none */
} Reading;

/* A character where it stands; at the end, 0. */
typedef struct {
  gunichar c; /* folded; 0: an accent */
  int      start, end;
} Char;

static Char
read_char (const Reading *self, int at)
{
  Char     read = {.start = at, .end = at + 1};
  gunichar c;

  if (at >= self->length)
    return (Char){.start = at, .end = at};
  if ((guint8)self->text[at] < 0x80) {
    read.c = self->text[at] != '\0' ? (gunichar)g_ascii_tolower (self->text[at]) : ' ';
    return read;
  }
  c = g_utf8_get_char_validated (self->text + at, self->length - at);
  if (c >= (gunichar)-2) {
    read.c = ' ';
    return read;
  }
  read.end = at + (int)g_unichar_to_utf8 (c, NULL);
  read.c = facet_search_fold (c);
  return read;
}

/* Accents that stand between two characters are not there. */
static Char
read_next (const Reading *self, int at)
{
  Char read = read_char (self, at);

  while (read.c == 0 && read.start < self->length)
    read = read_char (self, read.end);
  return read;
}

static int
emit (Reading *self, int flags, gunichar first, gunichar second, int start, int end)
{
  char bytes[12];
  int  n = g_unichar_to_utf8 (first, bytes);

  if (second != 0)
    n += g_unichar_to_utf8 (second, bytes + n);
  return self->token (self->context, flags, bytes, n, start, end);
}

/* Words */

static int
word_cb (void *data, int flags, const char *bytes, int n_bytes, int start, int end)
{
  Reading *self = data;

  return self->token (self->context, flags, bytes, n_bytes, self->offset + start,
                      self->offset + end);
}

static int
read_words (Reading *self, int start, int end)
{
  self->offset = start;
  if (start == end)
    return SQLITE_OK;
  return self->tokenizer->methods.xTokenize (self->tokenizer->words, self, self->flags,
                                             self->text + start, end - start, word_cb);
}

/* Scripts without spaces */

/* The run that begins with @first; *@at becomes its end. */
static int
read_run (Reading *self, Char first, int *at)
{
  gboolean alone = TRUE;
  int      code = SQLITE_OK;

  for (Char next; code == SQLITE_OK; first = next) {
    next = read_next (self, first.end);
    *at = first.end;
    if (next.start >= self->length || !facet_search_is_unspaced (next.c))
      break;
    alone = FALSE;
    code = emit (self, 0, first.c, next.c, first.start, next.end);
  }
  if (code == SQLITE_OK && (alone || !self->asked))
    code = emit (self, 0, first.c, 0, first.start, first.end);
  return code;
}

/* Signs */

static void
note_sign (Reading *self, gunichar first, gunichar second)
{
  if (first < ASCII && second < ASCII) {
    gunichar bit = second != 0 ? ASCII * first + second : first;

    self->ascii[bit / 64] |= G_GUINT64_CONSTANT (1) << bit % 64;
  } else {
    guint64 both = (guint64)first << 32 | second;

    if (self->others == NULL)
      self->others = g_array_new (FALSE, FALSE, sizeof (guint64));
    g_array_append_val (self->others, both);
  }
}

/* The sign @sign, and the pair that it makes with what comes after it. */
static int
read_sign (Reading *self, Char sign, gboolean alone)
{
  Char     next = read_next (self, sign.end);
  gboolean paired = next.start < self->length && facet_search_is_sign (next.c);

  if (!self->asked) {
    note_sign (self, sign.c, 0);
    if (paired)
      note_sign (self, sign.c, next.c);
    return SQLITE_OK;
  }
  if (!paired && !alone)
    return SQLITE_OK;
  return emit (self, 0, sign.c, paired ? next.c : 0, sign.start, next.end);
}

static int
compare_signs (gconstpointer a, gconstpointer b)
{
  guint64 first = *(const guint64 *)a, second = *(const guint64 *)b;

  return first < second ? -1 : first > second;
}

static int
emit_signs (Reading *self)
{
  int     code = SQLITE_OK;
  guint64 before = 0;

  for (guint i = 0; i < G_N_ELEMENTS (self->ascii) && code == SQLITE_OK; i++) {
    for (guint64 bits = self->ascii[i]; bits != 0 && code == SQLITE_OK; bits &= bits - 1) {
      guint    bit = i * 64 + (guint)__builtin_ctzll (bits);
      gunichar first = bit / ASCII, second = bit % ASCII;

      code = emit (self, FTS5_TOKEN_COLOCATED, first != 0 ? first : second, first != 0 ? second : 0,
                   self->length, self->length);
    }
  }
  if (self->others == NULL)
    return code;
  g_array_sort (self->others, compare_signs);
  for (guint i = 0; i < self->others->len && code == SQLITE_OK; i++) {
    guint64 both = g_array_index (self->others, guint64, i);

    if (both != before)
      code = emit (self, FTS5_TOKEN_COLOCATED, (gunichar)(both >> 32), (gunichar)both, self->length,
                   self->length);
    before = both;
  }
  return code;
}

/* The text */

/* What comes after @at in a text in Latin letters, mostly: nothing but words. */
static int
skip_words (const Reading *self, int at)
{
  while (at < self->length && (g_ascii_isalnum (self->text[at]) || self->text[at] == ' '))
    at++;
  return at;
}

static int
read_text (Reading *self)
{
  int      code = SQLITE_OK, words = 0; /* where those begin that are not read yet */
  gboolean after_sign = FALSE;

  for (int at = skip_words (self, 0); at < self->length && code == SQLITE_OK;) {
    Char     next = read_char (self, at);
    gboolean run = facet_search_is_unspaced (next.c);
    gboolean sign = !run && next.c != 0 && facet_search_is_sign (next.c);

    at = next.end;
    /* Newer symbols are words to unicode61. */
    if (run || (sign && next.c >= ASCII)) {
      code = read_words (self, words, next.start);
      words = at;
    }
    if (code == SQLITE_OK && run) {
      code = read_run (self, next, &at);
      words = at;
    } else if (code == SQLITE_OK && sign) {
      code = read_sign (self, next, !after_sign);
    }
    if (next.c != 0)
      after_sign = sign;
    if (!after_sign)
      at = skip_words (self, at);
  }
  if (code == SQLITE_OK)
    code = read_words (self, words, self->length);
  return code == SQLITE_OK && !self->asked ? emit_signs (self) : code;
}

/* What FTS5 calls */

static int
tokenize (Fts5Tokenizer *tokenizer,
          void          *context,
          int            flags,
          const char    *text,
          int            length,
          TokenFunc      token)
{
  Reading self = {.tokenizer = (Tokenizer *)tokenizer,
                  .text = text,
                  .length = text != NULL ? length : 0,
                  .asked = (flags & FTS5_TOKENIZE_QUERY) != 0,
                  .flags = flags,
                  .context = context,
                  .token = token};
  int     code = read_text (&self);

  g_clear_pointer (&self.others, g_array_unref);
  return code;
}

static void
tokenizer_free (Fts5Tokenizer *tokenizer)
{
  Tokenizer *self = (Tokenizer *)tokenizer;

  if (self->words != NULL)
    self->methods.xDelete (self->words);
  g_free (self);
}

static int
tokenizer_new (void *api, const char **args, int n_args, Fts5Tokenizer **tokenizer)
{
  static const char *of_words[] = {"remove_diacritics", "2"};
  fts5_api          *fts5 = api;
  Tokenizer         *self = g_new0 (Tokenizer, 1);
  void              *data = NULL;
  int                code = fts5->xFindTokenizer (fts5, "unicode61", &data, &self->methods);

  if (code == SQLITE_OK)
    code = self->methods.xCreate (data, of_words, G_N_ELEMENTS (of_words), &self->words);
  if (code == SQLITE_OK)
    *tokenizer = (Fts5Tokenizer *)self;
  else
    tokenizer_free ((Fts5Tokenizer *)self);
  return code;
}

int
facet_search_tokenizer_register (sqlite3 *db)
{
  static fts5_tokenizer methods = {tokenizer_new, tokenizer_free, tokenize};
  fts5_api             *api = NULL;
  sqlite3_stmt         *statement = NULL;
  int                   code = sqlite3_prepare_v2 (db, "SELECT fts5 (?1)", -1, &statement, NULL);

  if (code != SQLITE_OK)
    return code;
  sqlite3_bind_pointer (statement, 1, &api, "fts5_api_ptr", NULL);
  sqlite3_step (statement);
  code = sqlite3_finalize (statement);
  if (code != SQLITE_OK || api == NULL)
    return code != SQLITE_OK ? code : SQLITE_ERROR;
  return api->xCreateTokenizer (api, "facet", api, &methods, NULL);
}
