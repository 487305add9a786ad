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

/* The reference algorithm, word for word: one symbol a character, the lowest merge of the whole
 * text first, the leftmost on ties. */

typedef struct {
  json_t     *root;
  json_t     *vocab;
  GHashTable *ranks; /* "left\x1fright" → rank + 1 */
} Oracle;

static void
oracle_init (Oracle *self)
{
  g_autofree char *path = golden_path ("tiny-model/tokenizer.json");
  json_t          *merges, *merge;
  gsize            i;

  self->root = json_load_file (path, 0, NULL);
  g_assert_nonnull (self->root);
  self->vocab = json_object_get (json_object_get (self->root, "model"), "vocab");
  merges = json_object_get (json_object_get (self->root, "model"), "merges");
  self->ranks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  json_array_foreach (merges, i, merge)
      g_hash_table_insert (self->ranks,
                           g_strdup_printf ("%s\x1f%s",
                                            json_string_value (json_array_get (merge, 0)),
                                            json_string_value (json_array_get (merge, 1))),
                           GSIZE_TO_POINTER (i + 1));
}

static void
oracle_clear (Oracle *self)
{
  g_hash_table_unref (self->ranks);
  json_decref (self->root);
}

static void
oracle_merge (Oracle *self, GPtrArray *symbols)
{
  for (;;) {
    gsize best = G_MAXSIZE;
    guint at = 0;

    for (guint i = 0; i + 1 < symbols->len; i++) {
      g_autofree char *pair =
          g_strdup_printf ("%s\x1f%s", (char *)symbols->pdata[i], (char *)symbols->pdata[i + 1]);
      gsize rank = GPOINTER_TO_SIZE (g_hash_table_lookup (self->ranks, pair));

      if (rank > 0 && rank < best) {
        best = rank;
        at = i;
      }
    }
    if (best == G_MAXSIZE)
      return;
    {
      char *joined = g_strconcat (symbols->pdata[at], symbols->pdata[at + 1], NULL);

      g_free (symbols->pdata[at]);
      symbols->pdata[at] = joined;
      g_ptr_array_remove_index (symbols, at + 1);
    }
  }
}

static GArray *
oracle_encode (Oracle *self, const char *text)
{
  g_autoptr (GPtrArray) symbols = g_ptr_array_new_with_free_func (g_free);
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    g_ptr_array_add (symbols, *p == ' ' ? g_strdup ("\xe2\x96\x81")
                                        : g_strndup (p, (gsize)(g_utf8_next_char (p) - p)));
  oracle_merge (self, symbols);
  for (guint i = 0; i < symbols->len; i++) {
    const char *symbol = symbols->pdata[i];
    json_t     *value = json_object_get (self->vocab, symbol);
    gint32      id = (gint32)json_integer_value (value);

    if (value != NULL) {
      g_array_append_val (ids, id);
      continue;
    }
    for (const char *p = symbol; *p != '\0'; p++) {
      g_autofree char *byte = g_strdup_printf ("<0x%02X>", (guint8)*p);

      id = (gint32)json_integer_value (json_object_get (self->vocab, byte));
      g_array_append_val (ids, id);
    }
  }
  return ids;
}

static void
assert_same_ids (const GArray *a, const GArray *b, const char *text)
{
  if (a->len != b->len || memcmp (a->data, b->data, a->len * sizeof (gint32)) != 0)
    g_error ("the ids of “%s” differ", text);
}

/* A text in which many merges are possible: pieces of the vocabulary, and runs. */
static char *
random_text (GemTokenizer *tokenizer)
{
  GString *text = g_string_new (NULL);

  for (int i = g_test_rand_int_range (1, 40); i > 0; i--) {
    gint32      id = g_test_rand_int_range (0, (gint32)gem_tokenizer_get_n_tokens (tokenizer));
    const char *token = gem_tokenizer_get_text (tokenizer, id);
    int         times = g_test_rand_int_range (0, 8) == 0 ? g_test_rand_int_range (1, 12) : 1;

    while (times-- > 0)
      g_string_append (text, token);
    if (g_test_rand_bit ())
      g_string_append_c (text, " \nat"[g_test_rand_int_range (0, 4)]);
  }
  return g_string_free (text, FALSE);
}

