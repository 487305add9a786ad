/* facet-markdown-mend.c: makes the unfinished end of a text fit to be shown.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * While an answer is written, its last characters often mean something else than they will: a lone
 * "-" under a paragraph would make it a heading for a moment, "**bold" shows its asterisks until
 * the other two come. Here such markers are held back, and what was opened is closed.  It guesses;
 * nothing depends on it, for the finished text never comes this way.  Pure; any thread. */
#define G_LOG_DOMAIN "facet-markdown"

#include "config.h"

#include <string.h>

#include "facet-markdown-private.h"

#define MAX_LOOK_BACK 4096 /* bytes of the last paragraph that are looked at */
#define MAX_OPEN      16   /* emphasis open at once */
#define MAX_MARKERS   8    /* characters of a line that may still become a marker */

/* --- lines
 * ---------------------------------------------------------------------------------------------- */

static gsize
line_start (const GString *piece, gsize at)
{
  while (at > 0 && piece->str[at - 1] != '\n')
    at--;
  return at;
}

static gboolean
all_in (const char *text, gsize length, const char *set)
{
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '\0' || strchr (set, text[i]) == NULL)
      return FALSE;
  }
  return TRUE;
}

/* The last line is not decided yet: "-", "##", "1.", "``", "---" under a paragraph. */
static gboolean
is_undecided (const GString *piece, gsize start)
{
  FacetLine line;
  gsize     length;

  facet_line_init (&line, piece->str + start, piece->len - start);
  length = line.length - line.content;
  if (length == 0)
    return FALSE;
  if (start > 1 && piece->str[start - 2] != '\n' &&
      all_in (line.text + line.content, length, "-= "))
    return TRUE;
  return length <= MAX_MARKERS &&
         all_in (line.text + line.content, length, "-+*_#>`~=|:.) 0123456789");
}

/* A line that begins with a bar is a table's only when the next one says so. */
static gboolean
is_possible_header (const GString *piece, gsize start, gsize end)
{
  FacetLine line;

  if (start > 0 && (start < 2 || piece->str[start - 2] != '\n'))
    return FALSE;
  facet_line_init (&line, piece->str + start, end - start);
  return !facet_line_is_blank (&line) && line.indent < 4 && line.text[line.content] == '|';
}

static void
hold_back_lines (GString *piece)
{
  gsize start = line_start (piece, piece->len);
  gsize before;

  if (is_possible_header (piece, start, piece->len)) {
    g_string_truncate (piece, start);
    return;
  }
  if (start > 0) {
    before = line_start (piece, start - 1);
    if (is_possible_header (piece, before, start - 1) &&
        all_in (piece->str + start, piece->len - start, "|:- \t")) {
      FacetLine line;

      facet_line_init (&line, piece->str + start, piece->len - start);
      if (!facet_line_is_delimiter_row (&line) || piece->str[piece->len - 1] != '|')
        g_string_truncate (piece, before);
      return;
    }
  }
  if (is_undecided (piece, start))
    g_string_truncate (piece, start);
}

/* --- what is open inside of the last paragraph
 * ------------------------------------------------------------ */

typedef struct {
  char  mark;
  guint count;
} Opened;

typedef struct {
  Opened opened[MAX_OPEN];
  guint  n_opened;
  gsize  code; /* where an open code span begins, 0: none, else one more than the position */
  guint  code_run;
  gsize  bracket; /* the same for the last "[" that is open */
  gsize  target;  /* the same for a "](" whose target is not complete */
} Inline;

static gsize
run_at (const GString *piece, gsize at)
{
  gsize end = at;

  while (end < piece->len && piece->str[end] == piece->str[at])
    end++;
  return end - at;
}

static gboolean
is_word (const GString *piece, gsize at)
{
  return at < piece->len && (g_ascii_isalnum (piece->str[at]) || (guchar)piece->str[at] >= 0x80);
}

static void
note_emphasis (Inline *self, const GString *piece, gsize at, gsize run)
{
  char     mark = piece->str[at];
  gboolean space_before = at == 0 || g_ascii_isspace (piece->str[at - 1]);
  gboolean space_after = at + run == piece->len || g_ascii_isspace (piece->str[at + run]);
  Opened  *top = self->n_opened > 0 ? &self->opened[self->n_opened - 1] : NULL;

  if (mark == '_' && at > 0 && is_word (piece, at - 1) && is_word (piece, at + run))
    return;
  if (mark == '~' && run != 2)
    return;
  if (!space_before && top != NULL && top->mark == mark && run >= top->count) {
    self->n_opened--;
    return;
  }
  if (!space_after && run <= 3 && self->n_opened < MAX_OPEN)
    self->opened[self->n_opened++] = (Opened){mark, (guint)run};
}

