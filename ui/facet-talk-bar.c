/* facet-talk-bar.c: what the composer becomes while someone speaks: time, level, what to do next.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The words are long where there is room, short where there is none.  Nothing but the
 * level moves: the dot's slow breath is a CSS animation, which reduced motion turns off. */
#define G_LOG_DOMAIN "facet-talk-bar"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-level-meter.h"
#include "facet-talk-bar.h"

struct _FacetTalkBar {
  GtkWidget parent_instance;

  FacetAnnouncer  *announcer;
  GtkWidget       *content;
  GtkLabel        *time;
  FacetLevelMeter *meter;
  GtkLabel        *long_words;
  GtkLabel        *short_words;
  GtkRevealer     *warning;
  GtkMenuButton   *devices;
  GMenu           *device_menu;

  FacetRecorder *recorder;
  GSignalGroup  *signals;
  int            seconds; /* shown; −1: none */
};

enum {
  PROP_ACTIVE = 1,
  PROP_DEVICE,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

enum {
  DISCARD,
  DEVICE_CHOSEN,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetTalkBar, facet_talk_bar, GTK_TYPE_WIDGET)

static void
update_time (FacetTalkBar *self)
{
  int              seconds = (int)facet_recorder_get_elapsed (self->recorder);
  g_autofree char *text = NULL;

  if (seconds == self->seconds)
    return;
  self->seconds = seconds;
  /* Translators: minutes and seconds of a recording. */
  text = g_strdup_printf (_ ("%d:%02d"), seconds / 60, seconds % 60);
  gtk_label_set_label (self->time, text);
}

static void
update_words (FacetTalkBar *self)
{
  switch (facet_recorder_get_state (self->recorder)) {
  case FACET_TALK_PRESSED:
  case FACET_TALK_HELD:
    gtk_label_set_label (self->long_words, _ ("Release to send · Esc to discard"));
    gtk_label_set_label (self->short_words, _ ("Release to send"));
    break;
  case FACET_TALK_HANDS_FREE:
    gtk_label_set_label (self->long_words, _ ("Tap to send · Esc to discard"));
    gtk_label_set_label (self->short_words, _ ("Tap to send"));
    break;
  default:
    gtk_label_set_label (self->long_words, _ ("Sending"));
    gtk_label_set_label (self->short_words, _ ("Sending"));
  }
}

static void
update_warning (FacetTalkBar *self)
{
  gboolean silent = facet_recorder_get_silent (self->recorder);

  if (silent == gtk_revealer_get_reveal_child (self->warning))
    return;
  gtk_revealer_set_reveal_child (self->warning, silent);
  if (silent)
    facet_announcer_say (self->announcer, _ ("Nothing is coming from the microphone"));
}

/* Devices */

static void
add_device (FacetTalkBar *self, const char *name, const char *id)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (name, NULL);

  g_menu_item_set_action_and_target (item, "talk.device", "s", id);
  g_menu_append_item (self->device_menu, item);
}

static void
fill_devices (FacetTalkBar *self)
{
  GPtrArray *devices = facet_recorder_get_devices (self->recorder);

  g_menu_remove_all (self->device_menu);
  add_device (self, _ ("The system’s choice"), "");
  for (guint i = 0; i < devices->len; i++) {
    FacetSoundDevice *device = g_ptr_array_index (devices, i);

    add_device (self, device->name, device->id);
  }
}

/* The menu is about to be shown. */
static void
devices_opened_cb (GtkMenuButton *button, gpointer data)
{
  FacetTalkBar *self = data;

  if (self->recorder != NULL)
    facet_recorder_refresh_devices (self->recorder);
}

static void
device_changed_cb (FacetTalkBar *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DEVICE]);
}

static void
discard_clicked_cb (FacetTalkBar *self)
{
  g_signal_emit (self, signals[DISCARD], 0);
}

/* The object */

gboolean
facet_talk_bar_get_active (FacetTalkBar *self)
{
  g_return_val_if_fail (FACET_IS_TALK_BAR (self), FALSE);

  return self->recorder != NULL;
}

FacetAnnouncer *
facet_talk_bar_get_announcer (FacetTalkBar *self)
{
  g_return_val_if_fail (FACET_IS_TALK_BAR (self), NULL);

  return self->announcer;
}

