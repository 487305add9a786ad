/* facet-import-queue.h: what is being added to a conversation's draft: imports that run.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  One queue for each conversation, which lives as long as it: what was dropped into a
 * conversation gets into its draft, whichever is shown by then.  A GListModel of FacetImport, in
 * the order of adding; each leaves it when its media are in the draft, when it failed, or when it
 * was cancelled.  The draft gets them in the order of adding, too. */
#pragma once

#include "facet-conversation.h"

G_BEGIN_DECLS

/* Of one message; what is more is left out, with a sentence. */
#define FACET_IMPORT_MAX_ATTACHMENTS 50

#define FACET_TYPE_IMPORT (facet_import_get_type ())
G_DECLARE_FINAL_TYPE (FacetImport, facet_import, FACET, IMPORT, GObject)

const char *facet_import_get_name (FacetImport *self);
/* NULL: it still runs. */
FacetMedia *facet_import_get_media (FacetImport *self);

#define FACET_TYPE_IMPORT_QUEUE (facet_import_queue_get_type ())
G_DECLARE_FINAL_TYPE (FacetImportQueue, facet_import_queue, FACET, IMPORT_QUEUE, GObject)

/* Makes the pixels of a pasted picture: R, G, B, A of 8 bits.  Runs in a thread.  (transfer full),
 * NULL: it cannot. */
typedef GdkPixbuf *(*FacetImportPixelsFunc) (gpointer data);

/* Property (notify): error (string, nullable): why what was added could not be, a sentence a line;
 * stays until facet_import_queue_dismiss () or until something else is added.
 * Signal ::failed (const char *sentence): one more. */

/* Borrowed. */
FacetImportQueue *facet_import_queue_get (FacetConversation *conversation);
/* Copies, looks at and decodes in a thread.  @name: as the person knows it; NULL: the file's. */
void        facet_import_queue_add_file (FacetImportQueue *self, GFile *file, const char *name);
/* Takes @data. */
void        facet_import_queue_add_pixels (FacetImportQueue     *self,
                                           const char           *name,
                                           FacetImportPixelsFunc func,
                                           gpointer              data,
                                           GDestroyNotify        destroy);
/* Leaves the queue at once, and nothing behind. */
void        facet_import_queue_cancel (FacetImportQueue *self, FacetImport *import);
/* Something else went wrong while adding. */
void        facet_import_queue_fail (FacetImportQueue *self, const char *sentence);
const char *facet_import_queue_get_error (FacetImportQueue *self);
void        facet_import_queue_dismiss (FacetImportQueue *self);

G_END_DECLS
