/* test-gguf.c: GGUF files: hostile ones, byte by byte, and the tiny model in each of the types,
 * against the same numbers in a checkpoint as Hugging Face lays it out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-encoder.h"
#include "gem-gguf.h"
#include "gem-media.h"
#include "golden-model.h"
#include "model-numbers.h"
#include "write-gguf.h"
#include "write-safetensors.h"

#include <math.h>
#include <string.h>

/* Of the tiny model: 5 layers with 9 matrices and 4 with 7, the projection of the per-layer inputs,
 * and the head. */
#define N_MATRICES (5 * 9 + 4 * 7 + 1 + 1)

/* ---- files, word by word ---- */

/* Words between spaces: m the magic, uN and qN numbers of 4 and 8 bytes, bN a byte, s:TEXT a
 * string, zN so many zeros.  (transfer full) */
static GByteArray *
assemble (const char *source)
{
  GByteArray *bytes = g_byte_array_new ();
  g_auto (GStrv) words = g_strsplit (source, " ", -1);

  for (char **w = words; *w != NULL; w++) {
    guint64     number = g_ascii_strtoull (*w + 1, NULL, 0), little = GUINT64_TO_LE (number);
    const char *text = *w + 2;
    guint64     length = GUINT64_TO_LE (strlen (*w) - 2);

    switch (**w) {
    case 'm':
      g_byte_array_append (bytes, (const guint8 *)"GGUF", 4);
      break;
    case 'u':
      g_byte_array_append (bytes, (const guint8 *)&little, 4);
      break;
    case 'q':
      g_byte_array_append (bytes, (const guint8 *)&little, 8);
      break;
    case 'b':
      g_byte_array_append (bytes, (const guint8 *)&little, 1);
      break;
    case 's':
      g_byte_array_append (bytes, (const guint8 *)&length, 8);
      g_byte_array_append (bytes, (const guint8 *)text, (guint)strlen (text));
      break;
    case 'z':
      g_byte_array_set_size (bytes, bytes->len + (guint)number);
      memset (bytes->data + bytes->len - number, 0, number);
      break;
    default:
      g_assert_not_reached ();
    }
  }
  return bytes;
}

/* One tensor of 4 F32 at offset 0; head of 59 bytes, data from 64 on. */
#define ONE "m u3 q1 q0 s:t u1 q4 u0 q0 z7 z16"

