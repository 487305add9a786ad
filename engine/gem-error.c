/* gem-error.c: the engine's error domain; see gem-error.h for what each code means.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "gem"

#include "gem-error.h"

G_DEFINE_QUARK (gem_error_quark, gem_error)
