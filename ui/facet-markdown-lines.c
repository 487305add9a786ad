/* facet-markdown-lines.c: what a single line of Markdown may begin, end or define.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The stream asks these questions to find where one piece of a text ends and the next begins.  They
 * are answered from the line alone, so the answer is the same however the text arrived.  Knows no
 * block structure: that is md4c's part.  Pure; any thread. */
#define G_LOG_DOMAIN "facet-markdown"

#include "config.h"

#include <string.h>

#include "facet-markdown-private.h"

#define TAB_STOP           4
#define MAX_ORDINAL_DIGITS 9
#define MAX_LABEL          200
#define MAX_TARGET         2048

void
facet_line_init (FacetLine *self, const char *text, gsize length)
{
  *self = (FacetLine){.text = text, .length = length};
  while (self->content < length) {
    if (text[self->content] == ' ')
      self->indent++;
    else if (text[self->content] == '\t')
      self->indent += TAB_STOP - self->indent % TAB_STOP;
    else
      break;
    self->content++;
  }
}

gboolean
facet_line_is_blank (const FacetLine *self)
{
  return self->content == self->length;
}

static gsize
run_length (const FacetLine *self, gsize from, char c)
{
  gsize i = from;

  while (i < self->length && self->text[i] == c)
    i++;
  return i - from;
}

static gboolean
only_space_from (const FacetLine *self, gsize from)
{
  for (gsize i = from; i < self->length; i++) {
    if (self->text[i] != ' ' && self->text[i] != '\t')
      return FALSE;
  }
  return TRUE;
}

gboolean
facet_line_opens_fence (const FacetLine *self, FacetFence *fence)
{
  char  mark;
  gsize run;

  if (facet_line_is_blank (self))
    return FALSE;
  mark = self->text[self->content];
  if (mark != '`' && mark != '~')
    return FALSE;
  run = run_length (self, self->content, mark);
  if (run < 3)
    return FALSE;
  /* "```not a fence```" is inline code. */
  if (mark == '`' &&
      memchr (self->text + self->content + run, '`', self->length - self->content - run))
    return FALSE;
  *fence = (FacetFence){.mark = mark, .length = (guint)run, .indent = self->indent};
  return TRUE;
}

gboolean
facet_line_closes_fence (const FacetLine *self, const FacetFence *fence)
{
  gsize run;

  if (self->indent >= TAB_STOP || facet_line_is_blank (self))
    return FALSE;
  run = run_length (self, self->content, fence->mark);
  return run >= fence->length && only_space_from (self, self->content + run);
}

gboolean
facet_line_may_close_fence (const FacetLine *self, const FacetFence *fence)
{
  gsize run;

  if (self->indent >= TAB_STOP)
    return FALSE;
  run = run_length (self, self->content, fence->mark);
  if (self->content + run == self->length)
    return TRUE;
  return run >= fence->length && only_space_from (self, self->content + run);
}

gboolean
facet_line_is_heading (const FacetLine *self)
{
  gsize run;

  if (self->indent >= TAB_STOP || facet_line_is_blank (self))
    return FALSE;
  run = run_length (self, self->content, '#');
  if (run < 1 || run > 6)
    return FALSE;
  return self->content + run == self->length || self->text[self->content + run] == ' ' ||
         self->text[self->content + run] == '\t';
}

gboolean
facet_line_is_quote (const FacetLine *self)
{
  return self->indent < TAB_STOP && !facet_line_is_blank (self) && self->text[self->content] == '>';
}

/* Columns of white space that follow a marker ending at @after. */
static guint
columns_after (const FacetLine *self, gsize after, guint column)
{
  guint start = column;

  for (gsize i = after; i < self->length; i++) {
    if (self->text[i] == ' ')
      column++;
    else if (self->text[i] == '\t')
      column += TAB_STOP - column % TAB_STOP;
    else
      break;
  }
  return column - start;
}

