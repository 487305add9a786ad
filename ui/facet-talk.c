/* facet-talk.c: push-to-talk in a window: focus, button, key and Escape on one side, a recorder on
 * the other, and what becomes of a recording.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The recorder reports clips and ends in the order of the recordings, without saying
 * of which: so one window at a time speaks, and keeps its takes in a queue. */
#define G_LOG_DOMAIN "facet-talk"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-take.h"
#include "facet-talk.h"

struct _FacetTalk {
  GObject parent_instance;

  GtkWindow          *window; /* not owned, as all widgets; NULL: closed */
  FacetComposer      *composer;
  FacetTalkButton    *button;
  FacetTalkBar       *bar;
  GtkEventController *focus, *keys;
  GSettings          *settings;
  FacetRecorder      *recorder;
  GSignalGroup       *signals;
  GSignalGroup       *conversation_signals;

  guint           keyval; /* of the key that talks; 0: none */
  GdkModifierType modifiers;
  guint           keycode;  /* that is down */
  gboolean        key_down; /* the one that talks */
  gboolean        heard;    /* the recording that runs is not only silence */
  GQueue          takes;    /* of FacetTake: those that have not ended */
  GPtrArray      *ending;   /* of FacetTake: those that have, and are being imported */
  GHashTable     *to_send;  /* those of them that are to be sent */
};

enum {
  PROP_RECORDER = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

enum {
  SAY,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetTalk, facet_talk, G_TYPE_OBJECT)

/* Of the process's one recorder: whose recordings it makes, and whose focus keeps it open. */
static FacetTalk *speaker, *listener;

/* Recordings of a recorder whose window is gone, and that have not ended. */
static guint
get_n_orphans (FacetRecorder *recorder)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (recorder), "facet-orphans"));
}

static void
set_n_orphans (FacetRecorder *recorder, guint n)
{
  g_object_set_data (G_OBJECT (recorder), "facet-orphans", GUINT_TO_POINTER (n));
}

static void
say (FacetTalk *self, const char *sentence)
{
  g_signal_emit (self, signals[SAY], 0, sentence);
}

static void
announce (FacetTalk *self, const char *text)
{
  facet_announcer_say (facet_talk_bar_get_announcer (self->bar), text);
}

static FacetTalkState
get_state (FacetTalk *self)
{
  return self->recorder != NULL ? facet_recorder_get_state (self->recorder) : FACET_TALK_OFF;
}

static gboolean
is_recording (FacetTalk *self)
{
  return speaker == self && facet_talk_state_is_recording (get_state (self));
}

static gboolean
is_busy (FacetTalk *self)
{
  FacetConversation *conversation = facet_composer_get_conversation (self->composer);

  return conversation != NULL && facet_conversation_get_busy (conversation);
}

/* What is shown */

static const char *
get_reason (FacetTalk *self)
{
  if (self->recorder == NULL || facet_composer_get_conversation (self->composer) == NULL)
    return _ ("There is no conversation to talk in yet.");
  if (is_busy (self))
    return _ ("An answer is being written. Talk when it is there, or stop it.");
  return NULL;
}

gboolean
facet_talk_get_active (FacetTalk *self)
{
  g_return_val_if_fail (FACET_IS_TALK (self), FALSE);

  return is_recording (self) || (speaker == self && get_state (self) == FACET_TALK_TAIL);
}

static void
update (FacetTalk *self)
{
  gboolean active;

  if (self->window == NULL)
    return;
  active = facet_talk_get_active (self);
  facet_talk_bar_set_recorder (self->bar, active ? self->recorder : NULL);
  facet_talk_button_set_recording (self->button, is_recording (self));
  facet_talk_button_set_reason (self->button, get_reason (self));
  if (active)
    gtk_widget_add_css_class (GTK_WIDGET (self->composer), "talking");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->composer), "talking");
}

