/* facet-hub-listing.c: what a repository holds, from the hub's JSON and from a file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure; any thread.  A name from the network becomes a name in a folder of ours, so only plain ones
 * are taken: no folders, no dots in front, nothing that controls a terminal. */
#define G_LOG_DOMAIN "facet-hub"

#include "config.h"

#include "facet-hub.h"

#include <glib/gi18n-lib.h>
#include <jansson.h>
#include <string.h>

#define MAX_FILES     1000
#define MAX_NAME      200
#define MAX_FILE_SIZE (G_GUINT64_CONSTANT (1) << 52)

G_DEFINE_QUARK (facet - hub - error - quark, facet_hub_error)

static void
file_free (gpointer data)
{
  FacetHubFile *file = data;

  g_free (file->path);
  g_free (file->sha256);
  g_free (file->git_sha1);
  g_free (file);
}

FacetHubListing *
facet_hub_listing_new (const char *repository, const char *commit)
{
  FacetHubListing *self = g_new0 (FacetHubListing, 1);

  self->repository = g_strdup (repository);
  self->commit = g_strdup (commit);
  self->files = g_ptr_array_new_with_free_func (file_free);
  return self;
}

void
facet_hub_listing_free (FacetHubListing *self)
{
  if (self == NULL)
    return;
  g_free (self->repository);
  g_free (self->commit);
  g_ptr_array_unref (self->files);
  g_free (self);
}

/* ---- what is taken ---- */

static gboolean
is_plain_name (const char *name)
{
  gsize length = name != NULL ? strlen (name) : 0;

  if (length == 0 || length > MAX_NAME || name[0] == '.' || name[0] == '-')
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-+@ ", *p) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
facet_hub_is_repository (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name != NULL ? name : "", "/", 3);

  return g_strv_length (parts) == 2 && is_plain_name (parts[0]) && is_plain_name (parts[1]) &&
         strstr (name, "--") == NULL && strchr (name, ' ') == NULL;
}

static gboolean
is_hex (const char *text, gsize digits)
{
  return text != NULL && strlen (text) == digits && strspn (text, "0123456789abcdef") == digits;
}

static json_t *
parse (const char *json, gsize length, GError **error)
{
  json_error_t why;
  json_t      *root = json_loadb (json, length, JSON_REJECT_DUPLICATES, &why);

  if (root == NULL)
    /* Translators: %s is half a sentence from a JSON parser. */
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                 _ ("The list of files cannot be read as JSON (%s). Check the server’s address: it "
                    "must be a Hugging Face hub or a mirror of one."),
                 why.text);
  return root;
}

static void
set_senseless (GError **error)
{
  g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
               _ ("The server’s list of files makes no sense. Check its address: it must be a "
                  "Hugging Face hub or a mirror of one."));
}

gboolean
facet_hub_listing_add (FacetHubListing *self,
                       const char      *path,
                       guint64          size,
                       const char      *sha256,
                       const char      *git_sha1)
{
  FacetHubFile *file;

  if (!is_plain_name (path) || size > MAX_FILE_SIZE ||
      (!is_hex (sha256, 64) && !is_hex (git_sha1, 40)) ||
      facet_hub_listing_find (self, path) != NULL)
    return FALSE;
  file = g_new0 (FacetHubFile, 1);
  *file = (FacetHubFile){.path = g_strdup (path),
                         .size = size,
                         .sha256 = is_hex (sha256, 64) ? g_strdup (sha256) : NULL};
  if (file->sha256 == NULL)
    file->git_sha1 = g_strdup (git_sha1);
  g_ptr_array_add (self->files, file);
  return TRUE;
}

/* ---- the hub's answers ---- */

char *
facet_hub_parse_commit (const char *json, gsize length, GError **error)
{
  json_t     *root = parse (json, length, error);
  const char *sha = json_string_value (json_object_get (root, "sha"));
  char       *commit = is_hex (sha, 40) ? g_strdup (sha) : NULL;

  if (root != NULL && commit == NULL)
    set_senseless (error);
  json_decref (root);
  return commit;
}

