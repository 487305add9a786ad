/* test-drafter.c: guessing ahead changes how fast a text is written, never which: greedy and drawn,
 * with pictures in front, up to the end of the context, and with drafters that do not fit.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is guessed, and what is accepted, is compared with the reference's by `./check golden`. */
#include "gem-config.h"
#include "gem-drafter.h"
#include "gem-media.h"
#include "gem-session-private.h"
#include "golden-model.h"
#include "write-model.h"
#include "write-safetensors.h"

#include <jansson.h>
#include <string.h>

#define N_PROMPT 23
#define N_TOKENS 90

static GemModel   *model;
static GemDrafter *drafter;
static gint32      prompt[N_PROMPT]; /* one of the golden ones: its continuation can be guessed */

static void
load_prompt (void)
{
  g_autofree char *path = golden_path ("golden/mtp_reference.json");
  json_t          *root = json_load_file (path, 0, NULL);
  const json_t    *ids = json_object_get (json_object_get (root, "run_0"), "prompt_ids");

  g_assert_cmpuint (json_array_size (ids), ==, N_PROMPT);
  for (gsize i = 0; i < N_PROMPT; i++)
    prompt[i] = (gint32)json_integer_value (json_array_get (ids, i));
  json_decref (root);
}

static GemSession *
session_new (guint n_ctx)
{
  GemSessionOptions options = {.n_ctx = n_ctx, .keep_state = TRUE};
  g_autoptr (GError) error = NULL;
  GemSession *session = gem_session_new_with_options (model, &options, &error);

  g_assert_no_error (error);
  return session;
}

static void
read_prompt (GemSession *session, const GArray *soft)
{
  g_autofree gint32 *ids = g_memdup2 (prompt, sizeof prompt);
  g_autoptr (GError) error = NULL;

  if (soft != NULL)
    for (guint i = 0; i < soft->len; i++) {
      const GemSoftSpan *span = &g_array_index (soft, GemSoftSpan, i);

      for (guint j = 0; j < span->n; j++)
        ids[span->position + j] = gem_model_get_config (model)->image_token_id;
    }
  gem_session_sync (session, ids, N_PROMPT, soft, NULL, NULL, &error);
  g_assert_no_error (error);
}

static GemSampling
sampling_of (double temperature, guint64 seed)
{
  return (GemSampling){.temperature = temperature,
                       .top_k = 40,
                       .top_p = 0.95,
                       .repetition_penalty = temperature > 0.5 ? 1.1 : 1,
                       .repetition_window = 20,
                       .seed = seed};
}

/* @n tokens one after another. */
static GArray *
write_plain (guint n, const GemSampling *sampling, const GArray *soft)
{
  g_autoptr (GemSession) session = session_new (N_PROMPT + n + 20);
  g_autoptr (GError) error = NULL;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  read_prompt (session, soft);
  while (ids->len < n) {
    gint32 id = gem_session_sample (session, sampling, &error);

    g_array_append_val (ids, id);
    gem_session_step (session, id, &error);
    g_assert_no_error (error);
  }
  return ids;
}

