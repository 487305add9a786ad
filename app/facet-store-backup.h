/* facet-store-backup.h: copies of facet.db in backups/ beside it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to the store.  Any thread; blocks.  A backup is a whole database named by the version of
 * its schema and the moment (UTC): "facet-v4-20261124-200455.db".  It is there whole or not at all.
 */
#pragma once

#include "facet-store-db.h"

G_BEGIN_DECLS

/* The newest so many stay. */
#define FACET_BACKUPS_KEPT 5

typedef struct {
  char  *path;
  gint64 when; /* s since 1970 */
  int    version;
} FacetBackup;

void facet_backup_free (FacetBackup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetBackup, facet_backup_free)

/* (transfer full): backups/ beside the database. */
char      *facet_backup_folder_of (const char *db_path) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full), of FacetBackup, the newest first.  None: empty. */
GPtrArray *facet_backup_list (const char *db_path) G_GNUC_WARN_UNUSED_RESULT;
/* Copies what @db reads, of schema @version, and lets old backups go. */
gboolean   facet_backup_make (FacetDb *db, int version, GError **error);
/* Puts a copy of @self where there is no database at @db_path. */
gboolean   facet_backup_restore (const FacetBackup *self, const char *db_path, GError **error);

G_END_DECLS
