/* facet-download-journal.h: which bytes of an unfinished file are safely on disk.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Beside "NAME.part" lies "NAME.journal", which is replaced as a whole, after the bytes that it
 * speaks of were synchronised: whatever ends the machine, what it says is there.
 *
 *   facet-download 1
 *   size 10246621918
 *   identity "2db5…"     what the hub calls the bytes, and …
 *   etag "abc"           … the last host; empty: not told
 *   ranges 0-8388608 16777216-20000000 */
#pragma once

#include "facet-byte-ranges.h"

G_BEGIN_DECLS

typedef struct {
  guint64 size;
  char   *identity, *etag; /* NULL: not told */
  GArray *ranges;          /* facet-byte-ranges.h */
} FacetDownloadJournal;

void facet_download_journal_clear (FacetDownloadJournal *self);

/* FALSE: there is none at @path, or it makes no sense, or it is of a file of another size: then
 * @self says that no bytes are there. */
gboolean facet_download_journal_load (FacetDownloadJournal *self, const char *path, guint64 size);
/* The same from memory. */
gboolean facet_download_journal_parse (FacetDownloadJournal *self, const char *text, guint64 size);
/* Returns when it is on disk. */
gboolean facet_download_journal_save (const FacetDownloadJournal *self,
                                      const char                 *path,
                                      GError                    **error);

G_END_DECLS
