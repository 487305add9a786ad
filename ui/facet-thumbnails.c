/* facet-thumbnails.c: small pictures of pictures and videos, kept while they are likely to be seen
 * again.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A thumbnail has at most 256 × 256 pixels, a quarter of a megabyte; the 64 that were
 * asked for last are kept, by the hash of the file.  Decoding takes some hundred megabytes for a
 * large picture, hence two at a time. */
#define G_LOG_DOMAIN "facet-thumbnails"

#include "config.h"

#include "facet-thumbnails.h"

#define MAX_KEPT    64
#define MAX_RUNNING 2

typedef struct {
  char       *hash;
  GdkTexture *texture;
} Entry;

static GQueue kept = G_QUEUE_INIT;    /* of Entry, the latest first */
static GQueue waiting = G_QUEUE_INIT; /* of GTask */
static guint  n_running;

static void
entry_free (Entry *entry)
{
  g_free (entry->hash);
  g_object_unref (entry->texture);
  g_free (entry);
}

static GList *
find (const char *hash)
{
  for (GList *link = kept.head; link != NULL; link = link->next)
    if (g_str_equal (((Entry *)link->data)->hash, hash))
      return link;
  return NULL;
}

static void
keep (const char *hash, GdkTexture *texture)
{
  GList *link = find (hash);
  Entry *entry;

  if (link != NULL) {
    g_queue_unlink (&kept, link);
    g_queue_push_head_link (&kept, link);
    return;
  }
  entry = g_new0 (Entry, 1);
  entry->hash = g_strdup (hash);
  entry->texture = g_object_ref (texture);
  g_queue_push_head (&kept, entry);
  if (kept.length > MAX_KEPT)
    entry_free (g_queue_pop_tail (&kept));
}

GdkTexture *
facet_thumbnails_lookup (FacetMedia *media)
{
  const char *hash = facet_media_get_content_hash (media);
  GList      *link = find (hash);
  GdkTexture *texture;

  if (link != NULL) {
    texture = ((Entry *)link->data)->texture;
    keep (hash, texture);
    return g_object_ref (texture);
  }
  if (facet_media_get_thumbnail (media) == NULL)
    return NULL;
  texture = gdk_texture_new_for_pixbuf (facet_media_get_thumbnail (media));
  keep (hash, texture);
  return texture;
}

static void start_some (void);

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  FacetMedia *media = FACET_MEDIA (source);
  GError     *error = NULL;
  g_autoptr (GdkPixbuf) pixbuf = facet_media_load_thumbnail_finish (media, result, &error);

  n_running--;
  if (pixbuf != NULL) {
    GdkTexture *texture = gdk_texture_new_for_pixbuf (pixbuf);

    keep (facet_media_get_content_hash (media), texture);
    g_task_return_pointer (task, texture, g_object_unref);
  } else {
    g_task_return_error (task, error);
  }
  start_some ();
}

static void
start_some (void)
{
  while (n_running < MAX_RUNNING && waiting.length > 0) {
    g_autoptr (GTask) task = g_queue_pop_head (&waiting);
    FacetMedia *media = g_task_get_source_object (task);
    GdkTexture *texture;

    if (g_task_return_error_if_cancelled (task))
      continue;
    texture = facet_thumbnails_lookup (media);
    if (texture != NULL) {
      g_task_return_pointer (task, texture, g_object_unref);
      continue;
    }
    n_running++;
    facet_media_load_thumbnail_async (media, g_task_get_cancellable (task), loaded_cb,
                                      g_object_ref (task));
  }
}

void
facet_thumbnails_load_async (FacetMedia         *media,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_return_if_fail (FACET_IS_MEDIA (media));

  g_queue_push_tail (&waiting, g_task_new (media, cancellable, callback, user_data));
  start_some ();
}

GdkTexture *
facet_thumbnails_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
