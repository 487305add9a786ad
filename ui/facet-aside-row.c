/* facet-aside-row.c: one conversation that was put aside: its title, when, and the way back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-aside-row"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-aside-row.h"
#include "facet-library.h"

struct _FacetAsideRow {
  GtkWidget  parent_instance;
  GtkWidget *words;
  GtkLabel  *title;
  GtkLabel  *when;
  GtkWidget *restore, *delete;

  FacetConversation *conversation;
};

enum {
  RESTORE,
  DELETE,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetAsideRow, facet_aside_row, GTK_TYPE_WIDGET)

char *
facet_aside_dup_days_left (gint64 deleted_at, gint64 now)
{
  gint64 until = deleted_at + FACET_TRASH_DAYS * 24 * G_TIME_SPAN_HOUR;
  gint64 days = (until - now + 24 * G_TIME_SPAN_HOUR - 1) / (24 * G_TIME_SPAN_HOUR);

  if (days <= 0)
    return g_strdup (_ ("Gone at the next start"));
  return g_strdup_printf (ngettext ("Gone in %d day", "Gone in %d days", (gulong)days),
                          (int)MIN (days, FACET_TRASH_DAYS));
}

static char *
dup_date (gint64 time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_local (time / G_USEC_PER_SEC);

  /* Translators: a date, as g_date_time_format () takes it. */
  return date != NULL ? g_date_time_format (date, _ ("%e %B %Y")) : g_strdup ("");
}

static void
restore_clicked_cb (FacetAsideRow *self)
{
  if (self->conversation != NULL)
    g_signal_emit (self, signals[RESTORE], 0);
}

static void
delete_clicked_cb (FacetAsideRow *self)
{
  if (self->conversation != NULL)
    g_signal_emit (self, signals[DELETE], 0);
}

FacetConversation *
facet_aside_row_get_conversation (FacetAsideRow *self)
{
  return self->conversation;
}

static void
name_button (GtkWidget *button, const char *words)
{
  gtk_widget_set_tooltip_text (button, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, words,
                                  -1);
}

void
facet_aside_row_set_conversation (FacetAsideRow *self, FacetConversation *conversation)
{
  g_autofree char *when = NULL;
  const char      *title;
  gboolean         in_trash;

  g_set_object (&self->conversation, conversation);
  if (conversation == NULL)
    return;
  in_trash = facet_conversation_get_deleted_at (conversation) != 0;
  title = facet_conversation_get_title (conversation);
  when = in_trash ? facet_aside_dup_days_left (facet_conversation_get_deleted_at (conversation),
                                               g_get_real_time ())
                  : dup_date (facet_conversation_get_updated (conversation));
  gtk_label_set_label (self->title, *title != '\0' ? title : _ ("New conversation"));
  gtk_label_set_label (self->when, when);
  name_button (self->restore, in_trash ? _ ("Restore") : _ ("Back to the list"));
  name_button (self->delete, in_trash ? _ ("Delete for good…") : _ ("Delete"));
  if (gtk_widget_get_parent (GTK_WIDGET (self)) != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (GTK_WIDGET (self))),
                                    GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    gtk_label_get_label (self->title),
                                    GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, when, -1);
}

static void
facet_aside_row_dispose (GObject *object)
{
  g_clear_object (&FACET_ASIDE_ROW (object)->conversation);
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_ASIDE_ROW);
  G_OBJECT_CLASS (facet_aside_row_parent_class)->dispose (object);
}

static void
facet_aside_row_class_init (FacetAsideRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_aside_row_dispose;
  signals[RESTORE] = g_signal_new ("restore", FACET_TYPE_ASIDE_ROW, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[DELETE] = g_signal_new ("delete", FACET_TYPE_ASIDE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_css_name (widget_class, "aside-row");
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-aside-row.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetAsideRow, words);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideRow, title);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideRow, when);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideRow, restore);
  gtk_widget_class_bind_template_child (widget_class, FacetAsideRow, delete);
  gtk_widget_class_bind_template_callback (widget_class, restore_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, delete_clicked_cb);
}

static void
facet_aside_row_init (FacetAsideRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

FacetAsideRow *
facet_aside_row_new (void)
{
  return g_object_new (FACET_TYPE_ASIDE_ROW, NULL);
}
