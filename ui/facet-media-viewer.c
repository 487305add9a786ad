/* facet-media-viewer.c: a picture or a video, large, in a window of its own.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A picture is decoded in another one, not larger than what every graphics card takes
 * as one texture. */
#define G_LOG_DOMAIN "facet-media-viewer"

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "facet-attachment-words.h"
#include "facet-media-viewer.h"

#define MAX_SIDE     4096u
#define ZOOM_STEP    1.25
#define MIN_ZOOM     0.05
#define MAX_ZOOM     16.0
#define LARGEST_PART 0.85 /* of the monitor */
#define MIN_WIDTH    360
#define MIN_HEIGHT   294
#define HEADER       47
#define SCROLL_STEP  60

struct _FacetMediaViewer {
  AdwWindow parent_instance;

  AdwWindowTitle    *heading;
  GtkWidget         *zoom_buttons;
  GtkStack          *pages;
  GtkSpinner        *spinner;
  AdwStatusPage     *failed;
  GtkScrolledWindow *scroller;
  GtkPicture        *picture;

  GCancellable *cancellable;
  GdkTexture   *texture;
  double        zoom; /* pixels of the screen for one of the texture; 0: fits */
  double        pinch_from;
  double        drag_x, drag_y; /* the adjustments' values where a drag began */
};

G_DEFINE_FINAL_TYPE (FacetMediaViewer, facet_media_viewer, ADW_TYPE_WINDOW)

/* The size of the picture */

double
facet_media_viewer_get_zoom (FacetMediaViewer *self)
{
  g_return_val_if_fail (FACET_IS_MEDIA_VIEWER (self), 0);

  return self->zoom;
}

static double
get_fitting_zoom (FacetMediaViewer *self)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self->scroller));
  double height = gtk_widget_get_height (GTK_WIDGET (self->scroller));

  return MIN (MIN (width / gdk_texture_get_width (self->texture),
                   height / gdk_texture_get_height (self->texture)),
              1.0);
}

/* What is in the middle stays there. */
static void
keep_middle (GtkAdjustment *adjustment, double factor, double new_upper)
{
  double page = gtk_adjustment_get_page_size (adjustment);
  double middle = (gtk_adjustment_get_value (adjustment) + page / 2) * factor;

  gtk_adjustment_configure (adjustment, middle - page / 2, 0, MAX (new_upper, page),
                            gtk_adjustment_get_step_increment (adjustment),
                            gtk_adjustment_get_page_increment (adjustment), page);
}

static void
set_zoom (FacetMediaViewer *self, double zoom)
{
  double before, width, height;

  if (self->texture == NULL)
    return;
  before = self->zoom > 0 ? self->zoom : get_fitting_zoom (self);
  self->zoom = zoom > 0 ? CLAMP (zoom, MIN_ZOOM, MAX_ZOOM) : 0;
  if (self->zoom <= 0) {
    gtk_widget_set_size_request (GTK_WIDGET (self->picture), -1, -1);
    gtk_picture_set_content_fit (self->picture, GTK_CONTENT_FIT_SCALE_DOWN);
    return;
  }
  width = round (self->zoom * gdk_texture_get_width (self->texture));
  height = round (self->zoom * gdk_texture_get_height (self->texture));
  gtk_picture_set_content_fit (self->picture, GTK_CONTENT_FIT_CONTAIN);
  gtk_widget_set_size_request (GTK_WIDGET (self->picture), (int)width, (int)height);
  keep_middle (gtk_scrolled_window_get_hadjustment (self->scroller), self->zoom / before, width);
  keep_middle (gtk_scrolled_window_get_vadjustment (self->scroller), self->zoom / before, height);
}

static void
zoom_by (FacetMediaViewer *self, double factor)
{
  if (self->texture != NULL)
    set_zoom (self, (self->zoom > 0 ? self->zoom : get_fitting_zoom (self)) * factor);
}

static void
zoom_in (FacetMediaViewer *self)
{
  zoom_by (self, ZOOM_STEP);
}

static void
zoom_out (FacetMediaViewer *self)
{
  zoom_by (self, 1 / ZOOM_STEP);
}

static void
zoom_to_fit (FacetMediaViewer *self)
{
  set_zoom (self, 0);
}

static gboolean
scroll_cb (GtkEventControllerScroll *controller, double dx, double dy, FacetMediaViewer *self)
{
  zoom_by (self, pow (ZOOM_STEP, -dy));
  return GDK_EVENT_STOP;
}

static void
pinch_begin_cb (FacetMediaViewer *self)
{
  if (self->texture != NULL)
    self->pinch_from = self->zoom > 0 ? self->zoom : get_fitting_zoom (self);
}

static void
pinch_cb (FacetMediaViewer *self, double scale)
{
  if (self->pinch_from > 0)
    set_zoom (self, self->pinch_from * scale);
}

/* Moving it */

static void
drag_begin_cb (FacetMediaViewer *self)
{
  self->drag_x = gtk_adjustment_get_value (gtk_scrolled_window_get_hadjustment (self->scroller));
  self->drag_y = gtk_adjustment_get_value (gtk_scrolled_window_get_vadjustment (self->scroller));
}

