/* test-session.c: timelines: what is kept, what is computed again, and what a stopped or refused
 * call leaves.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Always compared with a session that computed the same tokens afresh.  Drawing and single steps
 * are in test-steps.c. */
#include "gem-session-private.h"
#include "golden-model.h"
#include "tests/test-brief.h"

#include <string.h>

#define SAME                                                                                       \
  1e-3 /* between logits of different chunk sizes: the order of additions, nothing else */
#define SHORTCUT 5e-6 /* relative, between the last row alone and in company */

typedef struct {
  GemModel *model;
  gint32   *ids; /* N_IDS random tokens */
} Fixture;

#define N_IDS 9000
#define LONG  4600 /* more than the rings of the small model hold, with chunks of 64 */

static Fixture f;

static GemSession *
new_session (guint n_ctx, guint chunk)
{
  GemSessionOptions options = {.n_ctx = n_ctx, .chunk = chunk};
  g_autoptr (GError) error = NULL;
  GemSession *session = gem_session_new_with_options (f.model, &options, &error);

  g_assert_no_error (error);
  return session;
}

static void
sync_ok (GemSession *session, const gint32 *ids, gsize n)
{
  g_autoptr (GError) error = NULL;
  gboolean done = gem_session_sync (session, ids, n, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (done);
  g_assert_cmpuint (gem_session_get_length (session), ==, n);
  g_assert_cmpmem (gem_session_get_tokens (session), n * sizeof (gint32), ids, n * sizeof (gint32));
  g_assert_cmpuint (gem_session_get_n_reused (session) + gem_session_get_n_prefilled (session), ==,
                    n);
}

static double
difference (GemSession *a, GemSession *b)
{
  g_assert_nonnull (gem_session_get_logits (a));
  g_assert_nonnull (gem_session_get_logits (b));
  return max_abs (gem_session_get_logits (a), gem_session_get_logits (b),
                  (gsize)a->config->text.vocab_size);
}

/* The session's logits are those of its tokens computed afresh. */
static void
assert_as_fresh (GemSession *session)
{
  g_autoptr (GemSession) fresh = new_session (MAX (gem_session_get_length (session), 1), 0);

  sync_ok (fresh, gem_session_get_tokens (session), gem_session_get_length (session));
  g_assert_cmpuint (gem_session_get_n_reused (fresh), ==, 0);
  g_assert_cmpfloat (difference (session, fresh), <=, SAME);
}

/* @n ids of which the first @n_common are f.ids' and the others are not. */
static gint32 *
branch (guint n_common, guint n)
{
  gint32 *ids = g_memdup2 (f.ids, n * sizeof (gint32));

  for (guint i = n_common; i < n; i++)
    ids[i] = (ids[i] + 1) % 4000;
  return ids;
}

/* ---- evaluating ---- */

static void
test_chunks (void)
{
  const guint chunks[] = {1, 7, 16, 512};
  g_autoptr (GemSession) whole = new_session (700, 700);

  sync_ok (whole, f.ids, 700);
  for (guint i = 0; i < G_N_ELEMENTS (chunks); i++) {
    g_autoptr (GemSession) session = new_session (700, chunks[i]);

    sync_ok (session, f.ids, 700);
    g_assert_cmpfloat (difference (whole, session), <=, SAME);
  }
}

static void
no_row_cb (guint position, const float *norm, const float *logits, gpointer user_data)
{
  g_assert_not_reached ();
}

/* A prompt of which no row is wanted, then one token: the keys of the prompt are the same bit for
 * bit, with and without the layers that nobody reads. */
static void
test_shortcut_keys (void)
{
  const guint        lengths[] = {12, 100, 513}, chunks[] = {12, 512};
  g_autofree guint8 *none = g_new0 (guint8, 600);

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint j = 0; j < G_N_ELEMENTS (chunks); j++) {
      g_autoptr (GemSession) cut = new_session (600, chunks[j]), all = new_session (600, chunks[j]);
      GemSession *both[] = {cut, all};

      all->options.all_layers = TRUE;
      for (guint k = 0; k < 2; k++) {
        g_autoptr (GError) error = NULL;

        gem_session_extend (both[k], f.ids, lengths[i], NULL, 0, none, no_row_cb, NULL, NULL,
                            &error);
        g_assert_no_error (error);
        gem_session_step (both[k], f.ids[lengths[i]], &error);
        g_assert_no_error (error);
      }
      g_assert_cmpfloat (difference (cut, all), ==, 0.0);
    }
}

