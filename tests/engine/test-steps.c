/* test-steps.c: single steps, steps of several timelines at once, drawing, and memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A step allocates nothing: this program's own malloc () counts. */
#include "gem-session-private.h"
#include "golden-model.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define N_IDS 200

static struct {
  GemModel *model;
  gint32   *ids;
} f;

static GemSession *
new_session (guint n_ctx)
{
  g_autoptr (GError) error = NULL;
  GemSession *session = gem_session_new (f.model, n_ctx, &error);

  g_assert_no_error (error);
  return session;
}

static void
sync_ok (GemSession *session, gsize n)
{
  g_autoptr (GError) error = NULL;

  gem_session_sync (session, f.ids, n, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
step_ok (GemSession *session, gint32 id)
{
  g_autoptr (GError) error = NULL;

  gem_session_step (session, id, &error);
  g_assert_no_error (error);
}

/* ---- nothing is allocated ---- */

#if !SANITIZED && defined(__GLIBC__)

static gint counting, n_allocations; /* atomic */

void *__libc_malloc (size_t);
void *__libc_calloc (size_t, size_t);
void *__libc_realloc (void *, size_t);
void *__libc_memalign (size_t, size_t);
void *malloc (size_t size);
void *calloc (size_t n, size_t size);
void *realloc (void *old, size_t size);
void *aligned_alloc (size_t alignment, size_t size);
int   posix_memalign (void **out, size_t alignment, size_t size);

static void
count (void)
{
  if (g_atomic_int_get (&counting))
    g_atomic_int_inc (&n_allocations);
}

void *
malloc (size_t size)
{
  count ();
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  count ();
  return __libc_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  count ();
  return __libc_realloc (old, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  count ();
  return __libc_memalign (alignment, size);
}

int
posix_memalign (void **out, size_t alignment, size_t size)
{
  count ();
  *out = __libc_memalign (alignment, size);
  return *out == NULL ? 12 : 0;
}

static void
start_counting (void)
{
  g_atomic_int_set (&n_allocations, 0);
  g_atomic_int_set (&counting, TRUE);
}

static guint
stop_counting (void)
{
  g_atomic_int_set (&counting, FALSE);
  return (guint)g_atomic_int_get (&n_allocations);
}

static void
test_allocates_nothing (void)
{
  const GemSampling sampling = {.temperature = 0.9,
                                .top_k = 40,
                                .top_p = 0.95,
                                .repetition_penalty = 1.1,
                                .repetition_window = 64,
                                .suppress_media = TRUE};
  g_autoptr (GemSession) a = new_session (N_IDS), b = new_session (N_IDS);
  GemSession *both[] = {a, b};
  gint32      ids[] = {5, 6};

  start_counting ();
  g_free (g_malloc (10));
  g_assert_cmpuint (stop_counting (), ==, 1); /* the counter counts */

  sync_ok (a, 30);
  sync_ok (b, 40);
  step_ok (a, gem_session_sample (a, &sampling, NULL));
  start_counting ();
  for (guint i = 0; i < 10; i++) {
    gint32 id = gem_session_sample (a, &sampling, NULL);

    gem_session_get_logits (a);
    gem_session_step (a, id, NULL);
    gem_sessions_step (both, 2, ids, NULL);
  }
  gem_session_sync (a, f.ids, 120, NULL, NULL, NULL, NULL); /* nor does reading a prompt */
  g_assert_cmpuint (stop_counting (), ==, 0);
  g_assert_cmpuint (gem_session_get_length (a), ==, 120);
  g_assert_cmpuint (gem_session_get_length (b), ==, 50);
}

#else

static void
test_allocates_nothing (void)
{
  g_test_skip ("the sanitizer owns malloc ()");
}

#endif

/* ---- memory that is not there ---- */

/* What is said to fit fits, and one token more does not. */
static void
test_longest_context (void)
{
  const GemSessionOptions options = {.n_ctx = 131072, .chunk = 512};

  for (guint64 available = 1 << 20; available < 200u << 20; available += 7654321) {
    guint             fits = gem_session_longest_context (f.model, &options, available);
    GemSessionOptions more = {.n_ctx = fits + 1, .chunk = 512},
                      just = {.n_ctx = fits, .chunk = 512};

    g_assert_cmpuint (gem_session_bytes (f.model, &just), <=, available);
    if (fits < options.n_ctx)
      g_assert_cmpuint (gem_session_bytes (f.model, &more), >, available);
  }
}

static void
test_no_memory_sentences (void)
{
  const GemSessionOptions options = {.n_ctx = 131072, .chunk = 512};
  const guint64           available[] = {1000, 50000000, G_MAXUINT64};
  const char *const       says[] = {"Not even a short one", "at most", "did not give"};

  for (guint i = 0; i < G_N_ELEMENTS (available); i++) {
    g_autoptr (GError) error = NULL;

    gem_session_set_no_memory (f.model, &options, available[i], &error);
    g_assert_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, says[i]));
  }
}

/* Under a limit of address space a context that does not fit is refused, not fatal. */
static void
test_no_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSession) session = NULL;
  g_autofree char *status = NULL;
  struct rlimit    limit, before;
  guint64          pages;

  if (SANITIZED) {
    g_test_skip ("the sanitizer needs the address space");
    return;
  }
  g_file_get_contents ("/proc/self/statm", &status, NULL, &error);
  g_assert_no_error (error);
  pages = g_ascii_strtoull (status, NULL, 10);
  getrlimit (RLIMIT_AS, &before);
  limit = before;
  limit.rlim_cur = pages * (guint64)sysconf (_SC_PAGESIZE) + (40u << 20);
  setrlimit (RLIMIT_AS, &limit);
  session = gem_session_new (f.model, 131072, &error); /* 134 MB of keys and values */
  setrlimit (RLIMIT_AS, &before);
  g_assert_null (session);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY);
  g_test_message ("%s", error->message);
}

