/* gem-error.h: why the engine could not do something.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Only cases that a caller handles differently have a code.  Messages are sentences for people: they name
 * the file, tensor or device, the cause, and where there is one the way out. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GEM_ERROR (gem_error_quark ())

typedef enum {
  GEM_ERROR_INVALID_MODEL, /* a file of the model is missing, damaged or lies about itself */
  GEM_ERROR_UNSUPPORTED,   /* a sound file of a kind that this engine does not run */
  GEM_ERROR_INVALID_INPUT, /* what was asked makes no sense (a token id outside the vocabulary, …) */
  GEM_ERROR_TOO_LONG,      /* does not fit the context */
  GEM_ERROR_NO_MEMORY,
  GEM_ERROR_DEVICE, /* the backend failed or is not there */
  GEM_ERROR_CANCELLED,
} GemError;

GQuark gem_error_quark (void);

G_END_DECLS