/* At least @n tokens in rounds; *n_rounds of them. */
static GArray *
write_ahead (guint              n,
             guint              n_drafts,
             const GemSampling *sampling,
             const GArray      *soft,
             guint             *n_rounds)
{
  g_autoptr (GemSession) session = session_new (N_PROMPT + n + 20);
  g_autoptr (GError) error = NULL;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  gint32  id;

  *n_rounds = 0;
  read_prompt (session, soft);
  id = gem_session_sample (session, sampling, &error);
  while (ids->len < n) {
    GemRound round;
    guint    before = gem_session_get_length (session);

    g_array_append_val (ids, id);
    g_assert_true (
        gem_session_speculate (session, drafter, sampling, id, n_drafts, TRUE, &round, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (round.position, ==, before);
    g_assert_cmpuint (gem_session_get_length (session), ==, before + 1 + round.accepted);
    g_array_append_vals (ids, round.draft, round.accepted);
    id = round.drawn[round.accepted];
    (*n_rounds)++;
  }
  /* what is left in the session is what the last token left */
  g_assert_cmpint (gem_session_sample (session, sampling, &error), ==, id);
  return ids;
}

/* In how many rounds. */
static guint
assert_same_text (double temperature, guint64 seed, guint n_drafts, const GArray *soft)
{
  GemSampling sampling = sampling_of (temperature, seed);
  g_autoptr (GArray) plain = write_plain (N_TOKENS, &sampling, soft), ahead = NULL;
  guint n_rounds;

  ahead = write_ahead (N_TOKENS, n_drafts, &sampling, soft, &n_rounds);
  g_assert_cmpmem (plain->data, N_TOKENS * sizeof (gint32), ahead->data,
                   N_TOKENS * sizeof (gint32));
  g_test_message ("temperature %g, %u drafts: %u tokens in %u rounds", temperature, n_drafts,
                  ahead->len, n_rounds);
  return n_rounds;
}

static void
test_greedy (void)
{
  for (guint n = 0; n <= GEM_DRAFTS_MAX; n += 2)
    g_assert_cmpuint (assert_same_text (0, 1, n, NULL), <, n> 0 ? N_TOKENS * 2 / 3 : N_TOKENS + 1);
}

static void
test_drawn (void)
{
  guint n_rounds = 0;

  for (guint64 seed = 1; seed <= 3; seed++) {
    assert_same_text (0.6, seed, 3, NULL);
    n_rounds += assert_same_text (0.2, seed, 3, NULL);
  }
  g_assert_cmpuint (n_rounds, <, 3 * N_TOKENS); /* some of what was drawn had been guessed */
}

static void
test_picture (void)
{
  guint8    data[3 * 20 * 20];
  GemPixels pixels = {data, sizeof data, 20, 20, 60};
  g_autoptr (GArray) spans = gem_soft_spans_new ();
  g_autoptr (GError) error = NULL;
  GemSoftSpan span = {.position = 3, .n = 20};

  for (gsize i = 0; i < sizeof data; i++)
    data[i] = (guint8)(i * 7);
  span.soft = gem_media_encode_picture (model, &pixels, 70, "p", NULL, NULL, &error);
  g_assert_no_error (error);
  g_array_append_val (spans, span);
  assert_same_text (0, 1, 4, spans);
}

/* The last places of a context are filled, and no more. */
static void
test_full (void)
{
  const GemSampling greedy = sampling_of (0, 1);
  g_autoptr (GemSession) session = session_new (N_PROMPT + 6);
  g_autoptr (GError) error = NULL;
  GemRound round;
  gint32   id;

  read_prompt (session, NULL);
  id = gem_session_sample (session, &greedy, &error);
  while (gem_session_get_length (session) < N_PROMPT + 6) {
    g_assert_true (gem_session_speculate (session, drafter, &greedy, id, 8, TRUE, &round, &error));
    g_assert_no_error (error);
    id = round.drawn[round.accepted];
  }
  g_assert_false (gem_session_speculate (session, drafter, &greedy, id, 8, TRUE, &round, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_TOO_LONG);
  g_assert_cmpuint (gem_session_get_length (session), ==, N_PROMPT + 6);
}

/* ---- drafters that are not ---- */

static void
assert_refused (const char *folder, GemError code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gem_drafter_load (folder, model, &error));
  g_assert_error (error, GEM_ERROR, (int)code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

/* A copy of the tiny drafter, with @from in one of its files changed to @to. */
static void
assert_changed_refused (const char *file,
                        const char *from,
                        const char *to,
                        GemError    code,
                        const char *words)
{
  static const char *const files[] = {"config.json", "model.safetensors"};
  char                    *folder = make_folder ();

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *source =
        g_build_filename ("tests/golden/tiny-model/assistant", files[i], NULL);
    g_autofree char *path = source_path (source), *target =
                                                      g_build_filename (folder, files[i], NULL);
    g_autofree char *data = NULL;
    gsize            length;
    char            *at;

    g_assert_true (g_file_get_contents (path, &data, &length, NULL));
    at = g_str_equal (files[i], file) ? memmem (data, length, from, strlen (from)) : NULL;
    g_assert_true (at != NULL || !g_str_equal (files[i], file));
    if (at != NULL)
      memcpy (at, to, strlen (to));
    g_assert_true (g_file_set_contents (target, data, (gssize)length, NULL));
  }
  assert_refused (folder, code, words);
  remove_folder (folder);
}

static void
test_refused (void)
{
  g_autofree char *itself = source_path ("tests/golden/tiny-model");

  assert_refused ("/nonexistent", GEM_ERROR_INVALID_MODEL, "nonexistent");
  assert_refused (itself, GEM_ERROR_UNSUPPORTED, "is not a drafter");
  assert_changed_refused ("config.json", "\"backbone_hidden_size\": 128",
                          "\"backbone_hidden_size\": 256", GEM_ERROR_UNSUPPORTED, "another model");
  assert_changed_refused ("config.json", "\"num_centroids\": 64", "\"num_centroids\": 63",
                          GEM_ERROR_INVALID_MODEL, "num_centroids");
  assert_changed_refused ("config.json", "\"use_ordered_embeddings\": true",
                          "\"use_ordered_embeddings\":false", GEM_ERROR_UNSUPPORTED, "larger");
  assert_changed_refused ("config.json", "\"intermediate_size\": 128", "\"intermediate_size\": 256",
                          GEM_ERROR_INVALID_MODEL, "shape");
  assert_changed_refused ("model.safetensors", "token_ordering", "token_orderinG",
                          GEM_ERROR_INVALID_MODEL, "token_ordering");
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = source_path ("tests/golden/tiny-model/assistant");
  load_prompt ();
  model = golden_model (GEM_WEIGHTS_BF16, 2);
  drafter = gem_drafter_load (folder, model, &error);
  g_assert_no_error (error);
  g_test_add_func ("/drafter/greedy", test_greedy);
  g_test_add_func ("/drafter/drawn", test_drawn);
  g_test_add_func ("/drafter/picture", test_picture);
  g_test_add_func ("/drafter/full", test_full);
  g_test_add_func ("/drafter/refused", test_refused);
  status = g_test_run ();
  gem_drafter_free (drafter);
  gem_model_unref (model);
  return status;
}
