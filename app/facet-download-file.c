/* facet-download-file.c: several connections fill one file; its journal follows them; its hash is
 * taken on the way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each connection is a thread with a session of its own, which takes the first gap that nobody
 * fills, asks for a piece of it, and writes what comes where it belongs.  The calling thread
 * meanwhile synchronises the file, then its journal, and hashes the bytes that are there without a
 * gap, while they are still in memory.  The first request is alone: its answer tells whether the
 * server sends parts at all. */
#define G_LOG_DOMAIN "facet-download"

#include "config.h"

#include "facet-download-file.h"
#include "facet-download-journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS  4
#define PIECE_BYTES  (64 * 1024 * 1024)
#define RETRY_MS     500
#define MAX_RETRY_MS (60 * 1000)
#define RETRIES      8
#define JOURNAL_MS   500
#define READ_BYTES   (256 * 1024)
#define HASH_BYTES   (1024 * 1024)
#define MAX_RESTARTS 1

G_DEFINE_QUARK (facet - download - error - quark, facet_download_error)

typedef enum {
  MANNER_UNKNOWN,
  MANNER_ASKING, /* one connection finds out */
  MANNER_PARTS,
  MANNER_WHOLE, /* the server sends only all of it, to one connection */
} Manner;

typedef struct {
  const FacetHub        *hub;
  const FacetHubListing *listing;
  const FacetHubFile    *file;
  FacetDownloadTuning    tuning;
  FacetDownloadProgress *progress;
  char                  *path, *part, *journal;
  int                    fd;
  guint64                base; /* bytes of the other files */
  GCancellable          *stop; /* of the connections, whoever wants them to */

  GMutex   mutex; /* protects: */
  GCond    cond;
  GArray  *done;    /* facet-byte-ranges.h: written */
  GArray  *claimed; /* of FacetByteRange: being asked for */
  char    *identity, *etag;
  Manner   manner;
  guint    n_connections;
  GError  *error;   /* what ended it */
  gboolean changed; /* what the server has is not what is in the file */

  /* the calling thread's */
  GChecksum *checksum;
  guint64    hashed, saved;
} Transfer;

/* ---- progress ---- */

void
facet_download_progress_init (FacetDownloadProgress *self)
{
  memset (self, 0, sizeof *self);
  g_mutex_init (&self->mutex);
}

void
facet_download_progress_clear (FacetDownloadProgress *self)
{
  g_mutex_clear (&self->mutex);
}

void
facet_download_progress_set_phase (FacetDownloadProgress *self,
                                   FacetDownloadPhase     phase,
                                   const char            *text)
{
  g_mutex_lock (&self->mutex);
  self->phase = phase;
  g_strlcpy (self->trouble, phase == FACET_DOWNLOAD_WAITING && text != NULL ? text : "",
             sizeof self->trouble);
  if (phase != FACET_DOWNLOAD_WAITING && text != NULL)
    g_strlcpy (self->file, text, sizeof self->file);
  g_mutex_unlock (&self->mutex);
}

/* With t->mutex locked.  @received: bytes that came just now. */
static void
tell_progress (Transfer *t, guint64 received)
{
  g_mutex_lock (&t->progress->mutex);
  t->progress->done = t->base + facet_byte_ranges_get_total (t->done);
  t->progress->received += received;
  if (received > 0 && t->progress->phase == FACET_DOWNLOAD_WAITING)
    t->progress->phase = FACET_DOWNLOAD_TRANSFERRING;
  g_mutex_unlock (&t->progress->mutex);
}

/* ---- the disk ---- */

static void
set_disk_error (GError **error, const char *path, int number)
{
  g_autofree char *name = g_filename_display_name (path);

  if (number == ENOSPC || number == EDQUOT)
    g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_NO_SPACE,
                 _ ("The disk is full: there is no more space for “%s”. Make some and go on; what "
                    "was downloaded is kept."),
                 name);
  else
    g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_DISK,
                 _ ("“%s” cannot be written or read: %s."), name, g_strerror (number));
}

static gboolean
write_at (Transfer *t, const guint8 *bytes, gsize length, guint64 offset, GError **error)
{
  while (length > 0) {
    gssize n = pwrite (t->fd, bytes, length, (off_t)offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      set_disk_error (error, t->part, n < 0 ? errno : ENOSPC);
      return FALSE;
    }
    bytes += n;
    length -= (gsize)n;
    offset += (guint64)n;
  }
  return TRUE;
}

