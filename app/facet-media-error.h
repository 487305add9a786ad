/* facet-media-error.h: why a picture, a sound or a video cannot be used.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages are whole sentences for the person: they name the file, the cause and the way out.  What
 * was cancelled is G_IO_ERROR_CANCELLED. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FACET_MEDIA_ERROR (facet_media_error_quark ())

typedef enum {
  FACET_MEDIA_ERROR_FAILED,      /* reading or writing went wrong */
  FACET_MEDIA_ERROR_MISSING,     /* the file is gone */
  FACET_MEDIA_ERROR_UNSUPPORTED, /* no kind of file that can be read here */
  FACET_MEDIA_ERROR_DAMAGED,     /* empty, cut off, or not what it says */
  FACET_MEDIA_ERROR_TOO_LARGE,   /* too many bytes, pixels or seconds */
} FacetMediaError;

GQuark facet_media_error_quark (void);

G_END_DECLS