static void
drag_update_cb (FacetMediaViewer *self, double dx, double dy)
{
  gtk_adjustment_set_value (gtk_scrolled_window_get_hadjustment (self->scroller),
                            self->drag_x - dx);
  gtk_adjustment_set_value (gtk_scrolled_window_get_vadjustment (self->scroller),
                            self->drag_y - dy);
}

static void
move_by (GtkAdjustment *adjustment, double pixels)
{
  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_value (adjustment) + pixels);
}

static gboolean
picture_key (FacetMediaViewer *self, guint keyval)
{
  switch (keyval) {
  case GDK_KEY_plus:
  case GDK_KEY_equal:
  case GDK_KEY_KP_Add:
    zoom_in (self);
    return GDK_EVENT_STOP;
  case GDK_KEY_minus:
  case GDK_KEY_KP_Subtract:
    zoom_out (self);
    return GDK_EVENT_STOP;
  case GDK_KEY_0:
  case GDK_KEY_KP_0:
    zoom_to_fit (self);
    return GDK_EVENT_STOP;
  case GDK_KEY_Left:
    move_by (gtk_scrolled_window_get_hadjustment (self->scroller), -SCROLL_STEP);
    return GDK_EVENT_STOP;
  case GDK_KEY_Right:
    move_by (gtk_scrolled_window_get_hadjustment (self->scroller), SCROLL_STEP);
    return GDK_EVENT_STOP;
  case GDK_KEY_Up:
    move_by (gtk_scrolled_window_get_vadjustment (self->scroller), -SCROLL_STEP);
    return GDK_EVENT_STOP;
  case GDK_KEY_Down:
    move_by (gtk_scrolled_window_get_vadjustment (self->scroller), SCROLL_STEP);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

static gboolean
key_pressed_cb (GtkEventControllerKey *controller,
                guint                  keyval,
                guint                  keycode,
                GdkModifierType        state,
                FacetMediaViewer      *self)
{
  if ((state & gtk_accelerator_get_default_mod_mask () & ~(guint)GDK_SHIFT_MASK &
       ~(guint)GDK_CONTROL_MASK) != 0)
    return GDK_EVENT_PROPAGATE;
  if (keyval == GDK_KEY_Escape) {
    gtk_window_close (GTK_WINDOW (self));
    return GDK_EVENT_STOP;
  }
  return self->texture != NULL ? picture_key (self, keyval) : GDK_EVENT_PROPAGATE;
}

/* What is shown */

static void
show_failed (FacetMediaViewer *self, const char *sentence)
{
  g_autofree char *escaped = g_markup_escape_text (sentence, -1);

  adw_status_page_set_description (self->failed, escaped);
  gtk_stack_set_visible_child_name (self->pages, "failed");
  gtk_widget_set_visible (self->zoom_buttons, FALSE);
}

static void
load_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (FacetPicture) picture = facet_media_load_picture (data, cancellable, &error);
  g_autoptr (GdkPixbuf) pixbuf = NULL;

  if (picture == NULL) {
    g_task_return_error (task, error);
    return;
  }
  pixbuf = facet_picture_dup_thumbnail (picture, MAX_SIDE);
  g_task_return_pointer (task, gdk_texture_new_for_pixbuf (pixbuf), g_object_unref);
}

static void
weak_ref_free (GWeakRef *ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GWeakRef *ref = user_data;
  g_autoptr (FacetMediaViewer) self = g_weak_ref_get (ref);
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = g_task_propagate_pointer (G_TASK (result), &error);

  weak_ref_free (ref);
  if (self == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  gtk_spinner_stop (self->spinner);
  if (texture == NULL) {
    show_failed (self, error->message);
    return;
  }
  self->texture = g_steal_pointer (&texture);
  gtk_picture_set_paintable (self->picture, GDK_PAINTABLE (self->texture));
  gtk_stack_set_visible_child_name (self->pages, "picture");
  gtk_widget_grab_focus (GTK_WIDGET (self->scroller));
}

/* The task holds no reference: a window that is closed must go before the one that it belongs to.
 */
static void
load_picture (FacetMediaViewer *self, FacetMedia *media)
{
  GWeakRef *ref = g_new0 (GWeakRef, 1);
  g_autoptr (GTask) task = g_task_new (NULL, self->cancellable, loaded_cb, ref);

  g_weak_ref_init (ref, self);
  gtk_spinner_start (self->spinner);
  g_task_set_task_data (task, g_object_ref (media), g_object_unref);
  g_task_run_in_thread (task, load_thread);
}

static void
show_video (FacetMediaViewer *self, FacetMedia *media)
{
  GtkWidget *video = gtk_video_new_for_filename (facet_media_get_path (media));

  gtk_video_set_autoplay (GTK_VIDEO (video), TRUE);
  gtk_stack_add_named (self->pages, video, "video");
  gtk_stack_set_visible_child_name (self->pages, "video");
  gtk_widget_set_visible (self->zoom_buttons, FALSE);
}

/* Not larger than the monitor, not smaller than a window may be. */
static void
choose_size (FacetMediaViewer *self, GtkWidget *from, FacetMedia *media)
{
  GdkSurface *surface = gtk_native_get_surface (gtk_widget_get_native (from));
  GdkMonitor *monitor = gdk_display_get_monitor_at_surface (gtk_widget_get_display (from), surface);
  GdkRectangle area = {.width = 1024, .height = 768};
  guint        width, height;
  double       scale;

  if (monitor != NULL)
    gdk_monitor_get_geometry (monitor, &area);
  facet_media_get_dimensions (media, &width, &height);
  scale = MIN (MIN (LARGEST_PART * area.width / MAX (width, 1),
                    (LARGEST_PART * area.height - HEADER) / MAX (height, 1)),
               1.0);
  gtk_window_set_default_size (GTK_WINDOW (self), MAX ((int)(scale * width), MIN_WIDTH),
                               MAX ((int)(scale * height) + HEADER, MIN_HEIGHT));
}

/* Without a module for media files, GTK has only a stand-in that plays nothing. */
static gboolean
can_play (void)
{
  g_autoptr (GtkMediaStream) stream = gtk_media_file_new ();

  return g_strcmp0 (G_OBJECT_TYPE_NAME (stream), "GtkNoMediaFile") != 0;
}

static FacetMediaViewer *
open_viewer (GtkWindow *parent, FacetMedia *media)
{
  FacetMediaViewer *self = g_object_new (FACET_TYPE_MEDIA_VIEWER, "transient-for", parent, NULL);
  g_autofree char  *alternative = facet_attachment_dup_alternative (media);

  gtk_window_set_title (GTK_WINDOW (self), facet_media_get_name (media));
  adw_window_title_set_title (self->heading, facet_media_get_name (media));
  gtk_picture_set_alternative_text (self->picture, alternative);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->picture), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  alternative, -1);
  choose_size (self, GTK_WIDGET (parent), media);
  return self;
}

