/* facet-composer.h: where the person writes: a growing text field with attachments above it, Think,
 * and Send that becomes Stop.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Sends to its conversation by itself; what is typed and not sent is kept as that
 * conversation's draft, also while an answer is running.
 *
 * Properties (notify): conversation (nullable; without one nothing can be written), editing
 * (FacetMessage, nullable, read only: the earlier message whose new wording is being written).
 *
 * Signal ::sent (): something was sent; the reader wants to see the end of the conversation. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"
#include "facet-talk-bar.h"
#include "facet-talk-button.h"

G_BEGIN_DECLS

#define FACET_TYPE_COMPOSER (facet_composer_get_type ())
G_DECLARE_FINAL_TYPE (FacetComposer, facet_composer, FACET, COMPOSER, GtkWidget)

FacetComposer *facet_composer_new (void) G_GNUC_WARN_UNUSED_RESULT;

FacetConversation *facet_composer_get_conversation (FacetComposer *self);
void facet_composer_set_conversation (FacetComposer *self, FacetConversation *conversation);

/* Begins to edit @message, which the conversation must hold.  The draft comes back afterwards. */
FacetMessage *facet_composer_get_editing (FacetComposer *self);
void          facet_composer_edit (FacetComposer *self, FacetMessage *message);
/* Edits the person's last message.  FALSE: there is none, or an answer is running. */
gboolean      facet_composer_edit_last (FacetComposer *self);
/* FALSE: nothing was being edited. */
gboolean      facet_composer_cancel_edit (FacetComposer *self);

/* Sends @text as if it had been typed; what is in the field stays.  FALSE: not now (an answer is
 * running, or there is nothing to send). */
gboolean facet_composer_send (FacetComposer *self, const char *text);
/* Sends what is written and attached.  FALSE: not now (an answer is running, or an earlier message
 * is edited). */
gboolean facet_composer_send_draft (FacetComposer *self);
/* Attaches what was dropped: a GdkFileList, a GFile or a GdkTexture.  FALSE: not now, or something
 * else. */
gboolean facet_composer_add (FacetComposer *self, const GValue *value);
/* Pastes text into the field, or attaches files or a picture. */
void     facet_composer_paste (FacetComposer *self);
/* Takes the focus, and the key that @controller is handling just now.  FALSE: it was of no use. */
gboolean facet_composer_take_key (FacetComposer *self, GtkEventControllerKey *controller);
/* Hands what was typed to the conversation now instead of a moment later. */
void     facet_composer_save_draft (FacetComposer *self);
/* Another model counts tokens in another way. */
void     facet_composer_count_again (FacetComposer *self);

/* The microphone's, for whoever records; borrowed. */
FacetTalkButton *facet_composer_get_talk_button (FacetComposer *self);
FacetTalkBar    *facet_composer_get_talk_bar (FacetComposer *self);

G_END_DECLS
