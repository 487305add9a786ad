/* gem-session-file.c: keys and values between a session's caches and a file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writer and reader walk over the same pieces, whose places follow from the head and the model's
 * shape alone.  A writer works on a file of another name and renames it when all of it is there.
 * Nothing is synchronised: a file that a crash tears apart is found by its sums. */
#define G_LOG_DOMAIN "gem"

#include "gem-session-file.h"

#include "gem-session-head.h"
#include "gem-session-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES     (1 << 20)
#define PIECE_SUM_BYTES 20 /* SHA-1 */

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Positions [position, position + n) of the keys or the values of a layer. */
typedef struct {
  const KrnMat *view;
  guint         position, n;
  gsize         bytes; /* without the sum */
  guint32       index;
} Piece;

/* A walk over the pieces of a timeline of @n tokens, with @first as in the head. */
typedef struct {
  GemSession *session;
  guint       n, first;
  int         layer;
  gboolean    in_values;
  guint       position;
  guint32     index;
} Walk;

static gboolean
next_piece (Walk *walk, Piece *piece)
{
  const GemTextConfig *c = &walk->session->config->text;

  while (walk->layer < c->first_shared) {
    const KrnCache *cache = &walk->session->cache.layers[walk->layer];
    guint           begin = c->layer_types[walk->layer] == GEM_LAYER_FULL ? 0 : walk->first;
    gsize           row_bytes = gem_cache_row_bytes (&cache->k);

    walk->position = MAX (walk->position, begin);
    if (walk->position < walk->n) {
      piece->view = walk->in_values ? &cache->v : &cache->k;
      piece->position = walk->position;
      piece->n = (guint)MIN (walk->n - walk->position, MAX (PIECE_BYTES / row_bytes, 1));
      piece->bytes = piece->n * row_bytes;
      piece->index = walk->index++;
      walk->position += piece->n;
      return TRUE;
    }
    walk->layer += walk->in_values;
    walk->in_values = !walk->in_values;
    walk->position = 0;
  }
  return FALSE;
}

/* The bytes of all pieces, and of the largest one with its sum. */
static guint64
count_bytes (GemSession *session, guint n, guint first, gsize *largest)
{
  Walk    walk = {.session = session, .n = n, .first = first};
  guint64 bytes = 0;
  Piece   piece;

  *largest = 0;
  while (next_piece (&walk, &piece)) {
    bytes += piece.bytes + PIECE_SUM_BYTES;
    *largest = MAX (*largest, piece.bytes + PIECE_SUM_BYTES);
  }
  return bytes;
}

/* With the head's sum and its number in it, so that no piece passes for another. */
static void
sum_piece (const guint8 *head_sum, const Piece *piece, const guint8 *rows, guint8 *sum)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  gsize sum_bytes = PIECE_SUM_BYTES;

  g_checksum_update (checksum, head_sum, GEM_SESSION_SUM_BYTES);
  g_checksum_update (checksum, (const guint8 *)&piece->index, sizeof piece->index);
  g_checksum_update (checksum, rows, (gssize)piece->bytes);
  g_checksum_get_digest (checksum, sum, &sum_bytes);
}

/* ---- whose they are -------------------------------------------------------------------------- */