gboolean
facet_line_is_item (const FacetLine *self, FacetMarker *marker)
{
  gsize i = self->content;
  guint number = 0;
  guint width, space;
  char  mark;

  if (facet_line_is_blank (self))
    return FALSE;
  while (i < self->length && g_ascii_isdigit (self->text[i])) {
    if (i - self->content == MAX_ORDINAL_DIGITS)
      return FALSE;
    number = number * 10 + (guint)(self->text[i] - '0');
    i++;
  }
  if (i == self->length)
    return FALSE;
  mark = self->text[i];
  if (i == self->content ? strchr ("-+*", mark) == NULL : mark != '.' && mark != ')')
    return FALSE;
  if (mark == '\0')
    return FALSE;
  i++;
  if (i < self->length && self->text[i] != ' ' && self->text[i] != '\t')
    return FALSE;

  width = (guint)(i - self->content);
  space = columns_after (self, i, self->indent + width);
  marker->blank = only_space_from (self, i);
  /* Five columns or more: the item's content is an indented code block one column in. */
  if (marker->blank || space > TAB_STOP)
    space = 1;
  marker->offset = self->indent + width + space;
  marker->number = number;
  marker->mark = mark;
  return TRUE;
}

gboolean
facet_line_is_delimiter_row (const FacetLine *self)
{
  gboolean pipe = FALSE, dash = FALSE;

  if (self->indent >= TAB_STOP)
    return FALSE;
  for (gsize i = self->content; i < self->length; i++) {
    switch (self->text[i]) {
    case '|':
      pipe = TRUE;
      break;
    case '-':
      dash = TRUE;
      break;
    case ':':
    case ' ':
    case '\t':
      break;
    default:
      return FALSE;
    }
  }
  return pipe && dash;
}

char *
facet_label_normalise (const char *text, gsize length)
{
  g_autoptr (GString) label = NULL;

  if (length == 0 || length > MAX_LABEL)
    return NULL;
  label = g_string_sized_new (length);
  for (gsize i = 0; i < length; i++) {
    if (g_ascii_isspace (text[i])) {
      if (label->len > 0 && label->str[label->len - 1] != ' ')
        g_string_append_c (label, ' ');
    } else if (text[i] == '[' || text[i] == ']' || text[i] == '\\') {
      return NULL;
    } else {
      g_string_append_c (label, text[i]);
    }
  }
  if (label->len > 0 && label->str[label->len - 1] == ' ')
    g_string_truncate (label, label->len - 1);
  if (label->len == 0)
    return NULL;
  return g_utf8_casefold (label->str, (gssize)label->len);
}

/* A title in quotation marks up to the line's end, or nothing. */
static gboolean
only_title_from (const FacetLine *self, gsize from)
{
  gsize last = self->length;
  char  close;

  if (only_space_from (self, from))
    return TRUE;
  if (self->text[from] != ' ' && self->text[from] != '\t')
    return FALSE;
  while (self->text[from] == ' ' || self->text[from] == '\t')
    from++;
  while (self->text[last - 1] == ' ' || self->text[last - 1] == '\t')
    last--;
  close = self->text[from] == '(' ? ')' : self->text[from];
  return strchr ("\"')", close) != NULL && last - from >= 2 && self->text[last - 1] == close &&
         memchr (self->text + from + 1, close, last - from - 2) == NULL &&
         memchr (self->text + from + 1, '\\', last - from - 2) == NULL;
}

gboolean
facet_line_is_definition (const FacetLine *self, char **label, char **target)
{
  const char *text = self->text;
  const char *close;
  gsize       i, start;

  if (self->indent >= TAB_STOP || facet_line_is_blank (self) || text[self->content] != '[')
    return FALSE;
  close = memchr (text + self->content, ']', self->length - self->content);
  if (close == NULL)
    return FALSE;
  i = (gsize)(close - text) + 1;
  if (i == self->length || text[i] != ':')
    return FALSE;
  i++;
  while (i < self->length && (text[i] == ' ' || text[i] == '\t'))
    i++;
  start = i;
  if (i < self->length && text[i] == '<') {
    start = ++i;
    while (i < self->length && text[i] != '>' && text[i] != '<' && text[i] != '\\')
      i++;
    if (i == self->length || text[i] != '>' || !only_title_from (self, i + 1))
      return FALSE;
  } else {
    while (i < self->length && !g_ascii_isspace (text[i]) && !g_ascii_iscntrl (text[i]) &&
           text[i] != '<' && text[i] != '>' && text[i] != '\\')
      i++;
    if (i == start || !only_title_from (self, i))
      return FALSE;
  }
  if (i == start || i - start > MAX_TARGET)
    return FALSE;
  *label =
      facet_label_normalise (text + self->content + 1, (gsize)(close - text) - self->content - 1);
  if (*label == NULL)
    return FALSE;
  *target = g_strndup (text + start, i - start);
  return TRUE;
}