static void
shown_elsewhere_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GtkWindow *parent = GTK_WINDOW (source);
  g_autoptr (FacetMedia) media = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char  *sentence = NULL;
  FacetMediaViewer *self;

  if (gtk_show_uri_full_finish (parent, result, &error) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      !gtk_widget_get_realized (GTK_WIDGET (parent)))
    return;
  g_debug ("%s", error->message);
  sentence = g_strdup_printf (_ ("No program here plays “%s”. Install a video player."),
                              facet_media_get_name (media));
  self = open_viewer (parent, media);
  show_failed (self, sentence);
  gtk_window_present (GTK_WINDOW (self));
}

void
facet_media_view (GtkWidget *from, FacetMedia *media)
{
  GtkWindow        *parent;
  FacetMediaViewer *self;
  gboolean          video;

  g_return_if_fail (GTK_IS_WIDGET (from));
  g_return_if_fail (FACET_IS_MEDIA (media));

  parent = GTK_WINDOW (gtk_widget_get_root (from));
  video = facet_media_get_kind (media) == FACET_MEDIA_VIDEO;
  if (video && !can_play ()) {
    g_autofree char *uri = g_filename_to_uri (facet_media_get_path (media), NULL, NULL);

    gtk_show_uri_full (parent, uri, GDK_CURRENT_TIME, NULL, shown_elsewhere_cb,
                       g_object_ref (media));
    return;
  }
  self = open_viewer (parent, media);
  if (video)
    show_video (self, media);
  else
    load_picture (self, media);
  gtk_window_present (GTK_WINDOW (self));
}

/* The object */

static void
facet_media_viewer_dispose (GObject *object)
{
  FacetMediaViewer *self = FACET_MEDIA_VIEWER (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->texture);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_MEDIA_VIEWER);
  G_OBJECT_CLASS (facet_media_viewer_parent_class)->dispose (object);
}

static void
facet_media_viewer_class_init (FacetMediaViewerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_media_viewer_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-media-viewer.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetMediaViewer, heading);
  gtk_widget_class_bind_template_child (widget_class, FacetMediaViewer, zoom_buttons);
  gtk_widget_class_bind_template_child (widget_class, FacetMediaViewer, pages);
  gtk_widget_class_bind_template_child (widget_class, FacetMediaViewer, spinner);
  gtk_widget_class_bind_template_child (widget_class, FacetMediaViewer, failed);
  gtk_widget_class_bind_template_child (widget_class, FacetMediaViewer, scroller);
  gtk_widget_class_bind_template_child (widget_class, FacetMediaViewer, picture);
  gtk_widget_class_bind_template_callback (widget_class, drag_begin_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_update_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, pinch_begin_cb);
  gtk_widget_class_bind_template_callback (widget_class, pinch_cb);
  gtk_widget_class_bind_template_callback (widget_class, scroll_cb);
  gtk_widget_class_bind_template_callback (widget_class, zoom_in);
  gtk_widget_class_bind_template_callback (widget_class, zoom_out);
  gtk_widget_class_bind_template_callback (widget_class, zoom_to_fit);
}

static void
facet_media_viewer_init (FacetMediaViewer *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
