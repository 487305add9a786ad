/* facet-states.c: which state is kept when.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread.  Reading and writing are engine/gem-session-file.c's, the folder is
 * facet-states-folder.c's.  A failure costs the person time at most: it is one line in the log. */
#define G_LOG_DOMAIN "facet-states"

#include "facet-states.h"

#include "engine/gem-session-file.h"
#include "facet-states-folder.h"

#include <glib/gstdio.h>

#define LEAST_SECONDS 0.5
#define IDLE_MS       10000
/* So many tokens in front of the last prompt's end can be changed without all being read again. */
#define REWIND 1024
/* What loading brings at least, in bytes a second: a device that reads faster than that is better
 * off without. */
#define LOADING 2e8
/* The speed of fewer tokens says little about that of many. */
#define TELLING 16

struct _FacetStates {
  char   *folder;
  double  least_seconds;
  gint64  idle_us;
  guint64 max_bytes; /* 0: nothing is kept */

  double token_seconds; /* what reading one took lately; 0: not known */

  char *path;     /* of whose timeline the session has; NULL: nobody's that may be kept */
  guint n_kept;   /* so many of its tokens are in the file */
  guint n_prompt; /* so many were the last prompt; what is behind them was answered */

  gint64            due; /* monotonic µs; 0: nothing is to be written */
  GemSessionWriter *writer;
};

FacetStates *
facet_states_new (const char *folder, double least_seconds, guint idle_ms)
{
  FacetStates *self = g_new0 (FacetStates, 1);

  self->folder = g_strdup (folder);
  self->least_seconds = least_seconds > 0 ? least_seconds : LEAST_SECONDS;
  self->idle_us = (gint64)(idle_ms > 0 ? idle_ms : IDLE_MS) * 1000;
  return self;
}

void
facet_states_free (FacetStates *self)
{
  if (self == NULL)
    return;
  facet_states_interrupt (self);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

void
facet_states_set_limit (FacetStates *self, guint64 bytes)
{
  if (bytes == 0)
    facet_states_interrupt (self);
  self->max_bytes = bytes;
  facet_states_folder_tidy (self->folder);
  facet_states_folder_prune (self->folder, bytes);
  self->n_kept = 0; /* the file may be gone */
}

void
facet_states_forget (FacetStates *self, const char *store, gint64 conversation)
{
  g_autofree char *path =
      conversation != 0 ? facet_states_folder_path (self->folder, store, conversation) : NULL;

  if (path == NULL || g_strcmp0 (path, self->path) == 0) {
    facet_states_interrupt (self);
    g_clear_pointer (&self->path, g_free);
  }
  if (path != NULL)
    g_unlink (path);
  else
    facet_states_folder_prune (self->folder, 0);
}

/* ---- in front of a turn ---- */

static char *
path_of (FacetStates *self, FacetRequest *request)
{
  if (self->max_bytes == 0 || !request->keep_state || request->store == NULL ||
      request->conversation == 0)
    return NULL;
  return facet_states_folder_path (self->folder, request->store, request->conversation);
}

void
facet_states_restore (FacetStates  *self,
                      GemSession   *session,
                      FacetRequest *request,
                      const gint32 *ids,
                      gsize         n_ids,
                      const GArray *soft)
{
  g_autofree char *path = path_of (self, request);
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  guint  n_loaded = 0;

  if (g_strcmp0 (path, self->path) != 0)
    self->n_kept = 0;
  g_free (self->path);
  self->path = g_steal_pointer (&path);
  if (self->path == NULL)
    return;
  if (!gem_session_load (session, self->path, ids, n_ids, soft, &n_loaded, &error)) {
    g_message ("The state of a conversation in “%s” cannot be used. %s", self->path,
               error->message);
    if (g_error_matches (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT))
      g_unlink (self->path);
    self->n_kept = 0;
  }
  if (n_loaded == 0)
    return;
  self->n_kept = n_loaded;
  facet_states_folder_touch (self->path);
  g_debug ("%u tokens loaded in %.3f s", n_loaded,
           (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC);
}

void
facet_states_note_read (FacetStates *self, GemSession *session, double seconds)
{
  guint n = gem_session_get_n_prefilled (session);

  if (n >= TELLING)
    self->token_seconds = seconds / n;
  self->n_kept = MIN (self->n_kept, gem_session_get_n_reused (session));
  self->n_prompt = gem_session_get_length (session);
}

/* ---- behind a turn ---- */

/* What was answered is likely to be changed: thoughts are dropped. */
static guint
count_rewind (FacetStates *self, GemSession *session)
{
  guint length = gem_session_get_length (session);

  return REWIND + (length > self->n_prompt ? length - self->n_prompt : 0);
}

/* Reading what is not in the file would take long enough, and longer than loading it. */
static gboolean
is_worth_it (FacetStates *self, GemSession *session)
{
  guint  length = gem_session_get_length (session);
  double bytes;

  if (self->path == NULL || length <= self->n_kept ||
      (length - self->n_kept) * self->token_seconds < self->least_seconds)
    return FALSE;
  bytes = (double)gem_session_file_bytes (session, count_rewind (self, session));
  return length * self->token_seconds > bytes / LOADING;
}

void
facet_states_note_idle (FacetStates *self, GemSession *session)
{
  self->due = is_worth_it (self, session) ? g_get_monotonic_time () + self->idle_us : 0;
}

void
facet_states_hurry (FacetStates *self)
{
  if (self->due != 0)
    self->due = g_get_monotonic_time ();
}

gint64
facet_states_get_wait (FacetStates *self)
{
  if (self->writer != NULL)
    return 0;
  return self->due != 0 ? MAX (self->due - g_get_monotonic_time (), 0) : -1;
}

static void
begin_to_write (FacetStates *self, GemSession *session)
{
  guint   rewind = count_rewind (self, session);
  guint64 bytes = gem_session_file_bytes (session, rewind);
  g_autoptr (GError) error = NULL;

  self->due = 0;
  g_mkdir_with_parents (self->folder, 0700);
  if (bytes > self->max_bytes || !facet_states_folder_has_room (self->folder, bytes)) {
    g_debug ("There is no room for the state of a conversation");
    return;
  }
  self->writer = gem_session_writer_new (session, rewind, self->path, &error);
  if (self->writer == NULL)
    g_message ("The state of a conversation cannot be kept in “%s”: %s", self->path,
               error->message);
}

void
facet_states_work (FacetStates *self, GemSession *session)
{
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  if (self->writer == NULL) {
    if (self->due != 0 && g_get_monotonic_time () >= self->due)
      begin_to_write (self, session);
    return;
  }
  if (!gem_session_writer_step (self->writer, &done, &error)) {
    g_message ("The state of a conversation cannot be kept in “%s”: %s", self->path,
               error->message);
    facet_states_interrupt (self);
  } else if (done) {
    self->n_kept = gem_session_get_length (session);
    facet_states_interrupt (self);
    facet_states_folder_prune (self->folder, self->max_bytes);
  }
}

void
facet_states_interrupt (FacetStates *self)
{
  self->due = 0;
  g_clear_pointer (&self->writer, gem_session_writer_free);
}

void
facet_states_finish (FacetStates *self, GemSession *session, double seconds)
{
  gint64 end = g_get_monotonic_time () + (gint64)(seconds * G_USEC_PER_SEC);

  facet_states_hurry (self);
  while (facet_states_get_wait (self) == 0 && g_get_monotonic_time () < end)
    facet_states_work (self, session);
  facet_states_interrupt (self);
}