/* Everything on which it depends what keys and values are, and what shape they have. */
static void
identify (GemSession *session, guint8 *identity)
{
  const GemTextConfig  *c = &session->config->text;
  const GemTextWeights *w = gem_model_get_text_weights (session->model);
  g_autoptr (GString) text = g_string_new (gem_model_get_identity (session->model));

  g_string_append_printf (text, " %s kv %d weights %d %d window %d", session->k->name, w->kv_type,
                          w->layers[0].qkv.wq.type, w->layers[0].mlp.gate.type, c->sliding_window);
  g_string_append_printf (text, " theta %g %g %g eps %g", c->rope_theta_sliding, c->rope_theta_full,
                          c->partial_rotary_factor_full, (double)c->rms_norm_eps);
  for (int l = 0; l < c->first_shared; l++)
    g_string_append_printf (text, " %d×%d", c->layer_types[l], session->cache.layers[l].k.cols);
  gem_session_sum ((const guint8 *)text->str, text->len, identity);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct _GemSessionWriter {
  GemSession *session;
  char       *path, *part;
  int         fd; /* −1: not open (any more) */
  Walk        walk;
  guint8      head_sum[GEM_SESSION_SUM_BYTES];
  guint8     *buffer; /* a piece and its sum */
};

/* The first position that is kept of sliding layers: rewinding by @rewind needs no more. */
static guint
first_kept (GemSession *session, guint rewind)
{
  const GemCache *cache = &session->cache;
  guint64         seen = (guint64)cache->window + rewind;
  guint           wanted = session->length + 1 > seen ? (guint)(session->length + 1 - seen) : 0;

  return MAX (wanted, gem_cache_get_oldest (cache));
}

guint64
gem_session_file_bytes (GemSession *session, guint rewind)
{
  gsize   largest;
  guint64 data = count_bytes (session, session->length, first_kept (session, rewind), &largest);

  return GEM_SESSION_START_BYTES + session->length * sizeof (gint32) + GEM_SESSION_SUM_BYTES + data;
}

static gboolean
set_file_error (int code, GError **error)
{
  g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s.", g_strerror (code));
  return FALSE;
}

static gboolean
write_all (int fd, const guint8 *bytes, gsize length, GError **error)
{
  while (length > 0) {
    gssize n = write (fd, bytes, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return set_file_error (n < 0 ? errno : ENOSPC, error);
    bytes += n;
    length -= (gsize)n;
  }
  return TRUE;
}

static gboolean
write_head (GemSessionWriter *self, guint64 data_bytes, GError **error)
{
  GemSession    *session = self->session;
  GemSessionHead head = {.n_tokens = self->walk.n,
                         .first = self->walk.first,
                         .data_bytes = data_bytes,
                         .tokens = session->tokens,
                         .soft = session->soft};
  g_autoptr (GByteArray) bytes = NULL;

  for (guint i = 0; i < session->soft->len; i++)
    if (g_array_index (session->soft, GemSoftSpan, i).soft->key == NULL) {
      g_set_error_literal (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                           "Some of its soft tokens have no key.");
      return FALSE;
    }
  identify (session, head.identity);
  bytes = gem_session_head_write (&head);
  memcpy (self->head_sum, bytes->data + bytes->len - GEM_SESSION_SUM_BYTES, GEM_SESSION_SUM_BYTES);
  return write_all (self->fd, bytes->data, bytes->len, error);
}

GemSessionWriter *
gem_session_writer_new (GemSession *session, guint rewind, const char *path, GError **error)
{
  g_autoptr (GemSessionWriter) self = g_new0 (GemSessionWriter, 1);
  gsize   largest;
  guint64 data_bytes;

  g_return_val_if_fail (session->length > 0, NULL);
  self->session = session;
  self->walk =
      (Walk){.session = session, .n = session->length, .first = first_kept (session, rewind)};
  data_bytes = count_bytes (session, self->walk.n, self->walk.first, &largest);
  self->buffer = g_malloc (largest);
  self->path = g_strdup (path);
  self->part = g_strdup_printf ("%s.%d.part", path, (int)getpid ());
  self->fd = open (self->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fd < 0) {
    set_file_error (errno, error);
    return NULL;
  }
  return write_head (self, data_bytes, error) ? g_steal_pointer (&self) : NULL;
}

static gboolean
finish (GemSessionWriter *self, GError **error)
{
  int fd = self->fd;

  self->fd = -1;
  if (close (fd) == 0 && g_rename (self->part, self->path) == 0)
    return TRUE;
  set_file_error (errno, error);
  g_unlink (self->part);
  return FALSE;
}

gboolean
gem_session_writer_step (GemSessionWriter *self, gboolean *done, GError **error)
{
  Piece piece;

  g_return_val_if_fail (self->fd >= 0, FALSE);
  *done = !next_piece (&self->walk, &piece);
  if (*done)
    return finish (self, error);
  gem_cache_read (&self->session->cache, piece.view, piece.position, piece.n, self->buffer);
  if (!gem_decoder_finish (&self->session->decoder, error))
    return FALSE;
  sum_piece (self->head_sum, &piece, self->buffer, self->buffer + piece.bytes);
  return write_all (self->fd, self->buffer, piece.bytes + PIECE_SUM_BYTES, error);
}

void
gem_session_writer_free (GemSessionWriter *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0) {
    close (self->fd);
    g_unlink (self->part);
  }
  g_free (self->buffer);
  g_free (self->path);
  g_free (self->part);
  g_free (self);
}

/* ---- reading --------------------------------------------------------------------------------- */

static gboolean
set_damaged (const char *why, GError **error)
{
  g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, why);
  return FALSE;
}

