/* gem-soft.c: soft tokens and their places.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Computes nothing: the rows are gem-vision.c's and gem-audio.c's, gem-decoder.c reads them. */
#define G_LOG_DOMAIN "gem"

#include "gem-soft.h"

GemSoft *
gem_soft_new (const char *key, guint n, guint width, float *rows)
{
  GemSoft *self = g_new0 (GemSoft, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->key = g_strdup (key);
  self->n = n;
  self->width = width;
  self->rows = rows;
  return self;
}

GemSoft *
gem_soft_ref (GemSoft *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gem_soft_unref (GemSoft *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->key);
  g_free (self->rows);
  g_free (self);
}

gboolean
gem_soft_equal (const GemSoft *a, const GemSoft *b)
{
  return a == b ||
         (a->key != NULL && b->key != NULL && a->n == b->n && g_str_equal (a->key, b->key));
}

static void
clear_span (gpointer data)
{
  gem_soft_unref (((GemSoftSpan *)data)->soft);
}

GArray *
gem_soft_spans_new (void)
{
  GArray *spans = g_array_new (FALSE, FALSE, sizeof (GemSoftSpan));

  g_array_set_clear_func (spans, clear_span);
  return spans;
}

void
gem_soft_spans_append (GArray *spans, const GArray *from, guint begin, guint end)
{
  for (guint i = 0; i < from->len; i++) {
    GemSoftSpan  part = g_array_index (from, GemSoftSpan, i);
    GemSoftSpan *last = spans->len > 0 ? &g_array_index (spans, GemSoftSpan, spans->len - 1) : NULL;
    guint        cut = begin > part.position ? begin - part.position : 0;

    if (part.position >= end || part.position + part.n <= begin)
      continue;
    part.position += cut;
    part.row += cut;
    part.n = MIN (part.n - cut, end - part.position);
    if (last != NULL && last->soft == part.soft && last->position + last->n == part.position &&
        last->row + last->n == part.row) {
      last->n += part.n;
    } else {
      gem_soft_ref (part.soft);
      g_array_append_val (spans, part);
    }
  }
}

void
gem_soft_spans_truncate (GArray *spans, guint length)
{
  while (spans->len > 0) {
    GemSoftSpan *last = &g_array_index (spans, GemSoftSpan, spans->len - 1);

    if (last->position < length) {
      last->n = MIN (last->n, length - last->position);
      return;
    }
    g_array_set_size (spans, spans->len - 1);
  }
}

/* What is at and behind a position: a soft token's row, or none, and how far that goes on. */
typedef struct {
  const GemSoft *soft; /* NULL: none */
  guint          row, end;
} Here;

static Here
look (const GArray *spans, guint *index, guint position)
{
  for (; spans != NULL && *index < spans->len; (*index)++) {
    const GemSoftSpan *span = &g_array_index (spans, GemSoftSpan, *index);

    if (position < span->position)
      return (Here){.end = span->position};
    if (position < span->position + span->n)
      return (Here){span->soft, span->row + (position - span->position), span->position + span->n};
  }
  return (Here){.end = G_MAXUINT};
}

guint
gem_soft_spans_common (const GArray *a, const GArray *b, guint n)
{
  guint i = 0, j = 0, position = 0;

  while (position < n) {
    Here x = look (a, &i, position), y = look (b, &j, position);

    if ((x.soft == NULL) != (y.soft == NULL))
      return position;
    if (x.soft != NULL && (x.row != y.row || !gem_soft_equal (x.soft, y.soft)))
      return position;
    position = MIN (x.end, y.end);
  }
  return n;
}

/* One kind's soft tokens, while their places are found. */
typedef struct {
  gint32      id; /* −1: the model has none */
  const char *what;
  GPtrArray  *items; /* of GemSoft, or NULL */
  guint       item, row;
} Source;

/* The next row, if there is one. */
static GemSoft *
next_row (Source *s)
{
  while (s->items != NULL && s->item < s->items->len) {
    GemSoft *soft = g_ptr_array_index (s->items, s->item);

    if (s->row < soft->n)
      return soft;
    s->item++;
    s->row = 0;
  }
  return NULL;
}

static void
take_place (GArray *spans, Source *s, guint position, GemSoft *soft)
{
  GemSoftSpan *last = spans->len > 0 ? &g_array_index (spans, GemSoftSpan, spans->len - 1) : NULL;

  if (last != NULL && last->soft == soft && last->position + last->n == position &&
      last->row + last->n == s->row) {
    last->n++;
  } else {
    GemSoftSpan span = {position, s->row, 1, gem_soft_ref (soft)};

    g_array_append_val (spans, span);
  }
  s->row++;
}

static guint
count_rows (const Source *s)
{
  guint n = 0;

  for (guint i = 0; s->items != NULL && i < s->items->len; i++)
    n += ((const GemSoft *)g_ptr_array_index (s->items, i))->n;
  return n;
}

static gboolean
check_counts (const Source *s, const gint32 *ids, gsize n_ids, GError **error)
{
  guint places = 0, rows = count_rows (s);

  for (gsize i = 0; i < n_ids; i++)
    places += s->id >= 0 && ids[i] == s->id;
  if (places == rows || s->items == NULL)
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
               "The prompt has %u places for %s, which take %u.", places, s->what, rows);
  return FALSE;
}

GArray *
gem_soft_place (const gint32    *ids,
                gsize            n_ids,
                const GemConfig *config,
                GPtrArray       *images,
                GPtrArray       *audio,
                GPtrArray       *frames,
                GError         **error)
{
  Source sources[] = {
      {config->image_token_id, "pictures", images},
      {config->audio_token_id, "sound", audio},
      {config->video_token_id, "frames of a video", frames},
  };
  g_autoptr (GArray) spans = gem_soft_spans_new ();

  for (gsize j = 0; j < G_N_ELEMENTS (sources); j++)
    if (!check_counts (&sources[j], ids, n_ids, error))
      return NULL;
  for (gsize i = 0; i < n_ids; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (sources); j++) {
      Source  *s = &sources[j];
      GemSoft *soft = s->id >= 0 && ids[i] == s->id ? next_row (s) : NULL;

      if (soft != NULL)
        take_place (spans, s, (guint)i, soft);
    }
  return g_steal_pointer (&spans);
}
