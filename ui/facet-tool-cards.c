/* facet-tool-cards.c: the tools that an answer asks for, one card each.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Cards are made when a row is bound to its message, which is when it comes near the
 * screen, and not again while the message has the same calls. */
#define G_LOG_DOMAIN "facet-tool-cards"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-tool-call.h"
#include "facet-tool-cards.h"

#define SPACING        6
#define COLUMN_SPACING 18
#define NAME_CHARS     18 /* of a parameter's name in a line */

struct _FacetToolCards {
  GtkWidget parent_instance;

  char *calls; /* that the cards show; NULL: none */
};

G_DEFINE_FINAL_TYPE (FacetToolCards, facet_tool_cards, GTK_TYPE_WIDGET)

static GtkWidget *
make_label (const char *text, const char *css_class)
{
  GtkWidget *label = g_object_new (GTK_TYPE_LABEL, "label", text, "xalign", 0.0, "wrap", TRUE,
                                   "wrap-mode", PANGO_WRAP_WORD_CHAR, NULL);

  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

static GtkWidget *
make_head (const FacetToolCall *call)
{
  GtkWidget *head = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 2 * SPACING);
  GtkWidget *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *icon =
      g_object_new (GTK_TYPE_IMAGE, "icon-name", "facet-tool-symbolic", "valign", GTK_ALIGN_CENTER,
                    "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

  gtk_widget_add_css_class (icon, "dim-label");
  gtk_box_append (GTK_BOX (words), make_label (_ ("Wants to use a tool"), "caption"));
  gtk_widget_add_css_class (gtk_widget_get_first_child (words), "dim-label");
  gtk_box_append (GTK_BOX (words),
                  make_label (*call->name != '\0' ? call->name : _ ("Without a name"), "heading"));
  gtk_widget_set_hexpand (words, TRUE);
  gtk_box_append (GTK_BOX (head), icon);
  gtk_box_append (GTK_BOX (head), words);
  return head;
}

/* The value begins on the line of its name, or has all of the width where there is none. */
static void
put_argument (GtkGrid *grid, int line, const FacetToolArgument *argument)
{
  g_autofree char *text =
      argument->cut ? g_strdup_printf ("%s…", argument->value) : g_strdup (argument->value);
  GtkWidget *name = make_label (argument->name, "dim-label");
  GtkWidget *value = make_label (text, "tool-value");

  gtk_label_set_selectable (GTK_LABEL (value), TRUE);
  gtk_widget_set_hexpand (value, TRUE);
  if (*argument->name == '\0') {
    g_object_ref_sink (name);
    g_object_unref (name);
    gtk_accessible_update_property (GTK_ACCESSIBLE (value), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    _ ("Arguments"), -1);
    gtk_grid_attach (grid, value, 0, line, 2, 1);
    return;
  }
  gtk_label_set_max_width_chars (GTK_LABEL (name), NAME_CHARS);
  gtk_widget_set_valign (name, GTK_ALIGN_START);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (value), GTK_ACCESSIBLE_RELATION_LABELLED_BY, name,
                                  NULL, -1);
  gtk_grid_attach (grid, name, 0, line, 1, 1);
  gtk_grid_attach (grid, value, 1, line, 1, 1);
}

static GtkWidget *
make_arguments (const FacetToolCall *call)
{
  GtkWidget *grid =
      g_object_new (GTK_TYPE_GRID, "row-spacing", SPACING, "column-spacing", COLUMN_SPACING, NULL);

  for (guint i = 0; i < call->arguments->len; i++)
    put_argument (GTK_GRID (grid), (int)i, g_ptr_array_index (call->arguments, i));
  if (call->n_left_out > 0) {
    g_autofree char *more =
        g_strdup_printf (ngettext ("%'u more argument", "%'u more arguments", call->n_left_out),
                         call->n_left_out);

    gtk_grid_attach (GTK_GRID (grid), make_label (more, "dim-label"), 0, (int)call->arguments->len,
                     2, 1);
  }
  return grid;
}

static GtkWidget *
make_card (const FacetToolCall *call)
{
  GtkWidget *card = g_object_new (GTK_TYPE_BOX, "orientation", GTK_ORIENTATION_VERTICAL, "spacing",
                                  2 * SPACING, "accessible-role", GTK_ACCESSIBLE_ROLE_GROUP, NULL);
  g_autofree char *label =
      /* Translators: the name of a tool, such as get_weather */
      g_strdup_printf (_ ("Wants to use the tool %s"), call->name);

  gtk_widget_add_css_class (card, "tool-card");
  gtk_accessible_update_property (GTK_ACCESSIBLE (card), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_box_append (GTK_BOX (card), make_head (call));
  if (call->arguments->len > 0)
    gtk_box_append (GTK_BOX (card), make_arguments (call));
  return card;
}

/* Why nothing can be answered to it. */
static GtkWidget *
make_note (void)
{
  GtkWidget *note = make_label (_ ("Facet does not run tools yet."), "caption");

  gtk_widget_add_css_class (note, "dim-label");
  return note;
}

void
facet_tool_cards_set_message (FacetToolCards *self, FacetMessage *message)
{
  const char *calls = message != NULL ? facet_message_get_tool_calls (message) : NULL;
  g_autoptr (GPtrArray) parsed = NULL;
  GtkWidget *child;

  g_return_if_fail (FACET_IS_TOOL_CARDS (self));

  if (g_strcmp0 (calls, self->calls) == 0)
    return;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_free (self->calls);
  self->calls = g_strdup (calls);
  parsed = facet_tool_calls_parse (calls);
  for (guint i = 0; i < parsed->len; i++)
    gtk_widget_set_parent (make_card (g_ptr_array_index (parsed, i)), GTK_WIDGET (self));
  if (parsed->len > 0)
    gtk_widget_set_parent (make_note (), GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), parsed->len > 0);
}

static void
facet_tool_cards_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (facet_tool_cards_parent_class)->dispose (object);
}

static void
facet_tool_cards_finalize (GObject *object)
{
  g_free (FACET_TOOL_CARDS (object)->calls);
  G_OBJECT_CLASS (facet_tool_cards_parent_class)->finalize (object);
}

static void
facet_tool_cards_class_init (FacetToolCardsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_tool_cards_dispose;
  G_OBJECT_CLASS (klass)->finalize = facet_tool_cards_finalize;
  gtk_widget_class_set_css_name (widget_class, "tool-cards");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
facet_tool_cards_init (FacetToolCards *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), SPACING);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Tools"),
                                  -1);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