/* A last row that goes on alone meets another inner loop than in company: a rounding error. */
static void
test_shortcut (void)
{
  const guint lengths[] = {1, 2, 7, 8, 14, 100, 515}, chunks[] = {7, 512};

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint j = 0; j < G_N_ELEMENTS (chunks); j++) {
      g_autoptr (GemSession) cut = new_session (600, chunks[j]), all = new_session (600, chunks[j]);
      double error;

      all->options.all_layers = TRUE;
      sync_ok (cut, f.ids, lengths[i]);
      sync_ok (all, f.ids, lengths[i]);
      error = rel_l2 (gem_session_get_logits (all), gem_session_get_logits (cut),
                      (gsize)cut->config->text.vocab_size);
      g_test_message ("%u tokens by %u: relative L2 %.1e", lengths[i], chunks[j], error);
      g_assert_cmpfloat (error, <=, SHORTCUT);
    }
}

/* ---- reusing ---- */

/* A second turn computes only what is new: the answer that was generated is there already. */
static void
test_second_turn (void)
{
  g_autoptr (GemSession) session = new_session (200, 0);
  g_autoptr (GError) error = NULL;

  sync_ok (session, f.ids, 50);
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 0);
  g_assert_cmpuint (gem_session_get_n_prefilled (session), ==, 50);
  for (guint i = 50; i < 80; i++) {
    gem_session_step (session, f.ids[i], &error);
    g_assert_no_error (error);
  }
  sync_ok (session, f.ids, 130);
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 80);
  g_assert_cmpuint (gem_session_get_n_prefilled (session), ==, 50);
  assert_as_fresh (session);
}

/* Nothing new: only the last token is computed, for its logits. */
static void
test_same_again (void)
{
  g_autoptr (GemSession) session = new_session (200, 0);

  for (guint i = 0; i < 2; i++) {
    sync_ok (session, f.ids, 60);
    g_assert_cmpuint (gem_session_get_n_reused (session), ==, i * 59);
    assert_as_fresh (session);
  }
  sync_ok (session, f.ids, 20); /* a prefix of what is there */
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 19);
  g_assert_cmpuint (gem_session_get_n_prefilled (session), ==, 1);
  assert_as_fresh (session);
}

static void
test_branch (void)
{
  g_autoptr (GemSession) session = new_session (200, 0);

  sync_ok (session, f.ids, 150);
  for (guint common = 0; common < 120; common += 17) {
    g_autofree gint32 *ids = branch (common, 130);

    sync_ok (session, f.ids, 150);
    sync_ok (session, ids, 130);
    g_assert_cmpuint (gem_session_get_n_reused (session), ==, common);
    assert_as_fresh (session);
  }
}

/* ---- rewinding far ---- */

/* The rings of the small model's window of 16 hold 16 + chunk + 4096 positions. */
static void
rewind_from (guint length, guint chunk, guint common, gboolean kept)
{
  g_autoptr (GemSession) session = new_session (N_IDS, chunk);
  g_autofree gint32 *ids = branch (common, common + 30);

  sync_ok (session, f.ids, length);
  sync_ok (session, ids, common + 30);
  g_test_message ("%u tokens, %u in common: %u kept", length, common,
                  gem_session_get_n_reused (session));
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, kept ? common : 0);
  assert_as_fresh (session);
}

static void
test_rewind_within (void)
{
  const guint by[] = {4096, 300, 17};
  const guint n = test_brief (G_N_ELEMENTS (by), 1, "rewinds");

  for (guint i = 0; i < n; i++)
    rewind_from (LONG, 64, LONG - by[i], TRUE);
}

static void
test_rewind_edge (void)
{
  guint oldest = LONG - (16 + 64 + 4096); /* that the rings hold */

  rewind_from (LONG, 64, oldest + 15, TRUE);
  rewind_from (LONG, 64, oldest + 14, FALSE);
}

static void
test_rewind_beyond (void)
{
  const guint common[] = {300, 0};
  const guint n = test_brief (G_N_ELEMENTS (common), 1, "rewinds");

  for (guint i = 0; i < n; i++)
    rewind_from (LONG, 64, common[i], FALSE);
}

/* The first tokens need nothing from before the start, as long as the rings have not come round. */
static void
test_rewind_to_start (void)
{
  rewind_from (4000, 64, 3, TRUE);
}

/* After a rewind the rings still hold nothing older than before it: a second one may not believe
 * so. */
static void
test_rewind_twice (void)
{
  g_autoptr (GemSession) session = new_session (N_IDS, 64);
  g_autofree gint32 *first = branch (3000, 3010), *second = branch (300, 330);

  sync_ok (session, f.ids, LONG);
  sync_ok (session, first, 3010);
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 3000);
  sync_ok (session, second, 330);
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 0);
  assert_as_fresh (session);
  sync_ok (session, f.ids, LONG); /* and from the restart on everything is there again */
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 300);
  assert_as_fresh (session);
}

