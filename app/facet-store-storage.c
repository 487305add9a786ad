/* facet-store-storage.c: how much space everything takes, freeing some of it, deleting all of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on a worker's thread, the others on the main thread.  Measuring is the
 * keeper's; freeing is the writer's, so that no file goes that is just being attached. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-folder-tree.h"
#include "facet-media-folder.h"
#include "facet-media.h"
#include "facet-store-private.h"

#include <string.h>

typedef struct {
  FacetStoreOp      op;
  char             *folder, *cache; /* of data; of caches */
  FacetStorageKind  kind;
  FacetStorageSizes sizes;
  FacetStorageFunc  sizes_func;
  FacetStoreFunc    func;
  gpointer          user_data;
} StorageOp;

gboolean
facet_storage_kind_can_be_freed (FacetStorageKind kind)
{
  return kind == FACET_STORAGE_UNUSED || kind == FACET_STORAGE_BACKUPS ||
         kind == FACET_STORAGE_DAMAGED || kind == FACET_STORAGE_WEIGHTS ||
         kind == FACET_STORAGE_CACHE;
}

/* Files */

static gboolean
is_set_aside (const char *name)
{
  return g_str_has_prefix (name, "facet.db.damaged-");
}

static gboolean
is_database (const char *name)
{
  return g_str_has_prefix (name, "facet.db") && !is_set_aside (name);
}

static gboolean
is_weights (const char *name)
{
  return g_str_has_suffix (name, ".krnq");
}

static gboolean
is_other_cache (const char *name)
{
  return !is_weights (name) && !g_str_has_suffix (name, ".krnq.part");
}

static gboolean
is_any (const char *name)
{
  return TRUE;
}

/* What lies in @folder under names that @is_one knows. */
static guint64
measure (const char *folder, gboolean (*is_one) (const char *))
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint64     size = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (is_one (name))
      size += facet_folder_tree_get_size (path);
  }
  return size;
}

static gboolean
remove_all (const char *folder, gboolean (*is_one) (const char *), GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  gboolean    ok = TRUE;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (is_one (name))
      ok = facet_folder_tree_remove (path, ok ? error : NULL) && ok;
  }
  return ok;
}

/* Measuring */

/* One that serves two kinds counts as the first. */
#define REFERENCED                                                                                 \
  "SELECT content_hash, min (kind) FROM"                                                           \
  " (SELECT content_hash, kind FROM attachments"                                                   \
  "  UNION SELECT content_hash, kind FROM draft_attachments) GROUP BY content_hash"

static FacetStorageKind
kind_of (const char *text)
{
  FacetMediaKind kind;

  if (text == NULL || !facet_media_kind_from_text (text, &kind) || kind == FACET_MEDIA_IMAGE)
    return FACET_STORAGE_PICTURES;
  return kind == FACET_MEDIA_AUDIO ? FACET_STORAGE_SOUND : FACET_STORAGE_VIDEO;
}

static gboolean
measure_media (FacetDb *db, const char *folder, FacetStorageSizes *sizes, GError **error)
{
  guint64       all = measure (folder, is_any);
  GError       *failure = NULL;
  sqlite3_stmt *statement = facet_db_statement (db, REFERENCED, error);

  if (statement == NULL)
    return FALSE;
  while (facet_db_next (db, statement, &failure)) {
    const char      *hash = (const char *)sqlite3_column_text (statement, 0);
    FacetStorageKind kind = kind_of ((const char *)sqlite3_column_text (statement, 1));
    g_autofree char *path = NULL;
    guint64          size;

    if (hash == NULL || !facet_media_is_content_hash (hash))
      continue;
    path = g_build_filename (folder, hash, NULL);
    size = facet_folder_tree_get_size (path);
    sizes->bytes[kind] += size;
    all -= MIN (all, size); /* a file may have come meanwhile */
  }
  sizes->bytes[FACET_STORAGE_UNUSED] = all;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
measure_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  StorageOp       *storage = (StorageOp *)op;
  guint64         *bytes = storage->sizes.bytes;
  g_autofree char *media = facet_media_folder_of (storage->folder);
  g_autofree char *backups = facet_backup_folder_of (facet_db_get_path (db));
  g_autofree char *recordings = g_build_filename (storage->folder, "recordings", NULL);

  bytes[FACET_STORAGE_MESSAGES] = measure (storage->folder, is_database);
  bytes[FACET_STORAGE_DAMAGED] = measure (storage->folder, is_set_aside);
  bytes[FACET_STORAGE_BACKUPS] = facet_folder_tree_get_size (backups);
  bytes[FACET_STORAGE_RECORDINGS] = facet_folder_tree_get_size (recordings);
  bytes[FACET_STORAGE_WEIGHTS] = measure (storage->cache, is_weights);
  bytes[FACET_STORAGE_CACHE] = measure (storage->cache, is_other_cache);
  return measure_media (db, media, &storage->sizes, error);
}