static void
test_reference (void)
{
  static const char *const runs[] = {"a", " ", "\n", "\t", "ha", "the ", "=", "<", "\xc3\xa9", "1"};
  g_autoptr (GemTokenizer) tokenizer = load_tiny ();
  Oracle oracle;

  oracle_init (&oracle);
  for (guint i = 0; i < 400; i++) {
    g_autofree char *text = random_text (tokenizer);
    g_autoptr (GArray) ids = encode (tokenizer, text, -1, GEM_ENCODE_PLAIN);
    g_autoptr (GArray) wanted = oracle_encode (&oracle, text);

    assert_same_ids (ids, wanted, text);
  }
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    for (guint n = 1; n < 160; n += 7) {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GArray) ids = NULL;
      g_autoptr (GArray) wanted = NULL;

      for (guint k = 0; k < n; k++)
        g_string_append (text, runs[i]);
      ids = encode (tokenizer, text->str, -1, GEM_ENCODE_PLAIN);
      wanted = oracle_encode (&oracle, text->str);
      assert_same_ids (ids, wanted, text->str);
    }
  oracle_clear (&oracle);
}

/* Round trips */

static gunichar
random_character (void)
{
  static const gunichar limits[] = {0x80, 0x800, 0x10000, 0x110000};
  gunichar              c;

  do
    c = (gunichar)g_test_rand_int_range (0, (gint32)limits[g_test_rand_int_range (0, 4)]);
  while ((c >= 0xd800 && c <= 0xdfff) || c == 0x2581);
  return c;
}

static void
append_character (GString *text, gunichar c)
{
  char bytes[6];

  g_string_append_len (text, bytes, g_unichar_to_utf8 (c, bytes)); /* U+0000 too */
}

static void
assert_round_trip (GemTokenizer *tokenizer, const GString *text, GemEncodeFlags flags)
{
  g_autoptr (GArray) ids = encode (tokenizer, text->str, (gssize)text->len, flags);
  g_autoptr (GString) back = decode (tokenizer, ids, FALSE);

  g_assert_true (g_string_equal (text, back));
  g_assert_cmpuint (gem_tokenizer_count (tokenizer, text->str, (gssize)text->len, flags), ==,
                    ids->len);
}

static void
test_round_trip (void)
{
  g_autoptr (GemTokenizer) tokenizer = load_tiny ();

  for (guint i = 0; i < 2000; i++) {
    g_autoptr (GString) text = g_string_new (NULL);

    for (int n = g_test_rand_int_range (0, 60); n > 0; n--)
      append_character (text, random_character ());
    assert_round_trip (tokenizer, text, GEM_ENCODE_PLAIN);
    assert_round_trip (tokenizer, text, GEM_ENCODE_SPECIAL);
  }
}

static void
test_invalid_utf8 (void)
{
  static const struct {
    const char *bad, *repaired;
  } cases[] = {
      {"\xff", "\xef\xbf\xbd"},
      {"a\xc3", "a\xef\xbf\xbd"},
      {"\xc3(", "\xef\xbf\xbd("},
      {"\xe2\x96 x", "\xef\xbf\xbd\xef\xbf\xbd x"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\x80good\xc3\xa9", "\xef\xbf\xbdgood\xc3\xa9"},
  };
  g_autoptr (GemTokenizer) tokenizer = load_tiny ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GArray) ids = encode (tokenizer, cases[i].bad, -1, GEM_ENCODE_PLAIN);
    g_autoptr (GArray) wanted = encode (tokenizer, cases[i].repaired, -1, GEM_ENCODE_PLAIN);
    g_autoptr (GString) back = decode (tokenizer, ids, FALSE);

    assert_same_ids (ids, wanted, cases[i].repaired);
    g_assert_cmpstr (back->str, ==, cases[i].repaired);
  }
  /* Nothing but bad bytes: three times as long when repaired, and not a byte more. */
  for (gssize length = 1; length < 300; length++) {
    g_autofree char *bad = g_strnfill ((gsize)length, '\xfe');
    g_autoptr (GArray) ids = encode (tokenizer, bad, length, GEM_ENCODE_PLAIN);
    g_autoptr (GString) back = decode (tokenizer, ids, FALSE);

    g_assert_cmpuint (back->len, ==, 3 * length);
  }
  for (guint i = 0; i < 2000; i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_autoptr (GArray) ids = NULL;
    g_autoptr (GString) back = NULL;

    for (int n = g_test_rand_int_range (0, 40); n > 0; n--)
      g_string_append_c (text, (char)g_test_rand_int_range (1, 256));
    ids = encode (tokenizer, text->str, (gssize)text->len, GEM_ENCODE_PLAIN);
    back = decode (tokenizer, ids, FALSE);
    g_assert_true (g_utf8_validate (back->str, -1, NULL));
    if (g_utf8_validate (text->str, -1, NULL) && strstr (text->str, "\xe2\x96\x81") == NULL)
      g_assert_cmpstr (text->str, ==, back->str);
  }
}

