/* gem-session-head.c: the beginning of a session's file, written and read.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is read is hostile until checked: every count is bounded by the bytes that are there before
 * anything is allocated for it. */
#define G_LOG_DOMAIN "gem"

#include "gem-session-head.h"

#include <string.h>

#define MAGIC          "FACETKV1"
#define VERSION        1 /* of this file, and of what the engine computes and calls equal */
#define ORDER          0x01020304u
#define IDENTITY_AT    40
#define MAX_KEY        1024
#define SPAN_BYTES     20
#define MAX_HEAD_BYTES (64 << 20)

/* What stands between magic and identity. */
typedef struct {
  guint32 order, version, n_tokens, first, n_spans, span_bytes;
  guint64 data_bytes;
} Numbers;

G_STATIC_ASSERT (sizeof (Numbers) == IDENTITY_AT - 8);
G_STATIC_ASSERT (IDENTITY_AT + GEM_SESSION_SUM_BYTES == GEM_SESSION_START_BYTES);

void
gem_session_head_clear (GemSessionHead *self)
{
  g_clear_pointer (&self->tokens, g_free);
  g_clear_pointer (&self->soft, g_array_unref);
}

void
gem_session_sum (const guint8 *bytes, gsize length, guint8 *sum)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize sum_bytes = GEM_SESSION_SUM_BYTES;

  g_checksum_update (checksum, bytes, (gssize)length);
  g_checksum_get_digest (checksum, sum, &sum_bytes);
}

/* ---- writing ---- */

static void
write_span (GByteArray *bytes, const GemSoftSpan *span)
{
  guint32 key_bytes = (guint32)strlen (span->soft->key);
  guint32 numbers[] = {span->position, span->row, span->n, span->soft->n, key_bytes};

  g_byte_array_append (bytes, (const guint8 *)numbers, sizeof numbers);
  g_byte_array_append (bytes, (const guint8 *)span->soft->key, key_bytes);
}

GByteArray *
gem_session_head_write (const GemSessionHead *self)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Numbers numbers = {.order = ORDER,
                     .version = VERSION,
                     .n_tokens = self->n_tokens,
                     .first = self->first,
                     .n_spans = self->soft->len,
                     .data_bytes = self->data_bytes};
  guint8  sum[GEM_SESSION_SUM_BYTES];
  guint   spans_at;

  g_byte_array_append (bytes, (const guint8 *)MAGIC, 8);
  g_byte_array_append (bytes, (const guint8 *)&numbers, sizeof numbers);
  g_byte_array_append (bytes, self->identity, sizeof self->identity);
  g_byte_array_append (bytes, (const guint8 *)self->tokens, self->n_tokens * sizeof (gint32));
  spans_at = bytes->len;
  for (guint i = 0; i < self->soft->len; i++)
    write_span (bytes, &g_array_index (self->soft, GemSoftSpan, i));
  numbers.span_bytes = bytes->len - spans_at;
  memcpy (bytes->data + 8, &numbers, sizeof numbers);
  gem_session_sum (bytes->data, bytes->len, sum);
  g_byte_array_append (bytes, sum, sizeof sum);
  return g_steal_pointer (&bytes);
}

/* ---- reading ---- */

gsize
gem_session_head_measure (const guint8 *start)
{
  Numbers numbers;
  guint64 length;

  memcpy (&numbers, start + 8, sizeof numbers);
  if (memcmp (start, MAGIC, 8) != 0 || numbers.order != ORDER || numbers.version != VERSION ||
      numbers.n_tokens == 0 || numbers.n_tokens > GEM_MAX_POSITIONS)
    return 0;
  length = GEM_SESSION_START_BYTES + (guint64)numbers.n_tokens * sizeof (gint32) +
           numbers.span_bytes + GEM_SESSION_SUM_BYTES;
  return length <= MAX_HEAD_BYTES ? (gsize)length : 0;
}

/* One span at *@at, which is moved behind it; FALSE: it is none that follows those before. */
static gboolean
read_span (GemSessionHead *self, const guint8 **at, const guint8 *end)
{
  const GemSoftSpan *last =
      self->soft->len > 0 ? &g_array_index (self->soft, GemSoftSpan, self->soft->len - 1) : NULL;
  g_autofree char *key = NULL;
  guint32          numbers[SPAN_BYTES / 4];
  GemSoftSpan      span;
  guint32          n_soft, key_bytes;

  if ((gsize)(end - *at) < SPAN_BYTES)
    return FALSE;
  memcpy (numbers, *at, SPAN_BYTES);
  *at += SPAN_BYTES;
  span = (GemSoftSpan){.position = numbers[0], .row = numbers[1], .n = numbers[2]};
  n_soft = numbers[3];
  key_bytes = numbers[4];
  if (span.n == 0 || span.position >= self->n_tokens || span.n > self->n_tokens - span.position ||
      n_soft > GEM_MAX_POSITIONS || span.row >= n_soft || span.n > n_soft - span.row ||
      (last != NULL && span.position < last->position + last->n))
    return FALSE;
  if (key_bytes > MAX_KEY || (gsize)(end - *at) < key_bytes ||
      memchr (*at, '\0', key_bytes) != NULL)
    return FALSE;
  key = g_strndup ((const char *)*at, key_bytes);
  *at += key_bytes;
  span.soft = gem_soft_new (key, n_soft, 0, NULL);
  g_array_append_val (self->soft, span);
  return TRUE;
}

static gboolean
read_parts (GemSessionHead *self, const guint8 *bytes, gsize length)
{
  gsize         body = length - GEM_SESSION_SUM_BYTES;
  const guint8 *at = bytes + GEM_SESSION_START_BYTES, *end = bytes + body;
  guint8        sum[GEM_SESSION_SUM_BYTES];
  Numbers       numbers;

  gem_session_sum (bytes, body, sum);
  if (memcmp (sum, end, sizeof sum) != 0)
    return FALSE;
  memcpy (&numbers, bytes + 8, sizeof numbers);
  self->n_tokens = numbers.n_tokens;
  self->first = numbers.first;
  self->data_bytes = numbers.data_bytes;
  memcpy (self->identity, bytes + IDENTITY_AT, sizeof self->identity);
  self->tokens = g_memdup2 (at, self->n_tokens * sizeof (gint32));
  at += self->n_tokens * sizeof (gint32);
  for (guint i = 0; i < numbers.n_spans; i++)
    if (!read_span (self, &at, end))
      return FALSE;
  return at == end && self->first < self->n_tokens;
}

gboolean
gem_session_head_read (GemSessionHead *self, const guint8 *bytes, gsize length, GError **error)
{
  *self = (GemSessionHead){.soft = gem_soft_spans_new ()};
  if (length >= GEM_SESSION_START_BYTES && gem_session_head_measure (bytes) == length &&
      read_parts (self, bytes, length))
    return TRUE;
  g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "Its beginning is damaged.");
  return FALSE;
}