/* ---- hashes ---- */

/* A small file's is that of git: of a head and the bytes. */
static GChecksum *
begin_hash (const FacetHubFile *file)
{
  GChecksum *checksum;

  if (file->sha256 != NULL)
    return g_checksum_new (G_CHECKSUM_SHA256);
  checksum = g_checksum_new (G_CHECKSUM_SHA1);
  if (file->git_sha1 != NULL) {
    g_autofree char *head = g_strdup_printf ("blob %" G_GUINT64_FORMAT, file->size);

    g_checksum_update (checksum, (const guchar *)head, (gssize)strlen (head) + 1);
  }
  return checksum;
}

static gboolean
is_right_hash (const FacetHubFile *file, GChecksum *checksum)
{
  const char *expected = file->sha256 != NULL ? file->sha256 : file->git_sha1;

  return g_strcmp0 (g_checksum_get_string (checksum), expected) == 0;
}

/* Adds bytes [*@from, @to) of @fd.  FALSE: it cannot be read, or was cancelled. */
static gboolean
hash_bytes (GChecksum            *checksum,
            int                   fd,
            const char           *path,
            guint64              *from,
            guint64               to,
            FacetDownloadDoneFunc done_func,
            gpointer              user_data,
            GCancellable         *cancellable,
            GError              **error)
{
  g_autofree guint8 *buffer = g_malloc (HASH_BYTES);

  while (*from < to) {
    gssize n = pread (fd, buffer, MIN (HASH_BYTES, to - *from), (off_t)*from);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      set_disk_error (error, path, n < 0 ? errno : EIO);
      return FALSE;
    }
    g_checksum_update (checksum, buffer, n);
    *from += (guint64)n;
    if (done_func != NULL)
      done_func ((guint64)n, user_data);
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
  }
  return TRUE;
}

static void
set_hash_error (GError **error, const FacetHubFile *file)
{
  g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_HASH,
               _ ("“%s” is damaged: its checksum is not the one that the server lists. Download it "
                  "again; if that does not help, use another server."),
               file->path);
}

gboolean
facet_download_file_check (const FacetHubFile   *file,
                           const char           *path,
                           FacetDownloadDoneFunc done_func,
                           gpointer              user_data,
                           GCancellable         *cancellable,
                           GError              **error)
{
  g_autoptr (GChecksum) checksum = begin_hash (file);
  int         fd = open (path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  guint64     from = 0;
  gboolean    fine;

  if (fd < 0 || fstat (fd, &st) < 0) {
    set_disk_error (error, path, errno);
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  fine = (guint64)st.st_size == file->size;
  if (!fine)
    set_hash_error (error, file);
  fine = fine && hash_bytes (checksum, fd, path, &from, file->size, done_func, user_data,
                             cancellable, error);
  close (fd);
  if (fine && !is_right_hash (file, checksum)) {
    set_hash_error (error, file);
    fine = FALSE;
  }
  return fine;
}

/* ---- who fills what ---- */

static gboolean
is_over (Transfer *t)
{
  return t->error != NULL || t->changed || g_cancellable_is_cancelled (t->stop);
}

/* Takes a piece of the first gap.  FALSE: there is nothing (more) to do for this connection. */
static gboolean
take (Transfer *t, FacetByteRange *claim)
{
  gboolean taken = FALSE;

  g_mutex_lock (&t->mutex);
  while (t->manner == MANNER_ASKING && !is_over (t))
    g_cond_wait (&t->cond, &t->mutex);
  if (!is_over (t) && !(t->manner == MANNER_WHOLE && t->claimed->len > 0)) {
    g_autoptr (GArray) busy = facet_byte_ranges_copy (t->done);

    facet_byte_ranges_add_all (busy, t->claimed);
    taken = facet_byte_ranges_find_gap (busy, t->file->size, claim);
    if (taken) {
      claim->end = MIN (claim->end, claim->first + t->tuning.piece_bytes);
      g_array_append_val (t->claimed, *claim);
      if (t->manner == MANNER_UNKNOWN)
        t->manner = MANNER_ASKING;
    }
  }
  g_mutex_unlock (&t->mutex);
  return taken;
}

static void
give_back (Transfer *t, const FacetByteRange *claim)
{
  g_mutex_lock (&t->mutex);
  for (guint i = 0; i < t->claimed->len; i++)
    if (g_array_index (t->claimed, FacetByteRange, i).first == claim->first) {
      g_array_remove_index (t->claimed, i);
      break;
    }
  if (t->manner == MANNER_ASKING)
    t->manner = MANNER_UNKNOWN;
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->mutex);
}

/* Takes @error; the first one counts.  Ends all connections. */
static void
fail (Transfer *t, GError *error)
{
  g_mutex_lock (&t->mutex);
  if (is_over (t))
    g_error_free (error);
  else
    t->error = error;
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->mutex);
  g_cancellable_cancel (t->stop);
}

