/* facet-microphone-group.c: the preferences of talking: which microphone, whether it hears, which
 * key.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Devices are looked for when the group comes into sight; the microphone is open only
 * while it is tried. */
#define G_LOG_DOMAIN "facet-microphone-group"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-level-meter.h"
#include "facet-microphone-group.h"

struct _FacetMicrophoneGroup {
  AdwPreferencesGroup parent_instance;

  GtkWidget       *refresh;
  AdwComboRow     *device_row;
  AdwActionRow    *level_row;
  FacetLevelMeter *meter;
  GtkToggleButton *try;
  AdwActionRow    *key_row;
  GtkWidget       *key_reset;
  GtkToggleButton *key;

  GSettings     *settings;
  FacetRecorder *recorder;
  GPtrArray     *ids;     /* char *: what the rows of device_row stand for; "": the system's */
  gboolean       filling; /* the program selects, not the person */
};

G_DEFINE_FINAL_TYPE (FacetMicrophoneGroup, facet_microphone_group, ADW_TYPE_PREFERENCES_GROUP)

/* Devices */

static void
add_device (FacetMicrophoneGroup *self, GtkStringList *names, const char *id, const char *name)
{
  g_ptr_array_add (self->ids, g_strdup (id));
  gtk_string_list_append (names, name);
}

static guint
find_device (FacetMicrophoneGroup *self, const char *id)
{
  guint i;

  if (g_ptr_array_find_with_equal_func (self->ids, id, g_str_equal, &i))
    return i;
  return GTK_INVALID_LIST_POSITION;
}

/* One that is chosen and not there stays chosen. */
static void
fill_devices (FacetMicrophoneGroup *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  g_autofree char *chosen = g_settings_get_string (self->settings, "microphone");
  GPtrArray       *devices = NULL;

  g_ptr_array_set_size (self->ids, 0);
  add_device (self, names, "", _ ("The system’s choice"));
  if (self->recorder != NULL)
    devices = facet_recorder_get_devices (self->recorder);
  for (guint i = 0; devices != NULL && i < devices->len; i++) {
    FacetSoundDevice *device = g_ptr_array_index (devices, i);

    add_device (self, names, device->id, device->name);
  }
  if (find_device (self, chosen) == GTK_INVALID_LIST_POSITION) {
    /* Translators: a microphone that was chosen and is not there now. */
    g_autofree char *name = g_strdup_printf (_ ("%s (not connected)"), chosen);

    add_device (self, names, chosen, name);
  }
  self->filling = TRUE;
  adw_combo_row_set_model (self->device_row, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->device_row, find_device (self, chosen));
  self->filling = FALSE;
}

/* The row is in the middle of selecting: its list must stay. */
static void
device_selected_cb (FacetMicrophoneGroup *self)
{
  guint selected = adw_combo_row_get_selected (self->device_row);

  if (self->filling || selected >= self->ids->len)
    return;
  self->filling = TRUE;
  g_settings_set_string (self->settings, "microphone", g_ptr_array_index (self->ids, selected));
  self->filling = FALSE;
}

static void
microphone_changed_cb (FacetMicrophoneGroup *self)
{
  if (!self->filling)
    fill_devices (self);
}

static void
refresh_clicked_cb (FacetMicrophoneGroup *self)
{
  facet_recorder_refresh_devices (self->recorder);
}

/* Trying it */

static void
update_level (FacetMicrophoneGroup *self)
{
  const char *error = self->recorder != NULL ? facet_recorder_get_error (self->recorder) : NULL;
  gboolean    tried = gtk_toggle_button_get_active (self->try);
  const char *words = _ ("Listen, say something, and see whether the level moves");
  g_autofree char *escaped = NULL;

  if (tried && error != NULL)
    words = error;
  else if (tried && facet_recorder_get_silent (self->recorder))
    words = _ ("Nothing is coming from the microphone");
  else if (tried)
    words = _ ("Say something: the level should move");
  escaped = g_markup_escape_text (words, -1);
  adw_action_row_set_subtitle (self->level_row, escaped);
}

static void
try_toggled_cb (FacetMicrophoneGroup *self)
{
  gboolean tried = gtk_toggle_button_get_active (self->try);

  if (self->recorder == NULL)
    return;
  if (tried)
    facet_recorder_arm (self->recorder);
  else
    facet_recorder_disarm (self->recorder);
  facet_level_meter_set_recorder (self->meter, tried ? self->recorder : NULL);
  update_level (self);
}

/* The key */

static void
update_key (FacetMicrophoneGroup *self)
{
  g_autofree char *accelerator = g_settings_get_string (self->settings, "talk-key");
  g_autofree char *label = NULL;
  g_autoptr (GVariant) own = g_settings_get_user_value (self->settings, "talk-key");
  guint           keyval;
  GdkModifierType modifiers;

  adw_action_row_set_subtitle (self->key_row, _ ("Held while you talk; a tap records hands-free"));
  if (gtk_toggle_button_get_active (self->key))
    label = g_strdup (_ ("Press a key"));
  else if (gtk_accelerator_parse (accelerator, &keyval, &modifiers) && keyval != 0)
    label = gtk_accelerator_get_label (keyval, modifiers);
  else
    label = g_strdup (_ ("None"));
  gtk_button_set_label (GTK_BUTTON (self->key), label);
  gtk_widget_set_visible (self->key_reset, own != NULL);
}

static void
key_reset_clicked_cb (FacetMicrophoneGroup *self)
{
  g_settings_reset (self->settings, "talk-key");
}

