/* test-golden-text.c: the text decoder against the reference implementation's tensors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tolerances are those of tests/golden/golden/README.md.  Quantised weights are held against twice
 * what ideal rounding of the weights alone does to the same tensors (tools/compare.py --explain
 * prints it); the error that was measured is in the test's output. */
#include "gem-session-private.h"
#include "golden-model.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define REL_LIMIT    1e-4
#define ABS_LIMIT    5e-3
#define CHUNK_SPREAD 1e-3 /* between logits of different chunk sizes */

/* ---- running ---- */

typedef struct {
  float *logits; /* the rows that were asked for, one after another */
  gsize  vocabulary, n_rows;
} Rows;

static void
row_cb (guint position, const float *norm, const float *logits, gpointer user_data)
{
  Rows *rows = user_data;

  memcpy (rows->logits + rows->n_rows++ * rows->vocabulary, logits,
          rows->vocabulary * sizeof (float));
}

/* Logits of positions [first, n) when the first @n_prefill ids go in chunks and the others one by
 * one.  (transfer full) */
static float *
run_logits (GemModel     *model,
            const gint32 *ids,
            guint         n,
            guint         first,
            guint         n_prefill,
            guint         chunk,
            GemTrace     *trace)
{
  GemSessionOptions options = {.n_ctx = n, .chunk = chunk};
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSession) session = gem_session_new_with_options (model, &options, &error);
  g_autofree guint8 *wanted = g_new0 (guint8, n);
  gsize              vocabulary = (gsize)gem_model_get_config (model)->text.vocab_size;
  Rows rows = {.logits = g_new (float, (n - first) * vocabulary), .vocabulary = vocabulary};

  g_assert_no_error (error);
  memset (wanted + first, 1, n - first);
  session->decoder.trace = trace;
  gem_session_extend (session, ids, n_prefill, NULL, chunk, wanted, row_cb, NULL, &rows, &error);
  g_assert_no_error (error);
  gem_session_extend (session, ids + n_prefill, n - n_prefill, NULL, 1, wanted + n_prefill, row_cb, NULL,
                      &rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows.n_rows, ==, n - first);
  return rows.logits;
}

static void
assert_close (const char *what, const float *reference, const float *got, gsize n, double limit_abs)
{
  double rel = rel_l2 (reference, got, n), largest = max_abs (reference, got, n);

  g_test_message ("%s: relative L2 %.2e, largest difference %.2e", what, rel, largest);
  g_assert_cmpfloat (rel, <=, REL_LIMIT);
  g_assert_cmpfloat (largest, <=, limit_abs);
}

/* ---- exact weights ---- */

static GemTrace *
trace_text_short (GemModel *model, float **logits, GemSafetensors *file)
{
  GemTrace     *trace = gem_trace_new (gem_model_get_ops (model), gem_model_get_krn_device (model));
  guint         n;
  const gint32 *ids = golden_ids (file, &n);

  *logits = run_logits (model, ids, n, 0, n, 0, trace);
  return trace;
}

static void
test_layers (void)
{
  g_autoptr (GemModel) model = golden_model (GEM_WEIGHTS_BF16, 2);
  g_autoptr (GemSafetensors) file = golden_open ("text_short");
  g_autofree float *logits = NULL;
  g_autoptr (GemTrace) trace = trace_text_short (model, &logits, file);
  guint n_compared = 0;

  for (guint i = 0; i < gem_safetensors_get_n_tensors (file); i++) {
    const char  *name = gem_safetensors_get_nth (file, i)->name;
    gsize        n, n_got;
    const float *reference, *got;

    if (g_str_equal (name, "input_ids") || g_str_equal (name, "logits") ||
        g_str_equal (name, "final_norm"))
      continue;
    reference = golden_floats (file, name, &n);
    got = gem_trace_lookup (trace, name, &n_got);
    g_assert_cmpuint (n_got, ==, n);
    assert_close (name, reference, got, n, G_MAXDOUBLE);
    n_compared++;
  }
  g_assert_cmpuint (n_compared, ==, 4 + 9 * 5 + 5 * 2);
  {
    gsize        n;
    const float *reference = golden_floats (file, "logits", &n);

    assert_close ("logits", reference, logits, n, ABS_LIMIT);
  }
}

