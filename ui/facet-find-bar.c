/* facet-find-bar.c: the bar above the conversation in which something is found.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-find-bar"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-announcer.h"
#include "facet-chat-find.h"
#include "facet-find-bar.h"

struct _FacetFindBar {
  GtkWidget parent_instance;

  GtkWidget      *root;
  GtkSearchBar   *bar;
  GtkEditable    *entry;
  GtkLabel       *words;
  GtkWidget      *buttons;
  FacetAnnouncer *announcer;

  FacetChatFind *find;
  char          *said;     /* what was announced for this text */
  gboolean       setting;  /* the text is not the person's */
  gboolean       as_words; /* it came from a search of everything */
};

enum {
  CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetFindBar, facet_find_bar, GTK_TYPE_WIDGET)

const char *
facet_find_bar_get_words (FacetFindBar *self)
{
  return gtk_label_get_label (self->words);
}

static char *
dup_words (FacetFindBar *self)
{
  guint    n = facet_chat_find_get_n (self->find);
  guint    position = facet_chat_find_get_position (self->find);
  gboolean complete = facet_chat_find_get_complete (self->find);

  if (*gtk_editable_get_text (self->entry) == '\0')
    return g_strdup ("");
  if (n == 0)
    return g_strdup (complete ? _ ("Not found") : _ ("Searching…"));
  /* Translators: the third of seventeen places where something was found. */
  return g_strdup_printf (complete ? _ ("%'u of %'u") : _ ("%'u of %'u…"), position, n);
}

static void
changed_cb (FacetFindBar *self)
{
  g_autofree char *words = dup_words (self);
  gboolean         none = facet_chat_find_get_n (self->find) == 0;

  gtk_label_set_label (self->words, words);
  gtk_widget_set_sensitive (self->buttons, !none);
  if (none && facet_chat_find_get_complete (self->find) &&
      *gtk_editable_get_text (self->entry) != '\0')
    gtk_widget_add_css_class (GTK_WIDGET (self->entry), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->entry), "error");
  /* Where the reader goes is said, not how the number grows while an answer is written. */
  if (!facet_chat_find_get_complete (self->find) || *words == '\0' ||
      g_strcmp0 (self->said, words) == 0)
    return;
  if (self->said == NULL || gtk_widget_get_focus_child (GTK_WIDGET (self)) != NULL)
    facet_announcer_say (self->announcer, words);
  g_free (self->said);
  self->said = g_strdup (words);
}

static void
look_for (FacetFindBar *self, FacetSearchQuery *query, FacetMessage *from, gboolean in_thought)
{
  g_clear_pointer (&self->said, g_free);
  facet_chat_find_set_query (self->find, query, from, in_thought);
}

static void
look_for_text (FacetFindBar *self, FacetMessage *from, gboolean in_thought)
{
  const char *text = gtk_editable_get_text (self->entry);
  g_autoptr (FacetSearchQuery) query =
      self->as_words ? facet_search_query_new (text) : facet_search_query_new_literal (text);

  look_for (self, query, from, in_thought);
}

static void
typed_cb (FacetFindBar *self)
{
  if (self->setting || self->find == NULL)
    return;
  self->as_words = FALSE;
  if (gtk_search_bar_get_search_mode (self->bar))
    look_for_text (self, NULL, FALSE);
}

/* Open and closed */

