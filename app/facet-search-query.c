/* facet-search-query.c: typed text to terms, terms to an expression of FTS5 and to places in a
 * text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure, any thread.  A text is read here as the index's tokenizer (unicode61, remove_diacritics 2)
 * reads it: words are runs of letters and digits, everything else lies between them.  Only letters,
 * digits, spaces and our own quotation marks get into the expression, so that nothing that was
 * typed can be an operator there.
 *
 * Chinese, Japanese, Thai and their neighbours put no spaces between words, so that for the index a
 * whole clause is one word.  An index of trigrams (FTS5's own tokenizer) was measured on 100,000
 * messages, 59 MB of text: it made the file larger by 183 MB (by 40 MB without positions, with
 * which it could answer nothing longer than three characters), took 23 s (13 s) to build, and does
 * not find two characters, which is what most Chinese words have.  So these terms, and symbols such
 * as emoji, which the index does not know, are looked for in the messages themselves, newest first,
 * in a tenth of a second. */
#define G_LOG_DOMAIN "facet-search"

#include "facet-search-query.h"

#include <string.h>

/* Of what lies between two words of a phrase. */
#define MAX_GAP 32

typedef struct {
  gunichar *chars; /* folded; ' ' stands for whatever divides words */
  guint     n_chars;
  gboolean  anywhere;     /* character by character, wherever it stands */
  gboolean  begins;       /* the last word may go on */
  char     *index;        /* what the index is asked; NULL: it does not know the term */
  gboolean  quick, exact; /* as of the query */
  char     *certain;      /* bytes that are in every text with the term; NULL: not known */
} Term;

struct _FacetSearchQuery {
  gatomicrefcount ref_count;
  GArray         *terms; /* of Term */
  char           *match, *quick_match;
  gboolean        quick, exact;
};

/* Characters */

/* A letter without its case and, where it is a Latin one, without its accent; 0: an accent. */
static gunichar
fold (gunichar c)
{
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];

  if (c < 0x80)
    return (gunichar)g_ascii_tolower ((gchar)c);
  if (c >= 0x300 && c <= 0x331)
    return 0;
  if (c == 0x3c2) /* the sigma at the end of a word */
    return 0x3c3;
  if (g_unichar_fully_decompose (c, FALSE, parts, G_N_ELEMENTS (parts)) > 1 && parts[0] < 0x80 &&
      g_ascii_isalpha ((gchar)parts[0]))
    return (gunichar)g_ascii_tolower ((gchar)parts[0]);
  return g_unichar_tolower (c);
}

static gboolean
is_word (gunichar c)
{
  if (c < 0x80)
    return g_ascii_isalnum ((gchar)c);
  return g_unichar_isalnum (c) || g_unichar_type (c) == G_UNICODE_PRIVATE_USE;
}

static gboolean
is_unspaced (gunichar c)
{
  if (c < 0xe00)
    return FALSE;
  switch (g_unichar_get_script (c)) {
  case G_UNICODE_SCRIPT_HAN:
  case G_UNICODE_SCRIPT_HIRAGANA:
  case G_UNICODE_SCRIPT_KATAKANA:
  case G_UNICODE_SCRIPT_BOPOMOFO:
  case G_UNICODE_SCRIPT_THAI:
  case G_UNICODE_SCRIPT_LAO:
  case G_UNICODE_SCRIPT_KHMER:
  case G_UNICODE_SCRIPT_MYANMAR:
  case G_UNICODE_SCRIPT_TIBETAN:
    return TRUE;
  default:
    return FALSE;
  }
}

/* Symbols, and the signs that other scripts put on their letters: what the index skips and the
 * person means. */
