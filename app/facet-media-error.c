/* facet-media-error.c: the error domain of pictures, sound and video.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "facet-media-error.h"

G_DEFINE_QUARK (facet - media - error - quark, facet_media_error)
