/* facet-export.h: conversations as files that other programs read, and Facet again.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the work is done in a thread of its own, on a connection of its own that cannot
 * write, and sees the conversations as they were on disk when it began.  Markdown and HTML have
 * what is shown of a conversation; JSON has all of it (docs/export.md). */
#pragma once

#include "facet-library.h"
#include "facet-progress.h"

G_BEGIN_DECLS

typedef enum {
  FACET_EXPORT_MARKDOWN, /* NAME.md, and pictures, sounds and videos in "NAME media" */
  FACET_EXPORT_JSON,     /* NAME.json, the same */
  FACET_EXPORT_HTML,     /* NAME.html, alone */
  FACET_EXPORT_N_FORMATS,
} FacetExportFormat;

typedef struct {
  FacetExportFormat format;
  const gint64     *ids;    /* NULL: all but those in the trash and private ones */
  guint             n_ids;  /* 1: a document, also of a private one; else a folder of documents */
  const char       *folder; /* an existing one, in which the document or folder is made */
  const char       *name;   /* of the document, with its ending, which it replaces if there is one;
                               of the folder.  NULL: after the title; after the day */
} FacetExportRequest;

typedef struct {
  char *path; /* of the document or folder */
  guint n_conversations;
  guint n_missing; /* attachments whose files are gone */
} FacetExportResult;

void facet_export_result_free (FacetExportResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetExportResult, facet_export_result_free)

/* "md", "json", "html"; also what a document's name ends in. */
const char *facet_export_format_to_text (FacetExportFormat format);
/* FALSE: none of them. */
gboolean    facet_export_format_from_text (const char *text, FacetExportFormat *format);

/* @progress may be NULL.  An export that fails or is cancelled leaves nothing. */
void               facet_export_async (FacetLibrary             *library,
                                       const FacetExportRequest *request,
                                       FacetProgress            *progress,
                                       GCancellable             *cancellable,
                                       GAsyncReadyCallback       callback,
                                       gpointer                  user_data);
/* The error is one sentence. */
FacetExportResult *facet_export_finish (GAsyncResult *result,
                                        GError      **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