static const struct {
  const char *name, *source, *says;
} broken[] = {
    {"empty", "z1", "no GGUF"},
    {"magic", "u0x47475546 u3 q0 q0", "no GGUF"},
    {"version-1", "m u1 q0 q0", "unknown version"},
    {"version-4", "m u4 q0 q0", "unknown version"},
    {"big-endian", "m u0x3000000 q0 q0", "big-endian"},
    {"counts", "m u3 q0xffffffffffffffff q0", "more keys or tensors"},
    {"keys", "m u3 q0 q65537", "more keys or tensors"},
    {"no-keys", "m u3 q0 q1", "cut short"},
    {"key-length", "m u3 q0 q1 q0xffffffffffffffff", "cut short"},
    {"key-long", "m u3 q0 q1 q0x7fffffffffffffff", "cut short"},
    {"key-empty", "m u3 q0 q1 s: u4 u7", "no text"},
    {"key-zero", "m u3 q0 q1 q2 b97 b0 u4 u7", "no text"},
    {"key-bytes", "m u3 q0 q1 q2 b97 b255 u4 u7", "no text"},
    {"key-type", "m u3 q0 q1 s:k u13 u7", "unknown type"},
    {"key-twice", "m u3 q0 q2 s:k u4 u7 s:k u4 u7", "“k” twice"},
    {"value", "m u3 q0 q1 s:k u10 u7", "cut short"},
    {"text", "m u3 q0 q1 s:k u8 q5 b97", "cut short"},
    {"text-bytes", "m u3 q0 q1 s:k u8 q2 b97 b255", "no text"},
    {"array", "m u3 q0 q1 s:k u9 u4", "cut short"},
    {"array-type", "m u3 q0 q1 s:k u9 u13 q1 u7", "unknown type"},
    {"array-nested", "m u3 q0 q1 s:k u9 u9 q1 u4 q1 u7", "unknown type"},
    {"array-count", "m u3 q0 q1 s:k u9 u12 q0xffffffffffffffff u7", "cut short"},
    {"array-short", "m u3 q0 q1 s:k u9 u12 q2 q7", "cut short"},
    {"array-texts", "m u3 q0 q1 s:k u9 u8 q2 s:a", "cut short"},
    {"array-bytes", "m u3 q0 q1 s:k u9 u8 q1 q1 b255", "no text"},
    {"alignment-0", "m u3 q0 q1 s:general.alignment u4 u0", "alignment"},
    {"alignment-large", "m u3 q0 q1 s:general.alignment u4 u0x7fffffff", "alignment"},
    {"alignment-text", "m u3 q0 q1 s:general.alignment u8 s:32", "alignment"},
    {"no-dims", "m u3 q1 q0 s:t u0 u0 q0 z64", "0 dimensions"},
    {"many-dims", "m u3 q1 q0 s:t u5 q1 q1 q1 q1 q1 u0 q0 z64", "5 dimensions"},
    {"no-rows", "m u3 q1 q0 s:t u1 q0 u0 q0 z64", "makes no sense"},
    {"negative", "m u3 q1 q0 s:t u1 q0xffffffffffffffff u0 q0 z64", "makes no sense"},
    {"overflow", "m u3 q1 q0 s:t u2 q0x4000000000000000 q4 u0 q0 z64", "makes no sense"},
    {"overflow-twice", "m u3 q1 q0 s:t u4 q0x10000 q0x10000 q0x10000 q0x10000 u0 q0 z64",
     "makes no sense"},
    {"blocks", "m u3 q1 q0 s:t u1 q33 u8 q0 z99", "no whole blocks"},
    {"tensor-type", "m u3 q1 q0 s:t u1 q4 u99 q0 z64", "unknown type 99"},
    {"tensor-type-5", "m u3 q1 q0 s:t u1 q4 u5 q0 z64", "unknown type 5"},
    {"offset", "m u3 q1 q0 s:t u1 q4 u0 q1 z7 z16", "outside"},
    {"offset-large", "m u3 q1 q0 s:t u1 q4 u0 q0xfffffffffffffff0 z7 z16", "outside"},
    {"size", "m u3 q1 q0 s:t u1 q5 u0 q0 z7 z16", "outside"},
    {"tensor-twice", "m u3 q2 q0 s:t u1 q4 u0 q0 s:t u1 q4 u0 q32 z64 z64", "“t” twice"},
    {"overlap", "m u3 q2 q0 s:a u1 q4 u0 q0 s:b u1 q4 u0 q8 z64 z64", "overlap"},
};

static void
test_broken (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GByteArray) bytes = assemble (broken[i].source);
  g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len); /* reads behind it show */
  g_autoptr (GError) error = NULL;
  GemGguf *file = gem_gguf_new_from_data (exact, bytes->len, "x.gguf", &error);

  g_assert_null (file);
  g_assert_nonnull (error);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (strstr (error->message, broken[i].says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, broken[i].says);
}

/* A type that others read and Facet does not is told by its name. */
static void
test_other_type (void)
{
  g_autoptr (GByteArray) bytes = assemble ("m u3 q1 q0 s:t u1 q256 u13 q0 z512");
  g_autoptr (GError) error = NULL;

  g_assert_null (gem_gguf_new_from_data (bytes->data, bytes->len, "x.gguf", &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "as Q5_K"));
}

