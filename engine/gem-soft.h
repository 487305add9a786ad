/* gem-soft.h: soft tokens: what an encoder makes of a picture or of sound, and where it stands in a
 * prompt.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A GemSoft is reference counted and never changes; any thread. */
#pragma once

#include <glib.h>

#include "gem-config.h"

G_BEGIN_DECLS

typedef struct {
  gatomicrefcount ref_count;
  char           *key;   /* equal for two only if their rows are: content, budget and model */
  guint           n;     /* soft tokens */
  guint           width; /* the decoder's hidden size */
  float          *rows;  /* (n, width): take the place of embedded tokens, as they are */
} GemSoft;

/* Takes @rows, memory of g_malloc ().  @key NULL: equal to no other. */
GemSoft *gem_soft_new (const char *key, guint n, guint width, float *rows)
    G_GNUC_WARN_UNUSED_RESULT;
GemSoft *gem_soft_ref (GemSoft *self);
void     gem_soft_unref (GemSoft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemSoft, gem_soft_unref)
gboolean gem_soft_equal (const GemSoft *a, const GemSoft *b);

/* Called by an encoder between its layers, @fraction 0…1 done.  FALSE cancels. */
typedef gboolean (*GemEncodeFunc) (double fraction, gpointer user_data);

/* Positions [position, position + n) of a timeline are rows [row, row + n) of @soft. */
typedef struct {
  guint    position, row, n;
  GemSoft *soft;
} GemSoftSpan;

/* Which soft tokens take the places of @ids: those of image, audio and video placeholders each take
 * the rows of @images, @audio and @frames (each of GemSoft, or NULL for none) in order, as in the
 * reference.  NULL (GEM_ERROR_INVALID_INPUT) if there are not exactly as many places as rows.
 * (transfer full): an array of GemSoftSpan by position, which holds references. */
GArray *gem_soft_place (const gint32    *ids,
                        gsize            n_ids,
                        const GemConfig *config,
                        GPtrArray       *images,
                        GPtrArray       *audio,
                        GPtrArray       *frames,
                        GError         **error) G_GNUC_WARN_UNUSED_RESULT;
/* An empty array of the same kind. */
GArray *gem_soft_spans_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* Appends what @from has at positions [begin, end), which are behind all that @spans has. */
void    gem_soft_spans_append (GArray *spans, const GArray *from, guint begin, guint end);
/* Takes away what is at @length or behind. */
void    gem_soft_spans_truncate (GArray *spans, guint length);
/* The first position, at most @n, at which @a and @b (NULL: none) hold different soft tokens. */
guint   gem_soft_spans_common (const GArray *a, const GArray *b, guint n);

G_END_DECLS
