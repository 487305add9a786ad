/* facet-states-folder.h: the folder of kept states of conversations: one file each, within a bound.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * $XDG_CACHE_HOME/facet/states/: what an assistant computed on long conversations
 * (engine/gem-session-file.h).  Private words are in them, so that only the person can read folder
 * and files; nothing is lost with them.  When a file was used last is its time of modification.
 *
 * Any thread; everything blocks but facet_states_folder_measure_async (). */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* (transfer full) */
char *facet_states_folder_get_default (void) G_GNUC_WARN_UNUSED_RESULT;
/* Where the state of @conversation in @store (facet-request.h) is, or would be.  (transfer full) */
char *facet_states_folder_path (const char *folder,
                                const char *store,
                                gint64      conversation) G_GNUC_WARN_UNUSED_RESULT;

/* Bytes of all that lies in it; 0 if it is not there. */
guint64 facet_states_folder_measure (const char *folder);
/* The same in a thread of its own. */
void    facet_states_folder_measure_async (const char         *folder,
                                           GAsyncReadyCallback callback,
                                           gpointer            user_data);
guint64 facet_states_folder_measure_finish (GAsyncResult *result);

/* Deletes files, the least recently used first, until they take at most @max_bytes. */
void     facet_states_folder_prune (const char *folder, guint64 max_bytes);
/* Deletes what a killed process left half written. */
void     facet_states_folder_tidy (const char *folder);
/* Whether a file of @bytes leaves room on the disk for what matters more. */
gboolean facet_states_folder_has_room (const char *folder, guint64 bytes);
/* The file was used now. */
void     facet_states_folder_touch (const char *path);

G_END_DECLS
