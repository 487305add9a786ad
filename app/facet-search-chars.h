/* facet-search-chars.h: what a character is to a search.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure, any thread.  The index and the query must agree on every character, so both ask here.  All
 * but fold take what it gives. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A letter without its case and, where it is a Latin one, without its accent; 0: an accent. */
gunichar facet_search_fold (gunichar c);
/* A letter or a digit; what is between words is none. */
gboolean facet_search_is_word (gunichar c);
/* Of a script that puts no spaces between words, for which its neighbours are no part of it. */
gboolean facet_search_is_unspaced (gunichar c);
/* What is between words and can be seen. */
gboolean facet_search_is_sign (gunichar c);
/* Those of them that a person means when they are typed: symbols, and the signs that other scripts
 * put on their letters; no commas. */
gboolean facet_search_is_symbol (gunichar c);

G_END_DECLS
