/* facet-application.c: the process: windows, application-wide actions, the library and its
 * assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The first frame waits for nothing: conversations are opened and the model begins to
 * load once it is drawn.  A changed preference that concerns the model makes another assistant,
 * after a pause, so that a spin button held down loads one model and not ten. */
#define G_LOG_DOMAIN "facet-application"

#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "facet-application.h"
#include "facet-models-window.h"
#include "facet-preferences.h"
#include "facet-settings.h"
#include "facet-sound-portaudio.h"
#include "facet-window.h"

#define RELOAD_DELAY_MS 800

struct _FacetApplication {
  AdwApplication parent_instance;

  gint64         start; /* of the process, nearly: when this object was made */
  GSettings     *settings;
  FacetLibrary  *library;
  FacetRecorder *recorder;
  FacetModels   *models;
  char          *storage_error;
  guint          reload_source;
  guint          signal_sources[3];
};

enum {
  PROP_LIBRARY = 1,
  PROP_STORAGE_ERROR,
  PROP_RECORDER,
  PROP_MODELS,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (FacetApplication, facet_application, ADW_TYPE_APPLICATION)

FacetLibrary *
facet_application_get_library (FacetApplication *self)
{
  g_return_val_if_fail (FACET_IS_APPLICATION (self), NULL);

  return self->library;
}

const char *
facet_application_get_storage_error (FacetApplication *self)
{
  g_return_val_if_fail (FACET_IS_APPLICATION (self), NULL);

  return self->storage_error;
}

static FacetWindow *
current_window (FacetApplication *self)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (FACET_IS_WINDOW (l->data))
      return l->data;
  return NULL;
}

FacetRecorder *
facet_application_get_recorder (FacetApplication *self)
{
  g_return_val_if_fail (FACET_IS_APPLICATION (self), NULL);

  return self->recorder;
}

/* The microphone */

static gboolean
device_from_setting (GValue *value, GVariant *variant, gpointer data)
{
  const char *id = g_variant_get_string (variant, NULL);

  g_value_set_string (value, id[0] != '\0' ? id : NULL);
  return TRUE;
}

static GVariant *
setting_from_device (const GValue *value, const GVariantType *type, gpointer data)
{
  const char *id = g_value_get_string (value);

  return g_variant_new_string (id != NULL ? id : "");
}

/* Recordings of a process that was killed, or of a window that was closed */

static void
recover_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *clips = facet_recorder_recover (folder, &error);

  if (clips != NULL)
    g_task_return_pointer (task, clips, (GDestroyNotify)g_ptr_array_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
recovered_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) clips = g_task_propagate_pointer (G_TASK (result), &error);
  FacetWindow *window = current_window (FACET_APPLICATION (object));

  if (clips == NULL)
    g_info ("%s", error->message);
  else if (window != NULL)
    facet_window_offer_recordings (window, clips);
}

static void
look_for_recordings (FacetApplication *self, const char *folder)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, recovered_cb, NULL);

  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, recover_thread);
}

/* Touches no device: that happens when a composer gets the focus. */
static void
make_recorder (FacetApplication *self)
{
  g_autoptr (FacetSoundSource) source = facet_sound_portaudio_new (NULL);
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (), "facet", "recordings", NULL);

  self->recorder = facet_recorder_new (source, folder);
  g_settings_bind_with_mapping (self->settings, "microphone", self->recorder, "device",
                                G_SETTINGS_BIND_DEFAULT, device_from_setting, setting_from_device,
                                NULL, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RECORDER]);
  look_for_recordings (self, folder);
}

/* Models */

static void
arrived_cb (FacetApplication *self, FacetModel *model, gboolean use)
{
  if (use)
    g_settings_set_string (self->settings, "model-folder", facet_model_get_folder (model));
}

static void
apply_to_models (FacetApplication *self)
{
  g_autofree char *address = g_settings_get_string (self->settings, "model-server");
  g_autofree char *weights = g_settings_get_string (self->settings, "weights");

  facet_models_set_address (self->models, address);
  facet_models_set_machine (self->models, weights,
                            g_settings_get_uint (self->settings, "context-size"),
                            g_settings_get_double (self->settings, "gpu-memory-share"));
}