static gboolean
is_meant (gunichar c)
{
  if (is_word (c) || fold (c) == 0)
    return FALSE;
  switch (g_unichar_type (c)) {
  case G_UNICODE_CURRENCY_SYMBOL:
  case G_UNICODE_MATH_SYMBOL:
  case G_UNICODE_MODIFIER_SYMBOL:
  case G_UNICODE_OTHER_SYMBOL:
  case G_UNICODE_SPACING_MARK:
  case G_UNICODE_ENCLOSING_MARK:
  case G_UNICODE_NON_SPACING_MARK:
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
is_quotation_mark (gunichar c)
{
  return c == '"' || (c >= 0x201c && c <= 0x201f) || c == 0xab || c == 0xbb;
}

/* Terms */

static void
clear_term (gpointer data)
{
  Term *term = data;

  g_free (term->chars);
  g_free (term->index);
  g_free (term->certain);
}

/* Folded, with one space for whatever lies between two words; or, @anywhere, for white space. */
static void
fold_text (Term *term, const char *text, gsize length)
{
  const char *end = text + length;

  term->chars = g_new (gunichar, (gsize)g_utf8_strlen (text, (gssize)length) + 1);
  for (const char *p = text; p < end; p = g_utf8_next_char (p)) {
    gunichar c = fold (g_utf8_get_char (p));
    gboolean gap = term->anywhere ? g_unichar_isspace (c) : !is_word (c);

    if (c == 0 || (gap && (term->n_chars == 0 || term->chars[term->n_chars - 1] == ' ')))
      continue;
    term->chars[term->n_chars++] = gap ? ' ' : c;
  }
  if (term->n_chars > 0 && term->chars[term->n_chars - 1] == ' ')
    term->n_chars--;
}

/* Written for the index: its words, as a phrase. */
static void
write_index (Term *term)
{
  GString *words = g_string_new (NULL);
  gsize    before = 0; /* of the last word */
  guint    last = 0;   /* the letters of it */
  gboolean begins = term->begins && is_word (term->chars[term->n_chars - 1]);

  for (guint i = 0; i < term->n_chars; i++) {
    if (!is_word (term->chars[i])) {
      last = 0;
      continue;
    }
    if (last++ == 0 && words->len > 0) {
      before = words->len;
      g_string_append_c (words, ' ');
    }
    g_string_append_unichar (words, term->chars[i]);
  }
  term->quick = !begins || last > 1;
  term->exact = !term->anywhere;
  /* "don't": the words before narrow it down, and the text says the rest. */
  if (!term->quick && before > 0) {
    g_string_truncate (words, before);
    term->quick = TRUE;
    term->exact = begins = FALSE;
  }
  term->index = g_strdup_printf ("\"%s\"%s", words->str, begins ? " *" : "");
  g_string_free (words, TRUE);
}

/* The longest run of characters that can be written in one way only. */
static void
write_certain (Term *term)
{
  guint best = 0, best_length = 0, length = 0;

  for (guint i = 0; i < term->n_chars; i++) {
    gunichar c = term->chars[i];
    gboolean only =
        c != ' ' && (!g_unichar_isalpha (c) || g_unichar_type (c) == G_UNICODE_OTHER_LETTER);

    length = only ? length + 1 : 0;
    if (length > best_length) {
      best_length = length;
      best = i + 1 - length;
    }
  }
  if (best_length > 0)
    term->certain = g_ucs4_to_utf8 (term->chars + best, best_length, NULL, NULL, NULL);
}

/* @begins: the last word may go on; @literal: nothing is a word. */
static void
add_term (FacetSearchQuery *self, const char *text, gsize length, gboolean begins, gboolean literal)
{
  Term        term = {.begins = begins, .anywhere = literal};
  gboolean    unspaced = FALSE, has_word = FALSE;
  const char *end = text + length;

  if (self->terms->len >= FACET_SEARCH_MAX_TERMS)
    return;
  for (const char *p = text; p < end; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    has_word |= is_word (c);
    unspaced |= is_unspaced (c);
    term.anywhere |= is_unspaced (c) || is_meant (c);
    /* Korean puts its particles at the end of a word. */
    term.begins |= c >= 0x1100 && g_unichar_get_script (c) == G_UNICODE_SCRIPT_HANGUL;
  }
  if (!has_word && !term.anywhere)
    return;
  fold_text (&term, text, length);
  if (term.n_chars == 0) {
    clear_term (&term);
    return;
  }
  term.quick = TRUE;
  if (has_word && !unspaced && !literal)
    write_index (&term);
  write_certain (&term);
  g_array_append_val (self->terms, term);
}

/* The query */

/* All terms that the index knows, or only the quick ones. */
static char *
join_terms (FacetSearchQuery *self, gboolean only_quick)
{
  GString *match = g_string_new (NULL);

  for (guint i = 0; i < self->terms->len; i++) {
    const Term *term = &g_array_index (self->terms, Term, i);

    if (term->index == NULL || (only_quick && !term->quick))
      continue;
    g_string_append_printf (match, "%s%s", match->len > 0 ? " AND " : "", term->index);
  }
  return g_string_free (match, match->len == 0);
}

static FacetSearchQuery *
query_new (void)
{
  FacetSearchQuery *self = g_new0 (FacetSearchQuery, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->terms = g_array_new (FALSE, FALSE, sizeof (Term));
  g_array_set_clear_func (self->terms, clear_term);
  self->quick = self->exact = TRUE;
  return self;
}

/* (transfer full): as much of @typed as counts, and nothing that is no text. */
static char *
dup_bounded (const char *typed)
{
  gsize            length = strnlen (typed, 4 * (FACET_SEARCH_MAX_CHARS + 1));
  g_autofree char *valid = g_utf8_make_valid (typed, (gssize)length);

  return g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), FACET_SEARCH_MAX_CHARS));
}

