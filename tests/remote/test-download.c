/* test-download.c: a download ends whole and right, whatever the server does, or is not shown at
 * all.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "facet-download.h"
#include "facet-download-journal.h"
#include "facet-model-folder.h"
#include "fake-hub.h"
#include "fake-keyring.h"
#include "tests/test-brief.h"
#include "test-folder.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <string.h>

#define SIZE  (2 * 1024 * 1024 + 777)
#define PIECE (192 * 1024)

typedef struct {
  FakeHub              *hub;
  char                 *models; /* folder */
  FacetDownloadJob      job;
  FacetDownloadProgress progress;
  FakeKeyring           fake;
  FacetKeyring         *keyring;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->hub = fake_hub_new ();
  f->models = test_folder_new ();
  facet_download_progress_init (&f->progress);
  fake_keyring_init (&f->fake);
  f->keyring = fake_keyring_new_keyring (&f->fake);
  fake_hub_add (f->hub, "config.json", "{\"model_type\": \"gemma4\"}", 24, FALSE);
  fake_hub_add (f->hub, "tokenizer.json", "{}", 2, FALSE);
  fake_hub_add (f->hub, "notes.txt", "not wanted", 10, FALSE);
  fake_hub_add_random (f->hub, "model.safetensors", SIZE, 1, SIZE);
  f->job = (FacetDownloadJob){.address = fake_hub_get_address (f->hub),
                              .token = "hf_secret",
                              .repository = "test/model",
                              .name = "A Model",
                              .models = f->models,
                              .tuning = {.connections = 4,
                                         .piece_bytes = PIECE,
                                         .retry_ms = 5,
                                         .retries = 4,
                                         .journal_ms = 10}};
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  fake_hub_free (f->hub);
  test_folder_remove (f->models);
  facet_download_progress_clear (&f->progress);
  g_object_unref (f->keyring);
  fake_keyring_clear (&f->fake);
  g_free (f->models);
}

static gboolean
run (Fixture *f, GError **error)
{
  return facet_download_job_run (&f->job, &f->progress, NULL, error);
}

static void
assert_whole (Fixture *f)
{
  static const char *const names[] = {"config.json", "tokenizer.json", "model.safetensors"};
  g_autofree char         *folder = facet_download_dup_folder (f->models, "test/model");
  g_autofree char         *hidden = facet_download_dup_hidden_folder (f->models, "test/model");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    fake_hub_assert_same (f->hub, folder, names[i]);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (names) + 1); /* and facet.json */
  g_assert_false (g_file_test (hidden, G_FILE_TEST_EXISTS));
}

/* Neither the folder, nor anything that looks like a model to whoever lists them. */
static void
assert_hidden (Fixture *f)
{
  g_autofree char *folder = facet_download_dup_folder (f->models, "test/model");
  g_autoptr (GPtrArray) list = facet_model_folders_list (f->models, "/nonexistent");

  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (list->len, ==, 0);
}

static void
assert_comes (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  gboolean came = run (f, &error);

  g_assert_no_error (error);
  g_assert_true (came);
  assert_whole (f);
}

/* Fails with this, shows nothing, and comes as soon as the server is right again. */
static void
assert_refused_then_comes (Fixture *f, FakeFault fault, GQuark domain, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  fake_hub_set_fault (f->hub, fault, -1);
  g_assert_false (run (f, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, words));
  assert_hidden (f);
  fake_hub_set_fault (f->hub, fault, 0);
  assert_comes (f);
}

/* ---- as it should be ---- */

static void
test_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) asked = NULL;
  g_autofree char *folder = facet_download_dup_folder (f->models, "test/model");
  g_autoptr (FacetHubListing) listing = NULL;
  g_autoptr (GError) error = NULL;

  assert_comes (f);
  asked = fake_hub_take_asked (f->hub);
  g_assert_cmpuint (asked->len, ==, 1);
  g_assert_cmpuint (facet_byte_ranges_get_total (asked), ==, SIZE);
  g_assert_cmpuint (test_server_count (fake_hub_get_host (f->hub), "/blob/"), ==, SIZE / PIECE + 1);
  g_assert_cmpuint (f->progress.done, ==, f->progress.total);
  g_assert_cmpuint (f->progress.received, ==, f->progress.total);
  listing = facet_download_read_listing (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (listing->repository, ==, "test/model");
  g_assert_cmpuint (listing->files->len, ==, 3);
}

