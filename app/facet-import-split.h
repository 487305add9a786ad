/* facet-import-split.h: a large JSON file in parts that are parsed one by one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the import.  An export of years is one array of conversations, hundreds of megabytes
 * long; parsed at once it would take several times as much memory.  A part is an element of an
 * array that is the document, or a document that is an object; documents may follow each other, as
 * lines.  Only brackets and strings are looked at here: what a part says is for a parser. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FacetImportSplit FacetImportSplit;

typedef struct {
  const char *text; /* until the next call */
  gsize       length;
  gint64      line, column; /* where it begins, from 1; columns in bytes */
  guint       document;     /* how many came before its own */
  gint64      index;        /* in the array; -1: it is the document */
  gint64      offset;       /* of its end in the file */
} FacetImportPart;

typedef enum {
  FACET_IMPORT_SPLIT_PART,
  FACET_IMPORT_SPLIT_END,
  FACET_IMPORT_SPLIT_ERROR,     /* reading failed: GIO's error */
  FACET_IMPORT_SPLIT_DAMAGED,   /* at the part's line and column, for the reason in its text */
  FACET_IMPORT_SPLIT_TOO_LARGE, /* the same */
} FacetImportSplitResult;

FacetImportSplit *facet_import_split_new (GInputStream *stream) G_GNUC_WARN_UNUSED_RESULT;
void              facet_import_split_free (FacetImportSplit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetImportSplit, facet_import_split_free)

FacetImportSplitResult facet_import_split_next (FacetImportSplit *self,
                                                FacetImportPart  *part,
                                                GCancellable     *cancellable,
                                                GError          **error);

G_END_DECLS
