/* facet-search-tokenizer.h: how the full-text index reads a text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sqlite3.h>

#include <glib.h>

G_BEGIN_DECLS

/* Makes tokenize = 'facet' known to FTS5 on @db; every connection that touches the index needs it.
 * Returns SQLite's code. */
int facet_search_tokenizer_register (sqlite3 *db) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
