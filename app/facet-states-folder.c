/* facet-states-folder.c: listing, measuring and pruning the folder of kept states.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Holds no state.  A file that is gone meanwhile is no failure. */
#define G_LOG_DOMAIN "facet-states"

#include "facet-states-folder.h"

#include <glib/gstdio.h>
#include <sys/statvfs.h>
#include <utime.h>

#define ENDING ".state"
/* A file that is being written is not left alone for so long. */
#define LEFT_US (60 * G_USEC_PER_SEC)
/* A cache does not take the room that messages may need. */
#define ROOM ((guint64)1 << 30)

char *
facet_states_folder_get_default (void)
{
  return g_build_filename (g_get_user_cache_dir (), "facet", "states", NULL);
}

char *
facet_states_folder_path (const char *folder, const char *store, gint64 conversation)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, store, -1);
  g_autofree char *name = g_strdup_printf ("%.16s-%" G_GINT64_FORMAT ENDING, hash, conversation);

  return g_build_filename (folder, name, NULL);
}

/* One file, as it was when the folder was looked at. */
typedef struct {
  char   *path;
  guint64 bytes;
  gint64  used; /* ns since 1970 */
} State;

static void
clear_state (gpointer data)
{
  g_free (((State *)data)->path);
}

static GArray *
list (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GArray     *states = g_array_new (FALSE, FALSE, sizeof (State));
  const char *name;

  g_array_set_clear_func (states, clear_state);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    GStatBuf         st;

    if (g_lstat (path, &st) == 0 && S_ISREG (st.st_mode)) {
      State state = {g_steal_pointer (&path), (guint64)st.st_size,
                     (gint64)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};

      g_array_append_val (states, state);
    }
  }
  return states;
}

/* ---- measuring ---- */

static guint64
sum (const GArray *states)
{
  guint64 bytes = 0;

  for (guint i = 0; i < states->len; i++)
    bytes += g_array_index (states, State, i).bytes;
  return bytes;
}

guint64
facet_states_folder_measure (const char *folder)
{
  g_autoptr (GArray) states = list (folder);

  return sum (states);
}

static void
measure_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  guint64 *bytes = g_new (guint64, 1);

  *bytes = facet_states_folder_measure (folder);
  g_task_return_pointer (task, bytes, g_free);
}

void
facet_states_folder_measure_async (const char         *folder,
                                   GAsyncReadyCallback callback,
                                   gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, measure_thread);
}

guint64
facet_states_folder_measure_finish (GAsyncResult *result)
{
  g_autofree guint64 *bytes = g_task_propagate_pointer (G_TASK (result), NULL);

  return bytes != NULL ? *bytes : 0;
}

/* ---- deleting ---- */

static int
compare_used (gconstpointer a, gconstpointer b)
{
  gint64 x = ((const State *)a)->used, y = ((const State *)b)->used;

  return (x > y) - (x < y);
}

void
facet_states_folder_prune (const char *folder, guint64 max_bytes)
{
  g_autoptr (GArray) states = list (folder);
  guint64 bytes = sum (states);

  g_array_sort (states, compare_used);
  for (guint i = 0; i < states->len && bytes > max_bytes; i++) {
    const State *state = &g_array_index (states, State, i);

    g_unlink (state->path);
    bytes -= state->bytes;
  }
}

void
facet_states_folder_tidy (const char *folder)
{
  g_autoptr (GArray) states = list (folder);
  gint64 old = (g_get_real_time () - LEFT_US) * 1000;

  for (guint i = 0; i < states->len; i++) {
    const State *state = &g_array_index (states, State, i);

    if (!g_str_has_suffix (state->path, ENDING) && state->used < old)
      g_unlink (state->path);
  }
}

gboolean
facet_states_folder_has_room (const char *folder, guint64 bytes)
{
  struct statvfs st;
  guint64        room;

  if (statvfs (folder, &st) != 0)
    return FALSE;
  room = (guint64)st.f_bavail * st.f_frsize;
  return room >= ROOM && room - ROOM >= bytes;
}

void
facet_states_folder_touch (const char *path)
{
  g_utime (path, NULL);
}