static void
update_key (FacetTalk *self)
{
  g_autofree char *accelerator = g_settings_get_string (self->settings, "talk-key");
  g_autofree char *label = NULL;

  if (!gtk_accelerator_parse (accelerator, &self->keyval, &self->modifiers))
    self->keyval = 0;
  self->keyval = gdk_keyval_to_lower (self->keyval);
  if (self->keyval != 0)
    label = gtk_accelerator_get_label (self->keyval, self->modifiers);
  facet_talk_button_set_key (self->button, label);
}

/* The microphone is open while someone may begin to speak */

static void
update_armed (FacetTalk *self)
{
  gboolean armed;

  if (self->recorder == NULL)
    return;
  armed = self->window != NULL && gtk_window_is_active (self->window) &&
          gtk_event_controller_focus_contains_focus (GTK_EVENT_CONTROLLER_FOCUS (self->focus)) &&
          facet_composer_get_conversation (self->composer) != NULL;
  if (armed && listener != self) {
    listener = self;
    facet_recorder_arm (self->recorder);
  } else if (!armed && listener == self) {
    listener = NULL;
    facet_recorder_disarm (self->recorder);
  }
}

/* What becomes of a recording */

static void
send (FacetTalk *self, FacetConversation *conversation)
{
  gboolean shown =
      self->window != NULL && conversation == facet_composer_get_conversation (self->composer);

  if (shown ? !facet_composer_send_draft (self->composer)
            : facet_conversation_get_busy (conversation)) {
    say (self, _ ("The recording is attached to what you write: it could not be sent just now."));
    return;
  }
  if (!shown)
    facet_conversation_send (conversation, facet_conversation_get_draft (conversation));
  if (self->window != NULL)
    announce (self, _ ("Sent"));
}

static void
take_done_cb (FacetTake *take, FacetTalk *self)
{
  g_autoptr (FacetConversation) conversation = facet_take_dup_conversation (take);
  gboolean settled = facet_take_settle (take);

  if (facet_take_get_error (take) != NULL)
    say (self, facet_take_get_error (take));
  /* Of half a recording the person decides. */
  if (g_hash_table_remove (self->to_send, take) && settled && facet_take_get_error (take) == NULL)
    send (self, conversation);
  g_ptr_array_remove (self->ending, take);
}

/* Takes @take. */
static void
end_take (FacetTalk *self, FacetTake *take)
{
  g_ptr_array_add (self->ending, take);
  g_signal_connect_object (take, "done", G_CALLBACK (take_done_cb), self, 0);
  facet_take_end (take);
}

static void
say_kept (FacetTalk *self)
{
  const char      *error = facet_recorder_get_error (self->recorder);
  g_autofree char *sentence = NULL;

  /* Translators: a sentence that says why a recording ended, and what became of it. */
  sentence = g_strdup_printf (_ ("%s What was recorded until then is attached."),
                              error != NULL ? error : _ ("The recording ended."));
  say (self, sentence);
}

static void
finished_cb (FacetTalk *self, int end)
{
  FacetTake *take;

  if (speaker != self || get_n_orphans (self->recorder) > 0)
    return;
  take = g_queue_pop_head (&self->takes);
  if (take == NULL)
    return;
  if (g_queue_is_empty (&self->takes) && !is_recording (self))
    speaker = NULL;
  switch ((FacetRecordingEnd)end) {
  case FACET_RECORDING_SENT:
    g_hash_table_add (self->to_send, take);
    end_take (self, take);
    break;
  case FACET_RECORDING_KEPT:
    say_kept (self);
    end_take (self, take);
    break;
  case FACET_RECORDING_DISCARDED:
    announce (self, _ ("Discarded"));
    g_object_unref (take);
    break;
  case FACET_RECORDING_EMPTY:
    say (self, facet_recorder_get_error (self->recorder) != NULL
                   ? facet_recorder_get_error (self->recorder)
                   : _ ("Nothing was recorded: no sound came from the microphone."));
    g_object_unref (take);
    break;
  }
  update (self);
}