/* Every beginning of a sound file is refused, and none is read beyond. */
static void
test_cut (void)
{
  g_autoptr (GByteArray) bytes = assemble (ONE);
  g_autoptr (GError) whole_error = NULL;
  GemGguf *whole = gem_gguf_new_from_data (bytes->data, bytes->len, "x.gguf", &whole_error);

  g_assert_no_error (whole_error);
  g_assert_cmpuint (gem_gguf_get_n_tensors (whole), ==, 1);
  gem_gguf_free (whole);
  for (gsize length = 1; length < bytes->len; length++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, length);
    g_autoptr (GError) error = NULL;

    g_assert_null (gem_gguf_new_from_data (exact, length, "x.gguf", &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  }
}

static void
test_values (void)
{
  static const char source[] =
      "m u3 q1 q13 s:u8 u0 b200 s:i8 u1 b200 s:u16 u2 b1 b2 s:i16 u3 b0 b128 s:u32 u4 u4000000000 "
      "s:i32 u5 u0xffffffff s:f32 u6 u0x3fc00000 s:bool u7 b1 s:text u8 s:word s:list u9 u8 q2 s:a "
      "s:bc "
      "s:u64 u10 q0xffffffffffffffff s:i64 u11 q0xffffffffffffffff s:f64 u12 q0x3ff8000000000000 "
      "s:t u2 q2 q3 u0 q0 z32 z32";
  g_autoptr (GByteArray) bytes = assemble (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemGguf) file = gem_gguf_new_from_data (bytes->data, bytes->len, "x.gguf", &error);
  const struct {
    const char *key;
    gint64      value;
  } integers[] = {{"u8", 200}, {"i8", -56},           {"u16", 513}, {"i16", -32768},
                  {"i32", -1}, {"u32", 4000000000LL}, {"i64", -1}};
  const GemTensor *t;
  GemGgufArray     array;
  GemJsonText      text;
  gint64           integer;
  double           number;
  gboolean         yes;

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (integers); i++) {
    g_assert_true (gem_gguf_get_integer (file, integers[i].key, &integer));
    g_assert_cmpint (integer, ==, integers[i].value);
  }
  g_assert_false (gem_gguf_get_integer (file, "u64", &integer)); /* more than a gint64 */
  g_assert_false (gem_gguf_get_integer (file, "bool", &integer));
  g_assert_false (gem_gguf_get_integer (file, "text", &integer));
  g_assert_false (gem_gguf_get_integer (file, "absent", &integer));
  g_assert_true (gem_gguf_get_number (file, "f32", &number) && number == 1.5);
  g_assert_true (gem_gguf_get_number (file, "f64", &number) && number == 1.5);
  g_assert_true (gem_gguf_get_number (file, "u8", &number) && number == 200);
  g_assert_false (gem_gguf_get_number (file, "text", &number));
  g_assert_true (gem_gguf_get_boolean (file, "bool", &yes) && yes);
  g_assert_false (gem_gguf_get_boolean (file, "u8", &yes));
  g_assert_true (gem_gguf_get_text (file, "text", &text) && gem_json_text_equal (text, "word"));
  g_assert_false (gem_gguf_get_text (file, "list", &text));
  g_assert_false (gem_gguf_get_array (file, "text", &array));
  g_assert_true (gem_gguf_get_array (file, "list", &array));
  g_assert_false (gem_gguf_array_next_integer (&array, &integer));
  g_assert_true (gem_gguf_array_next_text (&array, &text) && gem_json_text_equal (text, "a"));
  g_assert_true (gem_gguf_array_next_text (&array, &text) && gem_json_text_equal (text, "bc"));
  g_assert_false (gem_gguf_array_next_text (&array, &text));
  t = gem_gguf_find (file, "t");
  g_assert_cmpint (t->n_dims, ==, 2);
  g_assert_cmpint (t->shape[0], ==, 3);
  g_assert_cmpint (t->shape[1], ==, 2);
  g_assert_cmpuint (t->n_bytes, ==, 24);
  g_assert_cmpuint ((gsize)(t->data - bytes->data) % 32, ==, 0);
}

/* ---- the tiny model ---- */

typedef struct {
  char     *folder, *twin;
  GemModel *gguf, *plain;
} Pair;

static void
pair_init (Pair *pair, GgufType type, GemWeights weights)
{
  GgufSpec spec = {.type = type};

  pair->folder = make_folder ();
  pair->twin = make_folder ();
  write_gguf (pair->folder, pair->twin, &spec);
  pair->gguf = model_at (pair->folder, weights, FALSE, 2);
  pair->plain = model_at (pair->twin, weights, FALSE, 2);
}

static void
pair_clear (Pair *pair)
{
  gem_model_unref (pair->gguf);
  gem_model_unref (pair->plain);
  remove_folder (pair->folder);
  remove_folder (pair->twin);
}

/* Everything that config.json says of the tiny model is said by the keys and shapes of the files.
 */
