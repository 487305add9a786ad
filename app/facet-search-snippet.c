/* facet-search-snippet.c: a window over a text, put on one line.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure, any thread. */
#define G_LOG_DOMAIN "facet-search"

#include "facet-search-snippet.h"

#include <string.h>

#define LENGTH   200 /* bytes of the text that are shown, about */
#define LEAD     48  /* of these, before the first place */
#define MAX_WORD 24  /* bytes that the window moves so as not to cut a word */
/* A text may be a book: what lies further on is not looked at. */
#define MAX_LOOKED_AT (1 << 20)

#define ELLIPSIS "\xe2\x80\xa6"

/* The place at which a window would show the most of them. */
static gsize
find_best (GArray *places)
{
  gsize best = 0;
  guint most = 0;

  for (guint i = 0, j = 0; i < places->len; i++) {
    gsize start = g_array_index (places, FacetTextRange, i).start;

    while (j < places->len &&
           g_array_index (places, FacetTextRange, j).end <= start + LENGTH - LEAD)
      j++;
    if (j > i && j - i > most) {
      most = j - i;
      best = start;
    }
  }
  if (most == 0 && places->len > 0)
    best = g_array_index (places, FacetTextRange, 0).start;
  return best;
}

/* The beginning of a word near @at; at least of a character. */
static gsize
find_begin (const char *text, gsize at)
{
  for (gsize i = 0; i < MAX_WORD && at > i; i++) {
    if (g_ascii_isspace (text[at - i - 1]))
      return at - i;
  }
  while (at > 0 && ((guchar)text[at] & 0xc0) == 0x80)
    at--;
  return at;
}

static gsize
find_end (const char *text, gsize at, gsize length)
{
  if (at >= length)
    return length;
  for (gsize i = 0; i < MAX_WORD && at + i < length; i++) {
    if (g_ascii_isspace (text[at + i]))
      return at + i;
  }
  while (at < length && ((guchar)text[at] & 0xc0) == 0x80)
    at++;
  return at;
}

/* Emphasis, code, the sign of a heading. */
static gsize
count_marks (const char *p, gboolean line_begins)
{
  if (p[0] == '*' && p[1] == '*')
    return strspn (p, "*");
  if (p[0] == '`')
    return strspn (p, "`");
  if (line_begins && p[0] == '#')
    return strspn (p, "#");
  return 0;
}

/* [@begin, @end) of @text, on one line. */
static char *
write_line (const char *text, gsize begin, gsize end, gboolean goes_on)
{
  GString *line = g_string_new (begin > 0 ? ELLIPSIS : NULL);
  gsize    empty = line->len;
  gboolean line_begins = begin == 0 || text[begin - 1] == '\n';
  gboolean space = FALSE;

  for (const char *p = text + begin; p < text + end;) {
    gunichar    c = g_utf8_get_char (p);
    const char *next = g_utf8_next_char (p);
    gsize       marks = count_marks (p, line_begins);

    if (marks > 0) {
      p += MIN (marks, (gsize)(text + end - p));
      continue;
    }
    line_begins = c == '\n';
    if (g_unichar_isspace (c) || g_unichar_iscntrl (c)) {
      space = TRUE;
    } else {
      if (space && line->len > empty)
        g_string_append_c (line, ' ');
      space = FALSE;
      g_string_append_len (line, p, next - p);
    }
    p = next;
  }
  if (goes_on)
    g_string_append (line, ELLIPSIS);
  return g_string_free (line, FALSE);
}

char *
facet_search_snippet_new (const FacetSearchQuery *query,
                          const char             *text,
                          gboolean                inside,
                          GArray                **ranges)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (FacetTextRange));
  gsize length = strlen (text), looked_at = MIN (length, MAX_LOOKED_AT);
  gsize best, begin = 0;
  char *line;

  while (looked_at > 0 && ((guchar)text[looked_at] & 0xc0) == 0x80)
    looked_at--;
  facet_search_query_find (query, text, looked_at, inside, places);
  best = find_best (places);
  if (best > LEAD + MAX_WORD)
    begin = find_begin (text, best - LEAD);
  line = write_line (text, begin, find_end (text, begin + LENGTH, length),
                     find_end (text, begin + LENGTH, length) < length);

  *ranges = g_array_new (FALSE, FALSE, sizeof (FacetTextRange));
  facet_search_query_find (query, line, strlen (line), inside, *ranges);
  return line;
}