gboolean
facet_hub_parse_tree (FacetHubListing *self, const char *json, gsize length, GError **error)
{
  json_t *root = parse (json, length, error);
  json_t *item;
  gsize   i;

  if (root == NULL)
    return FALSE;
  if (!json_is_array (root) || json_array_size (root) > MAX_FILES) {
    set_senseless (error);
    json_decref (root);
    return FALSE;
  }
  json_array_foreach (root, i, item)
  {
    const char *type = json_string_value (json_object_get (item, "type"));
    json_t     *lfs = json_object_get (item, "lfs");

    if (g_strcmp0 (type, "file") != 0)
      continue;
    /* Of a large file, oid is that of its stand-in in git. */
    facet_hub_listing_add (self, json_string_value (json_object_get (item, "path")),
                           (guint64)json_integer_value (
                               json_object_get (lfs != NULL ? lfs : item, "size")),
                           json_string_value (json_object_get (lfs, "oid")),
                           lfs != NULL ? NULL : json_string_value (json_object_get (item, "oid")));
  }
  json_decref (root);
  return TRUE;
}

/* ---- what is asked of it ---- */

void
facet_hub_listing_select (FacetHubListing *self, const char *const *globs)
{
  for (guint i = self->files->len; i-- > 0;) {
    const FacetHubFile *file = g_ptr_array_index (self->files, i);
    gboolean            matches = FALSE;

    for (guint g = 0; globs[g] != NULL && !matches; g++)
      matches = g_pattern_match_simple (globs[g], file->path);
    if (!matches)
      g_ptr_array_remove_index (self->files, i);
  }
}

guint64
facet_hub_listing_get_size (const FacetHubListing *self)
{
  guint64 size = 0;

  for (guint i = 0; i < self->files->len; i++)
    size += ((const FacetHubFile *)g_ptr_array_index (self->files, i))->size;
  return size;
}

const FacetHubFile *
facet_hub_listing_find (const FacetHubListing *self, const char *path)
{
  for (guint i = 0; i < self->files->len; i++) {
    const FacetHubFile *file = g_ptr_array_index (self->files, i);

    if (g_str_equal (file->path, path))
      return file;
  }
  return NULL;
}

/* ---- in a file ---- */

char *
facet_hub_listing_to_json (const FacetHubListing *self, const char *name)
{
  json_t *root = json_object (), *files = json_array ();
  char   *text, *copy;

  if (name != NULL)
    json_object_set_new (root, "name", json_string (name));
  json_object_set_new (root, "repository", json_string (self->repository));
  json_object_set_new (root, "commit", json_string (self->commit));
  for (guint i = 0; i < self->files->len; i++) {
    const FacetHubFile *file = g_ptr_array_index (self->files, i);
    json_t             *item = json_object ();

    json_object_set_new (item, "path", json_string (file->path));
    json_object_set_new (item, "size", json_integer ((json_int_t)file->size));
    if (file->sha256 != NULL)
      json_object_set_new (item, "sha256", json_string (file->sha256));
    if (file->git_sha1 != NULL)
      json_object_set_new (item, "git-sha1", json_string (file->git_sha1));
    json_array_append_new (files, item);
  }
  json_object_set_new (root, "files", files);
  text = json_dumps (root, JSON_INDENT (1));
  copy = g_strdup (text);
  free (text);
  json_decref (root);
  return copy;
}

FacetHubListing *
facet_hub_listing_from_json (const char *json, gsize length, GError **error)
{
  json_t     *root = parse (json, length, error);
  const char *repository = json_string_value (json_object_get (root, "repository"));
  const char *commit = json_string_value (json_object_get (root, "commit"));
  json_t     *files = json_object_get (root, "files");
  g_autoptr (FacetHubListing) self = NULL;
  json_t *item;
  gsize   i;

  if (root == NULL)
    return NULL;
  if (facet_hub_is_repository (repository) && is_hex (commit, 40) &&
      json_array_size (files) <= MAX_FILES) {
    self = facet_hub_listing_new (repository, commit);
    json_array_foreach (files, i, item)
        facet_hub_listing_add (self, json_string_value (json_object_get (item, "path")),
                               (guint64)json_integer_value (json_object_get (item, "size")),
                               json_string_value (json_object_get (item, "sha256")),
                               json_string_value (json_object_get (item, "git-sha1")));
  }
  if (self == NULL || self->files->len != json_array_size (files)) {
    set_senseless (error);
    g_clear_pointer (&self, facet_hub_listing_free);
  }
  json_decref (root);
  return g_steal_pointer (&self);
}
