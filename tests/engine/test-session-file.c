/* test-session-file.c: timelines that go on from a file as if they had never been away, and files
 * that are not what they say.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "The same" is bit for bit throughout: a loaded timeline and the one that was saved compute the
 * same numbers in the same order. */
#include "gem-session-file.h"
#include "gem-session-private.h"
#include "golden-model.h"
#include "tests/test-brief.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define N_IDS   5200
#define CHUNK   64
#define WRAPPED 4700 /* more than the rings of the small model hold, with chunks of CHUNK */

typedef struct {
  GemModel *models[2]; /* F32 caches, BF16 caches */
  gint32   *ids;       /* N_IDS random tokens */
  char     *folder, *path;
} Fixture;

static Fixture f;

static GemSession *
new_session (GemModel *model, guint n_ctx)
{
  GemSessionOptions options = {.n_ctx = n_ctx, .chunk = CHUNK};
  g_autoptr (GError) error = NULL;
  GemSession *session = gem_session_new_with_options (model, &options, &error);

  g_assert_no_error (error);
  return session;
}

static void
sync_ok (GemSession *session, const gint32 *ids, gsize n, const GArray *soft)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gem_session_sync (session, ids, n, soft, NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
save (GemSession *session, guint rewind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSessionWriter) writer = gem_session_writer_new (session, rewind, f.path, &error);
  gboolean done = FALSE;
  GStatBuf st;

  g_assert_no_error (error);
  while (!done) {
    g_assert_true (gem_session_writer_step (writer, &done, &error));
    g_assert_no_error (error);
  }
  g_assert_cmpint (g_stat (f.path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
  if (session->soft->len == 0)
    g_assert_cmpuint ((guint64)st.st_size, ==, gem_session_file_bytes (session, rewind));
}

static guint
load_ok (GemSession *session, const gint32 *ids, gsize n, const GArray *soft)
{
  g_autoptr (GError) error = NULL;
  guint n_loaded;

  g_assert_true (gem_session_load (session, f.path, ids, n, soft, &n_loaded, &error));
  g_assert_no_error (error);
  if (n_loaded > 0)
    g_assert_cmpuint (gem_session_get_length (session), ==, n_loaded);
  return n_loaded;
}

/* The next logits of both are the same now, and after a few more tokens. */
static void
assert_same (GemSession *a, GemSession *b)
{
  gsize bytes = (gsize)a->config->text.vocab_size * sizeof (float);

  for (guint i = 0; i < 4; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_cmpuint (a->length, ==, b->length);
    g_assert_cmpmem (gem_session_get_logits (a), bytes, gem_session_get_logits (b), bytes);
    g_assert_true (gem_session_step (a, f.ids[i], &error));
    g_assert_true (gem_session_step (b, f.ids[i], &error));
  }
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

/* ---- going on ---- */

static void
check_goes_on (GemModel *model, guint n, guint rewind)
{
  g_autoptr (GemSession) stays = new_session (model, N_IDS);
  g_autoptr (GemSession) fresh = new_session (model, N_IDS);

  sync_ok (stays, f.ids, n, NULL);
  save (stays, rewind);
  g_assert_cmpuint (load_ok (fresh, f.ids, n + 30, NULL), ==, n);
  sync_ok (stays, f.ids, n + 30, NULL);
  sync_ok (fresh, f.ids, n + 30, NULL);
  g_assert_cmpuint (gem_session_get_n_reused (fresh), ==, n);
  g_assert_cmpuint (gem_session_get_n_prefilled (fresh), ==, 30);
  assert_same (stays, fresh);
}

static void
test_goes_on (void)
{
  const guint lengths[] = {1, 40, 600};

  for (guint m = 0; m < G_N_ELEMENTS (f.models); m++)
    for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
      check_goes_on (f.models[m], lengths[i], 0);
      check_goes_on (f.models[m], lengths[i], 1024);
    }
}

static void
test_wrapped (void)
{
  guint n = test_brief (2, 1, "types of caches");

  for (guint m = 0; m < n; m++) {
    check_goes_on (f.models[m], WRAPPED, 0);
    check_goes_on (f.models[m], WRAPPED, 300);
  }
}

/* Saved after it was shortened and went on another way. */
static void
test_after_rewind (void)
{
  g_autofree gint32 *ids = branch (500, 660);
  g_autoptr (GemSession) stays = new_session (f.models[0], 1000);
  g_autoptr (GemSession) fresh = new_session (f.models[0], 1000);

  sync_ok (stays, f.ids, 700, NULL);
  sync_ok (stays, ids, 600, NULL);
  g_assert_cmpuint (gem_session_get_n_reused (stays), ==, 500);
  save (stays, 64);
  g_assert_cmpuint (load_ok (fresh, ids, 660, NULL), ==, 600);
  sync_ok (stays, ids, 660, NULL);
  sync_ok (fresh, ids, 660, NULL);
  assert_same (stays, fresh);
}

/* The thought at its end was dropped, or its last message was changed. */
static void
test_rewound_when_loaded (void)
{
  g_autofree gint32 *near = branch (580, 640), *far = branch (300, 640);
  g_autoptr (GemSession) stays = new_session (f.models[0], 1000);
  g_autoptr (GemSession) fresh = new_session (f.models[0], 1000);
  g_autoptr (GemSession) other = new_session (f.models[0], 1000);

  sync_ok (stays, f.ids, 600, NULL);
  save (stays, 64);
  g_assert_cmpuint (load_ok (fresh, near, 640, NULL), ==, 580);
  g_assert_cmpuint (load_ok (other, far, 640, NULL), ==, 0); /* its window is not in the file */
  g_assert_cmpuint (gem_session_get_length (other), ==, 0);
  sync_ok (stays, near, 640, NULL);
  sync_ok (fresh, near, 640, NULL);
  sync_ok (other, near, 640, NULL);
  assert_same (stays, fresh);

  /* What a file did not bring is not taken for known: it is computed again. */
  sync_ok (fresh, far, 640, NULL);
  g_assert_cmpuint (gem_session_get_n_reused (fresh), ==, 0);
  gem_session_clear (other);
  sync_ok (other, far, 640, NULL);
  assert_same (other, fresh);
}

/* The file is loaded only if it knows more than the timeline does. */
static void
test_knows_less (void)
{
  g_autofree gint32 *ids = branch (100, 400);
  g_autoptr (GemSession) session = new_session (f.models[0], 1000);

  sync_ok (session, f.ids, 200, NULL);
  save (session, 1024);
  sync_ok (session, f.ids, 300, NULL);
  g_assert_cmpuint (load_ok (session, f.ids, 400, NULL), ==, 0);
  g_assert_cmpuint (gem_session_get_length (session), ==, 300);
  sync_ok (session, ids, 90, NULL);
  g_assert_cmpuint (load_ok (session, f.ids, 400, NULL), ==, 200);
  g_assert_cmpuint (load_ok (session, ids + 200, 100, NULL), ==, 0);
  g_assert_cmpuint (gem_session_get_length (session), ==, 200);
  g_unlink (f.path);
  g_assert_cmpuint (load_ok (session, f.ids, 400, NULL), ==, 0);
}

/* The last token is always evaluated: never all of a prompt is loaded. */
static void
test_whole_prompt (void)
{
  g_autoptr (GemSession) stays = new_session (f.models[0], 1000);
  g_autoptr (GemSession) fresh = new_session (f.models[0], 1000);

  sync_ok (stays, f.ids, 300, NULL);
  save (stays, 1);
  g_assert_cmpuint (load_ok (fresh, f.ids, 300, NULL), ==, 299);
  sync_ok (fresh, f.ids, 300, NULL);
  sync_ok (stays, f.ids, 300, NULL); /* once more, alone, as in the other */
  assert_same (stays, fresh);
}

/* A context of another length has other rings. */
static void
test_other_context (void)
{
  g_autoptr (GemSession) stays = new_session (f.models[0], N_IDS);
  g_autoptr (GemSession) fresh = new_session (f.models[0], 650);

  sync_ok (stays, f.ids, 600, NULL);
  save (stays, 1024);
  g_assert_cmpuint (load_ok (fresh, f.ids, 640, NULL), ==, 600);
  sync_ok (stays, f.ids, 640, NULL);
  sync_ok (fresh, f.ids, 640, NULL);
  assert_same (stays, fresh);
}

/* ---- pictures ---- */

static GemSoft *
soft_new (const char *key, guint32 seed, guint n)
{
  guint  width = (guint)gem_model_get_config (f.models[0])->text.hidden_size;
  float *rows = g_new (float, (gsize)n *width);
  GRand *rand = g_rand_new_with_seed (seed);

  for (guint i = 0; i < n * width; i++)
    rows[i] = (float)g_rand_double_range (rand, -1, 1);
  g_rand_free (rand);
  return gem_soft_new (key, n, width, rows);
}

/* Two pictures in the first 200 of @ids. */
static GArray *
spans_of (gint32 *ids, const char *first, const char *second)
{
  GArray     *spans = gem_soft_spans_new ();
  GemSoftSpan span[] = {{20, 0, 30, soft_new (first, 1, 30)},
                        {90, 0, 40, soft_new (second, 2, 40)}};

  for (guint i = 0; i < 2; i++)
    for (guint j = 0; j < span[i].n; j++)
      ids[span[i].position + j] = gem_model_get_config (f.models[0])->image_token_id;
  g_array_append_vals (spans, span, 2);
  return spans;
}

static void
test_pictures (void)
{
  g_autofree gint32 *ids = branch (N_IDS, N_IDS);
  g_autoptr (GArray) spans = spans_of (ids, "a:280:0", "b:280:0");
  g_autoptr (GArray) others = spans_of (ids, "a:280:0", "c:280:0");
  g_autoptr (GemSession) stays = new_session (f.models[0], 1000);
  g_autoptr (GemSession) fresh = new_session (f.models[0], 1000);
  g_autoptr (GemSession) other = new_session (f.models[0], 1000);

  sync_ok (stays, ids, 200, spans);
  save (stays, 1024);
  g_assert_cmpuint (load_ok (fresh, ids, 230, spans), ==, 200);
  g_assert_cmpuint (load_ok (other, ids, 230, others), ==, 90); /* same ids, another picture */
  gem_session_clear (other);
  g_assert_cmpuint (load_ok (other, ids, 230, NULL), ==, 20);
  sync_ok (stays, ids, 230, spans);
  sync_ok (fresh, ids, 230, spans);
  g_assert_cmpuint (gem_session_get_n_reused (fresh), ==, 200);
  assert_same (stays, fresh);

  /* What was loaded is told apart by its keys, and can be saved again. */
  save (fresh, 1024);
  sync_ok (fresh, ids, 230, others);
  g_assert_cmpuint (gem_session_get_n_reused (fresh), ==, 90);
  g_assert_cmpuint (load_ok (fresh, ids, 240, spans), ==, 230);
}

static void
test_without_key (void)
{
  g_autofree gint32 *ids = branch (N_IDS, N_IDS);
  g_autoptr (GArray) spans = spans_of (ids, "a:280:0", NULL);
  g_autoptr (GemSession) session = new_session (f.models[0], 1000);
  g_autoptr (GError) error = NULL;

  g_unlink (f.path);
  sync_ok (session, ids, 200, spans);
  g_assert_null (gem_session_writer_new (session, 0, f.path, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED);
  g_assert_cmpint (g_rmdir (f.folder), ==, 0); /* nothing lies in it */
  g_mkdir (f.folder, 0700);
}

/* ---- files that are not what they say ---- */

static void
assert_refused (GemSession *session, const char *bytes, gsize length)
{
  g_autoptr (GError) error = NULL;
  guint n_loaded;

  g_file_set_contents (f.path, bytes, (gssize)length, &error);
  g_assert_no_error (error);
  g_assert_false (gem_session_load (session, f.path, f.ids, 100, NULL, &n_loaded, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
  g_assert_cmpuint (n_loaded, ==, 0);
  g_assert_cmpuint (gem_session_get_length (session), ==, 0);
}

static void
test_damaged (void)
{
  const guint      step = test_brief (97, 9973, "a byte of every so many damaged");
  g_autofree char *bytes = NULL;
  gsize            length;
  g_autoptr (GemSession) stays = new_session (f.models[0], 120);
  g_autoptr (GemSession) session = new_session (f.models[0], 120);

  sync_ok (stays, f.ids, 30, NULL);
  save (stays, 0);
  g_assert_true (g_file_get_contents (f.path, &bytes, &length, NULL));
  for (gsize at = 0; at < length; at += at < 240 ? 1 : step) {
    bytes[at] = (char)(bytes[at] ^ 0x10);
    assert_refused (session, bytes, length);
    bytes[at] = (char)(bytes[at] ^ 0x10);
  }
  for (gsize cut = 0; cut < length; cut += cut < 240 ? 1 : 10 * step)
    assert_refused (session, bytes, cut);
  assert_refused (session, bytes, length - 1);
  bytes = g_realloc (bytes, length + 1);
  bytes[length] = 0;
  assert_refused (session, bytes, length + 1);
  g_file_set_contents (f.path, bytes, (gssize)length, NULL);
  g_assert_cmpuint (load_ok (session, f.ids, 100, NULL), ==, 30);
}

/* Pieces of another file, each with a sound sum, do not pass for this one's. */
static void
test_mixed (void)
{
  g_autoptr (GemSession) a = new_session (f.models[0], 120), b = new_session (f.models[0], 120);
  g_autofree gint32 *ids = branch (20, 40);
  g_autofree char   *of_a = NULL, *of_b = NULL;
  gsize              length, length_b, head = 72 + 30 * sizeof (gint32) + 32;

  sync_ok (a, f.ids, 30, NULL);
  save (a, 0);
  g_assert_true (g_file_get_contents (f.path, &of_a, &length, NULL));
  sync_ok (b, ids, 30, NULL);
  save (b, 0);
  g_assert_true (g_file_get_contents (f.path, &of_b, &length_b, NULL));
  g_assert_cmpuint (length, ==, length_b);
  memcpy (of_a + head, of_b + head, length - head);
  gem_session_clear (a);
  assert_refused (a, of_a, length);
}

static void
test_other_model (void)
{
  g_autoptr (GemSession) stays = new_session (f.models[0], 120);
  g_autofree char *bytes = NULL, *demo = data_path ("demo");
  gsize            length;
  GemModel        *others[] = {f.models[1], golden_model (GEM_WEIGHTS_Q8, 1),
                               model_at (demo, GEM_WEIGHTS_BF16, FALSE, 1)};

  sync_ok (stays, f.ids, 30, NULL);
  save (stays, 0);
  g_assert_true (g_file_get_contents (f.path, &bytes, &length, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autoptr (GemSession) session = new_session (others[i], 120);

    assert_refused (session, bytes, length);
  }
  gem_model_unref (others[1]);
  gem_model_unref (others[2]);
}

static void
test_no_file (void)
{
  g_autoptr (GemSession) session = new_session (f.models[0], 120);
  guint n_loaded;

  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;

    g_unlink (f.path);
    g_assert_cmpint (i == 0 ? g_mkdir (f.path, 0700) : mkfifo (f.path, 0600), ==, 0);
    g_assert_false (gem_session_load (session, f.path, f.ids, 100, NULL, &n_loaded, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
    g_remove (f.path);
  }
}

/* ---- writing that does not come to its end ---- */

static void
test_given_up (void)
{
  g_autoptr (GemSession) session = new_session (f.models[0], 1000);
  g_autofree char *nowhere = g_build_filename (f.folder, "nowhere", "state", NULL);
  g_autoptr (GError) error = NULL;
  GemSessionWriter *writer;
  gboolean          done;

  g_unlink (f.path);
  sync_ok (session, f.ids, 600, NULL);
  writer = gem_session_writer_new (session, 0, f.path, &error);
  g_assert_no_error (error);
  g_assert_true (gem_session_writer_step (writer, &done, &error));
  g_assert_false (done);
  gem_session_writer_free (writer);
  g_assert_cmpint (g_rmdir (f.folder), ==, 0); /* nothing lies in it */
  g_assert_null (gem_session_writer_new (session, 0, nowhere, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
  g_mkdir (f.folder, 0700);
}

static void
test_cancelled (void)
{
  g_autoptr (GemSession) session = new_session (f.models[0], 1000);
  g_autoptr (GError) error = NULL;
  guint n_loaded;

  sync_ok (session, f.ids, 600, NULL);
  save (session, 0);
  gem_session_clear (session);
  gem_session_cancel (session);
  g_assert_false (gem_session_load (session, f.path, f.ids, 700, NULL, &n_loaded, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
  g_assert_cmpuint (gem_session_get_length (session), ==, 0);
  gem_session_reset_cancel (session);
  g_assert_cmpuint (load_ok (session, f.ids, 700, NULL), ==, 600);
}

int
main (int argc, char **argv)
{
  g_autofree char *tiny = golden_path ("tiny-model");
  int              status;

  g_test_init (&argc, &argv, NULL);
  f.models[0] = golden_model (GEM_WEIGHTS_BF16, 1);
  f.models[1] = model_at (tiny, GEM_WEIGHTS_BF16, TRUE, 1);
  f.ids = random_tokens (f.models[0], 1, N_IDS);
  f.folder = g_dir_make_tmp ("facet-test-XXXXXX", NULL);
  f.path = g_build_filename (f.folder, "state", NULL);
  g_test_add_func ("/session-file/goes-on", test_goes_on);
  g_test_add_func ("/session-file/wrapped", test_wrapped);
  g_test_add_func ("/session-file/after-rewind", test_after_rewind);
  g_test_add_func ("/session-file/rewound-when-loaded", test_rewound_when_loaded);
  g_test_add_func ("/session-file/knows-less", test_knows_less);
  g_test_add_func ("/session-file/whole-prompt", test_whole_prompt);
  g_test_add_func ("/session-file/other-context", test_other_context);
  g_test_add_func ("/session-file/pictures", test_pictures);
  g_test_add_func ("/session-file/without-key", test_without_key);
  g_test_add_func ("/session-file/damaged", test_damaged);
  g_test_add_func ("/session-file/mixed", test_mixed);
  g_test_add_func ("/session-file/other-model", test_other_model);
  g_test_add_func ("/session-file/no-file", test_no_file);
  g_test_add_func ("/session-file/given-up", test_given_up);
  g_test_add_func ("/session-file/cancelled", test_cancelled);
  status = g_test_run ();
  g_unlink (f.path);
  g_rmdir (f.folder);
  g_free (f.path);
  g_free (f.folder);
  g_free (f.ids);
  gem_model_unref (f.models[0]);
  gem_model_unref (f.models[1]);
  return status;
}
