/* facet-cli-servers.c: "facet-cli servers": those that are set up, as in the window's preferences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A key is never an argument, which every process of this computer can read: it comes
 * from the terminal, from standard input, or from $FACET_SERVER_KEY. */
#define G_LOG_DOMAIN "facet-cli"

#include "config.h"

#include "facet-cli.h"
#include "facet-schema.h"
#include "facet-server-test.h"
#include "facet-servers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_KEY 4096

/* NULL: it was said why not. */
static FacetServers *
open_servers (GSettings **settings)
{
  g_autoptr (FacetKeyring) keyring = facet_keyring_new ();

  *settings = facet_schema_new_settings ();
  if (*settings == NULL) {
    facet_cli_complain ("the settings cannot be found: Facet is not installed completely");
    return NULL;
  }
  return facet_servers_new (*settings, keyring);
}

static int
misuse (const char *what)
{
  facet_cli_complain ("%s\nTry “facet-cli servers --help”.", what);
  return FACET_CLI_USAGE;
}

/* By name, or else a place that has none. */
FacetAssistant *
facet_cli_servers_make_assistant (const char *name_or_address)
{
  g_autoptr (GSettings) settings = facet_schema_new_settings ();
  g_autoptr (FacetKeyring) keyring = facet_keyring_new ();
  g_autoptr (FacetServers) servers =
      settings != NULL ? facet_servers_new (settings, keyring) : NULL;
  FacetServer *named =
      servers != NULL ? facet_servers_find_by_name (servers, name_or_address) : NULL;
  g_autoptr (FacetServer) server = named != NULL ? g_object_ref (named) : NULL;

  if (server == NULL) {
    g_autoptr (GError) error = NULL;
    g_autofree char *address = facet_server_parse_address (name_or_address, &error);
    FacetServerInfo  info = {.address = address};

    if (address == NULL) {
      facet_cli_complain ("there is no server called “%s”, and it is no address; “facet-cli "
                          "servers list” shows those that there are",
                          name_or_address);
      return NULL;
    }
    server = facet_server_new (&info);
  }
  return facet_remote_assistant_new (server, keyring, g_getenv ("FACET_SERVER_KEY"), NULL);
}

/* list */

static int
list (FacetServers *servers, gboolean as_json)
{
  json_t *all = json_array ();
  guint   n = g_list_model_get_n_items (G_LIST_MODEL (servers));

  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetServer) server = g_list_model_get_item (G_LIST_MODEL (servers), i);
    const char *name = facet_server_get_name (server);
    const char *address = facet_server_get_address (server);
    const char *model = facet_server_get_model (server);

    json_array_append_new (all, json_pack ("{s:s, s:s, s:s}", "name", name, "address", address,
                                           "model", model));
    if (as_json)
      continue;
    facet_cli_write (stdout, name);
    printf ("\t%s\t", address);
    facet_cli_write (stdout, model);
    putchar ('\n');
  }
  if (as_json) {
    json_dumpf (all, stdout, JSON_INDENT (2));
    putchar ('\n');
  }
  json_decref (all);
  return facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

/* add */

/* A line of standard input, not shown if that is a terminal.  (transfer full); NULL: there is none,
 * which was said. */
static char *
read_key (void)
{
  g_autofree char *line = g_malloc0 (MAX_KEY);
  struct termios   shown, hidden;
  gboolean         is_tty = tcgetattr (STDIN_FILENO, &shown) == 0;
  char            *read;

  if (is_tty) {
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fputs ("Key: ", stderr);
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  read = fgets (line, MAX_KEY, stdin);
  if (is_tty) {
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &shown);
    fputc ('\n', stderr);
  }
  if (read == NULL || *g_strstrip (line) == '\0') {
    facet_cli_complain ("there is no key on standard input");
    return NULL;
  }
  return g_steal_pointer (&line);
}

typedef struct {
  GMainLoop *loop;
  gboolean   stored;
} Storing;

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Storing *storing = user_data;
  g_autoptr (GError) error = NULL;

  storing->stored = facet_keyring_store_finish (FACET_KEYRING (source), result, &error);
  if (!storing->stored)
    facet_cli_complain ("%s  $FACET_SERVER_KEY gives it to one command.", error->message);
  g_main_loop_quit (storing->loop);
}

static gboolean
store_key (FacetServers *servers, FacetServer *server, const char *key)
{
  Storing          storing = {.loop = g_main_loop_new (NULL, FALSE)};
  g_autofree char *label = g_strdup_printf ("Facet: %s", facet_server_get_name (server));

  facet_keyring_store_async (facet_servers_get_keyring (servers), facet_server_get_address (server),
                             label, key, stored_cb, &storing);
  g_main_loop_run (storing.loop);
  g_main_loop_unref (storing.loop);
  return storing.stored;
}

