/* facet-cli-media.c: the pictures, sounds and videos that a command is given.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * They are imported as the window does it, into a folder that goes when the command ends.  Main
 * thread. */
#define G_LOG_DOMAIN "facet-cli"

#include "facet-cli.h"

#include <unistd.h>

#include "facet-media-import.h"

typedef struct {
  GMainLoop  *loop;
  FacetMedia *media;
  GError     *error;
} Import;

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Import *import = user_data;

  import->media = facet_media_import_finish (result, &import->error);
  g_main_loop_quit (import->loop);
}

/* NULL: it has been said why not. */
static FacetMedia *
import_file (const char *folder, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (path);
  Import import = {.loop = g_main_loop_new (NULL, FALSE)};

  facet_media_import_file_async (folder, file, NULL, NULL, imported_cb, &import);
  g_main_loop_run (import.loop);
  g_main_loop_unref (import.loop);
  if (import.media == NULL)
    facet_cli_complain ("%s", import.error->message);
  g_clear_error (&import.error);
  return import.media;
}

static const char *
name_of (FacetMediaKind kind)
{
  switch (kind) {
  case FACET_MEDIA_IMAGE:
    return "a picture";
  case FACET_MEDIA_AUDIO:
    return "a sound";
  case FACET_MEDIA_VIDEO:
    return "a video";
  }
  return NULL;
}

static gboolean
add_files (FacetCliMedia *self, char **paths, FacetMediaKind kind, guint detail)
{
  for (guint i = 0; paths != NULL && paths[i] != NULL; i++) {
    FacetMedia *media = import_file (self->folder, paths[i]);

    if (media == NULL)
      return FALSE;
    if (kind == FACET_MEDIA_IMAGE && detail > 0) {
      FacetMedia *detailed = facet_media_with_detail (media, detail);

      g_object_unref (media);
      media = detailed;
    }
    g_ptr_array_add (self->list, media);
    if (facet_media_get_kind (media) != kind) {
      facet_cli_complain ("“%s” is %s, not %s", paths[i], name_of (facet_media_get_kind (media)),
                          name_of (kind));
      return FALSE;
    }
    if (facet_media_get_note (media) != NULL)
      facet_cli_complain ("%s: %s", paths[i], facet_media_get_note (media));
  }
  return TRUE;
}

gboolean
facet_cli_media_load (FacetCliMedia *self, const FacetCliOptions *options)
{
  g_autoptr (GError) error = NULL;

  *self = (FacetCliMedia){.list = g_ptr_array_new_with_free_func (g_object_unref)};
  if (options->images == NULL && options->audio == NULL && options->videos == NULL)
    return TRUE;
  self->folder = g_dir_make_tmp ("facet-XXXXXX", &error);
  if (self->folder == NULL) {
    facet_cli_complain ("there is no place for temporary files: %s", error->message);
    return FALSE;
  }
  return add_files (self, options->images, FACET_MEDIA_IMAGE, (guint)options->detail) &&
         add_files (self, options->videos, FACET_MEDIA_VIDEO, 0) &&
         add_files (self, options->audio, FACET_MEDIA_AUDIO, 0);
}

/* Media files lie flat in the folder. */
void
facet_cli_media_clear (FacetCliMedia *self)
{
  g_autoptr (GDir) dir = self->folder != NULL ? g_dir_open (self->folder, 0, NULL) : NULL;

  g_clear_pointer (&self->list, g_ptr_array_unref);
  for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);

    unlink (path);
  }
  if (self->folder != NULL)
    rmdir (self->folder);
  g_clear_pointer (&self->folder, g_free);
}