static gboolean
read_all (int fd, guint8 *bytes, gsize length, GError **error)
{
  while (length > 0) {
    gssize n = read (fd, bytes, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return set_file_error (errno, error);
    if (n == 0)
      return set_damaged ("It ends early.", error);
    bytes += n;
    length -= (gsize)n;
  }
  return TRUE;
}

/* The file's head, and its sum.  @size: what the system says that the file has. */
static gboolean
read_head (int             fd,
           guint64         size,
           GemSessionHead *head,
           guint8         *head_sum,
           guint64        *data_at,
           GError        **error)
{
  guint8             start[GEM_SESSION_START_BYTES];
  g_autofree guint8 *bytes = NULL;
  gsize              length;

  if (!read_all (fd, start, sizeof start, error))
    return FALSE;
  length = gem_session_head_measure (start);
  if (length == 0 || length > size)
    return set_damaged ("It is not one of this version.", error);
  bytes = g_try_malloc (length);
  if (bytes == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_NO_MEMORY, "There is no memory to read it.");
    return FALSE;
  }
  memcpy (bytes, start, sizeof start);
  if (!read_all (fd, bytes + sizeof start, length - sizeof start, error) ||
      !gem_session_head_read (head, bytes, length, error))
    return FALSE;
  memcpy (head_sum, bytes + length - GEM_SESSION_SUM_BYTES, GEM_SESSION_SUM_BYTES);
  *data_at = length;
  return TRUE;
}

/* That the file is this model's, and all of it is there. */
static gboolean
check_head (GemSession           *session,
            const GemSessionHead *head,
            guint64               data_at,
            guint64               size,
            gsize                *largest,
            GError              **error)
{
  guint8  identity[GEM_SESSION_SUM_BYTES];
  guint64 bytes;

  identify (session, identity);
  if (memcmp (identity, head->identity, sizeof identity) != 0)
    return set_damaged ("It is of another model.", error);
  bytes = count_bytes (session, head->n_tokens, head->first, largest);
  if (bytes != head->data_bytes || bytes != size - data_at)
    return set_damaged ("It has not the size that it should have.", error);
  return TRUE;
}

/* How many of @ids are in the file and can be gone on behind. */
static guint
count_usable (GemSession           *session,
              const GemSessionHead *head,
              const gint32         *ids,
              gsize                 n_ids,
              const GArray         *soft)
{
  gsize most = MIN (MIN (head->n_tokens, n_ids - 1), session->options.n_ctx), n = 0;
  guint oldest_seen;

  while (n < most && head->tokens[n] == ids[n])
    n++;
  n = gem_soft_spans_common (head->soft, soft, (guint)n);
  oldest_seen = n + 1 > session->cache.window ? (guint)n + 1 - session->cache.window : 0;
  return oldest_seen >= head->first ? (guint)n : 0;
}