static void
note_bracket (Inline *self, const GString *piece, gsize at)
{
  switch (piece->str[at]) {
  case '[':
    self->bracket = at + 1;
    break;
  case ']':
    if (self->bracket != 0 && at + 1 < piece->len && piece->str[at + 1] == '(')
      self->target = at + 1;
    else
      self->bracket = 0;
    break;
  default: /* ')' */
    if (self->target != 0)
      self->target = self->bracket = 0;
    break;
  }
}

static void
read_inline (Inline *self, const GString *piece, gsize start)
{
  gsize i = start;

  while (i < piece->len) {
    gsize run = 1;
    char  c = piece->str[i];

    if (c == '`') {
      run = run_at (piece, i);
      if (self->code == 0) {
        self->code = i + 1;
        self->code_run = (guint)run;
      } else if (run == self->code_run) {
        self->code = 0;
      }
    } else if (self->code != 0) {
      /* Nothing counts inside of code. */
    } else if (c == '\\') {
      run = 2;
    } else if (c == '*' || c == '_' || c == '~') {
      run = run_at (piece, i);
      if (self->target == 0)
        note_emphasis (self, piece, i, run);
    } else if (c == '[' || c == ']' || c == ')') {
      note_bracket (self, piece, i);
    }
    i += run;
  }
}

/* Where the last paragraph begins: after a blank line, or at a line with a marker. */
static gsize
paragraph_start (const GString *piece)
{
  gsize limit = piece->len > MAX_LOOK_BACK ? piece->len - MAX_LOOK_BACK : 0;
  gsize start = line_start (piece, piece->len);

  while (start > limit) {
    FacetMarker marker;
    FacetLine   line;
    gsize       end = strcspn (piece->str + start, "\n");

    facet_line_init (&line, piece->str + start, end);
    if (facet_line_is_item (&line, &marker))
      return start + line.content + 1;
    if (facet_line_is_heading (&line) || facet_line_is_blank (&line))
      break;
    if (start >= 2 && piece->str[start - 2] == '\n')
      break;
    start = line_start (piece, start - 1);
  }
  return start;
}

static void
close_inline (Inline *self, GString *piece)
{
  gsize end = piece->len;
  gsize at;

  if (self->code != 0) {
    if (self->code - 1 + self->code_run == piece->len) {
      g_string_truncate (piece, self->code - 1);
    } else {
      for (guint i = 0; i < self->code_run; i++)
        g_string_append_c (piece, '`');
      end = piece->len;
    }
  } else if (self->target != 0) {
    g_string_truncate (piece, self->target - 1);
  }
  if (self->bracket != 0 && self->bracket <= piece->len && self->code == 0)
    g_string_erase (piece, (gssize)self->bracket - 1, 1);

  end = piece->len;
  while (end > 0 && g_ascii_isspace (piece->str[end - 1]))
    end--;
  at = end;
  for (guint i = self->n_opened; i > 0; i--) {
    Opened *opened = &self->opened[i - 1];
    guint   have = 0;

    /* Part of the closing run is there already. */
    while (i == self->n_opened && at == end && have < opened->count && end > have &&
           piece->str[end - 1 - have] == opened->mark)
      have++;
    for (; have < opened->count; have++)
      g_string_insert_c (piece, (gssize)at++, opened->mark);
  }
}

/* Asterisks at the very end that cannot have closed anything have just been opened. */
static void
drop_last_opener (GString *piece, gsize start)
{
  gsize end = piece->len;

  while (end > start && strchr ("*_~", piece->str[end - 1]) != NULL)
    end--;
  if (end == start || g_ascii_isspace (piece->str[end - 1]))
    g_string_truncate (piece, end);
}

void
facet_markdown_mend (GString *piece)
{
  Inline state = {0};
  gsize  start;

  hold_back_lines (piece);
  start = paragraph_start (piece);
  drop_last_opener (piece, start);
  read_inline (&state, piece, start);
  close_inline (&state, piece);
}