static gboolean
ends_here (gunichar c, gboolean quoted)
{
  return is_quotation_mark (c) || (!quoted && (g_unichar_isspace (c) || g_unichar_iscntrl (c)));
}

FacetSearchQuery *
facet_search_query_new (const char *typed)
{
  FacetSearchQuery *self = query_new ();
  g_autofree char  *text = dup_bounded (typed);
  const char       *begin = text;
  gboolean          quoted = FALSE;

  for (const char *p = text;; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c != 0 && !ends_here (c, quoted))
      continue;
    /* Only what nothing comes after is still being typed. */
    add_term (self, begin, (gsize)(p - begin), c == 0, FALSE);
    if (c == 0)
      break;
    if (is_quotation_mark (c))
      quoted = !quoted;
    begin = g_utf8_next_char (p);
  }
  /* Signs that divide words are all there is: then they are what is looked for. */
  if (self->terms->len == 0 && *g_strstrip (text) != '\0')
    add_term (self, text, strlen (text), FALSE, TRUE);

  for (guint i = 0; i < self->terms->len; i++) {
    const Term *term = &g_array_index (self->terms, Term, i);

    self->quick &= term->quick;
    self->exact &= term->exact;
  }
  self->match = join_terms (self, FALSE);
  self->quick_match = join_terms (self, TRUE);
  return self;
}

FacetSearchQuery *
facet_search_query_new_literal (const char *typed)
{
  FacetSearchQuery *self = query_new ();
  g_autofree char  *text = dup_bounded (typed);

  self->exact = FALSE;
  add_term (self, text, strlen (text), FALSE, TRUE);
  return self;
}

FacetSearchQuery *
facet_search_query_ref (FacetSearchQuery *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
facet_search_query_unref (FacetSearchQuery *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->terms);
  g_free (self->match);
  g_free (self->quick_match);
  g_free (self);
}

gboolean
facet_search_query_is_empty (const FacetSearchQuery *self)
{
  return self->terms->len == 0;
}

const char *
facet_search_query_get_match (const FacetSearchQuery *self)
{
  return self->match;
}

const char *
facet_search_query_get_quick_match (const FacetSearchQuery *self)
{
  return self->quick_match;
}

gboolean
facet_search_query_is_quick (const FacetSearchQuery *self)
{
  return self->quick;
}

gboolean
facet_search_query_is_exact (const FacetSearchQuery *self)
{
  return self->exact;
}

/* Places */

/* Past what divides two words, which is there and not endless; NULL: it is not. */
static const char *
skip_gap (const Term *term, const char *p, const char *end)
{
  const char *begin = p;

  for (guint i = 0; p < end; i++, p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (fold (c) != 0 && (term->anywhere ? !g_unichar_isspace (c) : is_word (c)))
      break;
    if (i == MAX_GAP)
      return NULL;
  }
  return p > begin ? p : NULL;
}

