/* facet-message-face.c: where an answer stands.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Everything that a state shows is in one table of words below; nothing is computed
 * here but the words of what does not fit. */
#define G_LOG_DOMAIN "facet-message-face"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-message-face.h"
#include "facet-message-status.h"

struct _FacetMessageFace {
  GtkWidget       parent_instance;
  GtkWidget      *box;
  GtkImage       *icon;
  GtkLabel       *title;
  GtkLabel       *text;
  GtkProgressBar *progress;
  GtkWidget      *buttons;
  GtkWidget      *primary, *secondary;
};

G_DEFINE_FINAL_TYPE (FacetMessageFace, facet_message_face, GTK_TYPE_WIDGET)

/* What is shown; NULL: left out. */
typedef struct {
  gboolean    card; /* a card of its own, else a quiet line */
  const char *icon;
  const char *title;
  char       *text;     /* owned */
  double      progress; /* < 0: none */
  const char *primary, *primary_action;
  const char *secondary, *secondary_action;
} Face;

static void
describe_running (FacetMessage *message, Face *face)
{
  switch (facet_message_get_phase (message)) {
  case FACET_PHASE_NONE:
  case FACET_PHASE_WAITING:
    face->text = g_strdup (_ ("Waiting for the model…"));
    break;
  case FACET_PHASE_LOOKING:
  case FACET_PHASE_LISTENING:
    face->text = facet_status_dup_perceiving (message);
    face->progress = facet_message_get_progress (message);
    break;
  case FACET_PHASE_READING:
    face->text = facet_status_dup_reading (message);
    face->progress = facet_message_get_progress (message);
    break;
  default:
    break;
  }
}

static void
describe_too_long (FacetMessage *message, Face *face)
{
  const FacetOverflow *overflow = facet_message_get_overflow (message);
  g_autofree char     *need = NULL;
  g_autofree char     *out = NULL;

  need = g_strdup_printf (_ ("It needs %'u tokens; the model holds %'u."), overflow->needed,
                          overflow->available);
  face->card = TRUE;
  face->icon = "dialog-information-symbolic";
  if (overflow->n_messages == 0) {
    face->title = _ ("This message is too long for the model");
    face->text = g_strdup_printf ("%s %s", need, _ ("Shorten it, or send it in parts."));
    return;
  }
  face->title = _ ("This conversation no longer fits");
  out = g_strdup_printf (ngettext ("Without the oldest message it would. It stays here; the model "
                                   "just does not see it.",
                                   "Without the oldest %'u messages it would. They stay here; the "
                                   "model just does not "
                                   "see them.",
                                   overflow->n_messages),
                         overflow->n_messages);
  face->text = g_strdup_printf ("%s %s", need, out);
  face->primary_action = "message.drop-oldest";
  face->secondary = _ ("Keep Everything");
  face->secondary_action = "message.keep";
}

static void
describe (FacetMessage *message, Face *face)
{
  gboolean empty =
      *facet_message_get_text (message) == '\0' && facet_message_get_tool_calls (message) == NULL;

  face->progress = -1;
  switch (facet_message_get_state (message)) {
  case FACET_MESSAGE_PENDING:
  case FACET_MESSAGE_STREAMING:
    describe_running (message, face);
    break;
  case FACET_MESSAGE_STOPPED:
    face->icon = "media-playback-stop-symbolic";
    face->text = g_strdup (_ ("Stopped"));
    face->primary = empty ? _ ("Try Again") : _ ("Go On");
    face->primary_action = "message.try-again";
    break;
  case FACET_MESSAGE_INTERRUPTED:
    face->icon = "system-shutdown-symbolic";
    face->text = g_strdup (_ ("Facet ended in the middle of this answer. What had come is kept."));
    face->primary = empty ? _ ("Try Again") : _ ("Go On");
    face->primary_action = "message.try-again";
    break;
  case FACET_MESSAGE_FAILED:
    face->card = TRUE;
    face->icon = "dialog-warning-symbolic";
    face->title = empty ? _ ("No answer came") : _ ("The answer broke off");
    face->text = g_strdup (facet_message_get_error (message));
    face->primary = empty ? _ ("Try Again") : _ ("Go On");
    face->primary_action = "message.try-again";
    break;
  case FACET_MESSAGE_TOO_LONG:
    describe_too_long (message, face);
    break;
  case FACET_MESSAGE_COMPLETE:
    if (facet_message_get_cut_off (message)) {
      face->text = g_strdup (_ ("The answer reached its greatest length and was cut off."));
      face->primary = _ ("Go On");
      face->primary_action = "message.try-again";
    } else if (empty) {
      face->text = g_strdup (_ ("The model ended without an answer."));
      face->primary = _ ("Try Again");
      face->primary_action = "message.regenerate";
    }
    break;
  default:
    break;
  }
}

