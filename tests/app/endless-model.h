/* endless-model.h: the demonstration model without its stop tokens: it writes until it is stopped
 * or its context is full.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A new folder (transfer full) that lends the demonstration model's files; for test_folder_remove
 * (). */
char *endless_model_new (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