/* What the server has is not what the file was begun with. */
static void
declare_changed (Transfer *t)
{
  g_mutex_lock (&t->mutex);
  t->changed = TRUE;
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->mutex);
  g_cancellable_cancel (t->stop);
}

/* ---- one request ---- */

static gboolean
differs (const char *a, const char *b)
{
  return a != NULL && b != NULL && !g_str_equal (a, b);
}

/* Whether the answer is of the bytes that the file has already.  With t->mutex locked. */
static gboolean
is_same_file (Transfer *t, const FacetHubReply *reply)
{
  guint64 told = reply->is_part ? reply->total : reply->length >= 0 ? (guint64)reply->length : 0;

  if (told != 0 && told != t->file->size)
    return FALSE;
  if (reply->identity != NULL && t->identity != NULL)
    return g_str_equal (reply->identity, t->identity);
  return !differs (reply->etag, t->etag);
}

/* Settles how the server answers.  FALSE: the file has changed, or the answer is not to the
 * question. */
static gboolean
accept_reply (Transfer *t, const FacetHubReply *reply, FacetByteRange *claim, GError **error)
{
  gboolean accepted = TRUE, changed;

  g_mutex_lock (&t->mutex);
  /* All of it, although it sends parts: it has another one than the condition names. */
  changed = !is_same_file (t, reply) || (!reply->is_part && t->manner == MANNER_PARTS);
  if (changed) {
    accepted = FALSE;
  } else if (!reply->is_part) {
    t->manner = MANNER_WHOLE;
    g_array_set_size (t->done, 0);
    g_array_set_size (t->claimed, 0);
    *claim = (FacetByteRange){0, t->file->size};
    g_array_append_val (t->claimed, *claim);
  } else if (reply->first != claim->first) {
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                 _ ("The server sends another part of “%s” than it was asked for."), t->file->path);
    accepted = FALSE;
  } else {
    t->manner = MANNER_PARTS;
  }
  if (accepted) {
    g_free (t->identity);
    t->identity = g_strdup (reply->identity);
    g_free (t->etag);
    t->etag = g_strdup (reply->etag);
    tell_progress (t, 0);
  }
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->mutex);
  if (changed)
    declare_changed (t);
  return accepted;
}

static gboolean
read_body (Transfer             *t,
           FacetHubReply        *reply,
           const FacetByteRange *claim,
           gboolean             *moved,
           GError              **error)
{
  g_autofree guint8 *buffer = g_malloc (READ_BYTES);
  guint64            at = claim->first;
  guint64            end = reply->is_part ? MIN (claim->end, reply->end) : claim->end;

  while (at < end) {
    g_autoptr (GError) cause = NULL;
    gssize n =
        g_input_stream_read (reply->stream, buffer, MIN (READ_BYTES, end - at), t->stop, &cause);

    if (n <= 0) {
      if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_propagate_error (error, g_steal_pointer (&cause));
      else
        g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NETWORK,
                     _ ("The connection broke while “%s” was downloaded: %s. Check the network; "
                        "what was downloaded is kept."),
                     t->file->path, cause != NULL ? cause->message : _ ("it ended too early"));
      return FALSE;
    }
    if (!write_at (t, buffer, (gsize)n, at, error))
      return FALSE;
    g_mutex_lock (&t->mutex);
    facet_byte_ranges_add (t->done, at, at + (guint64)n);
    tell_progress (t, (guint64)n);
    g_mutex_unlock (&t->mutex);
    at += (guint64)n;
    *moved = TRUE;
  }
  return TRUE;
}