/* The other host never sees the token, the hub always does. */
static void
test_token (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) of_hub = NULL;
  g_autoptr (GPtrArray) of_host = NULL;

  assert_comes (f);
  of_hub = test_server_dup_requests (fake_hub_get_hub (f->hub));
  of_host = test_server_dup_requests (fake_hub_get_host (f->hub));
  g_assert_cmpuint (of_hub->len, >, 4);
  for (guint i = 0; i < of_hub->len; i++)
    g_assert_cmpstr (((TestRequest *)of_hub->pdata[i])->authorization, ==, "Bearer hf_secret");
  g_assert_cmpuint (of_host->len, >, 4);
  for (guint i = 0; i < of_host->len; i++)
    g_assert_null (((TestRequest *)of_host->pdata[i])->authorization);
  g_assert_false (test_folder_contains (f->models, "hf_secret"));
}

static FacetDownload *
start (Fixture *f)
{
  FacetDownload *download = facet_download_new (&f->job, f->keyring);

  facet_download_start (download);
  return download;
}

/* The keyring is asked for the token of this very address; without one, or where it is broken, it
 * is tried without. */
static void
check_keyring (Fixture *f, const char *token)
{
  g_autofree char *folder = facet_download_dup_folder (f->models, "test/model");
  g_autofree char *value = token != NULL ? g_strconcat ("Bearer ", token, NULL) : NULL;
  guint            before = test_server_count (fake_hub_get_hub (f->hub), "/");
  g_autoptr (FacetDownload) download = NULL;
  g_autoptr (GPtrArray) requests = NULL;

  f->job.token = NULL;
  download = start (f);
  wait_until (facet_download_get_state (download) != FACET_DOWNLOAD_RUNNING);
  g_assert_no_error (facet_download_get_error (download));
  requests = test_server_dup_requests (fake_hub_get_hub (f->hub));
  g_assert_cmpuint (requests->len, >, before);
  g_assert_cmpstr (((TestRequest *)requests->pdata[before])->authorization, ==, value);
  test_folder_remove (folder);
}

static void
test_keyring (Fixture *f, gconstpointer data)
{
  check_keyring (f, NULL);
  g_hash_table_insert (f->fake.keys, g_strdup ("https://huggingface.co"), g_strdup ("hf_other"));
  check_keyring (f, NULL);
  g_hash_table_insert (f->fake.keys, g_strdup (fake_hub_get_address (f->hub)),
                       g_strdup ("hf_kept"));
  check_keyring (f, "hf_kept");
  f->fake.broken = TRUE;
  check_keyring (f, NULL);
  g_assert_cmpuint (f->fake.n_lookups, >=, 3);
}

/* ---- faults that are got over ---- */

static void
test_no_ranges (Fixture *f, gconstpointer data)
{
  fake_hub_set_fault (f->hub, FAKE_NO_RANGES, -1);
  assert_comes (f);
  g_assert_cmpuint (test_server_count (fake_hub_get_host (f->hub), "/blob/"), ==, 1);
}

/* What came before the connection broke is not asked for again. */
static void
test_drops (Fixture *f, gconstpointer data)
{
  fake_hub_set_fault (f->hub, FAKE_DROP, 12);
  assert_comes (f);
  g_assert_cmpuint (f->progress.received, ==, f->progress.total);
}

static void
test_drops_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fake_hub_set_fault (f->hub, FAKE_NO_RANGES, -1);
  fake_hub_set_fault (f->hub, FAKE_DROP, 2);
  assert_comes (f);
  g_assert_cmpuint (f->progress.received, >, f->progress.total);
}

static void
test_busy (Fixture *f, gconstpointer data)
{
  gint64 began = g_get_monotonic_time ();

  fake_hub_set_fault (f->hub, FAKE_BUSY, 2);
  assert_comes (f);
  /* As long as the server asked for, at the least. */
  g_assert_cmpint (g_get_monotonic_time () - began, >=, G_USEC_PER_SEC);
}

