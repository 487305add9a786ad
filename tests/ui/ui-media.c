/* ui-media.c: pictures and sounds for tests of widgets, and adding them to a draft.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ui-media"

#include "config.h"

#include <math.h>

#include "media-files.h"
#include "ui-media.h"

GdkPixbuf *
ui_media_make_pixels (int width, int height)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, width, height);
  guint8    *pixels = gdk_pixbuf_get_pixels (pixbuf);

  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      guint8 *p = pixels + y * gdk_pixbuf_get_rowstride (pixbuf) + 4 * x;

      p[0] = (guint8)(40 + 180 * x / width);
      p[1] = (guint8)(90 + 120 * y / height);
      p[2] = (guint8)(hypot (x - width / 2.0, y - height / 2.0) < height / 3.0 ? 220 : 90);
      p[3] = 255;
    }
  }
  return pixbuf;
}

GFile *
ui_media_make_picture (const char *folder, const char *name, int width, int height)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GdkPixbuf) pixbuf = ui_media_make_pixels (width, height);

  g_assert_true (gdk_pixbuf_save (pixbuf, path, "png", NULL, NULL));
  return g_file_new_for_path (path);
}

static double
voice (double t, guint channel)
{
  return 0.8 * fabs (sin (2.3 * t)) * sin (2 * G_PI * 220 * t);
}

GFile *
ui_media_make_sound (const char *folder, const char *name, double seconds)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 16000, 1, seconds, FALSE, voice);

  write_file (path, wav);
  return g_file_new_for_path (path);
}

void
ui_media_add (FacetConversation *conversation, GFile *file)
{
  facet_import_queue_add_file (facet_import_queue_get (conversation), file, NULL);
  g_object_unref (file);
}

static gboolean
is_quiet (gpointer queue)
{
  return g_list_model_get_n_items (queue) == 0;
}

void
ui_media_wait (FacetConversation *conversation)
{
  ui_wait (is_quiet, facet_import_queue_get (conversation));
}

void
ui_media_picture (GtkWidget *window, const char *name)
{
  gtk_widget_queue_draw (window);
  gtk_test_widget_wait_for_draw (window);
  gtk_widget_queue_draw (window);
  ui_picture (window, name);
}
