/* facet-import-conversations.h: conversations out of files that Facet or other programs wrote.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the work is done in a thread and then in the store's writer.  What a file is, is
 * found in it: Facet's own JSON (docs/export.md), ChatGPT's conversations.json, OpenAI-style
 * messages (an array, an object with "messages"), and lines of any of these.  A file is imported
 * whole or not at all. */
#pragma once

#include "facet-library.h"
#include "facet-progress.h"

G_BEGIN_DECLS

#define FACET_IMPORT_ERROR (facet_import_error_quark ())

typedef enum {
  FACET_IMPORT_ERROR_UNKNOWN,   /* no conversations that are known here */
  FACET_IMPORT_ERROR_DAMAGED,   /* the sentence names the place */
  FACET_IMPORT_ERROR_TOO_LARGE, /* likewise */
  FACET_IMPORT_ERROR_FAILED,    /* reading or writing went wrong */
} FacetImportError;

GQuark facet_import_error_quark (void);

typedef struct {
  GArray *ids; /* gint64, of the new conversations */
  guint   n_messages;
  guint   n_missing;   /* attachments that the file names and does not have, or that are no media */
  guint   n_converted; /* parts that are kept as text */
} FacetImportResult;

void facet_import_result_free (FacetImportResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetImportResult, facet_import_result_free)
/* "3 conversations with 120 messages were imported.  …"  (transfer full) */
char *facet_import_result_dup_summary (const FacetImportResult *self) G_GNUC_WARN_UNUSED_RESULT;

/* The new conversations are in @library when this has ended.  @progress may be NULL. */
void               facet_import_conversations_async (FacetLibrary       *library,
                                                     GFile              *file,
                                                     FacetProgress      *progress,
                                                     GCancellable       *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer            user_data);
/* The error is one sentence. */
FacetImportResult *facet_import_conversations_finish (GAsyncResult *result,
                                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
