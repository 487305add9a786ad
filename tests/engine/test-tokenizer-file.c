/* test-tokenizer-file.c: tokenizer.json files that are unusual, of another kind, damaged or
 * hostile.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every file is built here from its parts, one of which is changed.  A hostile one must end in an
 * error of the right kind that names what is wrong; an unusual one must work. */
#define G_LOG_DOMAIN "test-tokenizer-file"

#include "engine/gem-error.h"
#include "engine/gem-json-reader.h"
#include "engine/gem-tokenizer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The parts of a file; NULL is the sound one. */
typedef struct {
  const char *added, *normalizer, *pre_tokenizer, *decoder, *model, *vocab, *merges, *extra;
} Parts;

#define VOCAB                                                                                      \
  "\"<pad>\":0,\"<bos>\":1,\"<unk>\":2,\"a\":3,\"b\":4,\"ab\":5,\"\xe2\x96\x81\":6,"               \
  "\"\xe2\x96\x81"                                                                                 \
  "a\":7,\"abab\":8,\"<\":9,\">\":10"
#define SPECIAL(id, content) "{\"id\":" id ",\"content\":\"" content "\",\"special\":true}"

static char *
build (const Parts *parts)
{
  const char *added =
      parts->added != NULL
          ? parts->added
          : SPECIAL ("0", "<pad>") "," SPECIAL ("1", "<bos>") "," SPECIAL ("2", "<unk>");
  const char *normalizer =
      parts->normalizer != NULL
          ? parts->normalizer
          : "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\xe2\x96\x81\"}";
  const char *decoder =
      parts->decoder != NULL
          ? parts->decoder
          : "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":"
            "\"\xe2\x96\x81\"},"
            "\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}]}";

  return g_strdup_printf ("{\"version\":\"1.0\",\"added_tokens\":[%s],\"normalizer\":%s,\"pre_"
                          "tokenizer\":%s,\"decoder\":%s,"
                          "\"model\":{\"type\":\"BPE\",%s\"vocab\":{%s},\"merges\":[%s]}%s}",
                          added, normalizer,
                          parts->pre_tokenizer != NULL ? parts->pre_tokenizer : "null", decoder,
                          parts->model != NULL ? parts->model
                                               : "\"unk_token\":\"<unk>\",\"fuse_unk\":true,",
                          parts->vocab != NULL ? parts->vocab : VOCAB,
                          parts->merges != NULL
                              ? parts->merges
                              : "[\"a\",\"b\"],[\"\xe2\x96\x81\",\"a\"],[\"ab\",\"ab\"]",
                          parts->extra != NULL ? parts->extra : "");
}

static GemTokenizer *
load (const Parts *parts)
{
  g_autofree char *json = build (parts);
  g_autoptr (GError) error = NULL;
  GemTokenizer *tokenizer = gem_tokenizer_new_from_data (json, strlen (json), "test.json", &error);

  g_assert_no_error (error);
  g_assert_nonnull (tokenizer);
  return tokenizer;
}

static void
assert_refused (const char *json, gssize length, int code, const char *says)
{
  g_autoptr (GError) error = NULL;
  GemTokenizer *tokenizer =
      gem_tokenizer_new_from_data (json, length < 0 ? strlen (json) : (gsize)length, "test.json",
                                   &error);

  g_assert_null (tokenizer);
  g_assert_error (error, GEM_ERROR, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, "test.json"));
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static void
assert_encodes (GemTokenizer *tokenizer, const char *text, GemEncodeFlags flags, const char *wanted)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GString) got = g_string_new (NULL);

  g_assert_true (gem_tokenizer_encode (tokenizer, text, -1, flags, ids, NULL));
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (got, "%s%d", i > 0 ? " " : "", g_array_index (ids, gint32, i));
  g_assert_cmpstr (got->str, ==, wanted);
}

/* Unusual files */

