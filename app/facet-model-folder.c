/* facet-model-folder.c: finds, verifies and removes models.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-models"

#include "config.h"

#include "facet-model-folder.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#define MAX_INDEX  (16 * 1024 * 1024)
#define MAX_FILES  1000
#define CACHE_HEAD "models--"

void
facet_model_folder_free (FacetModelFolder *self)
{
  if (self == NULL)
    return;
  g_free (self->repository);
  g_free (self->folder);
  g_free (self);
}

char *
facet_models_dup_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "facet", "models", NULL);
}

char *
facet_hub_cache_dup_folder (void)
{
  const char *cache = g_getenv ("HF_HUB_CACHE"), *home = g_getenv ("HF_HOME");

  if (cache != NULL && cache[0] != '\0')
    return g_strdup (cache);
  if (home != NULL && home[0] != '\0')
    return g_build_filename (home, "hub", NULL);
  return g_build_filename (g_get_user_cache_dir (), "huggingface", "hub", NULL);
}

/* ---- whole or not ---- */

/* Links are followed: one that leads nowhere is no file. */
static gboolean
has_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

static gboolean
has_gguf (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".gguf") && strstr (name, "mmproj") == NULL &&
        has_file (folder, name))
      return TRUE;
  return FALSE;
}

/* Every file that the index of a model in several files names. */
static gboolean
has_all_shards (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "model.safetensors.index.json", NULL);
  g_autofree char *text = NULL;
  gboolean         whole = FALSE;
  GStatBuf         st;
  gsize            length;
  json_t          *root, *map, *shard;
  const char      *tensor;

  if (g_stat (path, &st) < 0 || st.st_size > MAX_INDEX ||
      !g_file_get_contents (path, &text, &length, NULL))
    return FALSE;
  root = json_loadb (text, length, 0, NULL);
  map = json_object_get (root, "weight_map");
  whole = json_object_size (map) > 0;
  json_object_foreach (map, tensor, shard)
  {
    const char *name = json_string_value (shard);

    whole = whole && name != NULL && strchr (name, '/') == NULL && has_file (folder, name);
  }
  json_decref (root);
  return whole;
}

gboolean
facet_model_folder_is_whole (const char *folder)
{
  return has_gguf (folder) ||
         (has_file (folder, "config.json") && has_file (folder, "tokenizer.json") &&
          (has_file (folder, "model.safetensors") || has_all_shards (folder)));
}

/* ---- finding ---- */

static guint64
folder_size (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint64     size = 0;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    GStatBuf         st;

    if (g_stat (path, &st) == 0 && S_ISREG (st.st_mode))
      size += (guint64)st.st_size;
  }
  return size;
}

/* "owner/name" of "owner--name"; NULL: it is none. */
static char *
repository_of (const char *name)
{
  const char      *dashes = strstr (name, "--");
  g_autofree char *repository = NULL;

  if (dashes == NULL)
    return NULL;
  repository = g_strdup_printf ("%.*s/%s", (int)(dashes - name), name, dashes + 2);
  return facet_hub_is_repository (repository) ? g_steal_pointer (&repository) : NULL;
}

static FacetModelFolder *
folder_new (const char *repository, const char *folder, FacetModelOrigin origin)
{
  FacetModelFolder *self;

  if (!facet_model_folder_is_whole (folder))
    return NULL;
  self = g_new0 (FacetModelFolder, 1);
  *self = (FacetModelFolder){.repository = g_strdup (repository),
                             .folder = g_strdup (folder),
                             .origin = origin,
                             .size = folder_size (folder)};
  return self;
}

static FacetModelFolder *
find_own (const char *models, const char *repository)
{
  g_autofree char *folder = facet_download_dup_folder (models, repository);

  return folder_new (repository, folder, FACET_MODEL_OWN);
}

/* The snapshot that the branch main is at. */
static FacetModelFolder *
find_cached (const char *hub_cache, const char *repository)
{
  g_autofree char *name = facet_download_dup_name (repository);
  g_autofree char *folder_name = g_strconcat (CACHE_HEAD, name, NULL);
  g_autofree char *ref = g_build_filename (hub_cache, folder_name, "refs", "main", NULL);
  g_autofree char *commit = NULL, *folder = NULL;
  GStatBuf         st;

  if (g_stat (ref, &st) < 0 || st.st_size > 64 || !g_file_get_contents (ref, &commit, NULL, NULL))
    return NULL;
  g_strstrip (commit);
  if (strlen (commit) != 40 || strspn (commit, "0123456789abcdef") != 40)
    return NULL;
  folder = g_build_filename (hub_cache, folder_name, "snapshots", commit, NULL);
  return folder_new (repository, folder, FACET_MODEL_HUB_CACHE);
}