static void
test_config (void)
{
  Pair             pair;
  const GemConfig *got, *wanted;
  GemModel        *golden = golden_model (GEM_WEIGHTS_BF16, 2);

  pair_init (&pair, GGUF_BF16, GEM_WEIGHTS_BF16);
  got = gem_model_get_config (pair.gguf);
  wanted = gem_model_get_config (golden);
  g_assert_cmpmem (&got->text, sizeof got->text, &wanted->text, sizeof wanted->text);
  g_assert_true (got->has_vision && got->has_audio);
  g_assert_cmpmem (&got->vision, sizeof got->vision, &wanted->vision, sizeof wanted->vision);
  g_assert_cmpmem (&got->audio, sizeof got->audio, &wanted->audio, sizeof wanted->audio);
  g_assert_cmpint (got->image_token_id, ==, wanted->image_token_id);
  g_assert_cmpint (got->audio_token_id, ==, wanted->audio_token_id);
  g_assert_cmpint (got->video_token_id, ==, wanted->video_token_id);
  g_assert_cmpint (got->boi_token_id, ==, wanted->boi_token_id);
  g_assert_cmpint (got->eoi_token_id, ==, wanted->eoi_token_id);
  g_assert_cmpint (got->boa_token_id, ==, wanted->boa_token_id);
  g_assert_cmpint (got->eoa_token_id, ==, wanted->eoa_token_id);
  for (int i = 0; i < wanted->n_stop_ids; i++)
    g_assert_true (gem_model_is_stop (pair.gguf, wanted->stop_ids[i]));
  g_assert_true (gem_model_is_stop (pair.gguf, 50)); /* <|tool_response> */
  g_assert_true (got->do_sample);
  g_assert_cmpfloat_with_epsilon (got->temperature, 0.7, 1e-6);
  g_assert_cmpstr (gem_model_get_name (pair.gguf), ==, "model");
  assert_same_numbers (pair.gguf, golden);
  assert_same_logits (pair.gguf, golden);
  gem_model_unref (golden);
  pair_clear (&pair);
}

/* What becomes BF16 is the twin's, and so is all that follows. */
static void
test_f16 (void)
{
  Pair pair;

  pair_init (&pair, GGUF_F16, GEM_WEIGHTS_BF16);
  assert_same_numbers (pair.gguf, pair.plain);
  assert_same_logits (pair.gguf, pair.plain);
  pair_clear (&pair);
}

/* The blocks are those that quantising the twin finds, and so every logit is the same. */
static void
test_q8_0 (void)
{
  Pair      pair;
  GemModel *as_stored;

  pair_init (&pair, GGUF_Q8_0, GEM_WEIGHTS_Q8);
  as_stored = model_at (pair.folder, GEM_WEIGHTS_BF16, FALSE, 2);
  g_assert_cmpuint (count_views (as_stored, KRN_Q8), ==, N_MATRICES);
  assert_same_numbers (as_stored, pair.plain);
  assert_same_numbers (pair.gguf, pair.plain);
  assert_same_logits (pair.gguf, pair.plain);
  assert_same_logits (as_stored, pair.plain);
  gem_model_unref (as_stored);
  pair_clear (&pair);
}

/* Four bits are asked for: the large matrices are made anew, the others stay. */
static void
test_q8_0_as_q4 (void)
{
  char     *folder = make_folder ();
  GemModel *model;

  write_gguf (folder, NULL, &(GgufSpec){.type = GGUF_Q8_0});
  model = model_at (folder, GEM_WEIGHTS_Q4, FALSE, 2);
  g_assert_cmpuint (count_views (model, KRN_Q4), ==, 9 * 5); /* q, o, gate, up, down */
  g_assert_cmpuint (count_views (model, KRN_Q8), ==, N_MATRICES - 9 * 5);
  gem_model_unref (model);
  remove_folder (folder);
}

static void
test_q4_0 (void)
{
  Pair pair;

  pair_init (&pair, GGUF_Q4_0, GEM_WEIGHTS_BF16);
  g_assert_cmpuint (count_views (pair.gguf, KRN_Q4), ==, N_MATRICES);
  assert_same_numbers (pair.gguf, pair.plain);
  pair_clear (&pair);
}

/* Matrices whose rows are whole blocks are in these types, the others in Q8_0, as in files that are
 * about. */
