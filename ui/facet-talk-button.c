/* facet-talk-button.c: the microphone's button: held or tapped, by pointer, touch or keyboard.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  GtkButton itself tells only whole clicks: pointer and keys are taken before it sees
 * them, and what it still tells comes of assistive technology. */
#define G_LOG_DOMAIN "facet-talk-button"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-talk-button.h"

struct _FacetTalkButton {
  GtkButton parent_instance;

  gboolean held, recording;
  char    *reason, *key;
};

enum {
  PRESSED,
  RELEASED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetTalkButton, facet_talk_button, GTK_TYPE_BUTTON)

static void
press (FacetTalkButton *self)
{
  if (self->held)
    return;
  self->held = TRUE;
  gtk_widget_set_state_flags (GTK_WIDGET (self), GTK_STATE_FLAG_ACTIVE, FALSE);
  g_signal_emit (self, signals[PRESSED], 0);
}

void
facet_talk_button_let_go (FacetTalkButton *self)
{
  g_return_if_fail (FACET_IS_TALK_BUTTON (self));

  if (!self->held)
    return;
  self->held = FALSE;
  gtk_widget_unset_state_flags (GTK_WIDGET (self), GTK_STATE_FLAG_ACTIVE);
  g_signal_emit (self, signals[RELEASED], 0);
}

static void
click_pressed_cb (GtkGestureClick *click, int n_press, double x, double y, FacetTalkButton *self)
{
  gtk_gesture_set_state (GTK_GESTURE (click), GTK_EVENT_SEQUENCE_CLAIMED);
  press (self);
}

static void
let_go_cb (FacetTalkButton *self)
{
  facet_talk_button_let_go (self);
}

/* The button as a whole, without the time between: a tap. */
static void
clicked_cb (FacetTalkButton *self)
{
  press (self);
  facet_talk_button_let_go (self);
}

static gboolean
is_activation (guint keyval, GdkModifierType state)
{
  if ((state & gtk_accelerator_get_default_mod_mask ()) != 0)
    return FALSE;
  return keyval == GDK_KEY_space || keyval == GDK_KEY_KP_Space || keyval == GDK_KEY_Return ||
         keyval == GDK_KEY_KP_Enter || keyval == GDK_KEY_ISO_Enter;
}

/* A key that repeats finds it held. */
static gboolean
key_pressed_cb (GtkEventController *controller,
                guint               keyval,
                guint               keycode,
                GdkModifierType     state,
                FacetTalkButton    *self)
{
  if (!is_activation (keyval, state))
    return GDK_EVENT_PROPAGATE;
  press (self);
  return GDK_EVENT_STOP;
}

static void
key_released_cb (GtkEventController *controller,
                 guint               keyval,
                 guint               keycode,
                 GdkModifierType     state,
                 FacetTalkButton    *self)
{
  if (is_activation (keyval, 0))
    facet_talk_button_let_go (self);
}

/* In words */

static void
update (FacetTalkButton *self)
{
  g_autofree char *hint = NULL;
  const char      *words;

  if (self->recording)
    words = _ ("On: recording");
  else
    words = self->reason != NULL ? self->reason : _ ("Off: hold to talk, tap to record hands-free");
  if (self->recording)
    hint = g_strdup (_ ("Recording"));
  else if (self->reason != NULL)
    hint = g_strdup (self->reason);
  else if (self->key != NULL)
    /* Translators: the key, such as Ctrl+Space. */
    hint = g_strdup_printf (_ ("Hold to talk, tap to record hands-free (%s)"), self->key);
  else
    hint = g_strdup (_ ("Hold to talk, tap to record hands-free"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), hint);
  gtk_widget_set_sensitive (GTK_WIDGET (self), self->recording || self->reason == NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, words,
                                  -1);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_STATE_PRESSED,
                               self->recording ? GTK_ACCESSIBLE_TRISTATE_TRUE
                                               : GTK_ACCESSIBLE_TRISTATE_FALSE,
                               -1);
  if (self->recording)
    gtk_widget_add_css_class (GTK_WIDGET (self), "recording");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "recording");
}

void
facet_talk_button_set_recording (FacetTalkButton *self, gboolean recording)
{
  g_return_if_fail (FACET_IS_TALK_BUTTON (self));

  if (self->recording == recording)
    return;
  self->recording = recording;
  update (self);
}

void
facet_talk_button_set_reason (FacetTalkButton *self, const char *reason)
{
  g_return_if_fail (FACET_IS_TALK_BUTTON (self));

  if (g_strcmp0 (self->reason, reason) == 0)
    return;
  g_free (self->reason);
  self->reason = g_strdup (reason);
  update (self);
}

void
facet_talk_button_set_key (FacetTalkButton *self, const char *key)
{
  g_return_if_fail (FACET_IS_TALK_BUTTON (self));

  g_free (self->key);
  self->key = g_strdup (key);
  update (self);
}

/* The object */

static void
facet_talk_button_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), FACET_TYPE_TALK_BUTTON);
  G_OBJECT_CLASS (facet_talk_button_parent_class)->dispose (object);
}

static void
facet_talk_button_finalize (GObject *object)
{
  FacetTalkButton *self = FACET_TALK_BUTTON (object);

  g_free (self->reason);
  g_free (self->key);
  G_OBJECT_CLASS (facet_talk_button_parent_class)->finalize (object);
}

static void
facet_talk_button_class_init (FacetTalkButtonClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = facet_talk_button_dispose;
  object_class->finalize = facet_talk_button_finalize;

  signals[PRESSED] = g_signal_new ("pressed", FACET_TYPE_TALK_BUTTON, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[RELEASED] = g_signal_new ("released", FACET_TYPE_TALK_BUTTON, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-talk-button.ui");
  gtk_widget_class_bind_template_callback (widget_class, click_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_released_cb);
  gtk_widget_class_bind_template_callback (widget_class, let_go_cb);
}

/* GtkButton would take the same press for a click as well. */
static void
silence_gestures (GtkWidget *widget)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++) {
    g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

    if (GTK_IS_GESTURE_CLICK (controller))
      gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_NONE);
  }
}

static void
facet_talk_button_init (FacetTalkButton *self)
{
  silence_gestures (GTK_WIDGET (self));
  gtk_widget_init_template (GTK_WIDGET (self));
  update (self);
}