/* The logits of all positions; of these only the ones that the golden has, where it does not have all. */
static float *
run_golden_logits (GemModel *model, GemSafetensors *file, guint first, guint chunk)
{
  guint            n;
  gsize            n_values;
  const gint32    *ids = golden_ids (file, &n);
  float           *logits = run_logits (model, ids, n, first, n, chunk, NULL);
  const GemTensor *positions = gem_safetensors_find (file, "logit_positions");

  if (positions != NULL) {
    const gint32 *at = (const gint32 *)(gconstpointer)positions->data;
    gsize         n_rows = positions->n_bytes / sizeof *at, width;

    golden_floats (file, "logits", &n_values);
    width = n_values / n_rows;
    for (gsize i = 0; i < n_rows; i++)
      memmove (logits + i * width, logits + ((guint)at[i] - first) * width, width * sizeof *logits);
  }
  return logits;
}

/* The same logits whole and in chunks, all within the tolerance and closer still to each other. */
static void
compare_chunks (const char *name, guint first, const guint *chunks, guint n_chunks)
{
  g_autoptr (GemModel) model = golden_model (GEM_WEIGHTS_BF16, 2);
  g_autoptr (GemSafetensors) file = golden_open (name);
  g_autofree float *whole = run_golden_logits (model, file, first, 0);
  gsize             n_values;
  const float      *reference = golden_floats (file, "logits", &n_values);

  assert_close (name, reference, whole, n_values, ABS_LIMIT);
  for (guint i = 0; i < n_chunks; i++) {
    g_autofree float *got = run_golden_logits (model, file, first, chunks[i]);

    assert_close (name, reference, got, n_values, ABS_LIMIT);
    g_assert_cmpfloat (max_abs (whole, got, n_values), <=, CHUNK_SPREAD);
  }
}

static void
test_text_100 (void)
{
  const guint chunks[] = {1, 13, 64, 100};

  compare_chunks ("text_100", 0, chunks, G_N_ELEMENTS (chunks));
}

static void
test_text_600 (void)
{
  const guint chunks[] = {13, 64, 512, 600};

  compare_chunks ("text_600", 599, chunks, G_N_ELEMENTS (chunks));
}

static void
test_decode_steps (void)
{
  g_autoptr (GemModel) model = golden_model (GEM_WEIGHTS_BF16, 2);
  g_autoptr (GemSafetensors) file = golden_open ("decode_steps");
  g_autofree float *first = NULL;
  const guint       chunks[] = {1, 7, 16, 25, 40, 512}, prefill = 40;
  guint             n;
  gsize             n_values;
  const gint32     *ids = golden_ids (file, &n);
  const float      *reference = golden_floats (file, "step_logits", &n_values);

  for (guint i = 0; i < G_N_ELEMENTS (chunks); i++) {
    g_autofree float *got = run_logits (model, ids, n, prefill - 1, prefill, chunks[i], NULL);

    assert_close ("steps", reference, got, n_values, ABS_LIMIT);
    if (first != NULL)
      g_assert_cmpfloat (max_abs (first, got, n_values), <=, CHUNK_SPREAD);
    else
      first = g_steal_pointer (&got);
  }
}

/* ---- continuations ---- */

static GArray *
ids_from_json (const json_t *array)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_assert_cmpuint (json_array_size (array), >, 0);
  for (gsize i = 0; i < json_array_size (array); i++) {
    gint32 id = (gint32)json_integer_value (json_array_get (array, i));

    g_array_append_val (ids, id);
  }
  return ids;
}

static void
continue_greedily (GemSession *session, const json_t *prompt)
{
  g_autoptr (GArray) ids = ids_from_json (json_object_get (prompt, "prompt_ids"));
  g_autoptr (GArray) wanted = ids_from_json (json_object_get (prompt, "continuation"));
  g_autoptr (GError) error = NULL;
  GemSampling sampling;

  gem_sampling_init (&sampling, session->model);
  sampling.temperature = 0.0;
  sampling.suppress_media = FALSE;
  gem_session_sync (session, (const gint32 *)ids->data, ids->len, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < wanted->len; i++) {
    gint32 id = gem_session_sample (session, &sampling, &error);

    g_assert_no_error (error);
    g_assert_cmpint (id, ==, g_array_index (wanted, gint32, i));
    gem_session_step (session, id, &error);
    g_assert_no_error (error);
  }
}

