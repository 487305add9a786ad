/* search-library.h: a library with very many messages, for the benches of searching.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The messages are passages of this program's own licence and documentation, so that words come as
 * often as in prose; of every thousand one is in Chinese.  The last fifth was imported: it is older
 * than all others, and half of it is Chinese. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @n messages into the database in @folder, which is empty and which nobody has open.  @source: the
 * folder of the source. */
void search_library_write (const char *folder, const char *source, guint n);

G_END_DECLS