static void
clip_cb (FacetTalk *self, FacetClip *clip)
{
  if (speaker == self && get_n_orphans (self->recorder) == 0 && !g_queue_is_empty (&self->takes))
    facet_take_add (g_queue_peek_head (&self->takes), clip);
}

void
facet_talk_add_clips (FacetTalk *self, GPtrArray *clips)
{
  FacetConversation *conversation;
  FacetTake         *take;

  g_return_if_fail (FACET_IS_TALK (self));

  conversation = facet_composer_get_conversation (self->composer);
  if (conversation == NULL)
    return;
  take = facet_take_new (conversation);
  for (guint i = 0; i < clips->len; i++)
    facet_take_add (take, g_ptr_array_index (clips, i));
  end_take (self, take);
}

/* Button and key */

static void
press (FacetTalk *self)
{
  FacetConversation *conversation = facet_composer_get_conversation (self->composer);
  gboolean           was = is_recording (self);

  if (self->recorder == NULL || conversation == NULL)
    return;
  if (speaker != self && (speaker != NULL || facet_talk_state_is_recording (get_state (self)))) {
    say (self, _ ("Another window is recording."));
    return;
  }
  if (!was && get_reason (self) != NULL) {
    say (self, get_reason (self));
    return;
  }
  speaker = self;
  facet_recorder_set_folder (self->recorder,
                             facet_conversation_get_recordings_folder (conversation));
  facet_recorder_press (self->recorder);
  if (!was && is_recording (self)) {
    self->heard = FALSE;
    g_queue_push_tail (&self->takes, facet_take_new (conversation));
    announce (self, _ ("Recording"));
  }
  if (g_queue_is_empty (&self->takes))
    speaker = NULL;
  update (self);
}

static void
release (FacetTalk *self)
{
  if (speaker == self)
    facet_recorder_release (self->recorder);
}

static void
cancel (FacetTalk *self)
{
  if (facet_talk_get_active (self))
    facet_recorder_cancel (self->recorder);
}

static void
level_cb (FacetTalk *self)
{
  self->heard |= facet_recorder_get_level (self->recorder) > 0;
}

/* A recording stays with the microphone it began with.  One that heard nothing begins again. */
static void
device_chosen_cb (FacetTalk *self, const char *id)
{
  gboolean again = get_state (self) == FACET_TALK_HANDS_FREE && speaker == self && !self->heard;

  if (again)
    facet_recorder_cancel (self->recorder);
  facet_recorder_set_device (self->recorder, id);
  if (again) {
    press (self);
    release (self);
  }
}

/* Return ends what is recorded hands-free; other keys wait until the text is back. */
static gboolean
is_for_text (guint keyval, GdkModifierType modifiers)
{
  return (modifiers & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK)) == 0 &&
         (keyval == GDK_KEY_Return || keyval == GDK_KEY_KP_Enter || keyval == GDK_KEY_ISO_Enter ||
          keyval == GDK_KEY_Up || keyval == GDK_KEY_KP_Up);
}

static gboolean
key_while_active (FacetTalk *self, guint keyval, GdkModifierType modifiers)
{
  gboolean in_text = GTK_IS_TEXT_VIEW (gtk_window_get_focus (self->window));

  if (keyval == GDK_KEY_Escape && modifiers == 0) {
    cancel (self);
    return GDK_EVENT_STOP;
  }
  if (!in_text || !is_for_text (keyval, modifiers))
    return GDK_EVENT_PROPAGATE;
  if (get_state (self) == FACET_TALK_HANDS_FREE && keyval != GDK_KEY_Up &&
      keyval != GDK_KEY_KP_Up) {
    press (self);
    release (self);
  }
  return GDK_EVENT_STOP;
}