static gboolean
fetch (Transfer       *t,
       SoupSession    *session,
       FacetByteRange *claim,
       gboolean       *moved,
       guint          *retry_after,
       GError        **error)
{
  g_autofree char *etag = NULL;
  g_autoptr (GError) cause = NULL;
  FacetHubReply reply;
  gboolean      whole, fine;

  g_mutex_lock (&t->mutex);
  whole = t->manner == MANNER_WHOLE;
  /* Hosts that take turns have ETags of their own for what the hub says is the same. */
  etag = t->identity == NULL ? g_strdup (t->etag) : NULL;
  g_mutex_unlock (&t->mutex);
  if (!facet_hub_get (t->hub, session, t->listing->repository, t->listing->commit, t->file->path,
                      whole ? 0 : claim->first, whole ? 0 : claim->end, etag, &reply, retry_after,
                      t->stop, &cause)) {
    if (g_error_matches (cause, FACET_HUB_ERROR, FACET_HUB_ERROR_RANGE))
      declare_changed (t);
    else
      g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  fine = accept_reply (t, &reply, claim, error) && read_body (t, &reply, claim, moved, error);
  facet_hub_reply_clear (&reply);
  return fine;
}

static gboolean
may_help_to_repeat (const GError *error)
{
  return g_error_matches (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NETWORK) ||
         g_error_matches (error, FACET_HUB_ERROR, FACET_HUB_ERROR_BUSY);
}

/* Doubled with each failure in a row, and not the same for all connections. */
static void
wait_before_retry (Transfer *t, guint failures, guint retry_after, const GError *error)
{
  guint   ms = MIN (t->tuning.retry_ms << MIN (failures - 1, 16), MAX_RETRY_MS);
  GPollFD fd;

  ms =
      retry_after > 0 ? retry_after * 1000 : ms + (guint)g_random_int_range (0, (gint32)ms / 4 + 1);
  facet_download_progress_set_phase (t->progress, FACET_DOWNLOAD_WAITING, error->message);
  if (g_cancellable_make_pollfd (t->stop, &fd)) {
    g_poll (&fd, 1, (int)ms);
    g_cancellable_release_fd (t->stop);
  }
}

static gboolean
sends_parts (Transfer *t)
{
  gboolean parts;

  g_mutex_lock (&t->mutex);
  parts = t->manner != MANNER_WHOLE;
  g_mutex_unlock (&t->mutex);
  return parts;
}

static gpointer
connection_thread (gpointer data)
{
  Transfer *t = data;
  g_autoptr (SoupSession) session = facet_hub_session_new ();
  FacetByteRange claim;
  guint          failures = 0;

  while (take (t, &claim)) {
    g_autoptr (GError) error = NULL;
    gboolean moved = FALSE;
    guint    retry_after = 0;
    gboolean fine = fetch (t, session, &claim, &moved, &retry_after, &error);

    give_back (t, &claim);
    if (fine || (moved && sends_parts (t)))
      failures = 0;
    if (fine || error == NULL)
      continue; /* changed: there is nothing more to take */
    if (!may_help_to_repeat (error) || ++failures > t->tuning.retries)
      fail (t, g_steal_pointer (&error));
    else
      wait_before_retry (t, failures, retry_after, error);
  }
  g_mutex_lock (&t->mutex);
  t->n_connections--;
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->mutex);
  return NULL;
}

/* ---- the calling thread ---- */

/* First the bytes, then the journal that speaks of them. */
static gboolean
save (Transfer *t, GError **error)
{
  FacetDownloadJournal journal = {.size = t->file->size};
  gboolean             fine;

  g_mutex_lock (&t->mutex);
  journal.ranges = facet_byte_ranges_copy (t->done);
  journal.identity = g_strdup (t->identity);
  journal.etag = g_strdup (t->etag);
  g_mutex_unlock (&t->mutex);
  fine = facet_byte_ranges_get_total (journal.ranges) == t->saved;
  if (!fine) {
    if (fdatasync (t->fd) < 0)
      set_disk_error (error, t->part, errno);
    else
      fine = facet_download_journal_save (&journal, t->journal, error);
    t->saved = facet_byte_ranges_get_total (journal.ranges);
  }
  facet_download_journal_clear (&journal);
  return fine;
}

static guint64
get_prefix (Transfer *t)
{
  guint64 prefix;

  g_mutex_lock (&t->mutex);
  /* A server that sends only all of it begins again after each failure. */
  prefix = t->manner == MANNER_WHOLE ? 0 : facet_byte_ranges_get_prefix (t->done);
  g_mutex_unlock (&t->mutex);
  return prefix;
}