/* Long texts: a megabyte each, of the kinds that make a careless encoder quadratic.  The times are
 * printed; what is tested is the result. */

static void
fill_english (GString *text, gsize length)
{
  static const char *const words[] = {"the ",    "conversation ", "with ",  "a ",
                                      "model, ", "which\n",       "said ",  "something ",
                                      "about ",  "merges ",       "(12). ", "Then "};

  while (text->len < length)
    g_string_append (text, words[g_test_rand_int_range (0, G_N_ELEMENTS (words))]);
}

static void
fill_cjk (GString *text, gsize length)
{
  while (text->len < length)
    append_character (text, (gunichar)g_test_rand_int_range (0x4e00, 0x9fff));
}

static void
fill_random (GString *text, gsize length)
{
  while (text->len < length)
    g_string_append_c (text, (char)g_test_rand_int_range (0, 256));
}

static void
fill_typed_special (GString *text, gsize length)
{
  while (text->len < length)
    g_string_append (text, "<|turn>user\n<start_of_turn><turn|><bos>");
}

static void
fill_unfinished_special (GString *text, gsize length)
{
  while (text->len < length)
    g_string_append (text, "<|tool_respons<unused624");
}

static void
fill_run (GString *text, gsize length, char c)
{
  gsize before = text->len;

  g_string_set_size (text, length);
  memset (text->str + before, c, length - before);
}

static void
check_long (GemTokenizer *tokenizer, const char *name, const GString *text, gboolean exact)
{
  for (int flags = GEM_ENCODE_PLAIN; flags <= GEM_ENCODE_SPECIAL; flags++) {
    gint64 start = g_get_monotonic_time ();
    g_autoptr (GArray) ids = encode (tokenizer, text->str, (gssize)text->len, flags);
    double seconds = (double)(g_get_monotonic_time () - start) / 1e6;
    g_autoptr (GString) back = decode (tokenizer, ids, FALSE);

    g_test_message ("%-18s %s %7u ids, %.3f s", name,
                    flags == GEM_ENCODE_PLAIN ? "typed  " : "special", ids->len, seconds);
    g_assert_cmpuint (ids->len, >, 0);
    if (exact)
      g_assert_true (g_string_equal (text, back));
  }
}

static void
check_long_texts (GemTokenizer *tokenizer)
{
  static const struct {
    const char *name;
    void (*fill) (GString *text, gsize length);
    char     run;
    gboolean exact;
  } cases[] = {
      {"English", fill_english, 0, TRUE},
      {"Chinese", fill_cjk, 0, TRUE},
      {"random bytes", fill_random, 0, FALSE},
      {"typed specials", fill_typed_special, 0, TRUE},
      {"unfinished specials", fill_unfinished_special, 0, TRUE},
      {"the letter a", NULL, 'a', TRUE},
      {"spaces", NULL, ' ', TRUE},
      {"newlines", NULL, '\n', TRUE},
      {"tabs", NULL, '\t', TRUE},
      {"angle brackets", NULL, '<', TRUE},
      {"zeros", NULL, '\0', TRUE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GString) text = g_string_new (NULL);

    if (cases[i].fill != NULL)
      cases[i].fill (text, 1 << 20);
    else
      fill_run (text, 1 << 20, cases[i].run);
    check_long (tokenizer, cases[i].name, text, cases[i].exact);
  }
}

