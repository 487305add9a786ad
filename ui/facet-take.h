/* facet-take.h: one recording on its way from its clips' files to a message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Clips are imported one after the other, in order, and are in the draft when all of
 * them are there.  A clip's file is deleted only when a message on disk has it, when the person took
 * it out of the draft, or when the conversation goes and its draft is kept: until then
 * facet_recorder_recover () finds it again, whatever happens.
 *
 * Signal ::done (): once after facet_take_end (), when all is imported that could be.  It is not
 * in the draft yet: see facet_take_settle (). */
#pragma once

#include "facet-clip.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

#define FACET_TYPE_TAKE (facet_take_get_type ())
G_DECLARE_FINAL_TYPE (FacetTake, facet_take, FACET, TAKE, GObject)

FacetTake *facet_take_new (FacetConversation *conversation) G_GNUC_WARN_UNUSED_RESULT;

void     facet_take_add (FacetTake *self, FacetClip *clip);
/* No more clips come. */
void     facet_take_end (FacetTake *self);
/* Puts what was imported into the conversation's draft, behind what is there.  FALSE: there is
 * nothing, or the conversation is gone. */
gboolean facet_take_settle (FacetTake *self);

/* (transfer full), NULL: it is gone. */
FacetConversation *facet_take_dup_conversation (FacetTake *self);
/* Why a clip could not be imported; NULL: all could.  Its file stays. */
const char        *facet_take_get_error (FacetTake *self);

G_END_DECLS