static void
test_down_for_a_while (Fixture *f, gconstpointer data)
{
  fake_hub_set_fault (f->hub, FAKE_DOWN, 3);
  fake_hub_set_fault (f->hub, FAKE_RUBBISH, 1);
  assert_comes (f);
}

static void
test_longer (Fixture *f, gconstpointer data)
{
  fake_hub_set_fault (f->hub, FAKE_LONGER, -1);
  assert_comes (f);
}

static void
test_flipped_once (Fixture *f, gconstpointer data)
{
  fake_hub_set_fault (f->hub, FAKE_FLIPPED, 1);
  assert_comes (f);
}

/* The hub says that the bytes are the same, whatever the hosts call them. */
static void
test_other_etags (Fixture *f, gconstpointer data)
{
  fake_hub_set_fault (f->hub, FAKE_OTHER_ETAG, -1);
  assert_comes (f);
  g_assert_cmpuint (f->progress.received, ==, f->progress.total);
}

/* ---- faults that are not ---- */

static void
test_down (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_DOWN, FACET_HUB_ERROR, FACET_HUB_ERROR_BUSY,
                             "The machine is resting.");
}

static void
test_forbidden (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_FORBIDDEN, FACET_HUB_ERROR, FACET_HUB_ERROR_REFUSED,
                             "Access to model test/model is restricted.");
}

static void
test_rubbish (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_RUBBISH, FACET_HUB_ERROR, FACET_HUB_ERROR_NETWORK,
                             "127.0.0.1");
}

static void
test_wrong_total (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_WRONG_TOTAL, FACET_DOWNLOAD_ERROR,
                             FACET_DOWNLOAD_ERROR_CHANGED, ".json");
}

static void
test_wrong_part (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_WRONG_PART, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                             "another part");
}

static void
test_flipped (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_FLIPPED, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_HASH,
                             "checksum");
}

static void
test_to_file (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_TO_FILE, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER,
                             "file:///etc/passwd");
}

static void
test_loop (Fixture *f, gconstpointer data)
{
  assert_refused_then_comes (f, FAKE_LOOP, FACET_HUB_ERROR, FACET_HUB_ERROR_ANSWER, "without end");
}

static void
test_no_space (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fake_hub_add_random (f->hub, "model.safetensors", 1000, 1, G_GUINT64_CONSTANT (1) << 50);
  g_assert_false (run (f, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_NO_SPACE);
  g_assert_cmpuint (test_server_count (fake_hub_get_hub (f->hub), "/test/model/resolve"), ==, 0);
  assert_hidden (f);
}

static void
test_nobody_there (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->job.address = "http://127.0.0.1:1";
  g_assert_false (run (f, &error));
  g_assert_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NETWORK);
  f->job.address = "gopher://example.org";
  g_clear_error (&error);
  g_assert_false (run (f, &error));
  g_assert_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ADDRESS);
  f->job.address = fake_hub_get_address (f->hub);
  f->job.repository = "../model";
  g_clear_error (&error);
  g_assert_false (run (f, &error));
  g_assert_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ADDRESS);
  f->job.repository = "test/other";
  g_clear_error (&error);
  g_assert_false (run (f, &error));
  g_assert_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NOT_FOUND);
}

/* ---- lists that are none ---- */

static void
test_hostile_trees (Fixture *f, gconstpointer data)
{
  static const char *const trees[] = {
      "",
      "nothing",
      "{}",
      "[]",
      "[1, null, {}]",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
      "[{\"type\":\"file\",\"path\":\"../"
      "config.json\",\"size\":1,\"oid\":\"0000000000000000000000000000000000000000\"}]",
      "[{\"type\":\"file\",\"path\":\"/etc/"
      "config.json\",\"size\":1,\"oid\":\"0000000000000000000000000000000000000000\"}]",
      "[{\"type\":\"file\",\"path\":\"config.json\",\"size\":-1,\"oid\":"
      "\"0000000000000000000000000000000000000000\"}]",
      "[{\"type\":\"file\",\"path\":\"config.json\",\"size\":1}]",
      "[{\"type\":\"file\",\"path\":\"config.json\",\"size\":1,\"oid\":\"../../../../../../../../"
      "../../../../etc/pass\"}]",
  };
  g_autofree char *long_one = g_strnfill (5 * 1024 * 1024, ' ');

  for (guint i = 0; i <= G_N_ELEMENTS (trees); i++) {
    g_autoptr (GError) error = NULL;

    fake_hub_set_tree (f->hub, i < G_N_ELEMENTS (trees) ? trees[i] : long_one);
    g_assert_false (run (f, &error));
    g_assert_true (error->domain == FACET_HUB_ERROR);
    assert_hidden (f);
  }
  fake_hub_set_tree (f->hub, NULL);
  assert_comes (f);
}