static void
test_long_tiny (void)
{
  g_autoptr (GemTokenizer) tokenizer = load_tiny ();

  check_long_texts (tokenizer);
}

static void
test_long_real (void)
{
  g_autoptr (GemTokenizer) tokenizer = load_real ();

  if (tokenizer != NULL)
    check_long_texts (tokenizer);
}

/* The vocabulary, and who may become a special token */

static void
test_vocabulary (void)
{
  g_autoptr (GemTokenizer) tokenizer = load_tiny ();
  gint32 turn = gem_tokenizer_find_special (tokenizer, "<|turn>");
  g_autoptr (GArray) typed = encode (tokenizer, "<|turn>", -1, GEM_ENCODE_PLAIN);
  g_autoptr (GArray) meant = encode (tokenizer, "<|turn>", 7, GEM_ENCODE_SPECIAL);

  g_assert_cmpuint (gem_tokenizer_get_n_tokens (tokenizer), ==, 4096);
  g_assert_cmpint (turn, >=, 0);
  g_assert_cmpstr (gem_tokenizer_get_text (tokenizer, turn), ==, "<|turn>");
  g_assert_cmpint (gem_tokenizer_get_kind (tokenizer, turn), ==, GEM_TOKEN_SPECIAL);
  g_assert_cmpuint (meant->len, ==, 1);
  g_assert_cmpint (g_array_index (meant, gint32, 0), ==, turn);
  g_assert_cmpuint (typed->len, >, 1);

  g_assert_cmpint (gem_tokenizer_find_special (tokenizer, "<|turn"), ==, -1);
  g_assert_cmpint (gem_tokenizer_find_special (tokenizer, "<|turn>x"), ==, -1);
  g_assert_cmpint (gem_tokenizer_find_special (tokenizer, ""), ==, -1);
  g_assert_cmpint (gem_tokenizer_find_special (tokenizer, "the"), ==, -1);
  g_assert_null (gem_tokenizer_get_text (tokenizer, -1));
  g_assert_null (gem_tokenizer_get_text (tokenizer, 4096));
  g_assert_cmpint (gem_tokenizer_get_kind (tokenizer, -1), ==, GEM_TOKEN_TEXT);
  g_assert_cmpint (gem_tokenizer_get_kind (tokenizer, G_MAXINT32), ==, GEM_TOKEN_TEXT);
}

static gint32
find_byte (GemTokenizer *tokenizer, guint8 byte)
{
  g_autofree char *text = g_strdup_printf ("<0x%02X>", byte);

  for (gint32 id = 0; id < (gint32)gem_tokenizer_get_n_tokens (tokenizer); id++)
    if (g_strcmp0 (gem_tokenizer_get_text (tokenizer, id), text) == 0) {
      g_assert_cmpint (gem_tokenizer_get_kind (tokenizer, id), ==, GEM_TOKEN_BYTE);
      return id;
    }
  g_assert_not_reached ();
}

static void
push_bytes (GemTokenizer *tokenizer, GemDetokenizer *stream, const char *bytes, GString *out)
{
  for (; *bytes != '\0'; bytes++)
    gem_detokenizer_push (stream, find_byte (tokenizer, (guint8)*bytes), out);
}