void
facet_talk_bar_set_recorder (FacetTalkBar *self, FacetRecorder *recorder)
{
  g_return_if_fail (FACET_IS_TALK_BAR (self));
  g_return_if_fail (recorder == NULL || FACET_IS_RECORDER (recorder));

  if (!g_set_object (&self->recorder, recorder))
    return;
  self->seconds = -1;
  g_signal_group_set_target (self->signals, recorder);
  facet_level_meter_set_recorder (self->meter, recorder);
  if (recorder != NULL) {
    update_time (self);
    update_words (self);
    update_warning (self);
    fill_devices (self);
  } else
    gtk_revealer_set_reveal_child (self->warning, FALSE);
  gtk_widget_set_visible (self->content, recorder != NULL);
  gtk_widget_set_can_target (GTK_WIDGET (self), recorder != NULL);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ACTIVE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DEVICE]);
}

static void
facet_talk_bar_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetTalkBar *self = FACET_TALK_BAR (object);
  const char   *device = self->recorder != NULL ? facet_recorder_get_device (self->recorder) : NULL;

  switch (id) {
  case PROP_ACTIVE:
    g_value_set_boolean (value, self->recorder != NULL);
    break;
  case PROP_DEVICE:
    g_value_set_string (value, device != NULL ? device : "");
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_talk_bar_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  const char *device;

  switch (id) {
  case PROP_DEVICE:
    device = g_value_get_string (value);
    g_signal_emit (object, signals[DEVICE_CHOSEN], 0,
                   device != NULL && device[0] != '\0' ? device : NULL);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_talk_bar_dispose (GObject *object)
{
  FacetTalkBar *self = FACET_TALK_BAR (object);

  g_clear_object (&self->signals);
  g_clear_object (&self->recorder);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_TALK_BAR);
  G_OBJECT_CLASS (facet_talk_bar_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (FACET_TYPE_ANNOUNCER);
  g_type_ensure (FACET_TYPE_LEVEL_METER);

  gtk_widget_class_set_template_from_resource (widget_class, "/org/facet/Facet/facet-talk-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, announcer);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, content);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, time);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, meter);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, long_words);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, short_words);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, warning);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, devices);
  gtk_widget_class_bind_template_child (widget_class, FacetTalkBar, device_menu);
  gtk_widget_class_bind_template_callback (widget_class, discard_clicked_cb);
}

static void
facet_talk_bar_class_init (FacetTalkBarClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = facet_talk_bar_dispose;
  object_class->get_property = facet_talk_bar_get_property;
  object_class->set_property = facet_talk_bar_set_property;

  props[PROP_ACTIVE] = g_param_spec_boolean ("active", NULL, NULL, FALSE, flags | G_PARAM_READABLE);
  props[PROP_DEVICE] = g_param_spec_string ("device", NULL, NULL, "", flags | G_PARAM_READWRITE);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[DISCARD] = g_signal_new ("discard", FACET_TYPE_TALK_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  signals[DEVICE_CHOSEN] = g_signal_new ("device-chosen", FACET_TYPE_TALK_BAR, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  bind_template (widget_class);
  gtk_widget_class_install_property_action (widget_class, "talk.device", "device");
  gtk_widget_class_set_css_name (widget_class, "talk-bar");
}

static void
facet_talk_bar_init (FacetTalkBar *self)
{
  self->seconds = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_create_popup_func (self->devices, devices_opened_cb, self, NULL);

  self->signals = g_signal_group_new (FACET_TYPE_RECORDER);
  g_signal_group_connect_swapped (self->signals, "notify::elapsed", G_CALLBACK (update_time), self);
  g_signal_group_connect_swapped (self->signals, "notify::state", G_CALLBACK (update_words), self);
  g_signal_group_connect_swapped (self->signals, "notify::silent", G_CALLBACK (update_warning),
                                  self);
  g_signal_group_connect_swapped (self->signals, "notify::device", G_CALLBACK (device_changed_cb),
                                  self);
  g_signal_group_connect_swapped (self->signals, "devices-changed", G_CALLBACK (fill_devices),
                                  self);
}