static void
test_plain (void)
{
  g_autoptr (GemTokenizer) tokenizer = load (&(Parts){NULL});

  g_assert_cmpuint (gem_tokenizer_get_n_tokens (tokenizer), ==, 11);
  assert_encodes (tokenizer, "abab a", GEM_ENCODE_PLAIN, "8 7");
  assert_encodes (tokenizer, "<bos>ab", GEM_ENCODE_SPECIAL, "1 5");
  /* Fused: a run of the unknown is one token; typed, "bos" is unknown but for its b. */
  assert_encodes (tokenizer,
                  "xyz\xc3\xa9"
                  "a??",
                  GEM_ENCODE_PLAIN, "2 3 2");
  assert_encodes (tokenizer, "<bos>", GEM_ENCODE_PLAIN, "9 4 2 10");
  assert_encodes (tokenizer, "", GEM_ENCODE_PLAIN, "");
}

static void
test_model_options (void)
{
  g_autoptr (GemTokenizer) single =
      load (&(Parts){.model = "\"unk_token\":\"<unk>\",\"fuse_unk\":false,"});
  g_autoptr (GemTokenizer) dropping =
      load (&(Parts){.model = "\"unk_token\":null,\"dropout\":null,"});
  g_autoptr (GemTokenizer) whole = load (&(
      Parts){.model = "\"unk_token\":\"<unk>\",\"ignore_merges\":true,\"end_of_word_suffix\":\"\",",
             .vocab = VOCAB ",\"ba\":11,\"\xe2\x96\x81"
                            "b\":12"});

  assert_encodes (single, "xya", GEM_ENCODE_PLAIN, "2 2 3");
  assert_encodes (dropping, "xya", GEM_ENCODE_PLAIN, "3");
  /* No merge makes these, but as a whole they are tokens. */
  assert_encodes (whole, "ba", GEM_ENCODE_PLAIN, "11");
  assert_encodes (whole, " b", GEM_ENCODE_PLAIN, "12");
  assert_encodes (whole, "baa", GEM_ENCODE_PLAIN, "4 3 3");
  assert_encodes (whole, "<bos>", GEM_ENCODE_PLAIN, "9 4 2 2 10");
}

static void
test_merge_forms (void)
{
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GemTokenizer) text = load (&(Parts){.merges = "\"a b\",\"\xe2\x96\x81 a\",\"ab ab\""});
  g_autoptr (GemTokenizer) repeated =
      load (&(Parts){.merges = "[\"a\",\"b\"],[\"\xe2\x96\x81\",\"a\"],[\"a\",\"b\"]"});
  g_autoptr (GemTokenizer) first = NULL;

  assert_encodes (text, "abab a", GEM_ENCODE_PLAIN, "8 7");
  /* The later rank counts, as in the reference: " a" comes before "ab". */
  assert_encodes (repeated, " ab", GEM_ENCODE_PLAIN, "7 4");

  /* The members in another order, with escapes, and merges before what they name. */
  json = g_strdup (
      "{\"model\":{\"merges\":[[\"\\u0061\",\"b\"],[\"\\u2581\",\"a\"]],\"vocab\":{\"\\u0061\":0,"
      "\"b\":1,\"ab\":2,\"\\u2581\":3,\"\\u2581a\":4,\"\\ud83d\\ude00\":5,\"\\n\\\"\\\\\\/\":6}},"
      "\"decoder\":{\"decoders\":[{\"content\":\" "
      "\",\"pattern\":{\"String\":\"\\u2581\"},\"type\":\"Replace\"},"
      "{\"type\":\"ByteFallback\"}],\"type\":\"Sequence\"},\"normalizer\":{\"content\":\"\\u2581\","
      "\"pattern\":{\"String\":\" \"},\"type\":\"Replace\"}}");
  first = gem_tokenizer_new_from_data (json, strlen (json), "test.json", &error);
  g_assert_no_error (error);
  assert_encodes (first, "ab a\xf0\x9f\x98\x80", GEM_ENCODE_PLAIN, "2 4 5");
  g_assert_cmpstr (gem_tokenizer_get_text (first, 6), ==, "\n\"\\/");
}