/* Downloads that ran when the program ended go on. */
static void
make_models (FacetApplication *self)
{
  g_autoptr (FacetKeyring) keyring = facet_keyring_new ();

  self->models = facet_models_new (NULL, NULL, keyring);
  g_signal_connect_object (self->models, "arrived", G_CALLBACK (arrived_cb), self,
                           G_CONNECT_SWAPPED);
  apply_to_models (self);
  facet_models_refresh (self->models);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MODELS]);
}

/* The library and its assistant */

static void
apply_sampling (FacetApplication *self)
{
  FacetSampling sampling = facet_settings_get_sampling (self->settings);

  if (self->library != NULL)
    facet_library_set_sampling (self->library, &sampling);
}

static void
apply_naming (FacetApplication *self)
{
  if (self->library != NULL)
    facet_library_set_naming (self->library,
                              g_settings_get_boolean (self->settings, "name-conversations"));
}

static void
apply_default_server (FacetApplication *self)
{
  g_autofree char *id = g_settings_get_string (self->settings, "default-server");

  if (self->library != NULL)
    facet_library_set_default_server (self->library, id);
}

/* Touches no keyring: that happens when a server is asked. */
static void
set_up_servers (FacetApplication *self)
{
  g_autoptr (FacetKeyring) keyring = facet_keyring_new ();
  g_autoptr (FacetServers) servers = facet_servers_new (self->settings, keyring);

  facet_library_set_servers (self->library, servers);
  apply_default_server (self);
}

static void
open_library (FacetApplication *self)
{
  g_autoptr (FacetAssistant) assistant = NULL;
  g_autoptr (GError) error = NULL;

  if (self->library != NULL)
    return;
  if (self->models == NULL)
    make_models (self);
  assistant = facet_settings_make_assistant (self->settings);
  self->library = facet_library_new (NULL, assistant, &error);
  g_free (self->storage_error);
  self->storage_error = error != NULL ? g_strdup (error->message) : NULL;
  apply_sampling (self);
  apply_naming (self);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STORAGE_ERROR]);
  if (self->library == NULL)
    return;
  set_up_servers (self);
  make_recorder (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LIBRARY]);
}

static void
painted_cb (GdkFrameClock *clock, FacetApplication *self)
{
  g_signal_handlers_disconnect_by_func (clock, painted_cb, self);
  g_debug ("First frame after %.0f ms", (g_get_monotonic_time () - self->start) / 1000.0);
  open_library (self);
}

static void
window_mapped_cb (GtkWidget *window, FacetApplication *self)
{
  g_signal_handlers_disconnect_by_func (window, window_mapped_cb, self);
  g_signal_connect_object (gtk_widget_get_frame_clock (window), "after-paint",
                           G_CALLBACK (painted_cb), self, 0);
}

static gboolean
reload_cb (gpointer data)
{
  FacetApplication *self = data;
  g_autoptr (FacetAssistant) assistant = NULL;

  self->reload_source = 0;
  if (self->library == NULL)
    return G_SOURCE_REMOVE;
  assistant = facet_settings_make_assistant (self->settings);
  facet_library_set_assistant (self->library, assistant);
  return G_SOURCE_REMOVE;
}

static void
update_demo_action (FacetApplication *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "model-folder");
  GAction         *action = g_action_map_lookup_action (G_ACTION_MAP (self), "use-demo-model");

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), folder[0] != '\0');
}

static void
apply_state_limit (FacetApplication *self)
{
  FacetAssistant *assistant =
      self->library != NULL ? facet_library_get_assistant (self->library) : NULL;

  if (FACET_IS_LOCAL_ASSISTANT (assistant))
    facet_local_assistant_set_state_limit (FACET_LOCAL_ASSISTANT (assistant),
                                           facet_settings_get_state_limit (self->settings));
}