/* Whatever its modifiers make of it. */
static gboolean
is_same_key (FacetTalk *self, guint keyval, guint keycode)
{
  return gdk_keyval_to_lower (keyval) == self->keyval || (keycode != 0 && keycode == self->keycode);
}

static gboolean
key_pressed_cb (GtkEventController *controller,
                guint               keyval,
                guint               keycode,
                GdkModifierType     state,
                FacetTalk          *self)
{
  GdkModifierType modifiers = state & gtk_accelerator_get_default_mod_mask ();

  if (self->key_down && is_same_key (self, keyval, keycode)) { /* it repeats */
    if (speaker == self)
      facet_recorder_repeat (self->recorder);
    return GDK_EVENT_STOP;
  }
  if (self->keyval != 0 && gdk_keyval_to_lower (keyval) == self->keyval &&
      modifiers == self->modifiers && gtk_widget_get_mapped (GTK_WIDGET (self->composer))) {
    self->key_down = TRUE;
    self->keycode = keycode;
    press (self);
    return GDK_EVENT_STOP;
  }
  return facet_talk_get_active (self) ? key_while_active (self, keyval, modifiers)
                                      : GDK_EVENT_PROPAGATE;
}

static void
let_key_go (FacetTalk *self)
{
  if (!self->key_down)
    return;
  self->key_down = FALSE;
  release (self);
}

static void
key_released_cb (GtkEventController *controller,
                 guint               keyval,
                 guint               keycode,
                 GdkModifierType     state,
                 FacetTalk          *self)
{
  if (is_same_key (self, keyval, keycode))
    let_key_go (self);
}

/* The release will be another window's. */
static void
active_changed_cb (FacetTalk *self)
{
  if (!gtk_window_is_active (self->window)) {
    let_key_go (self);
    facet_talk_button_let_go (self->button);
  }
  update_armed (self);
}

/* The object */

static void
conversation_changed_cb (FacetTalk *self)
{
  g_signal_group_set_target (self->conversation_signals,
                             facet_composer_get_conversation (self->composer));
  update (self);
  update_armed (self);
}

void
facet_talk_set_recorder (FacetTalk *self, FacetRecorder *recorder)
{
  g_return_if_fail (FACET_IS_TALK (self));
  g_return_if_fail (recorder == NULL || FACET_IS_RECORDER (recorder));

  if (!g_set_object (&self->recorder, recorder))
    return;
  g_signal_group_set_target (self->signals, recorder);
  update (self);
  update_armed (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RECORDER]);
}

static void
orphan_finished_cb (FacetRecorder *recorder)
{
  set_n_orphans (recorder, get_n_orphans (recorder) - 1);
  if (get_n_orphans (recorder) == 0)
    g_signal_handlers_disconnect_by_func (recorder, orphan_finished_cb, NULL);
}

/* What they record is stored without anyone waiting for it. */
static void
leave_takes (FacetTalk *self)
{
  guint n = g_queue_get_length (&self->takes);

  if (n == 0)
    return;
  if (get_n_orphans (self->recorder) == 0)
    /* After the windows, which must not take its end for one of theirs. */
    g_signal_connect_after (self->recorder, "finished", G_CALLBACK (orphan_finished_cb), NULL);
  set_n_orphans (self->recorder, get_n_orphans (self->recorder) + n);
  g_queue_clear_full (&self->takes, g_object_unref);
}

void
facet_talk_close (FacetTalk *self)
{
  g_return_if_fail (FACET_IS_TALK (self));

  if (self->window == NULL)
    return;
  if (is_recording (self)) {
    facet_recorder_release (self->recorder);
    if (get_state (self) == FACET_TALK_HANDS_FREE) {
      facet_recorder_press (self->recorder);
      facet_recorder_release (self->recorder);
    }
  }
  leave_takes (self);
  facet_talk_bar_set_recorder (self->bar, NULL);
  gtk_widget_remove_controller (GTK_WIDGET (self->window), self->keys);
  gtk_widget_remove_controller (GTK_WIDGET (self->composer), self->focus);
  g_signal_handlers_disconnect_by_data (self->window, self);
  g_signal_handlers_disconnect_by_data (self->settings, self);
  g_signal_group_set_target (self->conversation_signals, NULL);
  self->window = NULL;
  update_armed (self);
  if (speaker == self)
    speaker = NULL;
}