static void
test_added_tokens (void)
{
  g_autoptr (GemTokenizer) tokenizer = load (&(Parts){
      .added =
          SPECIAL ("1",
                   "<bos>") "," SPECIAL ("20",
                                         "<x>") "," SPECIAL ("21",
                                                             "<x><y>") ","
                                                                       "{\"id\":22,\"content\":"
                                                                       "\"bb\"},{\"id\":23,"
                                                                       "\"content\":\"bbb\","
                                                                       "\"special\":false},"
                                                                       "{\"id\":24,\"content\":"
                                                                       "\"a\xe2\x96\x81"
                                                                       "a\",\"normalized\":true},"
                                                                       "{\"id\":25,\"content\":\"<"
                                                                       "a>\",\"special\":true,"
                                                                       "\"normalized\":true},"
                                                                       "{\"id\":26,\"content\":"
                                                                       "\"x\"}"});

  g_assert_cmpuint (gem_tokenizer_get_n_tokens (tokenizer), ==, 27);
  g_assert_null (gem_tokenizer_get_text (tokenizer, 15)); /* ids need not be contiguous */
  g_assert_cmpint (gem_tokenizer_find_special (tokenizer, "<a>"), ==, 25);
  g_assert_cmpint (gem_tokenizer_find_special (tokenizer, "bb"), ==, -1);

  assert_encodes (tokenizer, "<x><y><x>", GEM_ENCODE_SPECIAL, "21 20"); /* the longest */
  assert_encodes (tokenizer, "abbbbb", GEM_ENCODE_PLAIN, "3 23 22");    /* then the leftmost */
  assert_encodes (tokenizer, "ba ab", GEM_ENCODE_PLAIN, "4 24 4");      /* across a space */
  assert_encodes (tokenizer, "<a>", GEM_ENCODE_SPECIAL, "25");
  assert_encodes (tokenizer, "<a>", GEM_ENCODE_PLAIN, "9 3 10");
  /* Nothing but spaces: three times as long when replaced, and not a byte more. */
  for (gssize length = 1; length < 300; length++) {
    g_autofree char *spaces = g_strnfill ((gsize)length, ' ');

    g_assert_cmpuint (gem_tokenizer_count (tokenizer, spaces, length, GEM_ENCODE_PLAIN), ==,
                      length);
  }
  /* What is not special is found in typed text as well, but not inside a special one. */
  assert_encodes (tokenizer, "x", GEM_ENCODE_PLAIN, "26");
  assert_encodes (tokenizer, "<x>", GEM_ENCODE_PLAIN, "9 2 10");
}

/* Other kinds, and damage */

typedef struct {
  Parts       parts;
  const char *says;
} Refusal;

static void
assert_all_refused (const Refusal *cases, guint n_cases, int code)
{
  for (guint i = 0; i < n_cases; i++) {
    g_autofree char *json = build (&cases[i].parts);

    assert_refused (json, -1, code, cases[i].says);
  }
}

