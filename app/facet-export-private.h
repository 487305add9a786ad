/* facet-export-private.h: what the formats are given and give.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The export's thread. */
#pragma once

#include "facet-export-files.h"
#include "facet-tree.h"

G_BEGIN_DECLS

typedef struct {
  FacetExportFiles *files; /* the document has begun */
  GCancellable     *cancellable;
  guint             n_missing; /* counted up */
} FacetExportContext;

typedef gboolean (*FacetExportFunc) (FacetExportContext *context, FacetTree *tree, GError **error);

gboolean facet_export_markdown (FacetExportContext *context, FacetTree *tree, GError **error);
gboolean facet_export_json (FacetExportContext *context, FacetTree *tree, GError **error);
gboolean facet_export_html (FacetExportContext *context, FacetTree *tree, GError **error);

/* Pure, also for copying: the heading; a message, @media being what stands for its attachments. */
void facet_export_append_title (GString *out, const char *title);
void facet_export_append_message (GString *out, const FacetMessageRow *row, const char *media);

/* Who speaks, as a heading.  Borrowed from @row, or constant. */
const char *facet_export_get_speaker (const FacetMessageRow *row);
/* What the person should know of how a message ended; NULL: it is whole. */
const char *facet_export_get_remark (const FacetMessageRow *row);

G_END_DECLS
