/* find-sound.h: where a sound that was played is in a recording, and how well it can be heard.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The best correlation of @want with @got, from -1 to 1, over all places of @want in @got of which
 * at least half is there; @at is the place. */
double find_sound (const float *want, gsize n_want, const float *got, gsize n_got, gsize *at);

G_END_DECLS