static void
test_unsupported (void)
{
  static const Refusal cases[] = {
      {{.normalizer = "null"}, "normalizer"},
      {{.normalizer = "{\"type\":\"NFKC\"}"}, "NFKC"},
      {{.normalizer = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"b\"}"},
       "Replace"},
      {{.normalizer = "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" \"},\"content\":\"b\"}"},
       "Regex"},
      {{.pre_tokenizer = "{\"type\":\"ByteLevel\",\"add_prefix_space\":true}"}, "add_prefix_space"},
      {{.pre_tokenizer =
            "{\"type\":\"Split\",\"pattern\":{\"String\":\",\"},\"behavior\":\"Isolated\"}"},
       "Split"},
      {{.pre_tokenizer = "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"invert\":true}"},
       "Split"},
      {{.decoder = "null"}, "decoder"},
      {{.decoder = "{\"type\":\"ByteLevel\"}"}, "ByteLevel"},
      {{.decoder = "{\"type\":\"Sequence\",\"decoders\":[]}"}, "decoder"},
      {{.decoder = "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":"
                   "\"ByteFallback\"}]}"},
       "Fuse"},
      {{.decoder = "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{"
                   "\"String\":\"\xe2\x96\x81\"},"
                   "\"content\":\" "
                   "\"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\"}]}"},
       "Strip"},
      {{.model = "\"dropout\":0.1,"}, "dropout"},
      {{.model = "\"end_of_word_suffix\":\"</w>\","}, "end_of_word_suffix"},
      {{.model = "\"continuing_subword_prefix\":\"##\","}, "continuing_subword_prefix"},
      {{.model = "\"max_input_chars_per_word\":100,"}, "max_input_chars_per_word"},
      {{.extra = ",\"quantum\":1"}, "quantum"},
      {{.added = "{\"id\":3,\"content\":\"a\",\"lstrip\":true}"}, "lstrip"},
      {{.added = "{\"id\":3,\"content\":\"a\",\"single_word\":true}"}, "single_word"},
      {{.added = "{\"id\":30,\"content\":\"a b\",\"normalized\":true}"}, "a b"},
      {{.added = SPECIAL ("5", "ab")}, "ab"}, /* a merge would make a special token of typed text */
      {{.added = SPECIAL ("0", "<pad>"),
        .merges = "[\"<unk>\",\"a\"]",
        .vocab = VOCAB ",\"<unk>a\":11"},
       "<unk>"},
  };
  g_autofree char *long_added = NULL;
  g_autofree char *filler = g_strnfill (300, 'x');

  assert_all_refused (cases, G_N_ELEMENTS (cases), GEM_ERROR_UNSUPPORTED);
  assert_refused ("{\"version\":\"2.0\"}", -1, GEM_ERROR_UNSUPPORTED, "2.0");
  assert_refused ("{\"model\":{\"type\":\"WordPiece\"}}", -1, GEM_ERROR_UNSUPPORTED, "WordPiece");
  long_added = g_strdup_printf ("{\"id\":30,\"content\":\"%s\"}", filler);
  assert_all_refused (&(Refusal){{.added = long_added}, "too long"}, 1, GEM_ERROR_UNSUPPORTED);
}