/* ---- stopping ---- */

typedef struct {
  GemSession *session;
  GThread    *thread;
  guint       stop_at;
  gint        go; /* atomic */
} Stopper;

static gpointer
stop_thread (gpointer data)
{
  Stopper *s = data;

  while (!g_atomic_int_get (&s->go))
    g_thread_yield ();
  gem_session_cancel (s->session);
  return NULL;
}

static gboolean
let_go_cb (guint done, guint n_new, gpointer user_data)
{
  Stopper *s = user_data;

  if (done >= s->stop_at)
    g_atomic_int_set (&s->go, TRUE);
  return TRUE;
}

static void
test_cancel_from_thread (void)
{
  Stopper s = {.session = new_session (N_IDS, 64), .stop_at = 512};
  g_autoptr (GError) error = NULL;
  guint left;

  s.thread = g_thread_new ("stop", stop_thread, &s);
  g_assert_false (gem_session_sync (s.session, f.ids, N_IDS, NULL, let_go_cb, &s, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
  g_thread_join (s.thread);
  left = gem_session_get_length (s.session);
  g_test_message ("stopped after %u of %u tokens", left, N_IDS);
  g_assert_cmpuint (left, >=, 512);
  g_assert_cmpuint (left, <, N_IDS);
  g_assert_cmpuint (gem_session_get_n_prefilled (s.session), ==, left);
  g_assert_cmpmem (gem_session_get_tokens (s.session), left * 4, f.ids, left * 4);
  g_assert_null (gem_session_get_logits (s.session));

  gem_session_reset_cancel (s.session);
  sync_ok (s.session, f.ids, left + 100);
  g_assert_cmpuint (gem_session_get_n_reused (s.session), ==, left);
  assert_as_fresh (s.session);
  gem_session_free (s.session);
}

/* A pass that was stopped between layers has stored some of its keys: they must not matter, also
 * not where a ring had to give up older ones for them. */
static void
test_cancel_between_layers (void)
{
  g_autoptr (GemSession) session = new_session (N_IDS, 512);
  g_autofree gint32 *ids = branch (4700, 5100);
  g_autoptr (GError) error = NULL;
  GemDecoderSpan span = {&session->cache, session->options.cancelled, 0, 400, 4700};

  sync_ok (session, f.ids, 4700);
  gem_cache_will_store (&session->cache, 4700, 400);
  g_assert_true (gem_decoder_run (&session->decoder, ids + 4700, 400, &span, 1, NULL,
                                  400)); /* and nobody counted it */
  gem_session_cancel (session);
  g_assert_false (gem_session_sync (session, ids, 5100, NULL, NULL, NULL, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
  g_assert_cmpuint (gem_session_get_length (session), ==, 4700);
  gem_session_reset_cancel (session);
  sync_ok (session, f.ids, 4800);
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 4700);
  assert_as_fresh (session);
}

static gboolean
refuse_cb (guint done, guint n_new, gpointer user_data)
{
  guint *stop_at = user_data;

  return done < *stop_at;
}

static void
test_cancel_by_progress (void)
{
  g_autoptr (GemSession) session = new_session (400, 50);

  for (guint stop_at = 0; stop_at <= 200; stop_at += 50) {
    g_autoptr (GError) error = NULL;

    gem_session_clear (session);
    g_assert_false (gem_session_sync (session, f.ids, 300, NULL, refuse_cb, &stop_at, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
    g_assert_cmpuint (gem_session_get_length (session), ==, stop_at);
    sync_ok (session, f.ids, 300);
    g_assert_cmpuint (gem_session_get_n_reused (session), ==, stop_at);
    assert_as_fresh (session);
  }
}

static gboolean
count_cb (guint done, guint n_new, gpointer user_data)
{
  GArray *seen = user_data;

  g_array_append_val (seen, done);
  g_assert_cmpuint (n_new, ==, 120);
  return TRUE;
}

static void
test_progress (void)
{
  const guint expected[] = {0, 50, 100, 120};
  g_autoptr (GemSession) session = new_session (400, 50);
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GError) error = NULL;

  sync_ok (session, f.ids, 30);
  g_assert_true (gem_session_sync (session, f.ids, 150, NULL, count_cb, seen, &error));
  g_assert_cmpmem (seen->data, seen->len * sizeof (guint), expected, sizeof expected);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GemSession) session = new_session (100, 0);
  g_autoptr (GError) error = NULL;

  sync_ok (session, f.ids, 20);
  gem_session_cancel (session);
  g_assert_false (gem_session_step (session, f.ids[20], &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
  g_assert_cmpuint (gem_session_get_length (session), ==, 20);
  g_assert_null (gem_session_get_logits (session));
  gem_session_reset_cancel (session);
  sync_ok (session, f.ids, 21);
  assert_as_fresh (session);
}

/* ---- what makes no sense ---- */

static void
assert_refused (GemSession *session, const gint32 *ids, gsize n, GemError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gem_session_sync (session, ids, n, NULL, NULL, NULL, &error));
  g_assert_error (error, GEM_ERROR, (int)code);
  g_test_message ("%s", error->message);
  g_assert_cmpuint (gem_session_get_length (session), ==,
                    20); /* untouched, and its logits with it */
  g_assert_nonnull (gem_session_get_logits (session));
}

static void
test_refusals (void)
{
  const gint32 odd[] = {-1, G_MININT32, 4096, G_MAXINT32};
  g_autoptr (GemSession) session = new_session (100, 0);

  sync_ok (session, f.ids, 20);
  assert_refused (session, f.ids, 0, GEM_ERROR_INVALID_INPUT);
  assert_refused (session, f.ids, 101, GEM_ERROR_TOO_LONG);
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autofree gint32 *ids = g_memdup2 (f.ids, 40 * sizeof (gint32));

    ids[30] = odd[i];
    assert_refused (session, ids, 40, GEM_ERROR_INVALID_INPUT);
  }
  assert_as_fresh (session);
}

static void
test_full (void)
{
  g_autoptr (GemSession) session = new_session (20, 0);
  g_autoptr (GError) error = NULL;

  sync_ok (session, f.ids, 20);
  g_assert_false (gem_session_step (session, 1, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_TOO_LONG);
  g_assert_cmpuint (gem_session_get_length (session), ==, 20);
  assert_as_fresh (session);
}

/* Placeholders without media are embedded as padding in both tables, and attend as themselves. */
static void
test_placeholders (void)
{
  const GemConfig   *c = gem_model_get_config (f.model);
  const int          placeholders[] = {c->image_token_id, c->audio_token_id, c->video_token_id};
  g_autofree gint32 *ids = g_memdup2 (f.ids, 30 * sizeof (gint32));
  g_autoptr (GemSession) padded = new_session (30, 0);

  ids[10] = c->text.pad_token_id;
  sync_ok (padded, ids, 30);
  for (guint i = 0; i < G_N_ELEMENTS (placeholders); i++) {
    g_autoptr (GemSession) session = new_session (30, 0);

    ids[10] = placeholders[i];
    sync_ok (session, ids, 30);
    g_assert_cmpfloat (difference (padded, session), ==, 0.0);
  }
}

static void
test_bad_context (void)
{
  const guint sizes[] = {0, G_MAXUINT, (1u << 17) + 1};

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gem_session_new (f.model, sizes[i], &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  f.model = golden_model (GEM_WEIGHTS_BF16, 1);
  f.ids = random_tokens (f.model, 1, N_IDS);
  g_test_add_func ("/session/chunks", test_chunks);
  g_test_add_func ("/session/shortcut/keys", test_shortcut_keys);
  g_test_add_func ("/session/shortcut/last-row", test_shortcut);
  g_test_add_func ("/session/second-turn", test_second_turn);
  g_test_add_func ("/session/same-again", test_same_again);
  g_test_add_func ("/session/branch", test_branch);
  g_test_add_func ("/session/rewind/within", test_rewind_within);
  g_test_add_func ("/session/rewind/edge", test_rewind_edge);
  g_test_add_func ("/session/rewind/beyond", test_rewind_beyond);
  g_test_add_func ("/session/rewind/to-start", test_rewind_to_start);
  g_test_add_func ("/session/rewind/twice", test_rewind_twice);
  g_test_add_func ("/session/cancel/from-thread", test_cancel_from_thread);
  g_test_add_func ("/session/cancel/between-layers", test_cancel_between_layers);
  g_test_add_func ("/session/cancel/by-progress", test_cancel_by_progress);
  g_test_add_func ("/session/cancel/before", test_cancelled_before);
  g_test_add_func ("/session/progress", test_progress);
  g_test_add_func ("/session/refusals", test_refusals);
  g_test_add_func ("/session/full", test_full);
  g_test_add_func ("/session/placeholders", test_placeholders);
  g_test_add_func ("/session/bad-context", test_bad_context);
  status = g_test_run ();
  g_free (f.ids);
  gem_model_unref (f.model);
  return status;
}