/* ---- several at once ---- */

static void
test_batch (void)
{
  const guint lengths[] = {3, 40, 17, 150};
  enum {
    N = G_N_ELEMENTS (lengths)
  };
  GemSession *together[N], *alone[N];

  for (guint i = 0; i < N; i++) {
    together[i] = new_session (N_IDS);
    alone[i] = new_session (N_IDS);
    sync_ok (together[i], lengths[i]);
    sync_ok (alone[i], lengths[i]);
  }
  for (guint step = 0; step < 20; step++) {
    g_autoptr (GError) error = NULL;
    gint32 ids[N];

    for (guint i = 0; i < N; i++)
      ids[i] = f.ids[(step * 7 + i * 31) % N_IDS];
    gem_sessions_step (together, N, ids, &error);
    g_assert_no_error (error);
    for (guint i = 0; i < N; i++) {
      step_ok (alone[i], ids[i]);
      g_assert_cmpuint (gem_session_get_length (together[i]), ==,
                        gem_session_get_length (alone[i]));
      g_assert_cmpfloat (max_abs (gem_session_get_logits (alone[i]),
                                  gem_session_get_logits (together[i]), 4096),
                         <=, 1e-3);
    }
  }
  for (guint i = 0; i < N; i++) {
    gem_session_free (together[i]);
    gem_session_free (alone[i]);
  }
}

/* More rows than go through the output head at once. */
static void
test_large_batch (void)
{
  enum {
    N = GEM_DECODER_HEAD_ROWS + 5
  };
  g_autoptr (GPtrArray) sessions =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gem_session_free);
  g_autoptr (GemSession) alone = new_session (N_IDS);
  g_autoptr (GError) error = NULL;
  gint32 ids[N];

  for (guint i = 0; i < N; i++) {
    g_ptr_array_add (sessions, new_session (64));
    sync_ok (sessions->pdata[i], i + 1);
    ids[i] = f.ids[i + 1];
  }
  gem_sessions_step ((GemSession **)sessions->pdata, N, ids, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N; i++) {
    sync_ok (alone, i + 2);
    g_assert_cmpfloat (max_abs (gem_session_get_logits (alone),
                                gem_session_get_logits (sessions->pdata[i]), 4096),
                       <=, 1e-3);
  }
}

