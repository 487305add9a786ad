/* facet-export-files.h: the files of an export: named, written beside, and renamed when whole.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the export.  One thread; blocks.  Everything is written into a hidden folder in the
 * place where it will lie, and synchronised; only then does it get its name.  An export that is cut
 * off leaves at most that hidden folder. */
#pragma once

#include <gio/gio.h>

#include "facet-media.h"

G_BEGIN_DECLS

typedef struct _FacetExportFiles FacetExportFiles;

/* @place: an existing folder.  @as_folder: the documents will be a folder in it; FALSE: there is
 * one document, beside what is there. */
FacetExportFiles *facet_export_files_new (const char *place,
                                          gboolean    as_folder,
                                          GError    **error) G_GNUC_WARN_UNUSED_RESULT;
/* Deletes what did not get its name. */
void              facet_export_files_free (FacetExportFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetExportFiles, facet_export_files_free)

/* A document begins, named after @title: readable, no path, not taken; or, with @name, just so.
 * @ending: ".md". */
void     facet_export_files_begin (FacetExportFiles *self,
                                   const char       *title,
                                   const char       *name,
                                   const char       *ending);
/* Copies @media into the document's folder for media and returns its path from beside the document,
 * with '/'.  The same bytes are copied once per document.  NULL without @error: the file is gone.
 */
char    *facet_export_files_add_media (FacetExportFiles *self,
                                       FacetMedia       *media,
                                       GCancellable     *cancellable,
                                       GError          **error) G_GNUC_WARN_UNUSED_RESULT;
/* A document's bytes are the pieces written after it began. */
gboolean facet_export_files_write (FacetExportFiles *self,
                                   const char       *data,
                                   gsize             length,
                                   GError          **error);
gboolean facet_export_files_end (FacetExportFiles *self, GError **error);

/* Gives the one document and its media their names in the place; one with a name that was given
 * replaces what has it.  Returns its path.  (transfer full) */
char *facet_export_files_finish_document (FacetExportFiles *self,
                                          GError          **error) G_GNUC_WARN_UNUSED_RESULT;
/* Makes the whole the folder @name in the place, with a number if that exists.  Returns its path.
 * (transfer full) */
char *facet_export_files_finish_folder (FacetExportFiles *self,
                                        const char       *name,
                                        GError          **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
