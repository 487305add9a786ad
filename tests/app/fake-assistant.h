/* fake-assistant.h: a FacetAssistant that plays a script, for tests of everything above an
 * assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; a timer on the default main context stands in for the engine.
 *
 *   g_autoptr (FakeAssistant) fake = fake_assistant_new ();
 *   fake_assistant_set_speed (fake, 200);                          tokens (words) per second; 0:
 * all at once fake_assistant_begin_turn (fake);                              the steps of the first
 * turn fake_assistant_add_thought (fake, "2 and 2. So 4."); fake_assistant_add_answer (fake, "It is
 * **4**."); conversation = facet_conversation_new (store, FACET_ASSISTANT (fake));
 *
 * Turns are played in the order in which they were begun; when none is left, a turn of the default
 * script runs: the thought "You said: TEXT." and the answer "You said: TEXT".  As the real one
 * does, it reports the prompt's evaluation, plays thoughts only for a request with thinking on,
 * ends within one tick (8 ms) of a cancel, skips the rest of the thought on answer_now, sends the
 * usage before DONE, waits while it is LOADING, plays one turn at a time, and ends every turn
 * exactly once, also when it is disposed of. */
#pragma once

#include "app/facet-assistant.h"

G_BEGIN_DECLS

#define FAKE_TYPE_ASSISTANT (fake_assistant_get_type ())
G_DECLARE_FINAL_TYPE (FakeAssistant, fake_assistant, FAKE, ASSISTANT, GObject)

/* READY, "Fake model" on "On this computer", a context of 8192, 1000 tokens a second. */
FakeAssistant *fake_assistant_new (void) G_GNUC_WARN_UNUSED_RESULT;

void fake_assistant_set_speed (FakeAssistant *self, double tokens_per_second);
/* What :state and its companions say; turns wait while LOADING and end in ERROR with @error when
 * FAILED. */
void fake_assistant_set_loading (FakeAssistant *self, double progress);
void fake_assistant_set_ready (FakeAssistant *self);
void fake_assistant_set_failed (FakeAssistant *self, const char *error);
void fake_assistant_set_demo (FakeAssistant *self, gboolean demo);
void fake_assistant_set_warning (FakeAssistant *self, const char *warning);
/* It takes neither pictures nor sound. */
void fake_assistant_set_text_only (FakeAssistant *self, gboolean text_only);

/* The script.  Steps belong to the turn begun last. */
void fake_assistant_begin_turn (FakeAssistant *self);
/* The prompt is evaluated for so long, with progress (0 s unless said). */
void fake_assistant_add_reading (FakeAssistant *self, double seconds);
void fake_assistant_add_thought (FakeAssistant *self, const char *text);
void fake_assistant_add_answer (FakeAssistant *self, const char *text);
void fake_assistant_add_tool_call (FakeAssistant *self,
                                   const char    *name,
                                   const char    *arguments_json);
void fake_assistant_add_pause (FakeAssistant *self, double seconds);
/* Ends the turn: an error; the conversation does not fit (passed over when the request may drop the
 * oldest); cut off. */
void fake_assistant_add_error (FakeAssistant *self, const char *sentence);
void fake_assistant_add_too_long (FakeAssistant *self,
                                  guint          needed,
                                  guint          available,
                                  guint          n_messages);
void fake_assistant_add_cut_off (FakeAssistant *self);
/* Never ends by itself. */
void fake_assistant_add_hang (FakeAssistant *self);

/* What was asked. */
guint         fake_assistant_get_n_started (FakeAssistant *self);
guint         fake_assistant_get_n_running (FakeAssistant *self); /* turns that have not ended */
guint         fake_assistant_get_n_cancelled (FakeAssistant *self);
guint         fake_assistant_get_n_answer_now (FakeAssistant *self);
FacetRequest *fake_assistant_get_last_request (
    FakeAssistant *self); /* (transfer none), NULL: none yet */

G_END_DECLS