/* Reads the pieces, and brings the part of them that belongs to the first @n tokens, from
 * @first on in sliding layers, to the caches. */
static gboolean
read_pieces (GemSession           *session,
             int                   fd,
             const GemSessionHead *head,
             const guint8         *head_sum,
             guint8               *buffer,
             guint                 n,
             guint                 first,
             GError              **error)
{
  Walk  walk = {.session = session, .n = head->n_tokens, .first = head->first};
  Piece piece;

  while (next_piece (&walk, &piece)) {
    gboolean slides = piece.view->rows < (gint32)session->options.n_ctx;
    guint    begin = MAX (piece.position, slides ? first : 0);
    guint    end = MIN (piece.position + piece.n, n);
    guint8   sum[PIECE_SUM_BYTES];

    if (g_atomic_int_get (session->options.cancelled)) {
      g_set_error_literal (error, GEM_ERROR, GEM_ERROR_CANCELLED, "The computation was stopped.");
      return FALSE;
    }
    if (begin >= end) {
      if (lseek (fd, (off_t)(piece.bytes + PIECE_SUM_BYTES), SEEK_CUR) < 0)
        return set_file_error (errno, error);
      continue;
    }
    if (!read_all (fd, buffer, piece.bytes + PIECE_SUM_BYTES, error))
      return FALSE;
    sum_piece (head_sum, &piece, buffer, sum);
    if (memcmp (sum, buffer + piece.bytes, sizeof sum) != 0)
      return set_damaged ("Some of its keys and values are damaged.", error);
    gem_cache_write (&session->cache, piece.view, begin, end - begin,
                     buffer + (begin - piece.position) * gem_cache_row_bytes (piece.view));
  }
  return gem_decoder_finish (&session->decoder, error);
}

static gboolean
load (GemSession   *session,
      int           fd,
      guint64       size,
      const gint32 *ids,
      gsize         n_ids,
      const GArray *soft,
      guint        *n_loaded,
      GError      **error)
{
  g_auto (GemSessionHead) head = {.n_tokens = 0};
  g_autofree guint8 *buffer = NULL;
  guint8             head_sum[GEM_SESSION_SUM_BYTES];
  guint64            data_at;
  gsize              largest;
  guint              n, first, ring = session->cache.ring;

  if (!read_head (fd, size, &head, head_sum, &data_at, error) ||
      !check_head (session, &head, data_at, size, &largest, error))
    return FALSE;
  n = count_usable (session, &head, ids, n_ids, soft);
  if (n <= gem_session_count_reusable (session, ids, n_ids, soft))
    return TRUE;

  first = MAX (head.first, n > ring ? n - ring : 0);
  buffer = g_malloc (largest);
  gem_session_clear (session);
  if (!read_pieces (session, fd, &head, head_sum, buffer, n, first, error))
    return FALSE;
  memcpy (session->tokens, ids, n * sizeof (gint32));
  session->length = n;
  if (soft != NULL)
    gem_soft_spans_append (session->soft, soft, 0, n);
  gem_cache_resume (&session->cache, first, n);
  *n_loaded = n;
  return TRUE;
}

gboolean
gem_session_load (GemSession   *session,
                  const char   *path,
                  const gint32 *ids,
                  gsize         n_ids,
                  const GArray *soft,
                  guint        *n_loaded,
                  GError      **error)
{
  struct stat st;
  gboolean    ok;
  int         fd;

  *n_loaded = 0;
  if (n_ids == 0)
    return TRUE;
  /* O_NONBLOCK: a pipe without a writer must not hang the engine. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0)
    return errno == ENOENT ? TRUE : set_file_error (errno, error);
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    ok = load (session, fd, (guint64)st.st_size, ids, n_ids, soft, n_loaded, error);
  else
    ok = set_damaged ("It is no file.", error);
  close (fd);
  return ok;
}