/* Until all connections are done: saves, and hashes what is there. */
static void
attend (Transfer *t)
{
  g_mutex_lock (&t->mutex);
  while (t->n_connections > 0) {
    gint64 until = g_get_monotonic_time () + t->tuning.journal_ms * G_TIME_SPAN_MILLISECOND;
    g_autoptr (GError) error = NULL;

    while (t->n_connections > 0 && g_cond_wait_until (&t->cond, &t->mutex, until))
      ;
    g_mutex_unlock (&t->mutex);
    if (!save (t, &error) || !hash_bytes (t->checksum, t->fd, t->part, &t->hashed,
                                          MIN (get_prefix (t), t->hashed + 128 * HASH_BYTES), NULL,
                                          NULL, t->stop, &error))
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        fail (t, g_steal_pointer (&error));
    g_mutex_lock (&t->mutex);
  }
  g_mutex_unlock (&t->mutex);
}

static void
stop_cb (GCancellable *cancellable, gpointer stop)
{
  g_cancellable_cancel (stop);
}

/* Fills the gaps.  FALSE without an error: the server has another file now. */
static gboolean
transfer_bytes (Transfer *t, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  gulong   handler;
  gboolean fine;

  t->stop = g_cancellable_new ();
  t->manner = MANNER_UNKNOWN;
  t->changed = FALSE;
  handler = cancellable != NULL
                ? g_cancellable_connect (cancellable, G_CALLBACK (stop_cb), t->stop, NULL)
                : 0;
  facet_download_progress_set_phase (t->progress, FACET_DOWNLOAD_TRANSFERRING, t->file->path);
  t->n_connections =
      (guint)CLAMP ((t->file->size + t->tuning.piece_bytes - 1) / t->tuning.piece_bytes, 1,
                    t->tuning.connections);
  for (guint i = 0, n = t->n_connections; i < n; i++)
    g_ptr_array_add (threads, g_thread_new ("facet-download", connection_thread, t));
  attend (t);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  g_cancellable_disconnect (cancellable, handler);
  g_clear_object (&t->stop);

  fine = !t->changed && save (t, t->error == NULL ? &t->error : NULL);
  if (t->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&t->error));
    return FALSE;
  }
  return fine && !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* FALSE without an error: the hash is wrong. */
static gboolean
check (Transfer *t, GCancellable *cancellable, GError **error)
{
  facet_download_progress_set_phase (t->progress, FACET_DOWNLOAD_CHECKING, t->file->path);
  return hash_bytes (t->checksum, t->fd, t->part, &t->hashed, t->file->size, NULL, NULL,
                     cancellable, error) &&
         is_right_hash (t->file, t->checksum);
}

/* Nothing that is there counts any more. */
static gboolean
begin_again (Transfer *t, GError **error)
{
  g_array_set_size (t->done, 0);
  g_clear_pointer (&t->identity, g_free);
  g_clear_pointer (&t->etag, g_free);
  g_clear_pointer (&t->checksum, g_checksum_free);
  t->checksum = begin_hash (t->file);
  t->hashed = t->saved = 0;
  tell_progress (t, 0);
  if (g_unlink (t->journal) < 0 && errno != ENOENT) {
    set_disk_error (error, t->journal, errno);
    return FALSE;
  }
  if (ftruncate (t->fd, 0) == 0)
    return TRUE;
  set_disk_error (error, t->part, errno);
  return FALSE;
}

static gboolean
finish (Transfer *t, GError **error)
{
  if (fsync (t->fd) < 0 || g_rename (t->part, t->path) < 0) {
    set_disk_error (error, t->path, errno);
    return FALSE;
  }
  g_unlink (t->journal);
  return TRUE;
}

static gboolean
run (Transfer *t, GCancellable *cancellable, GError **error)
{
  for (guint restarts = 0;; restarts++) {
    g_autoptr (GError) cause = NULL;
    gboolean came = transfer_bytes (t, cancellable, &cause);

    if (came && check (t, cancellable, &cause))
      return finish (t, error);
    if (cause != NULL) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    if (!begin_again (t, error))
      return FALSE;
    if (restarts < MAX_RESTARTS)
      continue;
    if (came)
      set_hash_error (error, t->file);
    else
      g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_CHANGED,
                   _ ("“%s” changes on the server while it is downloaded, or is not the one that "
                      "the server lists. Try again later, or use another server."),
                   t->file->path);
    return FALSE;
  }
}