/* ---- paused, changed, killed ---- */

static guint64
count_begun (Fixture *f)
{
  guint64 done = 0, total;

  facet_download_get_begun (f->models, "test/model", &done, &total);
  return done;
}

static void
read_journal (Fixture *f, FacetDownloadJournal *journal)
{
  g_autofree char *hidden = facet_download_dup_hidden_folder (f->models, "test/model");
  g_autofree char *path = g_build_filename (hidden, "model.safetensors.journal", NULL);

  facet_download_journal_load (journal, path, SIZE);
}

/* None of the bytes that were @there was asked for again. */
static void
assert_not_asked (Fixture *f, const GArray *there)
{
  g_autoptr (GArray) asked = fake_hub_take_asked (f->hub);
  g_autoptr (GArray) both = facet_byte_ranges_copy (there);

  facet_byte_ranges_add_all (both, asked);
  g_assert_cmpuint (facet_byte_ranges_get_total (both), ==,
                    facet_byte_ranges_get_total (there) + facet_byte_ranges_get_total (asked));
}

static FacetDownload *
pause_in_the_middle (Fixture *f)
{
  FacetDownload *download = start (f);

  wait_until (facet_download_get_done (download) > SIZE / 4);
  facet_download_pause (download);
  wait_until (facet_download_get_state (download) != FACET_DOWNLOAD_RUNNING);
  g_assert_cmpint (facet_download_get_state (download), ==, FACET_DOWNLOAD_PAUSED);
  return download;
}

static void
test_pause (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetDownload) download = NULL;
  g_autofree char     *text = NULL;
  FacetDownloadJournal journal;

  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  download = pause_in_the_middle (f);
  g_assert_cmpint (facet_download_get_state (download), ==, FACET_DOWNLOAD_PAUSED);
  assert_hidden (f);
  text = facet_download_dup_text (download);
  g_test_message ("%s", text);

  /* Every byte that came is in the journal. */
  g_assert_cmpuint (count_begun (f), ==, facet_download_get_done (download));
  read_journal (f, &journal);
  g_assert_cmpuint (facet_byte_ranges_get_total (journal.ranges), >, SIZE / 5);
  g_array_unref (fake_hub_take_asked (f->hub));

  /* Another object, as after a start of the program. */
  g_clear_object (&download);
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  download = start (f);
  g_assert_cmpuint (facet_download_get_done (download), >, SIZE / 5);
  wait_until (facet_download_get_state (download) != FACET_DOWNLOAD_RUNNING);
  g_assert_no_error (facet_download_get_error (download));
  g_assert_cmpint (facet_download_get_state (download), ==, FACET_DOWNLOAD_DONE);
  assert_whole (f);
  assert_not_asked (f, journal.ranges);
  facet_download_journal_clear (&journal);
}

/* The published file is another one by the time that the download is gone on with. */
static void
test_changed (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetDownload) download = NULL;

  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  download = pause_in_the_middle (f);
  g_clear_object (&download);
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  fake_hub_add_random (f->hub, "model.safetensors", SIZE, 2, SIZE);
  assert_comes (f);
}

static void
test_changed_size (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetDownload) download = NULL;

  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  download = pause_in_the_middle (f);
  g_clear_object (&download);
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  fake_hub_add_random (f->hub, "model.safetensors", SIZE / 8, 3, SIZE / 8);
  assert_comes (f);
}