static void
setting_changed_cb (FacetApplication *self, const char *key)
{
  static const char *const of_model[] = {"model-folder", "device",  "gpu-memory-share", "weights",
                                         "cache-type",   "threads", "context-size",     NULL};
  static const char *const of_sampling[] = {"own-sampling", "temperature",    "top-k",
                                            "top-p",        "min-p",          "repetition-penalty",
                                            "seed",         "longest-answer", NULL};
  static const char *const of_states[] = {"keep-states", "states-size", NULL};
  static const char *const of_models[] = {"model-server", "weights", "context-size",
                                          "gpu-memory-share", NULL};

  if (self->models != NULL && g_strv_contains (of_models, key)) {
    apply_to_models (self);
    facet_models_refresh (self->models);
  }

  if (g_strv_contains (of_model, key)) {
    update_demo_action (self);
    g_clear_handle_id (&self->reload_source, g_source_remove);
    self->reload_source = g_timeout_add (RELOAD_DELAY_MS, reload_cb, self);
  } else if (g_strv_contains (of_sampling, key)) {
    apply_sampling (self);
  } else if (g_str_equal (key, "default-server")) {
    apply_default_server (self);
  } else if (g_str_equal (key, "name-conversations")) {
    apply_naming (self);
  } else if (g_strv_contains (of_states, key)) {
    apply_state_limit (self);
  }
}

/* Actions */

static FacetWindow *
make_window (FacetApplication *self)
{
  FacetWindow *window = facet_window_new (self);

  if (self->library == NULL)
    g_signal_connect_object (window, "map", G_CALLBACK (window_mapped_cb), self, 0);
  return window;
}

static void
activate_new_window (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  gtk_window_present (GTK_WINDOW (make_window (data)));
}

static void
activate_new_conversation (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  FacetApplication *self = data;

  g_application_activate (G_APPLICATION (self));
  gtk_widget_activate_action (GTK_WIDGET (current_window (self)), "win.new-conversation", NULL);
}

/* @page NULL: the first one. */
static void
show_preferences (FacetApplication *self, const char *page)
{
  FacetWindow *window = current_window (self);
  GtkWindow   *preferences =
      GTK_WINDOW (facet_preferences_new (self->settings, self->recorder, self->library));

  if (page != NULL)
    adw_preferences_window_set_visible_page_name (ADW_PREFERENCES_WINDOW (preferences), page);
  gtk_window_set_application (preferences, GTK_APPLICATION (self)); /* for its rows' actions */
  if (window != NULL)
    gtk_window_set_transient_for (preferences, GTK_WINDOW (window));
  gtk_window_present (preferences);
}

/* They are modal: what their rows open would be out of reach. */
static void
close_preferences (FacetApplication *self)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (FACET_IS_PREFERENCES (l->data)) {
      gtk_window_close (l->data);
      return;
    }
}

static void
activate_preferences (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  show_preferences (data, NULL);
}

static void
activate_servers (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  show_preferences (data, "servers");
}

static void
activate_hardware (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  show_preferences (data, "hardware");
}

static void
activate_models (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  FacetApplication *self = data;
  FacetWindow      *window = current_window (self);
  GtkWidget        *models;

  close_preferences (self);
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (FACET_IS_MODELS_WINDOW (l->data)) {
      gtk_window_present (l->data);
      return;
    }
  if (self->models == NULL)
    make_models (self);
  models = facet_models_window_new (self->models, self->settings);
  gtk_window_set_application (GTK_WINDOW (models), GTK_APPLICATION (self));
  if (window != NULL)
    gtk_window_set_transient_for (GTK_WINDOW (models), GTK_WINDOW (window));
  gtk_window_present (GTK_WINDOW (models));
}

static void
activate_about (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  FacetApplication *self = data;
  const char       *developers[] = {"The Facet developers", NULL};

  adw_show_about_window (GTK_WINDOW (current_window (self)), "application-name", _ ("Facet"),
                         "application-icon", FACET_APP_ID, "version", FACET_VERSION,
                         "developer-name", _ ("The Facet developers"), "developers", developers,
                         "comments",
                         _ ("An assistant that runs Gemma 4 on your own computer. What you write "
                            "stays there."),
                         "license-type", GTK_LICENSE_GPL_3_0,
                         /* Translators: your names, one a line. */
                         "translator-credits", _ ("translator-credits"), NULL);
}