FacetModelFolder *
facet_model_folder_find (const char *models, const char *hub_cache, const char *repository)
{
  FacetModelFolder *found =
      facet_hub_is_repository (repository) ? find_own (models, repository) : NULL;

  if (found == NULL && facet_hub_is_repository (repository))
    found = find_cached (hub_cache, repository);
  return found;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const FacetModelFolder *one = *(const FacetModelFolder *const *)a;
  const FacetModelFolder *two = *(const FacetModelFolder *const *)b;

  return g_ascii_strcasecmp (one->repository, two->repository);
}

static void
add_all (GPtrArray  *list,
         GHashTable *seen,
         const char *folder,
         const char *head,
         const char *models,
         const char *hub_cache)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL && list->len < MAX_FILES) {
    g_autofree char *repository =
        g_str_has_prefix (name, head) ? repository_of (name + strlen (head)) : NULL;
    FacetModelFolder *found;

    if (repository == NULL || name[0] == '.' || g_hash_table_contains (seen, repository))
      continue;
    found = facet_model_folder_find (models, hub_cache, repository);
    if (found == NULL)
      continue;
    g_hash_table_add (seen, g_steal_pointer (&repository));
    g_ptr_array_add (list, found);
  }
}

GPtrArray *
facet_model_folders_list (const char *models, const char *hub_cache)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_model_folder_free);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  add_all (list, seen, models, "", models, hub_cache);
  add_all (list, seen, hub_cache, CACHE_HEAD, models, hub_cache);
  g_ptr_array_sort (list, compare_names);
  return list;
}

/* ---- verifying ---- */

/* In the cache a file's hash is the name of what its link leads to. */
static FacetHubListing *
listing_of_links (const FacetModelFolder *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  FacetHubListing *listing = facet_hub_listing_new (self->repository, "");
  const char      *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL && listing->files->len < MAX_FILES) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);
    g_autofree char *target = g_file_read_link (path, NULL);
    g_autofree char *hash = target != NULL ? g_path_get_basename (target) : NULL;
    GStatBuf         st;

    if (hash != NULL && g_stat (path, &st) == 0)
      facet_hub_listing_add (listing, name, (guint64)st.st_size, strlen (hash) == 64 ? hash : NULL,
                             strlen (hash) == 40 ? hash : NULL);
  }
  return listing;
}

static FacetHubListing *
get_listing (const FacetModelFolder *self, GError **error)
{
  FacetHubListing *listing;

  if (self->origin == FACET_MODEL_OWN)
    return facet_download_read_listing (self->folder, error);
  listing = listing_of_links (self);
  if (listing->files->len > 0)
    return listing;
  facet_hub_listing_free (listing);
  g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_NOT_HERE,
               _ ("“%s” cannot be verified: the Hugging Face cache keeps no checksums of it."),
               self->repository);
  return NULL;
}

static void
read_cb (guint64 bytes, gpointer user_data)
{
  FacetDownloadProgress *progress = user_data;

  g_mutex_lock (&progress->mutex);
  progress->done += bytes;
  progress->received += bytes;
  g_mutex_unlock (&progress->mutex);
}

gboolean
facet_model_folder_verify (const FacetModelFolder *self,
                           FacetDownloadProgress  *progress,
                           char                 ***damaged,
                           GCancellable           *cancellable,
                           GError                **error)
{
  g_autoptr (FacetHubListing) listing = get_listing (self, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  *damaged = NULL;
  if (listing == NULL)
    return FALSE;
  g_mutex_lock (&progress->mutex);
  progress->done = 0;
  progress->total = facet_hub_listing_get_size (listing);
  g_mutex_unlock (&progress->mutex);
  for (guint i = 0; i < listing->files->len; i++) {
    const FacetHubFile *file = g_ptr_array_index (listing->files, i);
    g_autofree char    *path = g_build_filename (self->folder, file->path, NULL);
    g_autoptr (GError) cause = NULL;

    facet_download_progress_set_phase (progress, FACET_DOWNLOAD_CHECKING, file->path);
    if (facet_download_file_check (file, path, read_cb, progress, cancellable, &cause))
      continue;
    if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    g_ptr_array_add (names, g_strdup (file->path));
  }
  g_ptr_array_add (names, NULL);
  *damaged = (char **)g_ptr_array_free (g_steal_pointer (&names), FALSE);
  return TRUE;
}

/* ---- removing ---- */

/* First it is hidden, so that whatever ends this leaves no model that is half there. */
gboolean
facet_model_folder_remove (const FacetModelFolder *self, GError **error)
{
  static const char *const nothing[] = {NULL};
  g_autofree char         *models = g_path_get_dirname (self->folder);

  if (self->origin == FACET_MODEL_OWN)
    return facet_download_reopen (models, self->repository, nothing, error) &&
           facet_download_discard (models, self->repository, error);
  g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_NOT_HERE,
               _ ("“%s” belongs to the Hugging Face cache, which other programs use too. Remove it "
                  "there: hf cache rm model/%s"),
               self->repository, self->repository);
  return FALSE;
}
