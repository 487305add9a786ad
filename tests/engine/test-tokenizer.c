/* test-tokenizer.c: goldens, round trips, hostile files and nasty texts for the tokenizer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The goldens of the real 262,144-entry tokenizer need its file, which is too large to be kept
 * here: FACET_GEMMA3_TOKENIZER names it, and without it those tests are skipped. */
#define G_LOG_DOMAIN "test-tokenizer"

#include "engine/gem-error.h"
#include "engine/gem-tokenizer.h"

#include <jansson.h>
#include <string.h>

static char *
golden_path (const char *name)
{
  return g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "tests", "golden", name, NULL);
}

static GemTokenizer *
load_tiny (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = golden_path ("tiny-model/tokenizer.json");
  GemTokenizer    *tokenizer = gem_tokenizer_new_from_file (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (tokenizer);
  return tokenizer;
}

/* NULL after g_test_skip (). */
static GemTokenizer *
load_real (void)
{
  g_autoptr (GError) error = NULL;
  const char   *path = g_getenv ("FACET_GEMMA3_TOKENIZER");
  GemTokenizer *tokenizer;
  gint64        start = g_get_monotonic_time ();

  if (path == NULL || *path == '\0') {
    g_test_skip ("FACET_GEMMA3_TOKENIZER does not name the real Gemma 3 tokenizer.json");
    return NULL;
  }
  tokenizer = gem_tokenizer_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (tokenizer);
  g_test_message ("loaded in %.3f s", (double)(g_get_monotonic_time () - start) / 1e6);
  return tokenizer;
}

static GArray *
encode (GemTokenizer *tokenizer, const char *text, gssize length, GemEncodeFlags flags)
{
  g_autoptr (GError) error = NULL;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_assert_true (gem_tokenizer_encode (tokenizer, text, length, flags, ids, &error));
  g_assert_no_error (error);
  return ids;
}

static GString *
decode (GemTokenizer *tokenizer, const GArray *ids, gboolean skip_special)
{
  GString *out = g_string_new (NULL);

  gem_tokenizer_decode_append (tokenizer, (const gint32 *)(void *)ids->data, ids->len, skip_special,
                               out);
  return out;
}

/* Goldens */

static void
assert_ids (const json_t *wanted, const GArray *ids, const char *label)
{
  gboolean same = json_array_size (wanted) == ids->len;

  for (guint i = 0; same && i < ids->len; i++)
    same = json_integer_value (json_array_get (wanted, i)) == g_array_index (ids, gint32, i);
  if (!same) {
    g_autoptr (GString) got = g_string_new (NULL);
    g_autofree char *text = json_dumps (wanted, JSON_COMPACT);

    for (guint i = 0; i < ids->len; i++)
      g_string_append_printf (got, "%d,", g_array_index (ids, gint32, i));
    g_error ("%s: expected %s got [%s]", label, text, got->str);
  }
}

static void
assert_text (const json_t *wanted, const GString *got, const char *label)
{
  gsize length = json_string_length (wanted);

  if (got->len != length || memcmp (got->str, json_string_value (wanted), length) != 0)
    g_error ("%s: expected “%s” got “%s”", label, json_string_value (wanted), got->str);
}

/* Each id's piece.  The reference takes a literal U+FFFD for an unfinished character and holds it
 * back: there only the joined text counts. */
static void
check_stream (GemTokenizer *tokenizer, const json_t *golden, const GArray *ids, const char *label)
{
  const json_t *pieces = json_object_get (golden, "stream");
  const char   *text = json_string_value (json_object_get (golden, "text"));
  gboolean      only_joined = strstr (text, "\xef\xbf\xbd") != NULL;
  g_autoptr (GemDetokenizer) stream = gem_detokenizer_new (tokenizer, FALSE);
  g_autoptr (GString) piece = g_string_new (NULL);
  g_autoptr (GString) joined = g_string_new (NULL);

  for (guint i = 0; i < ids->len; i++) {
    const json_t *wanted = json_array_get (pieces, i);
    gboolean      any;

    g_string_truncate (piece, 0);
    any = gem_detokenizer_push (stream, g_array_index (ids, gint32, i), piece);
    g_assert_true (any == (piece->len > 0));
    g_assert_true (g_utf8_validate_len (piece->str, piece->len, NULL) ||
                   strlen (piece->str) < piece->len);
    g_string_append_len (joined, piece->str, (gssize)piece->len);
    if (pieces == NULL || only_joined)
      continue;
    if (json_is_null (wanted))
      g_assert_false (any);
    else
      assert_text (wanted, piece, label);
  }
  gem_detokenizer_finish (stream, joined);
  assert_text (json_object_get (golden, "decoded"), joined, label);
}

static void
check_golden (GemTokenizer *tokenizer, const json_t *golden)
{
  const json_t *text = json_object_get (golden, "text");
  const json_t *decoded = json_object_get (golden, "decoded");
  const json_t *skipped = json_object_get (golden, "decoded_skip_special");
  const char   *label = json_string_value (json_object_get (golden, "category"));
  const char   *bytes = json_string_value (text);
  gssize        length = (gssize)json_string_length (text);
  g_autoptr (GArray) ids = encode (tokenizer, bytes, length, GEM_ENCODE_SPECIAL);
  g_autoptr (GArray) plain = encode (tokenizer, bytes, length, GEM_ENCODE_PLAIN);
  g_autoptr (GString) all = decode (tokenizer, ids, FALSE);
  g_autoptr (GString) some = decode (tokenizer, ids, TRUE);
  g_autoptr (GString) typed = decode (tokenizer, plain, FALSE);

  assert_ids (json_object_get (golden, "ids"), ids, label);
  g_assert_cmpuint (gem_tokenizer_count (tokenizer, bytes, length, GEM_ENCODE_SPECIAL), ==,
                    ids->len);
  assert_text (decoded, all, label);
  assert_text (skipped != NULL ? skipped : decoded, some, label);
  check_stream (tokenizer, golden, ids, label);

  /* Typed: the same text, and no special token. */
  assert_text (decoded, typed, label);
  for (guint i = 0; i < plain->len; i++)
    g_assert_cmpint (gem_tokenizer_get_kind (tokenizer, g_array_index (plain, gint32, i)), !=,
                     GEM_TOKEN_SPECIAL);
}

static void
check_goldens (GemTokenizer *tokenizer, const char *name)
{
  g_autofree char *path = golden_path (name);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    json_error_t json_error;
    json_t      *golden;

    if (*lines[i] == '\0')
      continue;
    golden = json_loads (lines[i], JSON_ALLOW_NUL, &json_error);
    if (golden == NULL)
      g_error ("%s:%u: %s", name, i + 1, json_error.text);
    check_golden (tokenizer, golden);
    json_decref (golden);
    n++;
  }
  g_assert_cmpuint (n, ==, 457);
}

static void
test_goldens_tiny (void)
{
  g_autoptr (GemTokenizer) tokenizer = load_tiny ();

  check_goldens (tokenizer, "tokenizer/tiny.jsonl");
}

static void
test_goldens_real (void)
{
  g_autoptr (GemTokenizer) tokenizer = load_real ();

  if (tokenizer != NULL)
    check_goldens (tokenizer, "tokenizer/gemma3.jsonl");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokenizer/goldens/tiny", test_goldens_tiny);
  g_test_add_func ("/tokenizer/goldens/real", test_goldens_real);
  return g_test_run ();
}
