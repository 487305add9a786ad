/* test-cli-servers.c: "facet-cli servers" and "--server", as a shell sees them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program is the one that $FACET_CLI names.  It has settings of its own, and no keyring. */
#include "chat-server.h"
#include "tests/app/test-folder.h"

#include <gio/gio.h>
#include <string.h>

#define KEY "sk-very-secret"

typedef struct {
  char *folder;
  char *out, *err;
  int   status;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_folder_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_false (test_folder_contains (f->folder, KEY));
  test_folder_remove (f->folder);
  g_free (f->folder);
  g_free (f->out);
  g_free (f->err);
}

/* The server answers on a thread of its own, so that this one may wait.  @arguments are separated
 * by
 * '|'; @key NULL: none. */
static void
run (Fixture *f, const char *key, const char *input, const char *arguments)
{
  g_autofree char *line = g_strconcat (g_getenv ("FACET_CLI"), "|", arguments, NULL);
  g_auto (GStrv) argv = g_strsplit (line, "|", -1);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                 G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_setenv (launcher, "XDG_CONFIG_HOME", f->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "GSETTINGS_BACKEND", "keyfile", TRUE);
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent",
                                TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  if (key != NULL)
    g_subprocess_launcher_setenv (launcher, "FACET_SERVER_KEY", key, TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv, &error);
  g_assert_no_error (error);
  g_clear_pointer (&f->out, g_free);
  g_clear_pointer (&f->err, g_free);
  if (!g_subprocess_communicate_utf8 (process, input, NULL, &f->out, &f->err, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_subprocess_wait (process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (process));
  f->status = g_subprocess_get_exit_status (process);
  g_test_message ("facet-cli %s → %d\n%s%s", arguments, f->status, f->out, f->err);
  g_assert_null (strstr (f->out, KEY));
  g_assert_null (strstr (f->err, KEY));
}

static void
assert_has (const char *text, const char *words)
{
  if (strstr (text, words) == NULL)
    g_error ("“%s” does not say “%s”", text, words);
}

static void
test_list (Fixture *f, gconstpointer data)
{
  run (f, NULL, NULL, "servers|list");
  g_assert_cmpint (f->status, ==, 0);
  g_assert_cmpstr (f->out, ==, "");
  run (f, NULL, NULL, "servers|add|Büro|gpu.example.org|--model|gemma");
  g_assert_cmpint (f->status, ==, 0);
  run (f, NULL, NULL, "servers|add|Büro|gpu.example.org");
  g_assert_cmpint (f->status, ==, 1);
  run (f, NULL, NULL, "servers|list");
  g_assert_cmpstr (f->out, ==, "Büro\thttps://gpu.example.org/v1\tgemma\n");
  run (f, NULL, NULL, "servers|list|--json");
  assert_has (f->out, "\"address\": \"https://gpu.example.org/v1\"");
  run (f, NULL, NULL, "servers|remove|Büro");
  g_assert_cmpint (f->status, ==, 0);
  run (f, NULL, NULL, "servers|remove|Büro");
  g_assert_cmpint (f->status, ==, 1);
  run (f, NULL, NULL, "servers|list");
  g_assert_cmpstr (f->out, ==, "");
}

static void
test_misuse (Fixture *f, gconstpointer data)
{
  static const char *const wrong[] = {"servers",
                                      "servers|dance",
                                      "servers|add|x",
                                      "servers|add|x|ftp://y",
                                      "servers|test",
                                      "servers|add|x|y.example|--certificate|12",
                                      "ask|--server|localhost:1|--device|cpu|Hi"};

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    run (f, NULL, NULL, wrong[i]);
    g_assert_cmpint (f->status, ==, 2);
  }
  run (f, NULL, NULL, "ask|--server|No such server|Hi");
  g_assert_cmpint (f->status, ==, 1);
  assert_has (f->err, "no server called “No such server”");
}

/* Where there is no keyring the key is not kept, and that is said. */
static void
test_no_keyring (Fixture *f, gconstpointer data)
{
  run (f, NULL, KEY "\n", "servers|add|Mine|localhost:9|--key");
  g_assert_cmpint (f->status, ==, 1);
  assert_has (f->err, "keyring");
  assert_has (f->err, "FACET_SERVER_KEY");
  run (f, NULL, NULL, "servers|list");
  assert_has (f->out, "Mine\thttp://localhost:9/v1");
}

static void
test_ask (Fixture *f, gconstpointer data)
{
  static const char *const lines[] =
      {"{\"choices\": [{\"delta\": {\"reasoning\": \"Hm.\"}}]}",
       "{\"choices\": [{\"delta\": {\"content\": \"Yes.\"}, \"finish_reason\": \"stop\"}]}", NULL};
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autofree char *by_address =
      g_strdup_printf ("ask|--server|%s|--thinking|Well?", chat_server_get_address (server));
  g_autofree char *add = g_strdup_printf ("servers|add|Mine|%s", chat_server_get_address (server));
  g_autofree char *key = NULL, *none = NULL;

  chat_server_add_stream (server, lines);
  run (f, KEY, NULL, by_address);
  g_assert_cmpint (f->status, ==, 0);
  g_assert_cmpstr (f->out, ==, "Yes.\n");
  assert_has (f->err, "Hm.");
  key = chat_server_dup_key (server);
  g_assert_cmpstr (key, ==, "Bearer " KEY);

  run (f, NULL, NULL, add);
  run (f, NULL, "One?\nTwo?\n", "chat|--server|Mine");
  g_assert_cmpint (f->status, ==, 0);
  g_assert_cmpstr (f->out, ==, "Yes.\nYes.\n");
  none = chat_server_dup_key (server);
  g_assert_null (none);
  g_assert_cmpuint (chat_server_count (server), ==, 3);
}

static void
test_test (Fixture *f, gconstpointer data)
{
  static const char *const lines[] =
      {"{\"choices\": [{\"delta\": {\"content\": \"Yes.\"}, \"finish_reason\": \"stop\"}]}", NULL};
  g_autoptr (ChatServer) server = chat_server_new ();
  g_autofree char *test = g_strdup_printf ("servers|test|%s", chat_server_get_address (server));

  chat_server_add_stream (server, lines);
  run (f, NULL, NULL, test);
  g_assert_cmpint (f->status, ==, 0);
  assert_has (f->out, "Name        ok");
  assert_has (f->out, "Streaming   ok      “Yes.”");
  assert_has (f->out, "Tools       limited");
  chat_server_set_models (server, 401, "{\"error\": \"Wrong key.\"}");
  run (f, KEY, NULL, test);
  g_assert_cmpint (f->status, ==, 1);
  assert_has (f->out, "Wrong key.");
  assert_has (f->out, "Tools       skipped");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add (name, Fixture, NULL, set_up, func, tear_down)
  ADD ("/cli-servers/list", test_list);
  ADD ("/cli-servers/misuse", test_misuse);
  ADD ("/cli-servers/no-keyring", test_no_keyring);
  ADD ("/cli-servers/ask", test_ask);
  ADD ("/cli-servers/test", test_test);
  return g_test_run ();
}
