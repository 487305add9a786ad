/* test-cli-models.c: "facet-cli models" from its arguments to its exit status, against a hub made
 * for it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "facet-cli.h"
#include "facet-model-folder.h"
#include "fake-hub.h"
#include "test-folder.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

typedef struct {
  FakeHub *hub;
  char    *data, *models, *cache; /* folders */
  char    *out, *err;             /* of the last run */
  int      status;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  memset (f, 0, sizeof *f);
  f->hub = fake_hub_new ();
  f->data = test_folder_new ();
  f->cache = test_folder_new ();
  f->models = g_build_filename (f->data, "facet", "models", NULL);
  fake_hub_add (f->hub, "config.json", "{}", 2, FALSE);
  fake_hub_add (f->hub, "tokenizer.json", "[]", 2, FALSE);
  fake_hub_add_random (f->hub, "model.safetensors", 700000, 1, 700000);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  fake_hub_free (f->hub);
  test_folder_remove (f->data);
  test_folder_remove (f->cache);
  g_free (f->data);
  g_free (f->cache);
  g_free (f->models);
  g_free (f->out);
  g_free (f->err);
}

/* @arguments: separated by spaces. */
static GSubprocess *
spawn (Fixture *f, const char *arguments)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autofree char *line = g_strconcat (g_getenv ("FACET_CLI"), " models ", arguments, NULL);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autoptr (GError) error = NULL;
  GSubprocess *child;

  g_subprocess_launcher_setenv (launcher, "XDG_DATA_HOME", f->data, TRUE);
  g_subprocess_launcher_setenv (launcher, "HF_HUB_CACHE", f->cache, TRUE);
  g_subprocess_launcher_setenv (launcher, "HF_ENDPOINT", fake_hub_get_address (f->hub), TRUE);
  g_subprocess_launcher_setenv (launcher, "HF_TOKEN", "hf_secret", TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  child = g_subprocess_launcher_spawnv (launcher, (const char *const *)words, &error);
  g_assert_no_error (error);
  return child;
}

static void
finish (Fixture *f, GSubprocess *child)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&f->out, g_free);
  g_clear_pointer (&f->err, g_free);
  g_subprocess_communicate_utf8 (child, NULL, NULL, &f->out, &f->err, &error);
  g_assert_no_error (error);
  f->status = g_subprocess_get_exit_status (child);
  g_test_message ("%d\n%s\n%s", f->status, f->out, f->err);
}

static void
run (Fixture *f, const char *arguments)
{
  g_autoptr (GSubprocess) child = spawn (f, arguments);

  finish (f, child);
}

static void
test_usage (Fixture *f, gconstpointer data)
{
  static const char *const wrong[] = {"",         "frobnicate", "get",          "get a b",
                                      "get ../x", "list x",     "path gemma-5", "get --nothing",
                                      "--from x"};

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    run (f, wrong[i]);
    g_assert_cmpint (f->status, ==, FACET_CLI_USAGE);
    g_assert_cmpstr (f->out, ==, "");
    g_assert_true (g_str_has_prefix (f->err, "facet-cli: "));
  }
  run (f, "--help");
  g_assert_cmpint (f->status, ==, FACET_CLI_OK);
  g_assert_nonnull (strstr (f->out, "models verify MODEL"));
}

static void
test_get (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->models, "test--model", NULL);
  g_autofree char *line = g_strconcat (folder, "\n", NULL);

  run (f, "path test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_FAILURE);
  run (f, "get test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_OK);
  g_assert_cmpstr (f->out, ==, line);    /* the folder, and nothing else */
  g_assert_null (strchr (f->err, '\r')); /* no bar where there is no terminal */
  fake_hub_assert_same (f->hub, folder, "model.safetensors");
  run (f, "path test/model");
  g_assert_cmpstr (f->out, ==, line);
  run (f, "list");
  g_assert_nonnull (strstr (f->out, "test/model\there\t700."));
  g_assert_nonnull (strstr (f->out, "gemma-4-e2b\tavailable\t10.3"));
  run (f, "list --json");
  g_assert_nonnull (strstr (f->out, "\"repository\": \"google/gemma-4-E2B-it\""));
  run (f, "verify test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_OK);
  g_assert_cmpstr (f->out, ==, "test/model is whole\n");
}

/* What is given counts before the environment. */
static void
test_from (Fixture *f, gconstpointer data)
{
  run (f, "get test/model --from http://127.0.0.1:1");
  g_assert_cmpint (f->status, ==, FACET_CLI_FAILURE);
  g_assert_cmpuint (test_server_count (fake_hub_get_hub (f->hub), "/"), ==, 0);
}

static void
test_repair (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->models, "test--model", NULL);
  g_autofree char *weights = g_build_filename (folder, "model.safetensors", NULL);

  run (f, "get test/model");
  g_assert_true (g_file_set_contents (weights, "short", -1, NULL));
  run (f, "verify test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_FAILURE);
  g_assert_cmpstr (f->out, ==, "damaged\tmodel.safetensors\n");
  run (f, "verify test/model --repair");
  g_assert_cmpint (f->status, ==, FACET_CLI_OK);
  fake_hub_assert_same (f->hub, folder, "model.safetensors");
  run (f, "remove test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_OK);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  run (f, "remove test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_FAILURE);
}

/* Ctrl-C pauses; the list says so; the same command goes on. */
static void
test_interrupt (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocess) child = NULL;
  guint64 done = 0, total;

  fake_hub_set_fault (f->hub, FAKE_SLOW, -1);
  child = spawn (f, "get test/model");
  wait_until (facet_download_get_begun (f->models, "test/model", &done, &total) && done > 20000);
  g_subprocess_send_signal (child, SIGINT);
  finish (f, child);
  g_assert_cmpint (f->status, ==, FACET_CLI_INTERRUPTED);
  g_assert_cmpstr (f->out, ==, "");
  g_assert_nonnull (strstr (f->err, "goes on"));
  run (f, "path test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_FAILURE);
  fake_hub_set_fault (f->hub, FAKE_SLOW, 0);
  run (f, "get test/model");
  g_assert_cmpint (f->status, ==, FACET_CLI_OK);
}

/* Nothing is asked of the server before the licence is accepted, and it is asked once. */
static void
test_licence (Fixture *f, gconstpointer data)
{
  run (f, "get gemma-4-e2b");
  g_assert_cmpint (f->status, ==, FACET_CLI_FAILURE);
  g_assert_nonnull (strstr (f->err, "Apache"));
  g_assert_cmpuint (test_server_count (fake_hub_get_hub (f->hub), "/"), ==, 0);
  run (f, "get gemma-4-e2b --accept-licence"); /* which this hub does not have */
  g_assert_cmpint (f->status, ==, FACET_CLI_FAILURE);
  g_assert_null (strstr (f->err, "Apache"));
  run (f, "get gemma-4-e2b");
  g_assert_null (strstr (f->err, "Apache"));
  g_assert_nonnull (strstr (f->err, "google/gemma-4-E2B-it"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/cli-models/usage", Fixture, NULL, set_up, test_usage, tear_down);
  g_test_add ("/cli-models/get", Fixture, NULL, set_up, test_get, tear_down);
  g_test_add ("/cli-models/from", Fixture, NULL, set_up, test_from, tear_down);
  g_test_add ("/cli-models/repair", Fixture, NULL, set_up, test_repair, tear_down);
  g_test_add ("/cli-models/interrupt", Fixture, NULL, set_up, test_interrupt, tear_down);
  g_test_add ("/cli-models/licence", Fixture, NULL, set_up, test_licence, tear_down);
  return g_test_run ();
}
