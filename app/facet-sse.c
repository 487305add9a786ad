/* facet-sse.c: lines, fields, events.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two buffers: the line that has not ended, and the data of the event that has not.  Together they
 * never hold more than FACET_SSE_MAX_EVENT.  A line ends with LF, CR or CR LF, and the LF of the
 * last may come with the next bytes. */
#define G_LOG_DOMAIN "facet-sse"

#include "config.h"

#include "facet-sse.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct _FacetSse {
  FacetSseFunc func;
  gpointer     user_data;
  GString     *line, *data;
  gboolean     has_data; /* the event has a data line, perhaps an empty one */
  gboolean     after_cr; /* an LF that comes now belongs to the last line's end */
  gboolean     begun;    /* the place of the byte order mark is behind us */
  gboolean     ended;
};

/* Hands over the event; its end is an empty line. */
static void
end_event (FacetSse *self)
{
  if (self->has_data) {
    if (g_utf8_validate_len (self->data->str, self->data->len, NULL)) {
      self->ended = !self->func (self->data->str, self->data->len, self->user_data);
    } else {
      g_autofree char *valid = g_utf8_make_valid (self->data->str, (gssize)self->data->len);

      self->ended = !self->func (valid, strlen (valid), self->user_data);
    }
  }
  g_string_truncate (self->data, 0);
  self->has_data = FALSE;
}

static void
end_line (FacetSse *self)
{
  const char *text = self->line->str;
  gsize       length = self->line->len;

  if (!self->begun && g_str_has_prefix (text, "\357\273\277")) {
    text += 3;
    length -= 3;
  }
  self->begun = TRUE;
  if (length == 0) {
    end_event (self);
  } else if (length >= 4 && memcmp (text, "data", 4) == 0 && (length == 4 || text[4] == ':')) {
    gsize skipped = MIN (length, 5);

    if (length > 5 && text[5] == ' ')
      skipped = 6;
    if (self->has_data)
      g_string_append_c (self->data, '\n');
    g_string_append_len (self->data, text + skipped, (gssize)(length - skipped));
    self->has_data = TRUE;
  }
  g_string_truncate (self->line, 0);
}

static gboolean
append (FacetSse *self, const char *bytes, gsize length, GError **error)
{
  if (self->line->len + self->data->len + length + 1 > FACET_SSE_MAX_EVENT) {
    self->ended = TRUE;
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         _ ("What the server sends is not an answer: a single line is longer than "
                            "4 MiB."));
    return FALSE;
  }
  g_string_append_len (self->line, bytes, (gssize)length);
  return TRUE;
}

gboolean
facet_sse_push (FacetSse *self, const char *bytes, gsize length, GError **error)
{
  const char *end = bytes + length;

  while (bytes < end && !self->ended) {
    const char *stop;

    if (self->after_cr && *bytes == '\n')
      bytes++;
    self->after_cr = FALSE;
    for (stop = bytes; stop < end && *stop != '\n' && *stop != '\r'; stop++)
      ;
    if (!append (self, bytes, (gsize)(stop - bytes), error))
      return FALSE;
    if (stop == end)
      break;
    self->after_cr = *stop == '\r';
    bytes = stop + 1;
    end_line (self);
  }
  return !self->ended;
}

gboolean
facet_sse_finish (FacetSse *self, GError **error)
{
  if (!self->ended && self->line->len > 0)
    end_line (self);
  if (!self->ended)
    end_event (self);
  return !self->ended;
}

FacetSse *
facet_sse_new (FacetSseFunc func, gpointer user_data)
{
  FacetSse *self = g_new0 (FacetSse, 1);

  self->func = func;
  self->user_data = user_data;
  self->line = g_string_new (NULL);
  self->data = g_string_new (NULL);
  return self;
}

void
facet_sse_free (FacetSse *self)
{
  if (self == NULL)
    return;
  g_string_free (self->line, TRUE);
  g_string_free (self->data, TRUE);
  g_free (self);
}