static void
key_left_cb (FacetMicrophoneGroup *self)
{
  gtk_toggle_button_set_active (self->key, FALSE);
}

/* NULL: it can be the key to talk. */
static const char *
get_objection (FacetMicrophoneGroup *self, guint keyval, GdkModifierType modifiers)
{
  GApplication    *application = g_application_get_default ();
  g_autofree char *accelerator = gtk_accelerator_name (keyval, modifiers);
  gboolean         function_key = keyval >= GDK_KEY_F1 && keyval <= GDK_KEY_F35;

  if ((modifiers & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)) == 0 && !function_key)
    return _ ("Choose a function key, or one together with Ctrl, Alt or Super");
  if (application != NULL) {
    g_auto (GStrv) actions =
        gtk_application_get_actions_for_accel (GTK_APPLICATION (application), accelerator);

    if (actions[0] != NULL)
      return _ ("That key does something else already; choose another");
  }
  return NULL;
}

static gboolean
key_pressed_cb (GtkEventController   *controller,
                guint                 keyval,
                guint                 keycode,
                GdkModifierType       state,
                FacetMicrophoneGroup *self)
{
  GdkModifierType  modifiers = state & gtk_accelerator_get_default_mod_mask ();
  g_autofree char *accelerator = NULL;
  const char      *objection;

  if (!gtk_toggle_button_get_active (self->key) || keyval == GDK_KEY_Tab ||
      keyval == GDK_KEY_ISO_Left_Tab)
    return GDK_EVENT_PROPAGATE;
  if (keyval == GDK_KEY_Escape && modifiers == 0) {
    gtk_toggle_button_set_active (self->key, FALSE);
    return GDK_EVENT_STOP;
  }
  keyval = gdk_keyval_to_lower (keyval);
  if (!gtk_accelerator_valid (keyval, modifiers)) /* a modifier alone, so far */
    return GDK_EVENT_STOP;
  objection = get_objection (self, keyval, modifiers);
  if (objection != NULL) {
    adw_action_row_set_subtitle (self->key_row, objection);
    return GDK_EVENT_STOP;
  }
  accelerator = gtk_accelerator_name (keyval, modifiers);
  gtk_toggle_button_set_active (self->key, FALSE);
  g_settings_set_string (self->settings, "talk-key", accelerator);
  return GDK_EVENT_STOP;
}

/* The object */

static void
facet_microphone_group_map (GtkWidget *widget)
{
  FacetMicrophoneGroup *self = FACET_MICROPHONE_GROUP (widget);

  GTK_WIDGET_CLASS (facet_microphone_group_parent_class)->map (widget);
  if (self->recorder != NULL)
    facet_recorder_refresh_devices (self->recorder);
}

static void
facet_microphone_group_unmap (GtkWidget *widget)
{
  gtk_toggle_button_set_active (FACET_MICROPHONE_GROUP (widget)->try, FALSE);
  GTK_WIDGET_CLASS (facet_microphone_group_parent_class)->unmap (widget);
}

static void
facet_microphone_group_dispose (GObject *object)
{
  FacetMicrophoneGroup *self = FACET_MICROPHONE_GROUP (object);

  if (self->recorder != NULL)
    g_signal_handlers_disconnect_by_data (self->recorder, self);
  if (self->settings != NULL)
    g_signal_handlers_disconnect_by_data (self->settings, self);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_MICROPHONE_GROUP);
  g_clear_object (&self->recorder);
  g_clear_object (&self->settings);
  g_clear_pointer (&self->ids, g_ptr_array_unref);
  G_OBJECT_CLASS (facet_microphone_group_parent_class)->dispose (object);
}

static void
facet_microphone_group_class_init (FacetMicrophoneGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_microphone_group_dispose;
  widget_class->map = facet_microphone_group_map;
  widget_class->unmap = facet_microphone_group_unmap;

  g_type_ensure (FACET_TYPE_LEVEL_METER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-microphone-group.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, refresh);
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, device_row);
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, level_row);
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, meter);
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, try);
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, key_row);
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, key_reset);
  gtk_widget_class_bind_template_child (widget_class, FacetMicrophoneGroup, key);
  gtk_widget_class_bind_template_callback (widget_class, device_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_left_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_reset_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, refresh_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, try_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, update_key);
}

static void
facet_microphone_group_init (FacetMicrophoneGroup *self)
{
  self->ids = g_ptr_array_new_with_free_func (g_free);
  self->filling = TRUE; /* until there are settings */
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
facet_microphone_group_set_up (FacetMicrophoneGroup *self,
                               FacetRecorder        *recorder,
                               GSettings            *settings)
{
  g_return_if_fail (FACET_IS_MICROPHONE_GROUP (self));
  g_return_if_fail (self->settings == NULL);

  self->settings = g_object_ref (settings);
  g_set_object (&self->recorder, recorder);
  g_signal_connect_swapped (settings, "changed::talk-key", G_CALLBACK (update_key), self);
  g_signal_connect_swapped (settings, "changed::microphone", G_CALLBACK (microphone_changed_cb),
                            self);
  if (recorder != NULL) {
    g_signal_connect_swapped (recorder, "devices-changed", G_CALLBACK (fill_devices), self);
    g_signal_connect_swapped (recorder, "notify::error", G_CALLBACK (update_level), self);
    g_signal_connect_swapped (recorder, "notify::silent", G_CALLBACK (update_level), self);
  }
  gtk_widget_set_sensitive (self->refresh, recorder != NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->device_row), recorder != NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->level_row), recorder != NULL);
  fill_devices (self);
  update_level (self);
  update_key (self);
}