/* Where only the ETag tells, it is the condition of what is asked for. */
static void
test_if_range (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetDownload) download = NULL;
  g_autoptr (GPtrArray) requests = NULL;
  FacetDownloadJournal journal;
  guint                n_conditions = 0;

  fake_hub_set_fault (f->hub, FAKE_NO_IDENTITY, -1);
  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  download = pause_in_the_middle (f);
  g_clear_object (&download);
  read_journal (f, &journal);
  g_array_unref (fake_hub_take_asked (f->hub));
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  assert_comes (f);
  assert_not_asked (f, journal.ranges);
  requests = test_server_dup_requests (fake_hub_get_host (f->hub));
  for (guint i = 0; i < requests->len; i++)
    n_conditions += ((TestRequest *)requests->pdata[i])->if_range != NULL;
  g_assert_cmpuint (n_conditions, >, 0);
  facet_download_journal_clear (&journal);
}

static void
test_changed_etag (Fixture *f, gconstpointer data)
{
  fake_hub_set_fault (f->hub, FAKE_NO_IDENTITY, -1);
  test_changed (f, data);
}

/* A journal that lies, a part that is shorter than its journal, and leftovers. */
static void
test_damaged_remains (Fixture *f, gconstpointer data)
{
  static const char *const journals[] = {
      "",
      "facet-download 1\n",
      "facet-download 2\nsize 1\nranges 0-1\n",
      "facet-download 1\nsize 2097929\nidentity \netag \nranges 0-99999999\n",
      "facet-download 1\nsize 2097929\nidentity \netag \nranges 5-2 a-b\n",
      "facet-download 1\nsize 2097929\nidentity \netag \nranges 0-2097929\n", /* but the part is
                                                                                 empty */
  };

  for (guint i = 0; i < G_N_ELEMENTS (journals); i++) {
    g_autofree char *hidden = facet_download_dup_hidden_folder (f->models, "test/model");
    g_autofree char *folder = facet_download_dup_folder (f->models, "test/model");
    g_autofree char *journal = g_build_filename (hidden, "model.safetensors.journal", NULL);
    g_autofree char *part = g_build_filename (hidden, "model.safetensors.part", NULL);
    g_autofree char *other = g_build_filename (hidden, ".model.safetensors.journal.AB12", NULL);

    g_mkdir_with_parents (hidden, 0700);
    g_assert_true (g_file_set_contents (journal, journals[i], -1, NULL));
    g_assert_true (g_file_set_contents (part, "x", 1, NULL));
    g_assert_true (g_file_set_contents (other, "x", 1, NULL));
    assert_comes (f);
    test_folder_remove (folder);
  }
}

/* A journal that claims bytes which are not right costs a restart, no more. */
static void
test_wrong_bytes_there (Fixture *f, gconstpointer data)
{
  g_autofree char *hidden = facet_download_dup_hidden_folder (f->models, "test/model");
  g_autofree char *journal = g_build_filename (hidden, "model.safetensors.journal", NULL);
  g_autofree char *part = g_build_filename (hidden, "model.safetensors.part", NULL);
  g_autofree char *zeros = g_malloc0 (SIZE);

  g_mkdir_with_parents (hidden, 0700);
  g_assert_true (g_file_set_contents (part, zeros, SIZE, NULL));
  g_assert_true (
      g_file_set_contents (journal,
                           "facet-download 1\nsize 2097929\nidentity \netag \nranges 0-1000000\n",
                           -1, NULL));
  assert_comes (f);
}

/* ---- killed ---- */

static GSubprocess *
spawn_child (Fixture *f)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  GSubprocess *child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, program,
                                         "--child", fake_hub_get_address (f->hub), f->models, NULL);

  g_assert_no_error (error);
  return child;
}

/* What the test program is when it is called with --child. */
static int
be_child (const char *address, const char *models)
{
  FacetDownloadJob      job = {.address = address,
                               .token = "hf_secret",
                               .repository = "test/model",
                               .models = models,
                               .tuning = {.connections = 3,
                                          .piece_bytes = PIECE,
                                          .retry_ms = 5,
                                          .retries = 4,
                                          .journal_ms = 5}};
  FacetDownloadProgress progress;
  g_autoptr (GError) error = NULL;

  facet_download_progress_init (&progress);
  return facet_download_job_run (&job, &progress, NULL, &error) ? 0 : 1;
}

static void
exited_cb (GObject *child, GAsyncResult *result, gpointer user_data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (child), result, NULL);
  *(gboolean *)user_data = TRUE;
}

