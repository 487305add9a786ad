/* facet-attachment-sources.h: where attachments come from: files that are chosen, the clipboard,
 * what is dropped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  All of it goes to the import queue of a conversation, which has the sentences for
 * what cannot be added. */
#pragma once

#include "facet-compat.h"
#include "facet-conversation.h"

G_BEGIN_DECLS

typedef enum {
  FACET_CHOOSE_PICTURES,
  FACET_CHOOSE_SOUNDS_AND_VIDEOS,
} FacetChoose;

/* Asks the person, who may choose several. */
void     facet_attachments_choose (GtkWindow         *parent,
                                   FacetConversation *conversation,
                                   FacetChoose        what);
/* @clipboard has files, or a picture and no text: where there is text, that is what is meant. */
gboolean facet_attachments_can_paste (GdkClipboard *clipboard);
/* Takes them, if it can. */
void     facet_attachments_paste (GdkClipboard *clipboard, FacetConversation *conversation);
/* What facet_attachments_add_value () takes.  (transfer full) */
GdkContentFormats *facet_attachments_dup_formats (void) G_GNUC_WARN_UNUSED_RESULT;
/* A GdkFileList, a GFile or a GdkTexture.  FALSE: something else, or nothing in it. */
gboolean facet_attachments_add_value (FacetConversation *conversation, const GValue *value);

G_END_DECLS