/* Freeing */

static gboolean
free_unused (FacetDb *db, const char *folder, GError **error)
{
  g_autofree char *media = facet_media_folder_of (folder);
  g_autoptr (GDir) dir = g_dir_open (media, 0, NULL);
  g_autoptr (GHashTable) hashes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (facet_media_is_content_hash (name))
      g_hash_table_add (hashes, g_strdup (name));
  return facet_attachments_collect (db, hashes, error);
}

static gboolean
free_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  StorageOp       *storage = (StorageOp *)op;
  g_autofree char *backups = facet_backup_folder_of (facet_db_get_path (db));

  switch (storage->kind) {
  case FACET_STORAGE_UNUSED:
    return free_unused (db, storage->folder, error);
  case FACET_STORAGE_BACKUPS:
    return facet_folder_tree_remove (backups, error);
  case FACET_STORAGE_DAMAGED:
    return remove_all (storage->folder, is_set_aside, error);
  case FACET_STORAGE_WEIGHTS:
    return remove_all (storage->cache, is_weights, error);
  case FACET_STORAGE_CACHE:
    return remove_all (storage->cache, is_other_cache, error);
  default:
    g_return_val_if_reached (TRUE);
  }
}

gboolean
facet_storage_remove_everything (const char *folder, GError **error)
{
  static const char *const below[] = {"media", "recordings", "backups"};
  g_autofree char         *cache = g_build_filename (g_get_user_cache_dir (), "facet", NULL);
  gboolean                 ok = remove_all (folder, is_database, error);

  ok = remove_all (folder, is_set_aside, ok ? error : NULL) && ok;
  for (gsize i = 0; i < G_N_ELEMENTS (below); i++) {
    g_autofree char *path = g_build_filename (folder, below[i], NULL);

    ok = facet_folder_tree_remove (path, ok ? error : NULL) && ok;
  }
  return facet_folder_tree_remove (cache, ok ? error : NULL) && ok;
}

/* Asking */

static void
reply (FacetStoreOp *op)
{
  StorageOp *storage = (StorageOp *)op;

  if (storage->sizes_func != NULL)
    storage->sizes_func (op->error == NULL ? &storage->sizes : NULL, op->error, storage->user_data);
  if (storage->func != NULL)
    storage->func (op->error, storage->user_data);
}

static void
storage_free (FacetStoreOp *op)
{
  StorageOp *storage = (StorageOp *)op;

  g_free (storage->folder);
  g_free (storage->cache);
  g_free (storage);
}

static StorageOp *
storage_new (FacetStore *self,
             gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
             gpointer user_data)
{
  StorageOp *storage = g_new0 (StorageOp, 1);

  storage->op.run = run;
  storage->op.reply = reply;
  storage->op.free = storage_free;
  storage->folder = g_path_get_dirname (self->path);
  storage->cache = g_build_filename (g_get_user_cache_dir (), "facet", NULL);
  storage->user_data = user_data;
  return storage;
}

void
facet_store_measure (FacetStore *self, FacetStorageFunc func, gpointer user_data)
{
  StorageOp *storage = storage_new (self, measure_run, user_data);

  storage->sizes_func = func;
  facet_store_push_to (self, self->keeper, &storage->op);
}

void
facet_store_free_space (FacetStore      *self,
                        FacetStorageKind kind,
                        FacetStoreFunc   func,
                        gpointer         user_data)
{
  StorageOp *storage;

  g_return_if_fail (facet_storage_kind_can_be_freed (kind));
  storage = storage_new (self, free_run, user_data);
  storage->kind = kind;
  storage->func = func;
  facet_store_push_write (self, &storage->op);
}