void
facet_find_bar_open (FacetFindBar *self)
{
  gboolean was_open;

  g_return_if_fail (FACET_IS_FIND_BAR (self));
  was_open = gtk_search_bar_get_search_mode (self->bar);
  gtk_search_bar_set_search_mode (self->bar, TRUE);
  if (!was_open)
    look_for_text (self, NULL, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  gtk_editable_select_region (self->entry, 0, -1);
}

void
facet_find_bar_open_at (FacetFindBar *self,
                        const char   *text,
                        FacetMessage *message,
                        gboolean      in_thought)
{
  g_return_if_fail (FACET_IS_FIND_BAR (self));
  self->as_words = TRUE;
  self->setting = TRUE;
  gtk_search_bar_set_search_mode (self->bar, TRUE);
  gtk_editable_set_text (self->entry, text);
  self->setting = FALSE;
  look_for_text (self, message, in_thought);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  gtk_editable_set_position (self->entry, -1);
}

gboolean
facet_find_bar_close (FacetFindBar *self)
{
  g_return_val_if_fail (FACET_IS_FIND_BAR (self), FALSE);
  if (!gtk_search_bar_get_search_mode (self->bar))
    return FALSE;
  gtk_search_bar_set_search_mode (self->bar, FALSE);
  return TRUE;
}

/* Closed in whatever way: with Esc, with its own button. */
static void
mode_cb (FacetFindBar *self)
{
  gboolean had_focus = gtk_widget_get_focus_child (GTK_WIDGET (self)) != NULL;

  if (gtk_search_bar_get_search_mode (self->bar) || self->find == NULL)
    return;
  look_for (self, NULL, NULL, FALSE);
  if (had_focus && !gtk_widget_in_destruction (GTK_WIDGET (self)))
    g_signal_emit (self, signals[CLOSED], 0);
}

void
facet_find_bar_move (FacetFindBar *self, int step)
{
  g_return_if_fail (FACET_IS_FIND_BAR (self));
  if (!gtk_search_bar_get_search_mode (self->bar))
    facet_find_bar_open (self);
  else
    facet_chat_find_move (self->find, step);
}

static void
next_cb (FacetFindBar *self)
{
  facet_find_bar_move (self, 1);
}

static void
previous_cb (FacetFindBar *self)
{
  facet_find_bar_move (self, -1);
}

static void
stop_cb (FacetFindBar *self)
{
  facet_find_bar_close (self);
}

/* The entry's own keys: it does not know Shift+Return. */
static gboolean
key_pressed_cb (GtkEventControllerKey *controller,
                guint                  keyval,
                guint                  keycode,
                GdkModifierType        state,
                FacetFindBar          *self)
{
  if ((keyval != GDK_KEY_Return && keyval != GDK_KEY_KP_Enter) || (state & GDK_SHIFT_MASK) == 0)
    return GDK_EVENT_PROPAGATE;
  previous_cb (self);
  return GDK_EVENT_STOP;
}

/* Widget */

void
facet_find_bar_set_list (FacetFindBar *self, FacetChatList *list)
{
  g_return_if_fail (FACET_IS_FIND_BAR (self));
  g_return_if_fail (self->find == NULL);
  self->find = facet_chat_find_new (list);
  g_signal_connect_object (self->find, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
}

static void
facet_find_bar_dispose (GObject *object)
{
  FacetFindBar *self = FACET_FIND_BAR (object);

  g_clear_object (&self->find);
  g_clear_pointer (&self->root, gtk_widget_unparent);
  G_OBJECT_CLASS (facet_find_bar_parent_class)->dispose (object);
}

static void
facet_find_bar_finalize (GObject *object)
{
  g_free (FACET_FIND_BAR (object)->said);
  G_OBJECT_CLASS (facet_find_bar_parent_class)->finalize (object);
}

static void
facet_find_bar_class_init (FacetFindBarClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_find_bar_dispose;
  object_class->finalize = facet_find_bar_finalize;
  signals[CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (FACET_TYPE_ANNOUNCER);
  gtk_widget_class_set_css_name (widget_class, "find-bar");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_SEARCH);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-find-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetFindBar, root);
  gtk_widget_class_bind_template_child (widget_class, FacetFindBar, bar);
  gtk_widget_class_bind_template_child (widget_class, FacetFindBar, entry);
  gtk_widget_class_bind_template_child (widget_class, FacetFindBar, words);
  gtk_widget_class_bind_template_child (widget_class, FacetFindBar, buttons);
  gtk_widget_class_bind_template_child (widget_class, FacetFindBar, announcer);
  gtk_widget_class_bind_template_callback (widget_class, typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, next_cb);
  gtk_widget_class_bind_template_callback (widget_class, previous_cb);
  gtk_widget_class_bind_template_callback (widget_class, stop_cb);
  gtk_widget_class_bind_template_callback (widget_class, mode_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
}

static void
facet_find_bar_init (FacetFindBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