static void
test_damaged (void)
{
  static const Refusal cases[] = {
      {{.vocab = "\"a\":0,\"b\":0", .merges = ""}, "another"},
      {{.vocab = VOCAB ",\"a\":11"}, "“a” stands there twice"},
      {{.vocab = VOCAB ",\"c\":-1"}, "out of range"},
      {{.vocab = VOCAB ",\"c\":4194304"}, "out of range"},
      {{.vocab = VOCAB ",\"c\":9223372036854775807"}, "too large"},
      {{.vocab = VOCAB ",\"c\":99999999999999999999999999"}, "too large"},
      {{.vocab = VOCAB ",\"c\":1.5"}, "whole number"},
      {{.vocab = VOCAB ",\"c\":1e3"}, "whole number"},
      {{.vocab = VOCAB ",\"c\":\"11\""}, "number"},
      {{.vocab = VOCAB ",\"c\":null"}, "number"},
      {{.vocab = VOCAB ",\"c\":01"}, "number"},
      {{.vocab = VOCAB ","}, "value is missing"},
      {{.vocab = ""}, "no token"},
      {{.merges = "[\"q\",\"a\"]"}, "“q”"},
      {{.merges = "[\"a\",\"q\"]"}, "“q”"},
      {{.merges = "[\"b\",\"a\"]"}, "makes what is no token"},
      {{.merges = "[\"a\"]"}, "not a pair"},
      {{.merges = "[\"a\",\"b\",\"ab\"]"}, "not a pair"},
      {{.merges = "[]"}, "not a pair"},
      {{.merges = "\"ab\""}, "not a pair"},
      {{.merges = "\" a\""}, "empty half"},
      {{.merges = "[\"\",\"a\"]"}, "empty half"},
      {{.merges = "17"}, "text is expected"},
      {{.merges = "[17,18]"}, "text is expected"},
      {{.model = "\"unk_token\":\"<none>\","}, "<none>"},
      {{.model = "\"byte_fallback\":true,"}, "<0x00>"},
      {{.model = "\"byte_fallback\":1,"}, "true or false"},
      {{.model = "\"byte_fallback\":true,\"byte_fallback\":true,"}, "twice"},
      {{.extra = ",\"version\":\"1.0\""}, "twice"},
      {{.added = "{\"id\":4,\"content\":\"a\"}"}, "another id"},
      {{.added = "{\"id\":4,\"content\":\"new\"}"}, "another"},
      {{.added = "{\"id\":3,\"content\":\"a\"},{\"id\":3,\"content\":\"a\"}"}, "twice"},
      {{.added = "{\"id\":31,\"content\":\"n\"},{\"id\":32,\"content\":\"n\"}"}, "twice"},
      {{.added = "{\"id\":-5,\"content\":\"n\"}"}, "out of range"},
      {{.added = "{\"id\":4194304,\"content\":\"n\"}"}, "out of range"},
      {{.added = "{\"content\":\"n\"}"}, "out of range"},
      {{.added = "{\"id\":31}"}, "no content"},
      {{.added = "{\"id\":31,\"content\":\"\"}"}, "no content"},
      {{.added = "7"}, "object is expected"},
      {{.normalizer = "[]"}, "object is expected"},
      {{.extra = "}"}, "follows its end"},
      {{.extra = ",\"padding\":[1,2"}, "comma"},
      {{.extra = ",\"padding\":nul"}, "word"},
      {{.extra = ",\"padding\":\"\\x\""}, "escape"},
      {{.extra = ",\"padding\":\"\\ud800\""}, "escape"},
      {{.extra = ",\"padding\":\"\\udc00\""}, "escape"},
      {{.extra = ",\"padding\":\"\\ud800\\u0041\""}, "escape"},
      {{.extra = ",\"padding\":\"\xc3\x28\""}, "UTF-8"},
      {{.extra = ",\"padding\":\"\xed\xa0\x80\""}, "UTF-8"},
      {{.extra = ",\"padding\":\"\n\""}, "control character"},
      {{.extra = ",\"padding\":-"}, "number"},
      {{.extra = ",\"padding\":1."}, "number"},
      {{.extra = ",\"padding\":1e+"}, "number"},
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases), GEM_ERROR_INVALID_MODEL);
  assert_refused ("", 0, GEM_ERROR_INVALID_MODEL, "too early");
  assert_refused ("null", -1, GEM_ERROR_INVALID_MODEL, "object");
  assert_refused ("{}", -1, GEM_ERROR_INVALID_MODEL, "no vocabulary");
  assert_refused ("\xef\xbb\xbf{}", -1, GEM_ERROR_INVALID_MODEL, "value is missing");
  assert_refused ("{\"version\":\"1.0\"\0}", 18, GEM_ERROR_INVALID_MODEL, "comma");
  assert_refused ("\0\0\0\0", 4, GEM_ERROR_INVALID_MODEL, "value is missing");
}

/* Cut off anywhere, the file is refused. */
static void
test_truncated (void)
{
  g_autofree char *json = build (&(Parts){NULL});
  gsize            length = strlen (json);

  for (gsize n = 0; n < length; n++) {
    g_autofree char *part =
        g_memdup2 (json, n); /* on the heap, so that a byte too far is noticed */

    assert_refused (part != NULL ? part : "", (gssize)n, GEM_ERROR_INVALID_MODEL, "damaged");
  }
}