/* Kills it @ms after it began, if it is not done by then.  FALSE: it was done. */
static gboolean
kill_after (GSubprocess *child, guint ms)
{
  gint64   until = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;
  gboolean exited = FALSE;

  g_subprocess_wait_async (child, NULL, exited_cb, &exited);
  while (!exited && g_get_monotonic_time () < until)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
  if (!exited)
    g_subprocess_force_exit (child);
  wait_until (exited);
  return !g_subprocess_get_if_exited (child);
}

static void
test_kill (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = facet_download_dup_folder (f->models, "test/model");
  guint            n_kills = test_brief (25, 6, "kills"), killed = 0, with_bytes = 0;

  for (guint i = 0; i < n_kills; i++) {
    FacetDownloadJournal journal;
    g_autoptr (GSubprocess) child = NULL;
    gboolean was_killed;

    fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
    read_journal (f, &journal);
    g_array_unref (fake_hub_take_asked (f->hub));
    child = spawn_child (f);
    was_killed = kill_after (child, (guint)g_test_rand_int_range (5, 1200));
    killed += was_killed;
    with_bytes += facet_byte_ranges_get_total (journal.ranges) > 0;
    assert_not_asked (f, journal.ranges);
    facet_download_journal_clear (&journal);
    if (!was_killed)
      g_assert_cmpint (g_subprocess_get_exit_status (child), ==, 0);
    /* Whole, also if it was killed just behind that, or not to be seen. */
    if (g_file_test (folder, G_FILE_TEST_EXISTS)) {
      assert_whole (f);
      test_folder_remove (folder);
    } else {
      g_assert_true (was_killed);
      assert_hidden (f);
    }
  }
  g_test_message ("%u of %u were killed, %u began with bytes that were there", killed, n_kills,
                  with_bytes);
  g_assert_cmpuint (killed, >, 0);
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  assert_comes (f);
}

/* Two processes at once: the second one says so. */
static void
test_two (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetDownload) first = NULL;
  g_autoptr (GSubprocess) child = NULL;
  g_autoptr (GError) error = NULL;

  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  first = start (f);
  wait_until (facet_download_get_done (first) > 0);
  child = spawn_child (f);
  g_assert_true (g_subprocess_wait (child, NULL, &error));
  g_assert_cmpint (g_subprocess_get_exit_status (child), ==, 1);
  g_assert_false (facet_download_discard (f->models, "test/model", &error));
  g_assert_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_BUSY);
  facet_download_stop (first);
  g_clear_error (&error);
  g_assert_true (facet_download_discard (f->models, "test/model", &error));
  g_assert_cmpuint (count_begun (f), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (Fixture *, gconstpointer);
  } tests[] = {
      {"whole", test_whole},
      {"token", test_token},
      {"keyring", test_keyring},
      {"no-ranges", test_no_ranges},
      {"drops", test_drops},
      {"drops-whole", test_drops_whole},
      {"busy", test_busy},
      {"down-for-a-while", test_down_for_a_while},
      {"longer", test_longer},
      {"flipped-once", test_flipped_once},
      {"other-etags", test_other_etags},
      {"down", test_down},
      {"forbidden", test_forbidden},
      {"rubbish", test_rubbish},
      {"wrong-total", test_wrong_total},
      {"wrong-part", test_wrong_part},
      {"flipped", test_flipped},
      {"to-file", test_to_file},
      {"loop", test_loop},
      {"no-space", test_no_space},
      {"nobody-there", test_nobody_there},
      {"hostile-trees", test_hostile_trees},
      {"pause", test_pause},
      {"changed", test_changed},
      {"changed-size", test_changed_size},
      {"if-range", test_if_range},
      {"changed-etag", test_changed_etag},
      {"damaged-remains", test_damaged_remains},
      {"wrong-bytes-there", test_wrong_bytes_there},
      {"kill", test_kill},
      {"two", test_two},
  };

  if (argc == 4 && g_str_equal (argv[1], "--child"))
    return be_child (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("HF_TOKEN");
  g_unsetenv ("HF_ENDPOINT");
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/download/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, set_up, tests[i].run, tear_down);
  }
  return g_test_run ();
}