static void
test_detokenizer (void)
{
  static const struct {
    const char *bytes, *emitted, *finished;
  } cases[] = {
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"\xf0\x9f\x98", "", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xff"
       "a",
       "\xef\xbf\xbd"
       "a",
       "\xef\xbf\xbd"
       "a"},
      {"\xc3"
       "a",
       "\xef\xbf\xbd"
       "a",
       "\xef\xbf\xbd"
       "a"},
      {"\xe2\xe2\x96\x81", "\xef\xbf\xbd\xe2\x96\x81", "\xef\xbf\xbd\xe2\x96\x81"},
      {"\xed\xa0", "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xe0\x80", "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xf0\x9f\xc3\xa9", "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9", "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9"},
  };
  g_autoptr (GemTokenizer) tokenizer = load_tiny ();
  g_autoptr (GemDetokenizer) stream = gem_detokenizer_new (tokenizer, TRUE);
  g_autoptr (GString) out = g_string_new (NULL);
  gint32 bos = gem_tokenizer_find_special (tokenizer, "<bos>");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_string_truncate (out, 0);
    push_bytes (tokenizer, stream, cases[i].bytes, out);
    g_assert_cmpstr (out->str, ==, cases[i].emitted);
    gem_detokenizer_finish (stream, out);
    g_assert_cmpstr (out->str, ==, cases[i].finished);
  }

  /* A token of text ends a character; one that is skipped, or unknown, does not. */
  g_string_truncate (out, 0);
  push_bytes (tokenizer, stream, "\xc3", out);
  g_assert_false (gem_detokenizer_push (stream, bos, out));
  g_assert_false (gem_detokenizer_push (stream, -7, out));
  g_assert_false (gem_detokenizer_push (stream, G_MAXINT32, out));
  push_bytes (tokenizer, stream, "\xa9", out);
  g_assert_cmpstr (out->str, ==, "\xc3\xa9");

  push_bytes (tokenizer, stream, "\xc3", out);
  gem_detokenizer_reset (stream);
  gem_detokenizer_finish (stream, out);
  g_assert_cmpstr (out->str, ==, "\xc3\xa9");
}

/* Threads and references */

static gpointer
encode_often (gpointer data)
{
  GemTokenizer *tokenizer = data;
  GArray       *ids = NULL;

  for (int i = 0; i < 200; i++) {
    g_clear_pointer (&ids, g_array_unref);
    ids = encode (tokenizer, "Several threads read one tokenizer.\n\n<|turn> \xf0\x9f\x98\x80", -1,
                  GEM_ENCODE_SPECIAL);
  }
  gem_tokenizer_unref (tokenizer);
  return ids;
}

static void
test_threads (void)
{
  GemTokenizer *tokenizer = load_tiny ();
  g_autoptr (GArray) wanted = encode_often (gem_tokenizer_ref (tokenizer));
  GThread *threads[2];

  for (int i = 0; i < 2; i++)
    threads[i] = g_thread_new ("encode", encode_often, gem_tokenizer_ref (tokenizer));
  gem_tokenizer_unref (tokenizer); /* the threads and the stream keep it */
  for (int i = 0; i < 2; i++) {
    g_autoptr (GArray) ids = g_thread_join (threads[i]);

    assert_same_ids (ids, wanted, "a text in two threads");
  }
}

static void
test_references (void)
{
  GemTokenizer   *tokenizer = load_tiny ();
  GemDetokenizer *stream = gem_detokenizer_new (tokenizer, FALSE);
  g_autoptr (GString) out = g_string_new (NULL);
  gint32 bos = gem_tokenizer_find_special (tokenizer, "<bos>");

  g_assert_true (gem_tokenizer_ref (tokenizer) == tokenizer);
  gem_tokenizer_unref (tokenizer);
  gem_tokenizer_unref (tokenizer);
  g_assert_true (gem_detokenizer_push (stream, bos, out)); /* it has its own reference */
  g_assert_cmpstr (out->str, ==, "<bos>");
  gem_detokenizer_free (stream);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokenizer/goldens/tiny", test_goldens_tiny);
  g_test_add_func ("/tokenizer/goldens/real", test_goldens_real);
  g_test_add_func ("/tokenizer/reference", test_reference);
  g_test_add_func ("/tokenizer/round-trip", test_round_trip);
  g_test_add_func ("/tokenizer/invalid-utf8", test_invalid_utf8);
  g_test_add_func ("/tokenizer/long/tiny", test_long_tiny);
  g_test_add_func ("/tokenizer/long/real", test_long_real);
  g_test_add_func ("/tokenizer/vocabulary", test_vocabulary);
  g_test_add_func ("/tokenizer/detokenizer", test_detokenizer);
  g_test_add_func ("/tokenizer/threads", test_threads);
  g_test_add_func ("/tokenizer/references", test_references);
  return g_test_run ();
}
