/* facet-search-query.h: what a person typed into a search field, and where it is in a text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Immutable; any thread.  Whatever is typed is a query: nothing of it is an operator, but what
 * stands in quotation marks belongs together.  Capitals and the accents of Latin letters make no
 * difference.  Of very long input the first FACET_SEARCH_MAX_CHARS characters count. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FACET_SEARCH_MAX_CHARS 256
#define FACET_SEARCH_MAX_TERMS 16

/* In bytes. */
typedef struct {
  gsize start, end;
} FacetTextRange;

typedef struct _FacetSearchQuery FacetSearchQuery;

/* Words, all of which are looked for; the last one may be the beginning of a longer one, for it is
 * still being typed.  Scripts that put no spaces between words, and symbols, are found wherever
 * they stand. */
FacetSearchQuery *facet_search_query_new (const char *typed) G_GNUC_WARN_UNUSED_RESULT;
/* The text as it was typed, wherever it stands, also inside a word. */
FacetSearchQuery *facet_search_query_new_literal (const char *typed) G_GNUC_WARN_UNUSED_RESULT;
FacetSearchQuery *facet_search_query_ref (FacetSearchQuery *self) G_GNUC_WARN_UNUSED_RESULT;
void              facet_search_query_unref (FacetSearchQuery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetSearchQuery, facet_search_query_unref)

/* There is nothing to look for. */
gboolean facet_search_query_is_empty (const FacetSearchQuery *self);

/* For the index (message_fts), as an expression of FTS5; NULL: nothing of it can be in the index.
 */
const char *facet_search_query_get_match (const FacetSearchQuery *self);
/* What the index finds is what is looked for; FALSE: facet_search_query_matches () has to say. */
gboolean    facet_search_query_is_exact (const FacetSearchQuery *self);

/* All of it is in @texts together; each is valid UTF-8 or NULL.  @inside: words may begin inside
 * another, as in the names of files. */
gboolean facet_search_query_matches (const FacetSearchQuery *self,
                                     const char *const      *texts,
                                     guint                   n_texts,
                                     gboolean                inside);
/* Whether it may be in @texts, which need not be valid: FALSE is certain. */
gboolean facet_search_query_may_match (const FacetSearchQuery *self,
                                       const char *const      *texts,
                                       guint                   n_texts);
/* Appends where any part of it is in [@text, @text + @length), valid UTF-8, to @ranges (of
 * FacetTextRange), in order and without overlap. */
void     facet_search_query_find (const FacetSearchQuery *self,
                                  const char             *text,
                                  gsize                   length,
                                  gboolean                inside,
                                  GArray                 *ranges);

G_END_DECLS
