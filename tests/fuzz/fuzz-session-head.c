/* fuzz-session-head.c: a hostile beginning of a session's file; what gets through is consistent,
 * and written again it is the same.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sum behind the input is always right: no fuzzer finds one. */
#include "gem-session-head.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree guint8 *bytes = g_malloc (size + GEM_SESSION_SUM_BYTES);
  g_auto (GemSessionHead) head = {.n_tokens = 0};
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) again = NULL;
  guint end = 0;

  if (size > 0)
    memcpy (bytes, data, size);
  gem_session_sum (bytes, size, bytes + size);
  if (!gem_session_head_read (&head, bytes, size + GEM_SESSION_SUM_BYTES, &error)) {
    g_assert (error != NULL);
    return 0;
  }
  g_assert (head.first < head.n_tokens && head.n_tokens <= GEM_MAX_POSITIONS);
  for (guint i = 0; i < head.soft->len; i++) {
    const GemSoftSpan *span = &g_array_index (head.soft, GemSoftSpan, i);

    g_assert (span->position >= end && span->n > 0);
    end = span->position + span->n;
    g_assert (end <= head.n_tokens && span->row + span->n <= span->soft->n);
  }
  again = gem_session_head_write (&head);
  g_assert (again->len == size + GEM_SESSION_SUM_BYTES);
  g_assert (memcmp (again->data, bytes, again->len) == 0);
  return 0;
}