/* ---- what was there before ---- */

static char *
sibling (const char *folder, const FacetHubFile *file, const char *suffix)
{
  g_autofree char *name = g_strconcat (file->path, suffix, NULL);

  return g_build_filename (folder, name, NULL);
}

static gboolean
is_whole (const char *path, const FacetHubFile *file)
{
  GStatBuf st;

  return g_stat (path, &st) == 0 && S_ISREG (st.st_mode) && (guint64)st.st_size == file->size;
}

/* What the journal says, if the bytes can be there. */
static void
load_journal (FacetDownloadJournal *journal, const FacetHubFile *file, const char *folder)
{
  g_autofree char *part = sibling (folder, file, ".part"), *path =
                                                               sibling (folder, file, ".journal");
  const FacetByteRange *last;
  GStatBuf              st;

  facet_download_journal_load (journal, path, file->size);
  if (journal->ranges->len == 0)
    return;
  last = &g_array_index (journal->ranges, FacetByteRange, journal->ranges->len - 1);
  if (g_stat (part, &st) < 0 || (guint64)st.st_size < last->end)
    g_array_set_size (journal->ranges, 0);
}

guint64
facet_download_file_get_done (const FacetHubFile *file, const char *folder)
{
  g_autofree char     *path = sibling (folder, file, "");
  FacetDownloadJournal journal = {0};
  guint64              done = file->size;

  if (!is_whole (path, file)) {
    load_journal (&journal, file, folder);
    done = facet_byte_ranges_get_total (journal.ranges);
    facet_download_journal_clear (&journal);
  }
  return done;
}

static void
settle_tuning (FacetDownloadTuning *tuning)
{
  if (tuning->connections == 0)
    tuning->connections = CONNECTIONS;
  if (tuning->piece_bytes == 0)
    tuning->piece_bytes = PIECE_BYTES;
  if (tuning->retry_ms == 0)
    tuning->retry_ms = RETRY_MS;
  if (tuning->retries == 0)
    tuning->retries = RETRIES;
  if (tuning->journal_ms == 0)
    tuning->journal_ms = JOURNAL_MS;
}

static void
transfer_clear (Transfer *t)
{
  if (t->fd >= 0)
    close (t->fd);
  g_free (t->path);
  g_free (t->part);
  g_free (t->journal);
  g_free (t->identity);
  g_free (t->etag);
  g_array_unref (t->done);
  g_array_unref (t->claimed);
  g_checksum_free (t->checksum);
  g_mutex_clear (&t->mutex);
  g_cond_clear (&t->cond);
}

gboolean
facet_download_file (const FacetHub            *hub,
                     const FacetHubListing     *listing,
                     const FacetHubFile        *file,
                     const char                *folder,
                     const FacetDownloadTuning *tuning,
                     FacetDownloadProgress     *progress,
                     GCancellable              *cancellable,
                     GError                   **error)
{
  Transfer             t = {.hub = hub, .listing = listing, .file = file, .progress = progress};
  FacetDownloadJournal journal = {0};
  gboolean             fine;

  t.path = sibling (folder, file, "");
  if (is_whole (t.path, file)) {
    g_free (t.path);
    return TRUE;
  }
  t.part = sibling (folder, file, ".part");
  t.journal = sibling (folder, file, ".journal");
  load_journal (&journal, file, folder);
  t.tuning = tuning != NULL ? *tuning : (FacetDownloadTuning){0};
  settle_tuning (&t.tuning);
  t.done = g_steal_pointer (&journal.ranges);
  t.identity = g_steal_pointer (&journal.identity);
  t.etag = g_steal_pointer (&journal.etag);
  t.claimed = g_array_new (FALSE, FALSE, sizeof (FacetByteRange));
  t.saved = facet_byte_ranges_get_total (t.done);
  t.checksum = begin_hash (file);
  g_mutex_init (&t.mutex);
  g_cond_init (&t.cond);
  g_mutex_lock (&progress->mutex);
  t.base = progress->done - t.saved;
  g_mutex_unlock (&progress->mutex);
  t.fd = open (t.part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (t.fd < 0)
    set_disk_error (error, t.part, errno);
  fine = t.fd >= 0 && run (&t, cancellable, error);
  transfer_clear (&t);
  return fine;
}
