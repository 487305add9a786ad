/* facet-window-recordings.c: recordings that an earlier process left, offered above the page.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Whoever closes the banner is asked again at the next start. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "facet-window-private.h"

/* Clips of one recording agree on when it began, and stand together. */
static guint
count_recordings (GPtrArray *clips)
{
  guint n = 0;

  for (guint i = 0; i < clips->len; i++) {
    FacetClip *clip = g_ptr_array_index (clips, i);
    FacetClip *before = i > 0 ? g_ptr_array_index (clips, i - 1) : NULL;

    n += before == NULL || before->recording != clip->recording;
  }
  return n;
}

void
facet_window_offer_recordings (FacetWindow *self, GPtrArray *clips)
{
  g_autofree char *text = NULL;
  guint            n;

  g_return_if_fail (FACET_IS_WINDOW (self));

  if (clips->len == 0)
    return;
  n = count_recordings (clips);
  g_clear_pointer (&self->recordings, g_ptr_array_unref);
  self->recordings = g_ptr_array_ref (clips);
  if (n == 1)
    text = g_strdup (_ ("A recording from before was found."));
  else
    text = g_strdup_printf (ngettext ("%u recording from before was found.",
                                      "%u recordings from before were found.", n),
                            n);
  facet_banner_set_buttons (self->recordings_banner, _ ("Add"), "win.add-recordings", _ ("Discard"),
                            "win.discard-recordings");
  facet_banner_set_text (self->recordings_banner, text);
}

static GPtrArray *
take_recordings (FacetWindow *self)
{
  facet_banner_set_text (self->recordings_banner, NULL);
  return g_steal_pointer (&self->recordings);
}

void
facet_window_add_recordings (FacetWindow *self)
{
  g_autoptr (GPtrArray) clips = NULL;

  if (self->conversation == NULL)
    return;
  clips = take_recordings (self);
  if (clips != NULL)
    facet_talk_add_clips (self->talk, clips);
}

void
facet_window_discard_recordings (FacetWindow *self)
{
  g_autoptr (GPtrArray) clips = take_recordings (self);

  for (guint i = 0; clips != NULL && i < clips->len; i++) {
    FacetClip       *clip = g_ptr_array_index (clips, i);
    g_autofree char *sentence = NULL;

    if (g_unlink (clip->path) == 0)
      continue;
    /* Translators: a file, and why. */
    sentence = g_strdup_printf (_ ("%s could not be deleted: %s."), clip->path, g_strerror (errno));
    facet_window_say (self, sentence, NULL, NULL);
  }
}
