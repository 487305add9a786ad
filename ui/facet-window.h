/* facet-window.h: one window: the list of conversations, a conversation, the composer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.
 *
 * Properties (notify): library (FacetLibrary, nullable; follows the application's), conversation
 * (nullable, read only), sidebar-visible (boolean).
 *
 * Actions: win.new-conversation, win.rename, win.pinned, win.delete, win.copy-conversation,
 * win.export, win.export-all, win.import, win.previous, win.next, win.sidebar-visible,
 * win.focus-composer, win.think, win.stop, win.answer-now, win.regenerate, win.copy-last,
 * win.search, win.find, win.find-next, win.find-previous, win.choose-model-folder,
 * win.add-recordings, win.discard-recordings, win.new-private-conversation; and, with the id of a
 * conversation, win.export-conversation, win.archive-conversation and
 * win.duplicate-conversation, with that of a message,
 * win.begin-conversation-from. */
#pragma once

#include "facet-application.h"
#include "facet-compat.h"
#include "facet-library.h"

G_BEGIN_DECLS

#define FACET_TYPE_WINDOW (facet_window_get_type ())
G_DECLARE_FINAL_TYPE (FacetWindow, facet_window, FACET, WINDOW, AdwApplicationWindow)

/* It begins with a new conversation. */
FacetWindow *facet_window_new (FacetApplication *application) G_GNUC_WARN_UNUSED_RESULT;

void               facet_window_set_library (FacetWindow *self, FacetLibrary *library);
FacetConversation *facet_window_get_conversation (FacetWindow *self);
/* Shows it, and reads it from disk if need be. */
void               facet_window_open (FacetWindow *self, FacetConversation *conversation);
/* Offers recordings that an earlier process left, of FacetClip, to be added to the message or
 * discarded.  Until then nothing happens to them. */
void               facet_window_offer_recordings (FacetWindow *self, GPtrArray *clips);

/* Asks which model is to answer before anything else; once. */
void               facet_window_show_first_run (FacetWindow *self);

G_END_DECLS