static void
show_button (GtkWidget *button, const char *label, const char *action)
{
  gtk_widget_set_visible (button, label != NULL);
  if (label == NULL)
    return;
  gtk_button_set_label (GTK_BUTTON (button), label);
  if (g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (button)), action) != 0)
    gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
}

static void
set_class (GtkWidget *widget, const char *name, gboolean set)
{
  if (set)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
show (FacetMessageFace *self, const Face *face)
{
  gtk_widget_set_visible (GTK_WIDGET (self->icon), face->icon != NULL);
  if (face->icon != NULL)
    gtk_image_set_from_icon_name (self->icon, face->icon);
  gtk_widget_set_visible (GTK_WIDGET (self->title), face->title != NULL);
  gtk_label_set_label (self->title, face->title != NULL ? face->title : "");
  gtk_label_set_label (self->text, face->text != NULL ? face->text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->progress), face->progress >= 0);
  gtk_progress_bar_set_fraction (self->progress, CLAMP (face->progress, 0, 1));
  show_button (self->primary, face->primary, face->primary_action);
  show_button (self->secondary, face->secondary, face->secondary_action);
  gtk_widget_set_visible (self->buttons, face->primary != NULL || face->secondary != NULL);

  set_class (self->box, "face-card", face->card);
  set_class (self->box, "face-line", !face->card);
  /* A quiet line keeps its button beside it. */
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self->box), face->card || face->progress >= 0
                                                                  ? GTK_ORIENTATION_VERTICAL
                                                                  : GTK_ORIENTATION_HORIZONTAL);
  set_class (self->primary, "flat", !face->card);
  set_class (self->primary, "suggested-action", face->secondary != NULL);
}

void
facet_message_face_update (FacetMessageFace *self, FacetMessage *message)
{
  Face             face = {.progress = -1};
  g_autofree char *drop = NULL;

  if (message != NULL && facet_message_get_role (message) == FACET_ROLE_ASSISTANT)
    describe (message, &face);
  if (g_strcmp0 (face.primary_action, "message.drop-oldest") == 0) {
    guint n = facet_message_get_overflow (message)->n_messages;

    drop = g_strdup_printf (ngettext ("Leave Out the Oldest Message",
                                      "Leave Out the Oldest %'u Messages", n),
                            n);
    face.primary = drop;
  }
  if (face.text != NULL)
    show (self, &face);
  else
    gtk_label_set_label (self->text, "");
  gtk_widget_set_visible (GTK_WIDGET (self), face.text != NULL);
  g_free (face.text);
}

const char *
facet_message_face_get_text (FacetMessageFace *self)
{
  return gtk_label_get_label (self->text);
}

static void
facet_message_face_dispose (GObject *object)
{
  g_clear_pointer (&FACET_MESSAGE_FACE (object)->box, gtk_widget_unparent);
  G_OBJECT_CLASS (facet_message_face_parent_class)->dispose (object);
}

static void
facet_message_face_class_init (FacetMessageFaceClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_message_face_dispose;
  gtk_widget_class_set_css_name (widget_class, "message-face");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-message-face.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, box);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, icon);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, title);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, text);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, progress);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, buttons);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, primary);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageFace, secondary);
}

static void
facet_message_face_init (FacetMessageFace *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