static void
activate_use_demo_model (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_settings_reset (FACET_APPLICATION (data)->settings, "model-folder");
}

static void
activate_retry_storage (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  open_library (data);
}

/* Windows close one by one, so that each keeps its size and its draft; the last one ends it all. */
static void
close_windows (FacetApplication *self)
{
  g_autoptr (GList) windows = g_list_copy (gtk_application_get_windows (GTK_APPLICATION (self)));

  for (GList *l = windows; l != NULL; l = l->next)
    gtk_window_close (l->data);
}

static void
activate_quit (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  close_windows (data);
}

static gboolean
terminated_cb (gpointer data)
{
  close_windows (data);
  return G_SOURCE_CONTINUE;
}

static const GActionEntry actions[] = {
    {.name = "new-window", .activate = activate_new_window},
    {.name = "new-conversation", .activate = activate_new_conversation},
    {.name = "preferences", .activate = activate_preferences},
    {.name = "servers", .activate = activate_servers},
    {.name = "hardware", .activate = activate_hardware},
    {.name = "models", .activate = activate_models},
    {.name = "about", .activate = activate_about},
    {.name = "use-demo-model", .activate = activate_use_demo_model},
    {.name = "retry-storage", .activate = activate_retry_storage},
    {.name = "quit", .activate = activate_quit},
};

static const struct {
  const char *action;
  const char *accels[3];
} shortcuts[] = {
    {"app.new-window", {"<Control><Alt>n"}},
    {"app.preferences", {"<Control>comma"}},
    {"app.models", {"<Control>m"}},
    {"app.quit", {"<Control>q"}},
    {"window.close", {"<Control>w"}},
    {"win.new-conversation", {"<Control>n"}},
    {"win.new-private-conversation", {"<Control><Shift>n"}},
    {"win.previous", {"<Alt>Up"}},
    {"win.next", {"<Alt>Down"}},
    {"win.focus-composer", {"<Control>l"}},
    {"win.think", {"<Control>t"}},
    {"win.answer-now", {"<Control>period"}},
    {"win.copy-last", {"<Control><Shift>c"}},
    {"win.regenerate", {"<Control>r"}},
    {"win.search", {"<Control>k", "<Control><Shift>f"}},
    {"win.find", {"<Control>f"}},
    {"win.find-next", {"<Control>g", "F3"}},
    {"win.find-previous", {"<Control><Shift>g", "<Shift>F3"}},
    {"win.sidebar-visible", {"F9"}},
};