static const char *
skip_accents (const char *p, const char *end)
{
  while (p < end && fold (g_utf8_get_char (p)) == 0)
    p = g_utf8_next_char (p);
  return p;
}

/* Where @term ends that begins at @p; NULL: it does not. */
static const char *
match_at (const Term *term, const char *p, const char *end, gboolean inside)
{
  for (guint i = 0; i < term->n_chars; i++) {
    if (term->chars[i] == ' ') {
      p = skip_gap (term, p, end);
      if (p == NULL)
        return NULL;
      continue;
    }
    if (p >= end || fold (g_utf8_get_char (p)) != term->chars[i])
      return NULL;
    p = skip_accents (g_utf8_next_char (p), end);
  }
  if (!inside && !term->anywhere && !term->begins && p < end && is_word (g_utf8_get_char (p)))
    return NULL;
  return p;
}

/* The first place of one of the terms [@first, @first + @n) at or after *@p; there the longest. */
static gboolean
find_next (const FacetSearchQuery *self,
           guint                   first,
           guint                   n,
           const char            **p,
           const char             *end,
           gboolean               *in_word,
           gboolean                inside,
           const char            **stop)
{
  for (; *p < end; *p = g_utf8_next_char (*p)) {
    gunichar c = fold (g_utf8_get_char (*p));

    if (c == 0)
      continue;
    *stop = NULL;
    for (guint i = first; i < first + n; i++) {
      const Term *term = &g_array_index (self->terms, Term, i);
      const char *place;

      if (term->chars[0] != c || (*in_word && !inside && !term->anywhere))
        continue;
      place = match_at (term, *p, end, inside);
      if (place != NULL && place > *stop)
        *stop = place;
    }
    *in_word = is_word (c);
    if (*stop != NULL)
      return TRUE;
  }
  return FALSE;
}

static gboolean
term_is_in (const FacetSearchQuery *self, guint index, const char *text, gboolean inside)
{
  const Term *term = &g_array_index (self->terms, Term, index);
  const char *p = text, *stop;
  gboolean    in_word = FALSE;

  if (text == NULL || (term->certain != NULL && strstr (text, term->certain) == NULL))
    return FALSE;
  return find_next (self, index, 1, &p, text + strlen (text), &in_word, inside, &stop);
}

gboolean
facet_search_query_matches (const FacetSearchQuery *self,
                            const char *const      *texts,
                            guint                   n_texts,
                            gboolean                inside)
{
  for (guint i = 0; i < self->terms->len; i++) {
    gboolean found = FALSE;

    for (guint j = 0; j < n_texts && !found; j++)
      found = term_is_in (self, i, texts[j], inside);
    if (!found)
      return FALSE;
  }
  return self->terms->len > 0;
}

gboolean
facet_search_query_may_match (const FacetSearchQuery *self, const char *const *texts, guint n_texts)
{
  for (guint i = 0; i < self->terms->len; i++) {
    const char *certain = g_array_index (self->terms, Term, i).certain;
    gboolean    found = certain == NULL;

    for (guint j = 0; j < n_texts && !found; j++)
      found = texts[j] != NULL && strstr (texts[j], certain) != NULL;
    if (!found)
      return FALSE;
  }
  return self->terms->len > 0;
}

void
facet_search_query_find (const FacetSearchQuery *self,
                         const char             *text,
                         gsize                   length,
                         gboolean                inside,
                         GArray                 *ranges)
{
  const char *p = text, *end = text + length, *stop;
  gboolean    in_word = FALSE;

  while (find_next (self, 0, self->terms->len, &p, end, &in_word, inside, &stop)) {
    FacetTextRange range = {(gsize)(p - text), (gsize)(stop - text)};

    g_array_append_val (ranges, range);
    in_word = is_word (fold (g_utf8_get_char (g_utf8_prev_char (stop))));
    p = stop;
  }
}