/* One byte changed anywhere: loads or is refused, and then encodes. */
static void
test_flipped (void)
{
  g_autofree char *json = build (&(Parts){NULL});
  gsize            length = strlen (json);

  for (gsize i = 0; i < 20000; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GemTokenizer) tokenizer = NULL;
    g_autofree char *changed = g_memdup2 (json, length);

    changed[g_test_rand_int_range (0, (gint32)length)] = (char)g_test_rand_int_range (0, 256);
    tokenizer = gem_tokenizer_new_from_data (changed, length, "test.json", &error);
    g_assert_true ((tokenizer == NULL) == (error != NULL));
    if (tokenizer != NULL)
      g_assert_cmpuint (gem_tokenizer_count (tokenizer, "ab a<bos>?", -1, GEM_ENCODE_SPECIAL), <=,
                        10);
  }
}

static void
test_deep (void)
{
  g_autoptr (GString) json = g_string_new ("{\"padding\":");

  for (int i = 0; i < 1000000; i++)
    g_string_append_c (json, '[');
  assert_refused (json->str, (gssize)json->len, GEM_ERROR_INVALID_MODEL, "too deeply");

  g_string_assign (json, "{\"decoder\":");
  for (int i = 0; i < 1000000; i++)
    g_string_append (json, "{\"decoders\":[");
  assert_refused (json->str, (gssize)json->len, GEM_ERROR_INVALID_MODEL, "too deeply");
}

/* Sizes at which anything quadratic would show: it would take minutes. */
static void
test_large (void)
{
  g_autoptr (GString) vocab = g_string_new (VOCAB);
  g_autoptr (GString) merges = g_string_new (NULL);
  g_autoptr (GString) added = g_string_new (NULL);
  g_autoptr (GemTokenizer) tokenizer = NULL;
  g_autofree char *run = g_strnfill (1 << 20, 'a');
  gint64           start = g_get_monotonic_time ();

  for (int i = 0; i < 100000; i++) {
    g_string_append_printf (vocab, ",\"%d with the end of every other\":%d", i, 100 + i);
    g_string_append_printf (added, "%s{\"id\":%d,\"content\":\"<unused%d>\"}", i > 0 ? "," : "",
                            200000 + i, i);
    g_string_append_printf (merges, "%s[\"a\",\"b\"]", i > 0 ? "," : "");
  }
  g_string_append_printf (vocab, ",\"%s\":50", run); /* a token of a megabyte */
  tokenizer = load (&(Parts){.vocab = vocab->str, .merges = merges->str, .added = added->str});
  g_test_message ("loaded in %.3f s", (double)(g_get_monotonic_time () - start) / 1e6);
  assert_encodes (tokenizer, "ab<unused99999>", GEM_ENCODE_PLAIN, "5 299999");
}

/* Files that are none */