static void
facet_application_startup (GApplication *application)
{
  static const int  numbers[] = {SIGTERM, SIGINT, SIGHUP};
  FacetApplication *self = FACET_APPLICATION (application);

  G_APPLICATION_CLASS (facet_application_parent_class)->startup (application);
  gtk_window_set_default_icon_name (FACET_APP_ID);

  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (guint i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), shortcuts[i].action,
                                           shortcuts[i].accels);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    self->signal_sources[i] = g_unix_signal_add (numbers[i], terminated_cb, self);

  update_demo_action (self);
  g_signal_connect_object (self->settings, "changed", G_CALLBACK (setting_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

static gboolean
uses_demo (FacetApplication *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "model-folder");

  return folder[0] == '\0';
}

static void
facet_application_activate (GApplication *application)
{
  FacetApplication *self = FACET_APPLICATION (application);
  FacetWindow      *window = current_window (self);

  if (window == NULL) {
    window = make_window (self);
    if (!g_settings_get_boolean (self->settings, "welcomed") && uses_demo (self))
      facet_window_show_first_run (window);
  }
  gtk_window_present (GTK_WINDOW (window));
}

static void
facet_application_shutdown (GApplication *application)
{
  FacetApplication *self = FACET_APPLICATION (application);

  for (guint i = 0; i < G_N_ELEMENTS (self->signal_sources); i++)
    g_clear_handle_id (&self->signal_sources[i], g_source_remove);
  g_clear_handle_id (&self->reload_source, g_source_remove);
  if (self->models != NULL)
    facet_models_stop (self->models);
  if (self->library != NULL)
    facet_library_close (self->library);
  G_APPLICATION_CLASS (facet_application_parent_class)->shutdown (application);
  g_clear_object (&self->library);
  g_clear_object (&self->recorder); /* stores what it still records */
}

static int
facet_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  if (g_variant_dict_contains (options, "version")) {
    g_print ("facet %s\n", FACET_VERSION);
    return 0;
  }
  if (FACET_APPLICATION (application)->settings == NULL) {
    g_printerr (_ ("facet: the settings schema %s is not installed. Install Facet, or set "
                   "GSETTINGS_SCHEMA_DIR to the folder of the build that has "
                   "gschemas.compiled.\n"),
                FACET_APP_ID);
    return 1;
  }
  if (g_variant_dict_contains (options, "new-conversation")) {
    g_autoptr (GError) error = NULL;

    if (!g_application_register (application, NULL, &error)) {
      g_printerr ("facet: %s\n", error->message);
      return 1;
    }
    g_action_group_activate_action (G_ACTION_GROUP (application), "new-conversation", NULL);
    return g_application_get_is_remote (application) ? 0 : -1;
  }
  return -1;
}

static void
facet_application_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetApplication *self = FACET_APPLICATION (object);

  switch (id) {
  case PROP_LIBRARY:
    g_value_set_object (value, self->library);
    break;
  case PROP_STORAGE_ERROR:
    g_value_set_string (value, self->storage_error);
    break;
  case PROP_RECORDER:
    g_value_set_object (value, self->recorder);
    break;
  case PROP_MODELS:
    g_value_set_object (value, self->models);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_application_finalize (GObject *object)
{
  FacetApplication *self = FACET_APPLICATION (object);

  g_clear_object (&self->library);
  g_clear_object (&self->recorder);
  g_clear_object (&self->models);
  g_free (self->storage_error);
  G_OBJECT_CLASS (facet_application_parent_class)->finalize (object);
}

static void
facet_application_class_init (FacetApplicationClass *klass)
{
  GObjectClass      *object_class = G_OBJECT_CLASS (klass);
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  object_class->finalize = facet_application_finalize;
  object_class->get_property = facet_application_get_property;
  application_class->activate = facet_application_activate;
  application_class->handle_local_options = facet_application_handle_local_options;
  application_class->shutdown = facet_application_shutdown;
  application_class->startup = facet_application_startup;

  props[PROP_LIBRARY] = g_param_spec_object ("library", NULL, NULL, FACET_TYPE_LIBRARY,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  props[PROP_STORAGE_ERROR] = g_param_spec_string ("storage-error", NULL, NULL, NULL,
                                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  props[PROP_RECORDER] = g_param_spec_object ("recorder", NULL, NULL, FACET_TYPE_RECORDER,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  props[PROP_MODELS] = g_param_spec_object ("models", NULL, NULL, FACET_TYPE_MODELS,
                                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
facet_application_init (FacetApplication *self)
{
  const GOptionEntry options[] = {{"version", 0, 0, G_OPTION_ARG_NONE, NULL,
                                   N_ ("Print the version and exit"), NULL},
                                  {"new-conversation", 'n', 0, G_OPTION_ARG_NONE, NULL,
                                   N_ ("Begin a new conversation"), NULL},
                                  {NULL}};

  self->start = g_get_monotonic_time ();
  self->settings = facet_settings_get_default ();
  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_summary (G_APPLICATION (self),
                                            _ ("An assistant that runs on this computer."));
}

FacetApplication *
facet_application_new (GApplicationFlags flags)
{
  return g_object_new (FACET_TYPE_APPLICATION, "application-id", FACET_APP_ID, "resource-base-path",
                       "/org/facet/Facet", "flags", flags, NULL);
}
