/* facet-sound-tile.h: a sound of a message: play and pause, waveform, time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Follows the program's player (facet-player.h): what is played elsewhere stops here.
 * A click on the waveform goes to that place. */
#pragma once

#include "facet-compat.h"
#include "facet-player.h"

G_BEGIN_DECLS

#define FACET_TYPE_SOUND_TILE (facet_sound_tile_get_type ())
G_DECLARE_FINAL_TYPE (FacetSoundTile, facet_sound_tile, FACET, SOUND_TILE, GtkWidget)

/* @player: NULL: the program's. */
GtkWidget *facet_sound_tile_new (FacetMedia *media, FacetPlayer *player) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
