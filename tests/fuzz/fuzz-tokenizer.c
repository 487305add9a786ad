/* fuzz-tokenizer.c: a hostile tokenizer.json, and a little text through what it gives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whatever the file, loading ends in a tokenizer or an error with a message; and whatever the
 * tokenizer, encoding gives ids of its own, no special one unless asked for, which decode to whole
 * UTF-8, at once and one by one alike. */
#define G_LOG_DOMAIN "fuzz-tokenizer"

#include "engine/gem-tokenizer.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* In plain text no special token stands, but for the one that may stand for the unknown. */
static void
check_special (GemTokenizer *tokenizer, const GArray *ids)
{
  gint32 unknown = -1;

  for (guint i = 0; i < ids->len; i++) {
    gint32 id = g_array_index (ids, gint32, i);

    if (gem_tokenizer_get_kind (tokenizer, id) != GEM_TOKEN_SPECIAL)
      continue;
    g_assert_true (unknown < 0 || unknown == id);
    unknown = id;
  }
}

static void
check_ids (GemTokenizer *tokenizer, const GArray *ids)
{
  g_autoptr (GemDetokenizer) stream = gem_detokenizer_new (tokenizer, FALSE);
  g_autoptr (GString) whole = g_string_new (NULL);
  g_autoptr (GString) pieces = g_string_new (NULL);

  for (guint i = 0; i < ids->len; i++) {
    gint32 id = g_array_index (ids, gint32, i);
    gsize  before = pieces->len;

    g_assert_nonnull (gem_tokenizer_get_text (tokenizer, id));
    gem_detokenizer_push (stream, id, pieces);
    for (gsize at = before; at < pieces->len; at++) /* U+0000 ends what GLib validates */
      if (pieces->str[at] == '\0')
        before = at + 1;
    g_assert_true (g_utf8_validate (pieces->str + before, (gssize)(pieces->len - before), NULL));
  }
  gem_detokenizer_finish (stream, pieces);
  gem_tokenizer_decode_append (tokenizer, (const gint32 *)(const void *)ids->data, ids->len, FALSE,
                               whole);
  g_assert_true (g_string_equal (whole, pieces));
}

static void
encode (GemTokenizer *tokenizer, const char *text, gsize length, GemEncodeFlags flags)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_assert_true (gem_tokenizer_encode (tokenizer, text, (gssize)length, flags, ids, NULL));
  g_assert_cmpuint (gem_tokenizer_count (tokenizer, text, (gssize)length, flags), ==, ids->len);
  if (!(flags & GEM_ENCODE_SPECIAL))
    check_special (tokenizer, ids);
  check_ids (tokenizer, ids);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char text[] = "a b  c\n\n\n<bos><|turn>user\nTatata h\xc3\xa9 \xe2\x96\x81 "
                             "\xf0\x9f\x98\x80 \xff\xc3 <0x41>";
  g_autoptr (GError) error = NULL;
  g_autoptr (GemTokenizer) tokenizer =
      gem_tokenizer_new_from_data ((const char *)data, size, "fuzz.json", &error);

  if (tokenizer == NULL) {
    g_assert_nonnull (error);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    return 0;
  }
  g_assert_no_error (error);
  encode (tokenizer, text, sizeof text, GEM_ENCODE_PLAIN);
  encode (tokenizer, text, sizeof text, GEM_ENCODE_SPECIAL);
  /* The file itself as a text: its own tokens stand in it. */
  encode (tokenizer, (const char *)data, MIN (size, 4096), GEM_ENCODE_SPECIAL);
  return 0;
}