static void
test_k_blocks (gconstpointer data)
{
  Pair  pair;
  guint n;

  pair_init (&pair, (GgufType)GPOINTER_TO_UINT (data), GEM_WEIGHTS_BF16);
  n = count_views (pair.gguf, KRN_Q8);
  g_assert_cmpuint (n, >, 0);
  g_assert_cmpuint (n, <=, N_MATRICES - 9); /* down_proj of every layer has whole blocks */
  assert_same_numbers (pair.gguf, pair.plain);
  pair_clear (&pair);
}

/* ---- what sees and hears ---- */

static GemSoft *
look (GemModel *model)
{
  guint8    rgb[60 * 40 * 3];
  GemPixels pixels = {rgb, sizeof rgb, 60, 40, 60 * 3};
  g_autoptr (GError) error = NULL;
  GemSoft *soft;

  for (gsize i = 0; i < sizeof rgb; i++)
    rgb[i] = (guint8)(i * 37 % 251);
  soft = gem_media_encode_picture (model, &pixels, 70, "picture", NULL, NULL, &error);
  g_assert_no_error (error);
  return soft;
}

static GemSoft *
listen (GemModel *model)
{
  enum {
    N = 16000,
  };
  g_autofree float *samples = g_new (float, N);
  g_autoptr (GError) error = NULL;
  GemSoft *soft;

  for (int i = 0; i < N; i++)
    samples[i] = 0.3f * sinf (0.11f * (float)i) + 0.1f * sinf (0.0007f * (float)i * (float)i);
  soft = gem_media_encode_sound (model, samples, N, "sound", NULL, NULL, &error);
  g_assert_no_error (error);
  return soft;
}

/* Sums in another order, for what is F32 in one and BF16 in the other: the rest is the same. */
static void
assert_alike (GemSoft *got, GemSoft *wanted, gsize width)
{
  double apart;

  g_assert_cmpuint (got->n, ==, wanted->n);
  apart = rel_l2 (wanted->rows, got->rows, (gsize)got->n * width);
  g_test_message ("relative L2 %.2e", apart);
  g_assert_cmpfloat (apart, <, 2e-5);
  gem_soft_unref (got);
  gem_soft_unref (wanted);
}

static void
test_encoders (gconstpointer data)
{
  Pair pair;

  pair_init (&pair, (GgufType)GPOINTER_TO_UINT (data), GEM_WEIGHTS_BF16);
  assert_alike (look (pair.gguf), look (pair.plain), 128);
  assert_alike (listen (pair.gguf), listen (pair.plain), 128);
  pair_clear (&pair);
}

/* ---- the tokenizer ---- */

