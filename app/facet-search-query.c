/* facet-search-query.c: typed text to terms, terms to an expression of FTS5 and to places in a
 * text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure, any thread.  A text is read here as the index reads it (facet-search-tokenizer.c): words
 * are runs of letters and digits, signs lie between them, and of scripts that put no spaces between
 * words every character stands for itself.  All that gets into the expression stands in quotation
 * marks, so that nothing that was typed can be an operator there. */
#define G_LOG_DOMAIN "facet-search"

#include "facet-search-query.h"

#include "facet-search-chars.h"

#include <string.h>

/* Of what lies between two words of a phrase. */
#define MAX_GAP 32
/* Of one term, of which the index is asked; the text says the rest. */
#define MAX_PIECES 16

typedef struct {
  gunichar *chars; /* folded; ' ' stands for whatever divides words */
  guint     n_chars;
  gboolean  anywhere; /* character by character, wherever it stands */
  gboolean  begins;   /* the last word may go on */
  char     *index;    /* what the index is asked; NULL: it does not know the term */
  gboolean  exact;    /* as of the query */
  char     *certain;  /* bytes that are in every text with the term; NULL: not known */
} Term;

struct _FacetSearchQuery {
  gatomicrefcount ref_count;
  GArray         *terms; /* of Term */
  char           *match;
  gboolean        exact;
};

/* Characters */

/* A letter or digit that makes the word before it another one. */
static gboolean
is_of_word (gunichar c)
{
  return facet_search_is_word (c) && !facet_search_is_unspaced (c);
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
    gunichar c = facet_search_fold (g_utf8_get_char (p));
    gboolean gap = term->anywhere ? g_unichar_isspace (c) : !facet_search_is_word (c);

    if (c == 0 || (gap && (term->n_chars == 0 || term->chars[term->n_chars - 1] == ' ')))
      continue;
    term->chars[term->n_chars++] = gap ? ' ' : c;
  }
  if (term->n_chars > 0 && term->chars[term->n_chars - 1] == ' ')
    term->n_chars--;
}

/* One more thing that has to be there, as FTS5 writes it. */
static void
add_piece (GString *index, const gunichar *chars, guint n, gboolean begins)
{
  g_autofree char *text = g_ucs4_to_utf8 (chars, n, NULL, NULL, NULL);

  g_string_append (index, index->len > 0 ? " AND \"" : "\"");
  for (const char *p = text; *p != '\0'; p++)
    g_string_append (index, *p == '"' ? "\"\"" : (char[]){*p, '\0'});
  g_string_append (index, begins ? "\" *" : "\"");
}

/* Its words, as a phrase. */
static void
write_words (const Term *term, GString *index)
{
  g_autofree gunichar *words = g_new (gunichar, term->n_chars);
  guint                n = 0;
  gboolean             gap = FALSE;

  for (guint i = 0; i < term->n_chars; i++) {
    if (!facet_search_is_word (term->chars[i])) {
      gap = n > 0;
      continue;
    }
    if (gap)
      words[n++] = ' ';
    gap = FALSE;
    words[n++] = term->chars[i];
  }
  add_piece (index, words, n, term->begins && !gap);
}

static guint
count_run (const Term *term, guint begin, gboolean (*is_of_it) (gunichar))
{
  guint n = 0;

  while (begin + n < term->n_chars && is_of_it (term->chars[begin + n]))
    n++;
  return n;
}

/* Of signs each two neighbours, of scripts without spaces each run. */
static void
write_runs (const Term *term, GString *index)
{
  guint n_pieces = 0;

  for (guint i = 0, n; i < term->n_chars; i += MAX (n, 1)) {
    n = count_run (term, i, facet_search_is_unspaced);
    if (n > 0) {
      /* One alone begins all its pairs. */
      if (n_pieces++ < MAX_PIECES)
        add_piece (index, term->chars + i, n, n == 1);
      continue;
    }
    n = count_run (term, i, facet_search_is_sign);
    if (n == 1 && n_pieces++ < MAX_PIECES)
      add_piece (index, term->chars + i, 1, FALSE);
    for (guint j = 0; j + 1 < n; j++) {
      if (n_pieces++ < MAX_PIECES)
        add_piece (index, term->chars + i + j, 2, FALSE);
    }
  }
}

/* Written for the index. */
static void
write_index (Term *term, gboolean has_word, gboolean unspaced)
{
  g_autoptr (GString) index = g_string_new (NULL);

  if (has_word && !unspaced)
    write_words (term, index);
  if (term->anywhere)
    write_runs (term, index);
  term->exact = !term->anywhere || count_run (term, 0, facet_search_is_unspaced) == term->n_chars;
  if (index->len > 0)
    term->index = g_string_free (g_steal_pointer (&index), FALSE);
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
    gunichar c = facet_search_fold (g_utf8_get_char (p));

    has_word |= facet_search_is_word (c);
    unspaced |= facet_search_is_unspaced (c);
    term.anywhere |= facet_search_is_unspaced (c) || facet_search_is_symbol (c);
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
  if (!literal || !has_word)
    write_index (&term, has_word, unspaced);
  write_certain (&term);
  g_array_append_val (self->terms, term);
}

/* The query */

/* All terms that the index knows. */
static char *
join_terms (FacetSearchQuery *self)
{
  GString *match = g_string_new (NULL);

  for (guint i = 0; i < self->terms->len; i++) {
    const Term *term = &g_array_index (self->terms, Term, i);

    if (term->index != NULL)
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
  self->exact = TRUE;
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

  for (guint i = 0; i < self->terms->len; i++)
    self->exact &= g_array_index (self->terms, Term, i).exact;
  self->match = join_terms (self);
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

    if (facet_search_fold (c) != 0 &&
        (term->anywhere ? !g_unichar_isspace (c) : facet_search_is_word (c)))
      break;
    if (i == MAX_GAP)
      return NULL;
  }
  return p > begin ? p : NULL;
}

static const char *
skip_accents (const char *p, const char *end)
{
  while (p < end && facet_search_fold (g_utf8_get_char (p)) == 0)
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
    if (p >= end || facet_search_fold (g_utf8_get_char (p)) != term->chars[i])
      return NULL;
    p = skip_accents (g_utf8_next_char (p), end);
  }
  if (!inside && !term->anywhere && !term->begins && p < end && is_of_word (g_utf8_get_char (p)))
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
    gunichar c = facet_search_fold (g_utf8_get_char (*p));

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
    *in_word = is_of_word (c);
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
    in_word = is_of_word (facet_search_fold (g_utf8_get_char (g_utf8_prev_char (stop))));
    p = stop;
  }
}
