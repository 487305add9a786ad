/* facet-talk-button.h: the microphone's button: held or tapped, by pointer, touch or keyboard.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  It knows nothing of sound.  A GtkButton, so that assistive technology can click it,
 * which is a tap; to screen readers it is a button that is pressed or not.
 *
 * Signals: ::pressed () and ::released (), in turn; when the release cannot be seen any more (the
 * focus or the pointer's grab is lost), ::released comes then. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

#define FACET_TYPE_TALK_BUTTON (facet_talk_button_get_type ())
G_DECLARE_FINAL_TYPE (FacetTalkButton, facet_talk_button, FACET, TALK_BUTTON, GtkButton)

void facet_talk_button_set_recording (FacetTalkButton *self, gboolean recording);
/* Why nothing can be recorded now, one sentence; NULL: it can. */
void facet_talk_button_set_reason (FacetTalkButton *self, const char *reason);
/* The key that does the same, as a person reads it. */
void facet_talk_button_set_key (FacetTalkButton *self, const char *key);
/* Whoever holds it is no longer heard: ::released, if it is held. */
void facet_talk_button_let_go (FacetTalkButton *self);

G_END_DECLS