static void
test_batch_refused (void)
{
  g_autoptr (GemSession) a = new_session (N_IDS), b = new_session (30);
  GemSession  *both[] = {a, b};
  const gint32 good[] = {1, 2}, bad[] = {1, 4096};
  g_autoptr (GError) error = NULL;

  sync_ok (a, 20);
  sync_ok (b, 29);
  g_assert_false (gem_sessions_step (both, 2, bad, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
  g_clear_error (&error);
  gem_session_cancel (b);
  g_assert_false (gem_sessions_step (both, 2, good, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
  g_clear_error (&error);
  gem_session_reset_cancel (b);
  g_assert_cmpuint (gem_session_get_length (a), ==, 20);
  g_assert_cmpuint (gem_session_get_length (b), ==, 29);
  g_assert_true (gem_sessions_step (both, 2, good, &error));
  g_assert_false (gem_sessions_step (both, 2, good, &error)); /* b is full */
  g_assert_error (error, GEM_ERROR, GEM_ERROR_TOO_LONG);
  g_assert_cmpuint (gem_session_get_length (a), ==, 21);
}

/* ---- drawing ---- */

static GemSampling
free_sampling (void)
{
  return (GemSampling){.temperature = 1.0, .top_p = 1.0, .repetition_penalty = 1.0};
}

static void
test_defaults (void)
{
  GemSampling s;

  gem_sampling_init (&s, f.model); /* tests/golden/tiny-model/generation_config.json */
  g_assert_cmpfloat (s.temperature, ==, 1.0);
  g_assert_cmpint (s.top_k, ==, 64);
  g_assert_cmpfloat_with_epsilon (s.top_p, 0.95, 1e-12);
  g_assert_cmpfloat (s.min_p, ==, 0.0);
  g_assert_cmpfloat (s.repetition_penalty, ==, 1.0);
  g_assert_true (s.suppress_media);
}

static void
test_greedy_is_argmax (void)
{
  GemSampling s = free_sampling ();
  g_autoptr (GemSession) session = new_session (N_IDS);

  s.temperature = 0.0;
  for (guint n = 1; n < 40; n++) {
    const float *logits;
    gint32       best = 0;

    sync_ok (session, n);
    logits = gem_session_get_logits (session);
    for (gint32 i = 1; i < 4096; i++)
      if (logits[i] > logits[best])
        best = i;
    g_assert_cmpint (gem_session_sample (session, &s, NULL), ==, best);
  }
}

/* The same seed draws the same at the same place; other seeds and other places do not always. */
static void
test_seed (void)
{
  GemSampling s = free_sampling ();
  g_autoptr (GemSession) session = new_session (N_IDS);
  g_autofree float *before = NULL;
  guint             n_alike = 0;

  s.temperature = 5.0;
  sync_ok (session, 30);
  before = g_memdup2 (gem_session_get_logits (session), 4096 * sizeof (float));
  for (guint seed = 0; seed < 50; seed++) {
    gint32 first;

    s.seed = seed;
    first = gem_session_sample (session, &s, NULL);
    g_assert_cmpint (first, >=, 0);
    g_assert_cmpint (gem_session_sample (session, &s, NULL), ==, first);
    s.seed = seed + 1000;
    n_alike += gem_session_sample (session, &s, NULL) == first;
  }
  g_assert_cmpuint (n_alike, <, 10);
  g_assert_cmpmem (gem_session_get_logits (session), 4096 * sizeof (float), before,
                   4096 * sizeof (float));
}

/* At a high temperature every token has its turn, media tokens only where they may. */
static guint
count_media (GemSession *session, gboolean suppress)
{
  GemSampling s = free_sampling ();
  guint       n = 0;

  s.temperature = 1e4;
  s.suppress_media = suppress;
  for (s.seed = 0; s.seed < 4000; s.seed++)
    n += gem_session_sample (session, &s, NULL) >=
         4089; /* the last seven ids of the small vocabulary */
  return n;
}

static void
test_suppress_media (void)
{
  g_autoptr (GemSession) session = new_session (N_IDS);

  sync_ok (session, 30);
  g_assert_cmpuint (count_media (session, FALSE), >, 0);
  g_assert_cmpuint (count_media (session, TRUE), ==, 0);
}

/* Greedy with a penalty so strong that nothing of the window comes twice; what left the window may.
 */
static void
test_repetition_window (void)
{
  GemSampling s = free_sampling ();
  g_autoptr (GemSession) session = new_session (N_IDS);

  s.temperature = 0.0;
  s.repetition_penalty = 1e6;
  s.repetition_window = 8;
  sync_ok (session, 10);
  for (guint i = 0; i < 60; i++) {
    gint32        id = gem_session_sample (session, &s, NULL);
    const gint32 *tokens = gem_session_get_tokens (session);

    for (guint j = gem_session_get_length (session) - 8; j < gem_session_get_length (session); j++)
      g_assert_cmpint (tokens[j], !=, id);
    step_ok (session, id);
  }
}

static void
assert_refused (GemSession *session, const GemSampling *s)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gem_session_sample (session, s, &error), ==, -1);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
}

static void
test_bad_sampling (void)
{
  const GemSampling wrong[] = {
      {.temperature = -1.0, .top_p = 1.0, .repetition_penalty = 1.0},
      {.temperature = NAN, .top_p = 1.0, .repetition_penalty = 1.0},
      {.temperature = INFINITY, .top_p = 1.0, .repetition_penalty = 1.0},
      {.top_p = 0.0, .repetition_penalty = 1.0},
      {.top_p = 1.5, .repetition_penalty = 1.0},
      {.top_p = NAN, .repetition_penalty = 1.0},
      {.top_p = 1.0, .top_k = -1, .repetition_penalty = 1.0},
      {.top_p = 1.0, .min_p = 1.0, .repetition_penalty = 1.0},
      {.top_p = 1.0, .min_p = -0.1, .repetition_penalty = 1.0},
      {.top_p = 1.0, .repetition_penalty = 0.0},
      {.top_p = 1.0, .repetition_penalty = 1.0, .repetition_window = -1},
  };
  const GemSampling good = free_sampling ();
  g_autoptr (GemSession) session = new_session (N_IDS);

  assert_refused (session, &good); /* nothing was read yet */
  sync_ok (session, 5);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (session, &wrong[i]);
  g_assert_cmpint (gem_session_sample (session, &good, NULL), >=, 0);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  f.model = golden_model (GEM_WEIGHTS_BF16, 2);
  f.ids = random_tokens (f.model, 2, N_IDS);
  g_test_add_func ("/steps/allocate-nothing", test_allocates_nothing);
  g_test_add_func ("/memory/longest-context", test_longest_context);
  g_test_add_func ("/memory/sentences", test_no_memory_sentences);
  g_test_add_func ("/memory/limit", test_no_memory);
  g_test_add_func ("/steps/batch", test_batch);
  g_test_add_func ("/steps/large-batch", test_large_batch);
  g_test_add_func ("/steps/batch-refused", test_batch_refused);
  g_test_add_func ("/sampling/defaults", test_defaults);
  g_test_add_func ("/sampling/greedy-is-argmax", test_greedy_is_argmax);
  g_test_add_func ("/sampling/seed", test_seed);
  g_test_add_func ("/sampling/suppress-media", test_suppress_media);
  g_test_add_func ("/sampling/repetition-window", test_repetition_window);
  g_test_add_func ("/sampling/bad-settings", test_bad_sampling);
  status = g_test_run ();
  g_free (f.ids);
  gem_model_unref (f.model);
  return status;
}
