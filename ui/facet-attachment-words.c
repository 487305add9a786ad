/* facet-attachment-words.c: attachments in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure; any thread that may translate. */
#define G_LOG_DOMAIN "facet-attachment-words"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-attachment-words.h"
#include "facet-message-status.h"

static char *
dup_tokens (guint n)
{
  return g_strdup_printf (ngettext ("%'u token", "%'u tokens", n), n);
}

char *
facet_attachment_dup_cost (FacetMedia *media)
{
  g_autofree char *tokens = dup_tokens (facet_media_get_n_tokens (media));
  g_autofree char *seconds = NULL;

  if (facet_media_get_kind (media) == FACET_MEDIA_IMAGE)
    return g_steal_pointer (&tokens);
  seconds = facet_status_dup_seconds (facet_media_get_seconds (media));
  return g_strdup_printf ("%s · %s", seconds, tokens);
}

char *
facet_attachment_dup_alternative (FacetMedia *media)
{
  const char      *name = facet_media_get_name (media);
  g_autofree char *seconds = NULL;
  guint            width, height;

  if (facet_media_get_kind (media) == FACET_MEDIA_IMAGE) {
    facet_media_get_dimensions (media, &width, &height);
    /* Translators: the name of a picture, its width and height in pixels */
    return g_strdup_printf (_ ("Picture %s, %u × %u"), name, width, height);
  }
  seconds = facet_status_dup_seconds (facet_media_get_seconds (media));
  if (facet_media_get_kind (media) == FACET_MEDIA_VIDEO)
    /* Translators: the name of a video, its length */
    return g_strdup_printf (_ ("Video %s, %s"), name, seconds);
  /* Translators: the name of a sound, its length */
  return g_strdup_printf (_ ("Sound %s, %s"), name, seconds);
}

typedef struct {
  guint  n, tokens;
  double seconds;
} Sum;

static void
add_part (GString *summary, const char *what, const Sum *sum)
{
  g_autofree char *tokens = dup_tokens (sum->tokens);

  if (summary->len > 0)
    /* Translators: between the parts of what is sent together */
    g_string_append (summary, _ (", "));
  /* Translators: what is sent, and what it takes of the model's context */
  g_string_append_printf (summary, _ ("%s (%s)"), what, tokens);
}

char *
facet_attachment_dup_summary (GPtrArray *media)
{
  GString *summary = g_string_new (NULL);
  Sum      sums[3] = {0};

  for (guint i = 0; i < media->len; i++) {
    FacetMedia *one = g_ptr_array_index (media, i);
    Sum        *sum = &sums[facet_media_get_kind (one)];

    sum->n++;
    sum->tokens += facet_media_get_n_tokens (one);
    sum->seconds += facet_media_get_seconds (one);
  }
  if (sums[FACET_MEDIA_IMAGE].n > 0) {
    guint            n = sums[FACET_MEDIA_IMAGE].n;
    g_autofree char *what = g_strdup_printf (ngettext ("%'u picture", "%'u pictures", n), n);

    add_part (summary, what, &sums[FACET_MEDIA_IMAGE]);
  }
  if (sums[FACET_MEDIA_AUDIO].n > 0) {
    g_autofree char *seconds = facet_status_dup_seconds (sums[FACET_MEDIA_AUDIO].seconds);
    g_autofree char *what = g_strdup_printf (_ ("%s of sound"), seconds);

    add_part (summary, what, &sums[FACET_MEDIA_AUDIO]);
  }
  if (sums[FACET_MEDIA_VIDEO].n > 0) {
    g_autofree char *seconds = facet_status_dup_seconds (sums[FACET_MEDIA_VIDEO].seconds);
    g_autofree char *what = g_strdup_printf (_ ("%s of video"), seconds);

    add_part (summary, what, &sums[FACET_MEDIA_VIDEO]);
  }
  return g_string_free (summary, FALSE);
}

char *
facet_attachment_dup_notes (GPtrArray *media)
{
  g_autoptr (GString) notes = g_string_new (NULL);

  for (guint i = 0; i < media->len; i++) {
    const char *note = facet_media_get_note (g_ptr_array_index (media, i));

    if (note != NULL)
      g_string_append_printf (notes, "%s%s", notes->len > 0 ? "\n" : "", note);
  }
  return notes->len > 0 ? g_strdup (notes->str) : NULL;
}

char *
facet_attachment_dup_time (double seconds)
{
  guint whole = (guint)CLAMP (seconds, 0, 86400);

  return g_strdup_printf ("%u:%02u", whole / 60, whole % 60);
}
