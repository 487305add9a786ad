/* facet-player.h: plays the sound of attachments, one at a time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; GStreamer is asked in a thread of its own, so that a sound server that hangs keeps
 * nobody waiting.  Whoever shows a sound asks what is played and listens to ::changed. */
#pragma once

#include "facet-media.h"

G_BEGIN_DECLS

#define FACET_TYPE_PLAYER (facet_player_get_type ())
G_DECLARE_FINAL_TYPE (FacetPlayer, facet_player, FACET, PLAYER, GObject)

/* Signals: ::changed (): another sound, playing or not, another position (ten times a second while
 * it plays); ::failed (FacetMedia *, const char *sentence): it cannot be played. */

/* Borrowed: the program's. */
FacetPlayer *facet_player_get_default (void);
/* @sink: where the sound goes, as gst-launch writes it; NULL: to the system's output. */
FacetPlayer *facet_player_new (const char *sink) G_GNUC_WARN_UNUSED_RESULT;

/* From where it was paused; from the beginning if it ended, or if it was not the last one.  What
 * else is being played stops. */
void        facet_player_play (FacetPlayer *self, FacetMedia *media);
void        facet_player_pause (FacetPlayer *self);
void        facet_player_stop (FacetPlayer *self);
/* Of what is played or paused; seconds. */
void        facet_player_seek (FacetPlayer *self, double seconds);
/* What is played or paused; NULL: nothing. */
FacetMedia *facet_player_get_media (FacetPlayer *self);
gboolean    facet_player_get_playing (FacetPlayer *self);
double      facet_player_get_position (FacetPlayer *self); /* seconds */

G_END_DECLS