static void
facet_talk_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_RECORDER)
    g_value_set_object (value, FACET_TALK (object)->recorder);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_talk_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_RECORDER)
    facet_talk_set_recorder (FACET_TALK (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_talk_dispose (GObject *object)
{
  FacetTalk *self = FACET_TALK (object);

  facet_talk_close (self);
  g_clear_object (&self->signals);
  g_clear_object (&self->conversation_signals);
  g_clear_object (&self->recorder);
  g_clear_object (&self->settings);
  g_clear_pointer (&self->ending, g_ptr_array_unref);
  g_clear_pointer (&self->to_send, g_hash_table_unref);
  G_OBJECT_CLASS (facet_talk_parent_class)->dispose (object);
}

static void
facet_talk_class_init (FacetTalkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = facet_talk_dispose;
  object_class->get_property = facet_talk_get_property;
  object_class->set_property = facet_talk_set_property;

  props[PROP_RECORDER] =
      g_param_spec_object ("recorder", NULL, NULL, FACET_TYPE_RECORDER,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[SAY] = g_signal_new ("say", FACET_TYPE_TALK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
facet_talk_init (FacetTalk *self)
{
  g_queue_init (&self->takes);
  self->ending = g_ptr_array_new_with_free_func (g_object_unref);
  self->to_send = g_hash_table_new (NULL, NULL);

  self->signals = g_signal_group_new (FACET_TYPE_RECORDER);
  g_signal_group_connect_swapped (self->signals, "notify::state", G_CALLBACK (update), self);
  g_signal_group_connect_swapped (self->signals, "notify::level", G_CALLBACK (level_cb), self);
  g_signal_group_connect_swapped (self->signals, "clip", G_CALLBACK (clip_cb), self);
  g_signal_group_connect_swapped (self->signals, "finished", G_CALLBACK (finished_cb), self);
  self->conversation_signals = g_signal_group_new (FACET_TYPE_CONVERSATION);
  g_signal_group_connect_swapped (self->conversation_signals, "notify::busy", G_CALLBACK (update),
                                  self);
}

static void
add_controllers (FacetTalk *self)
{
  self->keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (self->keys, GTK_PHASE_CAPTURE);
  g_signal_connect (self->keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect (self->keys, "key-released", G_CALLBACK (key_released_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self->window), self->keys);

  self->focus = gtk_event_controller_focus_new ();
  g_signal_connect_swapped (self->focus, "notify::contains-focus", G_CALLBACK (update_armed), self);
  gtk_widget_add_controller (GTK_WIDGET (self->composer), self->focus);
}

FacetTalk *
facet_talk_new (GtkWindow *window, FacetComposer *composer, GSettings *settings)
{
  FacetTalk *self = g_object_new (FACET_TYPE_TALK, NULL);

  self->window = window;
  self->composer = composer;
  self->button = facet_composer_get_talk_button (composer);
  self->bar = facet_composer_get_talk_bar (composer);
  self->settings = g_object_ref (settings);
  add_controllers (self);
  g_signal_connect_object (window, "notify::is-active", G_CALLBACK (active_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (composer, "notify::conversation", G_CALLBACK (conversation_changed_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->button, "pressed", G_CALLBACK (press), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->button, "released", G_CALLBACK (release), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->bar, "discard", G_CALLBACK (cancel), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->bar, "device-chosen", G_CALLBACK (device_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (settings, "changed::talk-key", G_CALLBACK (update_key), self,
                           G_CONNECT_SWAPPED);
  update_key (self);
  conversation_changed_cb (self);
  return self;
}
