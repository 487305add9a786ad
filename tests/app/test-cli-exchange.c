/* test-cli-exchange.c: facet-cli's list, export and import as a shell sees them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program is the one that $FACET_CLI names. */
#define G_LOG_DOMAIN "test-cli-exchange"

#include "facet-store-backup.h"
#include "facet-store-schema.h"
#include "test-folder.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <jansson.h>

#include <string.h>

#define MESSAGES                                                                                   \
  "[{\"role\":\"user\",\"content\":\"What is\\tthis?\"},"                                          \
  "{\"role\":\"assistant\",\"content\":\"A *test*.\"}]"

typedef struct {
  char *folder; /* where it runs, and with data/ its conversations */
  char *out, *err;
  int   status;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *path = NULL;

  f->folder = test_folder_new ();
  path = g_build_filename (f->folder, "in.json", NULL);
  g_assert_true (g_file_set_contents (path, MESSAGES, -1, NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_folder_remove (f->folder);
  g_free (f->folder);
  g_free (f->out);
  g_free (f->err);
}

/* Runs it with @arguments, separated by '|'. */
static void
run (Fixture *f, const char *arguments)
{
  g_autofree char *line = g_strconcat (g_getenv ("FACET_CLI"), "|", arguments, NULL);
  g_autofree char *data = g_build_filename (f->folder, "data", NULL);
  g_auto (GStrv) argv = g_strsplit (line, "|", -1);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_free (f->out);
  g_free (f->err);
  g_subprocess_launcher_set_cwd (launcher, f->folder);
  g_subprocess_launcher_setenv (launcher, "XDG_DATA_HOME", data, TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &f->out, &f->err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  f->status = g_subprocess_get_exit_status (process);
}

static char *
read_file (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
test_there_and_back (Fixture *f, gconstpointer data)
{
  g_autofree char *markdown = NULL, *json = NULL, *again = NULL, *html = NULL;

  run (f, "import|in.json");
  g_assert_cmpstr (f->out, ==, "in.json: 1 conversation with 2 messages was imported.\n");
  g_assert_cmpstr (f->err, ==, "");
  g_assert_cmpint (f->status, ==, 0);

  run (f, "list");
  g_assert_true (g_str_has_prefix (f->out, "1\t"));
  g_assert_true (g_str_has_suffix (f->out, "\tWhat is this?\n"));

  run (f, "export|1");
  g_assert_cmpstr (f->out, ==, "./What is this.md\n");
  g_assert_cmpint (f->status, ==, 0);
  markdown = read_file (f, "What is this.md");
  g_assert_cmpstr (markdown, ==,
                   "# What is this?\n\n## You\n\nWhat is\tthis?\n\n## Facet\n\nA *test*.\n\n");

  run (f, "export|-o|one.json|1"); /* the name says the format */
  g_assert_cmpint (f->status, ==, 0);
  run (f, "import|one.json");
  run (f, "export|--format|json|--output|two.json|2");
  json = read_file (f, "one.json");
  again = read_file (f, "two.json");
  g_assert_cmpstr (again, ==, json);

  run (f, "export|--all|--format|html|-o|all");
  g_assert_cmpstr (f->out, ==, "./all\n");
  html = read_file (f, "all/What is this 2.html");
  g_assert_true (g_str_has_prefix (html, "<!DOCTYPE html>"));
}

static void
test_json_list (Fixture *f, gconstpointer data)
{
  json_t *list;

  run (f, "list|--json");
  g_assert_cmpstr (f->out, ==, "[]\n");
  run (f, "import|in.json");
  run (f, "list|--json");
  list = json_loads (f->out, 0, NULL);
  g_assert_cmpuint (json_array_size (list), ==, 1);
  g_assert_cmpint (json_integer_value (json_object_get (json_array_get (list, 0), "id")), ==, 1);
  g_assert_cmpstr (json_string_value (json_object_get (json_array_get (list, 0), "title")), ==,
                   "What is this?");
  json_decref (list);
}

/* Statuses and complaints: 1 what went wrong, 2 what makes no sense. */
static void
test_errors (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *arguments;
    int         status;
    const char *complaint;
  } errors[] = {
      {"export", 2, "there is no number of a conversation"},
      {"export|x", 2, "“x” is no number of a conversation"},
      {"export|--all|1", 2, "--all and numbers exclude each other"},
      {"export|--format|pdf|1", 2, "--format is md, json or html, not “pdf”"},
      {"export|--nonsense", 2, "--nonsense"},
      {"export|--all", 1, "There are no conversations to export."},
      {"export|7", 1, "There is no conversation 7."},
      {"import", 2, "there is no file"},
      {"import|gone.json", 1, "gone.json"},
      {"list|--nonsense", 2, "--nonsense"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++) {
    g_test_message ("%s", errors[i].arguments);
    run (f, errors[i].arguments);
    g_assert_cmpint (f->status, ==, errors[i].status);
    g_assert_true (g_str_has_prefix (f->err, "facet-cli: "));
    g_assert_nonnull (strstr (f->err, errors[i].complaint));
    g_assert_cmpstr (f->out, ==, "");
  }
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  run (f, "import|in.json");
  run (f, "export|--all|-o|nowhere/all");
  g_assert_cmpint (f->status, ==, 1);
  g_assert_nonnull (strstr (f->err, "“nowhere”"));
}

/* After a file that cannot be imported the others still are. */
static void
test_one_of_two (Fixture *f, gconstpointer data)
{
  run (f, "import|gone.json|in.json");
  g_assert_cmpint (f->status, ==, 1);
  g_assert_cmpstr (f->out, ==, "in.json: 1 conversation with 2 messages was imported.\n");
}

/* Nothing is done while it is open what takes the place of a file that is gone. */
static void
test_offer (Fixture *f, gconstpointer data)
{
  static const char *const commands[] = {"list", "export|--all", "import|in.json"};
  g_autofree char         *path = g_build_filename (f->folder, "data", "facet", "facet.db", NULL);
  g_autofree char         *folder = facet_backup_folder_of (path);
  g_autofree char         *name =
      g_strdup_printf ("%s/facet-v%d-20250101-101010.db", folder, FACET_SCHEMA_VERSION);

  run (f, "import|in.json");
  g_assert_cmpint (f->status, ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_cmpint (g_rename (path, name), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    run (f, commands[i]);
    g_assert_cmpint (f->status, ==, 1);
    g_assert_cmpstr (f->out, ==, "");
    g_assert_nonnull (strstr (f->err, "in Facet's window"));
    g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  }
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/cli-exchange/there-and-back", test_there_and_back},
      {"/cli-exchange/json-list", test_json_list},
      {"/cli-exchange/errors", test_errors},
      {"/cli-exchange/no-folder", test_no_folder},
      {"/cli-exchange/one-of-two", test_one_of_two},
      {"/cli-exchange/offer", test_offer},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