static void
assert_file_refused (const char *path, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gem_tokenizer_new_from_file (path, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  g_assert_nonnull (strstr (error->message, path));
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static void
test_files (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("facet-tokenizer-XXXXXX", &error);
  g_autofree char *missing = g_build_filename (folder, "missing.json", NULL);
  g_autofree char *pipe = g_build_filename (folder, "pipe", NULL);
  g_autofree char *huge = g_build_filename (folder, "huge.json", NULL);
  g_autofree char *closed = g_build_filename (folder, "closed.json", NULL);
  g_autofree char *sound = g_build_filename (folder, "tokenizer.json", NULL);
  g_autofree char *json = build (&(Parts){NULL});
  g_autoptr (GemTokenizer) tokenizer = NULL;

  g_assert_no_error (error);
  assert_file_refused (missing, g_strerror (ENOENT));
  assert_file_refused (folder, "not a file");
  assert_file_refused ("/dev/zero", "not a file");
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  assert_file_refused (pipe, "not a file"); /* without waiting for someone to write */
  g_assert_cmpint (g_creat (huge, 0600), >=, 0);
  g_assert_cmpint (truncate (huge, (256 << 20) + 1), ==, 0);
  assert_file_refused (huge, "256 MiB");

  g_assert_true (g_file_set_contents (closed, json, -1, NULL));
  g_assert_cmpint (g_chmod (closed, 0), ==, 0);
  if (g_access (closed, R_OK) != 0) /* root may read it all the same */
    assert_file_refused (closed, g_strerror (EACCES));

  g_assert_true (g_file_set_contents (sound, json, -1, NULL));
  tokenizer = gem_tokenizer_new_from_file (sound, &error);
  g_assert_no_error (error);
  assert_encodes (tokenizer, "abab a", GEM_ENCODE_PLAIN, "8 7");

  g_unlink (pipe);
  g_unlink (huge);
  g_unlink (closed);
  g_unlink (sound);
  g_rmdir (folder);
}

/* The reader alone: a copy of it is a mark, and skipping leaves the text as it was. */
static void
test_reader_mark (void)
{
  char          json[] = " {\"a\\u0062\": [1, -20, {\"\\u0078\": \"\\\"y\\\"\"}], \"t\": true} ";
  GemJsonReader reader, mark;
  GemJsonText   key, text;
  gint64        number = 0;
  gboolean      truth = FALSE;

  gem_json_reader_init (&reader, json, strlen (json));
  g_assert_true (gem_json_reader_enter_object (&reader));
  mark = reader;
  g_assert_true (gem_json_reader_next_member (&reader, &key));
  g_assert_true (gem_json_text_equal (key, "ab"));
  mark = reader;
  g_assert_true (gem_json_reader_skip (&reader));
  g_assert_true (gem_json_reader_next_member (&reader, &key));
  g_assert_true (gem_json_reader_read_boolean (&reader, &truth) && truth);
  g_assert_false (gem_json_reader_next_member (&reader, &key));
  g_assert_true (gem_json_reader_finish (&reader));

  reader = mark;
  g_assert_true (gem_json_reader_enter_array (&reader));
  g_assert_true (gem_json_reader_next_item (&reader));
  g_assert_true (gem_json_reader_read_integer (&reader, &number));
  g_assert_true (gem_json_reader_next_item (&reader));
  g_assert_true (gem_json_reader_read_integer (&reader, &number));
  g_assert_cmpint (number, ==, -20);
  g_assert_true (gem_json_reader_next_item (&reader));
  g_assert_true (gem_json_reader_enter_object (&reader));
  g_assert_true (gem_json_reader_next_member (&reader, &key));
  g_assert_true (gem_json_text_equal (key, "x"));
  g_assert_true (gem_json_reader_read_string (&reader, &text));
  g_assert_true (gem_json_text_equal (text, "\"y\""));
  g_assert_null (reader.problem);

  /* After a fault every call fails, and the first fault stays. */
  g_assert_false (gem_json_reader_read_integer (&reader, &number));
  g_assert_nonnull (reader.problem);
  g_assert_false (gem_json_reader_next_member (&reader, &key));
  g_assert_false (gem_json_reader_skip (&reader));
  g_assert_cmpint (gem_json_reader_peek (&reader), ==, GEM_JSON_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokenizer-file/plain", test_plain);
  g_test_add_func ("/tokenizer-file/model-options", test_model_options);
  g_test_add_func ("/tokenizer-file/merge-forms", test_merge_forms);
  g_test_add_func ("/tokenizer-file/added-tokens", test_added_tokens);
  g_test_add_func ("/tokenizer-file/unsupported", test_unsupported);
  g_test_add_func ("/tokenizer-file/damaged", test_damaged);
  g_test_add_func ("/tokenizer-file/truncated", test_truncated);
  g_test_add_func ("/tokenizer-file/flipped", test_flipped);
  g_test_add_func ("/tokenizer-file/deep", test_deep);
  g_test_add_func ("/tokenizer-file/large", test_large);
  g_test_add_func ("/tokenizer-file/files", test_files);
  g_test_add_func ("/tokenizer-file/reader-mark", test_reader_mark);
  return g_test_run ();
}