static void
test_greedy (void)
{
  g_autofree char *path = golden_path ("golden/greedy.json");
  g_autoptr (GemModel) model = golden_model (GEM_WEIGHTS_BF16, 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSession) session = gem_session_new (model, 256, &error);
  json_t     *root = json_load_file (path, 0, NULL), *prompt;
  const char *name;
  guint       n = 0;

  g_assert_no_error (error);
  json_object_foreach (json_object_get (root, "prompts"), name, prompt)
  {
    g_test_message ("%s", name);
    continue_greedily (session, prompt);
    n++;
  }
  g_assert_cmpuint (n, ==, 5);
  json_decref (root);
}

/* ---- quantised weights ---- */

#define UNRELATED 1.2 /* unrelated vectors of equal length are 1.41 apart */

/* What rounding every matrix to blocks of 32 with the largest magnitude / 127 or / 7 as the step
 * does to text_short, computed in float64. */
static const struct {
  const char *name;
  double      q8, q4;
} ideal[] = {
    {"ple_combined", 0.0064, 0.1149}, {"layer.0.out", 0.0081, 0.1450},
    {"layer.1.out", 0.0141, 0.2688},  {"layer.2.out", 0.0195, 0.3339},
    {"layer.3.out", 0.0239, 0.4101},  {"layer.4.out", 0.0316, 0.5004},
    {"layer.5.out", 0.0345, 0.5475},  {"layer.6.out", 0.0401, 0.6099},
    {"layer.7.out", 0.0428, 0.6373},  {"layer.8.out", 0.0443, 0.6695},
};

static void
compare_quantised (GemWeights weights)
{
  g_autoptr (GemModel) model = golden_model (weights, 2);
  g_autoptr (GemSafetensors) file = golden_open ("text_short");
  g_autofree float *logits = NULL;
  g_autoptr (GemTrace) trace = trace_text_short (model, &logits, file);
  gsize        n, n_got;
  const float *reference;

  for (guint i = 0; i < G_N_ELEMENTS (ideal); i++) {
    double       limit = 2.0 * (weights == GEM_WEIGHTS_Q8 ? ideal[i].q8 : ideal[i].q4) + REL_LIMIT;
    const float *got = gem_trace_lookup (trace, ideal[i].name, &n_got);
    double       error;

    reference = golden_floats (file, ideal[i].name, &n);
    g_assert_cmpuint (n_got, ==, n);
    error = rel_l2 (reference, got, n);
    g_test_message ("%s: relative L2 %.4f (limit %.4f)", ideal[i].name, error,
                    MIN (limit, UNRELATED));
    g_assert_cmpfloat (error, <=, MIN (limit, UNRELATED));
    g_assert_cmpfloat (error, >, 0.0);
  }
  reference = golden_floats (file, "logits", &n);
  g_test_message ("logits: relative L2 %.4f", rel_l2 (reference, logits, n));
}

static void
test_q8 (void)
{
  compare_quantised (GEM_WEIGHTS_Q8);
}

static void
test_q4 (void)
{
  compare_quantised (GEM_WEIGHTS_Q4);
}

/* bf16 activations: twice the difference that a bf16 run of the reference itself shows. */
static void
test_fast (void)
{
  g_autofree char *folder = golden_path ("tiny-model");
  g_autoptr (GemModel) model = model_at (folder, GEM_WEIGHTS_BF16, TRUE, 2);
  g_autoptr (GemSafetensors) file = golden_open ("text_100");
  g_autofree float *got = run_golden_logits (model, file, 0, 0);
  gsize             n_values;
  const float      *reference = golden_floats (file, "logits", &n_values);

  g_test_message ("logits: relative L2 %.4f", rel_l2 (reference, got, n_values));
  g_assert_cmpfloat (rel_l2 (reference, got, n_values), <=, 2 * 0.042);
  g_assert_cmpfloat (max_abs (reference, got, n_values), <=, 2 * 2.9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/golden/layers", test_layers);
  g_test_add_func ("/golden/text-100", test_text_100);
  g_test_add_func ("/golden/text-600", test_text_600);
  g_test_add_func ("/golden/decode-steps", test_decode_steps);
  g_test_add_func ("/golden/greedy", test_greedy);
  g_test_add_func ("/golden/q8", test_q8);
  g_test_add_func ("/golden/q4", test_q4);
  g_test_add_func ("/golden/fast", test_fast);
  return g_test_run ();
}