static void
test_tokenizer (void)
{
  static const char *const texts[] = {
      "Hello, world",           "  two  spaces and a tab\t.",
      "Zürich, 東京, 🙂",  "\n\n\nthree\nend",
      "<|turn>user\nHi<turn|>", "<|\"|>a<|tool_call>",
      "<0x41><unused3>",        "<ul><li>x</li></ul> ▁ \xf0\x9f\x8f\xb3",
  };
  char         *folder = make_folder ();
  GemModel     *golden = golden_model (GEM_WEIGHTS_BF16, 2), *model;
  GemTokenizer *a, *b;

  write_gguf (folder, NULL, &(GgufSpec){.type = GGUF_BF16});
  model = model_at (folder, GEM_WEIGHTS_BF16, FALSE, 2);
  a = gem_model_get_tokenizer (model);
  b = gem_model_get_tokenizer (golden);
  g_assert_cmpuint (gem_tokenizer_get_n_tokens (a), ==, gem_tokenizer_get_n_tokens (b));
  for (gint32 id = 0; id < (gint32)gem_tokenizer_get_n_tokens (a); id++) {
    g_assert_cmpstr (gem_tokenizer_get_text (a, id), ==, gem_tokenizer_get_text (b, id));
    g_assert_cmpint (gem_tokenizer_get_kind (a, id), ==, gem_tokenizer_get_kind (b, id));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    for (int flags = 0; flags < 2; flags++) {
      g_autoptr (GArray) x = g_array_new (FALSE, FALSE, sizeof (gint32));
      g_autoptr (GArray) y = g_array_new (FALSE, FALSE, sizeof (gint32));

      g_assert_true (gem_tokenizer_encode (a, texts[i], -1, (GemEncodeFlags)flags, x, NULL));
      g_assert_true (gem_tokenizer_encode (b, texts[i], -1, (GemEncodeFlags)flags, y, NULL));
      g_assert_cmpmem (x->data, x->len * 4, y->data, y->len * 4);
    }
  gem_model_unref (model);
  gem_model_unref (golden);
  remove_folder (folder);
}

/* ---- which files ---- */

static GemModel *
load (const char *folder, const char *file, GError **error)
{
  g_autofree char *path = file != NULL ? g_build_filename (folder, file, NULL) : g_strdup (folder);

  return gem_model_load (path, &(GemModelOptions){.backend = "cpu", .threads = 2}, NULL, NULL,
                         error);
}

static void
assert_refused (const char *folder, const char *file, GemError code, const char *says)
{
  g_autoptr (GError) error = NULL;
  GemModel *model = load (folder, file, &error);

  g_assert_null (model);
  g_assert_error (error, GEM_ERROR, (int)code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static void
test_places (void)
{
  char *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  GemModel *model;

  /* a file by itself neither sees nor hears */
  write_gguf (folder, NULL,
              &(GgufSpec){.model_file = "tiny-F16.gguf", .type = GGUF_F16, .no_projector = TRUE});
  model = load (folder, "tiny-F16.gguf", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gem_model_get_name (model), ==, "tiny-F16");
  g_assert_false (gem_model_get_config (model)->has_vision);
  g_assert_null (gem_model_get_vision_weights (model, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  gem_model_unref (model);
  /* several are told apart by choosing one; its projector is found */
  write_gguf (folder, NULL,
              &(GgufSpec){.model_file = "tiny-Q8.GGUF",
                          .type = GGUF_Q8_0,
                          .projector_file = "mmproj-tiny.gguf"});
  assert_refused (folder, NULL, GEM_ERROR_INVALID_MODEL,
                  "several models (“tiny-F16.gguf”, “tiny-Q8.GGUF”)");
  model = load (folder, "tiny-Q8.GGUF", &error);
  g_assert_no_error (error);
  g_assert_true (gem_model_get_config (model)->has_vision);
  gem_model_unref (model);
  /* the projector is no model, nor is what does not exist */
  assert_refused (folder, "mmproj-tiny.gguf", GEM_ERROR_INVALID_MODEL, "only the projector");
  assert_refused (folder, "absent.gguf", GEM_ERROR_INVALID_MODEL, "no model");
  remove_folder (folder);
  folder = make_folder ();
  write_text (folder, "mmproj.gguf", "GGUF");
  assert_refused (folder, NULL, GEM_ERROR_INVALID_MODEL, "a projector file but no model");
  write_text (folder, "model.gguf", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  assert_refused (folder, NULL, GEM_ERROR_INVALID_MODEL, "Git LFS");
  remove_folder (folder);
}

/* Of several projectors the one in BF16 is taken, and none that belongs to another model. */
static void
test_projectors (void)
{
  char *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  GemModel   *model;
  GgufWriter *other = gguf_writer_new ();
  gint64      shape[] = {64, 96};
  float       zeros[64 * 96] = {0};

  gguf_writer_add_text (other, "general.architecture", "clip");
  gguf_writer_add_tensor (other, "mm.input_projection.weight", GGUF_BF16, shape, 2, zeros,
                          64 * 96 * 2);
  write_gguf (folder, NULL, &(GgufSpec){.type = GGUF_F16, .projector_file = "a-mmproj.gguf"});
  write_gguf (folder, NULL, &(GgufSpec){.type = GGUF_BF16, .projector_file = "mmproj-bf16.gguf"});
  write_bytes (folder, "mmproj-other.gguf", gguf_writer_finish (other));
  model = load (folder, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gem_model_get_vision_weights (model, &error)->projection.type, ==, KRN_BF16);
  g_assert_cmpint (gem_model_get_audio_weights (model, &error)->projection.type, ==, KRN_BF16);
  g_assert_no_error (error);
  gem_model_unref (model);
  remove_folder (folder);
}

static const struct {
  GgufSpec    spec;
  GemError    code;
  const char *says;
} faults[] = {
    {{.architecture = "llama"}, GEM_ERROR_UNSUPPORTED, "another architecture (llama)"},
    {{.architecture = "gemma3n"}, GEM_ERROR_UNSUPPORTED, "another architecture (gemma3n)"},
    {{.tokenizer = "llama"}, GEM_ERROR_UNSUPPORTED, "one for “llama”"},
    {{.split = TRUE}, GEM_ERROR_UNSUPPORTED, "one part of a model"},
    {{.scaled_rope = TRUE}, GEM_ERROR_UNSUPPORTED, "scales the positions"},
    {{.skip = "gemma4.block_count"}, GEM_ERROR_INVALID_MODEL, "gemma4.block_count"},
    {{.skip = "gemma4.embedding_length"}, GEM_ERROR_INVALID_MODEL, "hidden_size"},
    {{.skip = "gemma4.attention.head_count"}, GEM_ERROR_INVALID_MODEL, "num_attention_heads"},
    {{.skip = "gemma4.attention.head_count_kv"}, GEM_ERROR_INVALID_MODEL, "head_count_kv"},
    {{.skip = "gemma4.feed_forward_length"}, GEM_ERROR_INVALID_MODEL, "feed_forward_length"},
    {{.skip = "gemma4.attention.sliding_window_pattern"},
     GEM_ERROR_INVALID_MODEL,
     "window_pattern"},
    {{.skip = "gemma4.attention.shared_kv_layers"}, GEM_ERROR_UNSUPPORTED, "another width"},
    {{.skip = "gemma4.embedding_length_per_layer_input"}, GEM_ERROR_UNSUPPORTED, "per-layer"},
    {{.skip = "tokenizer.ggml.tokens"}, GEM_ERROR_INVALID_MODEL, "no tokens"},
    {{.skip = "tokenizer.ggml.merges"}, GEM_ERROR_INVALID_MODEL, "no merges"},
    {{.skip = "token_embd.weight"}, GEM_ERROR_INVALID_MODEL, "vocab_size"},
    {{.skip = "blk.7.ffn_up.weight"}, GEM_ERROR_INVALID_MODEL, "“blk.7.ffn_up.weight” is missing"},
    {{.skip = "blk.3.layer_output_scale.weight"}, GEM_ERROR_INVALID_MODEL, "layer_output_scale"},
    {{.skip = "v.blk.2.ffn_gate.weight"},
     GEM_ERROR_INVALID_MODEL,
     "“v.blk.2.ffn_gate.weight” is missing"},
    {{.skip = "a.blk.1.attn_k.input_max"},
     GEM_ERROR_INVALID_MODEL,
     "“a.blk.1.attn_k.input_max” is missing"},
};

static void
test_faults (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++) {
    char    *folder = make_folder ();
    GgufSpec spec = faults[i].spec;

    spec.type = GGUF_BF16;
    write_gguf (folder, NULL, &spec);
    assert_refused (folder, NULL, faults[i].code, faults[i].says);
    remove_folder (folder);
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GgufType    type;
  } types[] = {{"bf16", GGUF_BF16}, {"f16", GGUF_F16}, {"q8_0", GGUF_Q8_0}, {"q4_0", GGUF_Q4_0}};

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autofree char *name = g_strdup_printf ("/gguf/broken/%s", broken[i].name);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_broken);
  }
  g_test_add_func ("/gguf/other-type", test_other_type);
  g_test_add_func ("/gguf/cut", test_cut);
  g_test_add_func ("/gguf/values", test_values);
  g_test_add_func ("/gguf/config", test_config);
  g_test_add_func ("/gguf/f16", test_f16);
  g_test_add_func ("/gguf/q8_0", test_q8_0);
  g_test_add_func ("/gguf/q8_0-as-q4", test_q8_0_as_q4);
  g_test_add_func ("/gguf/q4_0", test_q4_0);
  g_test_add_data_func ("/gguf/q4_k", GUINT_TO_POINTER (GGUF_Q4_K), test_k_blocks);
  g_test_add_data_func ("/gguf/q6_k", GUINT_TO_POINTER (GGUF_Q6_K), test_k_blocks);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree char *name = g_strdup_printf ("/gguf/encoders/%s", types[i].name);

    g_test_add_data_func (name, GUINT_TO_POINTER (types[i].type), test_encoders);
  }
  g_test_add_func ("/gguf/tokenizer", test_tokenizer);
  g_test_add_func ("/gguf/places", test_places);
  g_test_add_func ("/gguf/projectors", test_projectors);
  g_test_add_func ("/gguf/faults", test_faults);
  return g_test_run ();
}