static int
add (FacetServers *servers, char **words, const char *model, const char *certificate, gboolean key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetServer) server = NULL;
  g_autofree char *address = NULL;
  g_autofree char *digest = NULL;
  g_autofree char *secret = NULL;
  FacetServerInfo  info;

  if (words[0] == NULL || words[1] == NULL || words[2] != NULL)
    return misuse ("“add” takes a name and an address");
  address = facet_server_parse_address (words[1], &error);
  if (address == NULL)
    return misuse (error->message);
  digest = certificate != NULL ? facet_server_parse_certificate (certificate) : NULL;
  if (certificate != NULL && digest == NULL)
    return misuse ("--certificate is a SHA-256 of 64 hexadecimal digits");
  if (facet_servers_find_by_name (servers, words[0]) != NULL) {
    facet_cli_complain ("there is a server called “%s” already", words[0]);
    return FACET_CLI_FAILURE;
  }
  if (key && (secret = read_key ()) == NULL)
    return FACET_CLI_FAILURE;
  info = (FacetServerInfo){.name = words[0],
                           .address = address,
                           .model = model,
                           .certificate = digest};
  server = facet_server_new (&info);
  facet_servers_put (servers, server);
  g_settings_sync ();
  return secret == NULL || store_key (servers, server, secret) ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

static int
take_out (FacetServers *servers, char **words)
{
  FacetServer *server = words[0] != NULL ? facet_servers_find_by_name (servers, words[0]) : NULL;
  g_autoptr (FacetServer) kept = NULL;

  if (words[0] == NULL || words[1] != NULL)
    return misuse ("“remove” takes the name of a server");
  if (server == NULL) {
    facet_cli_complain ("there is no server called “%s”", words[0]);
    return FACET_CLI_FAILURE;
  }
  kept = g_object_ref (server);
  facet_servers_remove (servers, facet_server_get_id (kept));
  g_settings_sync ();
  return FACET_CLI_OK;
}

/* test */

static void
step_cb (FacetServerStep step, FacetStepState state, const char *words, gpointer user_data)
{
  static const char *const marks[] = {"", "ok", "limited", "FAILED", "skipped"};

  if (state == FACET_STEP_RUNNING)
    return;
  printf ("%-11s %-8s", facet_server_step_get_title (step), marks[state]);
  facet_cli_write (stdout, words);
  putchar ('\n');
  fflush (stdout);
}

static void
done_cb (FacetServerTest *test, gpointer user_data)
{
  g_main_loop_quit (user_data);
}

static int
test (FacetServers *servers, char **words, const char *certificate)
{
  g_autoptr (FacetServerTest) self = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (FacetServer) server = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  g_autofree char *digest =
      certificate != NULL ? facet_server_parse_certificate (certificate) : NULL;
  FacetServerInfo info;

  if (words[0] == NULL || words[1] != NULL)
    return misuse ("“test” takes the name or the address of a server");
  if (!g_set_object (&server, facet_servers_find_by_name (servers, words[0]))) {
    address = facet_server_parse_address (words[0], &error);
    if (address == NULL)
      return misuse (error->message);
    info = (FacetServerInfo){.address = address, .certificate = digest};
    server = facet_server_new (&info);
  }
  self = facet_server_test_new (server, facet_servers_get_keyring (servers),
                                g_getenv ("FACET_SERVER_KEY"), NULL, step_cb, done_cb, loop);
  g_main_loop_run (loop);
  if (facet_server_test_get_fingerprint (self) != NULL)
    facet_cli_complain ("the certificate's SHA-256 is %s; if you know it to be right, add the "
                        "server with --certificate",
                        facet_server_test_get_fingerprint (self));
  if (!facet_cli_flush ())
    return FACET_CLI_FAILURE;
  return facet_server_test_get_result (self) == FACET_STEP_FAILED ? FACET_CLI_FAILURE
                                                                  : FACET_CLI_OK;
}

int
facet_cli_servers (char **arguments)
{
  gboolean         help = FALSE, as_json = FALSE, key = FALSE;
  g_autofree char *model = NULL, *certificate = NULL;
  g_auto (GStrv) words = NULL;
  const GOptionEntry entries[] =
      {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this", NULL},
       {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "list: a JSON array instead of lines", NULL},
       {"model", 0, 0, G_OPTION_ARG_FILENAME, &model, "add: which model (the first one)", "NAME"},
       {"key", 0, 0, G_OPTION_ARG_NONE, &key,
        "add: read a key from standard input, and keep it in the keyring", NULL},
       {"certificate", 0, 0, G_OPTION_ARG_STRING, &certificate,
        "add, test: trust this certificate though nobody vouches for it", "SHA-256"},
       {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
       {NULL}};
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GSettings) settings = NULL;
  g_autoptr (FacetServers) servers = NULL;
  int status;

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context,
                                "Servers that “ask” and “chat” can use with --server: lists "
                                "them (name, address, model, separated\nby tabs), adds one, "
                                "removes "
                                "one with its key, or tests one step by step.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!facet_cli_parse (context, &help, "servers",
                        "[OPTION…] list | add NAME ADDRESS | remove NAME | test NAME|ADDRESS",
                        arguments, &status))
    return status;
  if (words == NULL)
    return misuse ("there is no command");
  servers = open_servers (&settings);
  if (servers == NULL)
    return FACET_CLI_FAILURE;
  if (g_str_equal (words[0], "list") && words[1] == NULL)
    return list (servers, as_json);
  if (g_str_equal (words[0], "add"))
    return add (servers, words + 1, model, certificate, key);
  if (g_str_equal (words[0], "remove"))
    return take_out (servers, words + 1);
  if (g_str_equal (words[0], "test"))
    return test (servers, words + 1, certificate);
  return misuse ("there is no such command");
}
