/* facet-window-examples.c: what the examples of the welcome page begin.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Each does what the person would do: the picture is attached as if it had been
 * pasted, the sentence is recorded as after a tap on the microphone, the sum is sent with Think
 * on. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n.h>

#include "facet-import-queue.h"
#include "facet-window-private.h"

#define HINT_SECONDS 10
#define HINT_CHARS   32

/* In a thread. */
static GdkPixbuf *
load_drawing (gpointer data)
{
  return gdk_pixbuf_new_from_resource (FACET_EXAMPLE_PICTURE_RESOURCE, NULL);
}

/* What could not be added is said at the composer.  Where the person has gone elsewhere meanwhile,
 * the picture waits in the draft. */
static void
queue_changed_cb (FacetWindow *self, guint position, guint removed, guint added, GListModel *queue)
{
  g_autofree char *text = NULL;

  if (g_list_model_get_n_items (queue) > 0)
    return;
  g_signal_handlers_disconnect_by_func (queue, queue_changed_cb, self);
  text = g_object_steal_data (G_OBJECT (queue), "example");
  if (self->conversation != NULL &&
      G_LIST_MODEL (facet_import_queue_get (self->conversation)) == queue &&
      g_list_model_get_n_items (
          G_LIST_MODEL (facet_conversation_get_draft_media (self->conversation))) > 0)
    facet_composer_send (self->composer, text);
}

static void
show_drawing (FacetWindow *self, const char *text)
{
  FacetImportQueue *queue = facet_import_queue_get (self->conversation);

  if (g_object_get_data (G_OBJECT (queue), "example") != NULL)
    return; /* it is on its way */
  g_object_set_data_full (G_OBJECT (queue), "example", g_strdup (text), g_free);
  facet_import_queue_add_pixels (queue, _ ("Drawing.png"), load_drawing, NULL, NULL);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (queue_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

/* Without a microphone, or in mid-answer, whoever records says so. */
static void
listen (FacetWindow *self, const char *text)
{
  GtkWidget       *button = GTK_WIDGET (facet_composer_get_talk_button (self->composer));
  g_autofree char *hint = NULL;
  AdwToast        *toast;

  if (!gtk_widget_get_sensitive (button)) {
    facet_window_say (self, gtk_widget_get_tooltip_text (button), NULL, NULL);
    return;
  }
  if (facet_talk_get_active (self->talk))
    return; /* a second tap would end it */
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
  g_signal_emit_by_name (button, "clicked");
  if (!facet_talk_get_active (self->talk))
    return;
  /* Translators: a sentence to be said */
  hint = g_strdup_printf (_ ("Say “%s”, then press Return."), text);
  toast = adw_toast_new ("");
  adw_toast_set_timeout (toast, HINT_SECONDS);
  facet_window_wrap_toast (toast, hint, HINT_CHARS);
  g_set_weak_pointer (&self->hint, toast);
  adw_toast_overlay_add_toast (self->toasts, toast);
}

void
facet_window_drop_hint (FacetWindow *self)
{
  if (self->hint != NULL)
    adw_toast_dismiss (self->hint);
  g_clear_weak_pointer (&self->hint);
}

void
facet_window_begin_example (FacetWindow *self, FacetExample kind, const char *text)
{
  if (self->conversation == NULL)
    return;
  switch (kind) {
  case FACET_EXAMPLE_PICTURE:
    show_drawing (self, text);
    break;
  case FACET_EXAMPLE_SPEECH:
    listen (self, text);
    break;
  case FACET_EXAMPLE_SUM:
    facet_conversation_set_thinking (self->conversation, TRUE);
    facet_composer_send (self->composer, text);
    break;
  }
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}
