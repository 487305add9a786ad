/* facet-cli-exchange.c: "facet-cli list", "export" and "import": the person's conversations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread, in whose main loop the store answers.  The same files as the window's, which may be
 * open meanwhile: it sees what was imported when it is started the next time. */
#define G_LOG_DOMAIN "facet-cli"

#include "config.h"

#include "facet-cli.h"
#include "facet-export.h"
#include "facet-import-conversations.h"

#include <glib-unix.h>

#include <errno.h>
#include <stdlib.h>

/* The library, and one job on it that Ctrl-C ends. */
typedef struct {
  FacetLibrary *library;
  GCancellable *cancellable;
  GAsyncResult *result; /* of the job; NULL: it runs */
  guint         interrupt;
} Session;

static gboolean
interrupt_cb (gpointer user_data)
{
  g_cancellable_cancel (((Session *)user_data)->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
session_close (Session *self)
{
  g_source_remove (self->interrupt);
  facet_library_close (self->library);
  g_object_unref (self->library);
  g_object_unref (self->cancellable);
}

/* FALSE: it cannot be used, which was said. */
static gboolean
session_open (Session *self)
{
  g_autoptr (GError) error = NULL;

  *self = (Session){.library = facet_library_new (NULL, NULL, &error)};
  if (self->library == NULL) {
    facet_cli_complain ("%s", error->message);
    return FALSE;
  }
  self->cancellable = g_cancellable_new ();
  self->interrupt = g_unix_signal_add (SIGINT, interrupt_cb, self);
  while (!facet_library_get_loaded (self->library))
    g_main_context_iteration (NULL, TRUE);
  if (facet_library_get_warning (self->library) != NULL)
    facet_cli_complain ("%s", facet_library_get_warning (self->library));
  if (facet_library_get_offer (self->library) == 0)
    return TRUE;
  facet_cli_complain ("nothing can be read or stored until you have chosen in Facet's window "
                      "whether the backup is to\nbe restored or to be left aside");
  session_close (self);
  return FALSE;
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Session *)user_data)->result = g_object_ref (result);
}

/* (transfer full) */
static GAsyncResult *
session_wait (Session *self)
{
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (&self->result);
}

static int
judge (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    facet_cli_complain ("interrupted");
    return FACET_CLI_INTERRUPTED;
  }
  facet_cli_complain ("%s", error->message);
  return FACET_CLI_FAILURE;
}

static int
misuse (const char *command, const char *what)
{
  facet_cli_complain ("%s\nTry “facet-cli %s --help”.", what, command);
  return FACET_CLI_USAGE;
}

static GOptionContext *
make_context (const GOptionEntry *entries, const char *about)
{
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, about);
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

/* list */

static void
print_plain (FacetConversation *conversation)
{
  gint64 updated = facet_conversation_get_updated (conversation);
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (updated / G_USEC_PER_SEC);
  g_autofree char *day = when != NULL ? g_date_time_format (when, "%Y-%m-%d %H:%M") : NULL;
  g_autofree char *title =
      g_strdelimit (g_strdup (facet_conversation_get_title (conversation)), "\t\r\n", ' ');

  printf ("%" G_GINT64_FORMAT "\t%s\t", facet_conversation_get_id (conversation),
          day != NULL ? day : "");
  facet_cli_write (stdout, title);
  putchar ('\n');
}

static json_t *
to_json (FacetConversation *conversation)
{
  json_t *json = json_object ();

  json_object_set_new (json, "id", json_integer (facet_conversation_get_id (conversation)));
  json_object_set_new (json, "title", json_string (facet_conversation_get_title (conversation)));
  json_object_set_new (json, "updated",
                       json_integer (facet_conversation_get_updated (conversation)));
  json_object_set_new (json, "pinned", json_boolean (facet_conversation_get_pinned (conversation)));
  json_object_set_new (json, "archived",
                       json_boolean (facet_conversation_get_archived (conversation)));
  return json;
}

/* Lines, or added to @list; all conversations are made. */
static void
print_some (GListModel *conversations, json_t *list)
{
  for (guint i = 0; i < g_list_model_get_n_items (conversations); i++) {
    g_autoptr (FacetConversation) conversation = g_list_model_get_item (conversations, i);

    if (list != NULL)
      json_array_append_new (list, to_json (conversation));
    else
      print_plain (conversation);
  }
}

static void
print_list (FacetLibrary *library, gboolean as_json)
{
  json_t *list = as_json ? json_array () : NULL;

  print_some (G_LIST_MODEL (library), list);
  print_some (facet_library_get_archive (library), list);
  if (as_json) {
    json_dumpf (list, stdout, JSON_INDENT (2));
    putchar ('\n');
  }
  json_decref (list);
}

int
facet_cli_list (char **arguments)
{
  gboolean           help = FALSE, as_json = FALSE;
  const GOptionEntry entries[] = {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this", NULL},
                                  {"json", 0, 0, G_OPTION_ARG_NONE, &as_json,
                                   "A JSON array instead of lines", NULL},
                                  {NULL}};
  g_autoptr (GOptionContext) context =
      make_context (entries, "Lists conversations, archived ones last: number, time of the last "
                             "answer, title,\nseparated by tabs.");
  Session session;
  int     status;

  if (!facet_cli_parse (context, &help, "list", "[OPTION…]", arguments, &status))
    return status;
  if (!session_open (&session))
    return FACET_CLI_FAILURE;
  print_list (session.library, as_json);
  session_close (&session);
  return facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

/* export */

/* NULL: one of them is no number, which was said. */
static GArray *
parse_ids (char **words)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; words != NULL && words[i] != NULL; i++) {
    g_autoptr (GError) error = NULL;
    gint64 id;

    if (!g_ascii_string_to_signed (words[i], 10, 1, G_MAXINT64, &id, &error)) {
      facet_cli_complain ("“%s” is no number of a conversation; “facet-cli list” shows them",
                          words[i]);
      return NULL;
    }
    g_array_append_val (ids, id);
  }
  return g_steal_pointer (&ids);
}

static int
run_export (const FacetExportRequest *request)
{
  g_autoptr (FacetExportResult) result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  Session session;

  if (!session_open (&session))
    return FACET_CLI_FAILURE;
  facet_export_async (session.library, request, NULL, session.cancellable, done_cb, &session);
  done = session_wait (&session);
  result = facet_export_finish (done, &error);
  g_clear_object (&done);
  session_close (&session);
  if (result == NULL)
    return judge (error);
  facet_cli_write (stdout, result->path);
  putchar ('\n');
  if (result->n_missing > 0)
    facet_cli_complain ("%u attachments are missing", result->n_missing);
  return facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

/* The format that is asked for, or that the name of the output ends in.  FALSE: it was said. */
static gboolean
settle_format (const char *name, const char *output, gboolean single, FacetExportFormat *format)
{
  const char *dot = output != NULL && single ? strrchr (output, '.') : NULL;

  *format = FACET_EXPORT_MARKDOWN;
  if (name == NULL) {
    if (dot != NULL)
      facet_export_format_from_text (dot + 1, format);
    return TRUE;
  }
  if (facet_export_format_from_text (name, format))
    return TRUE;
  facet_cli_complain ("--format is md, json or html, not “%s”", name);
  return FALSE;
}

static int
export_to (char **words, gboolean all, const char *format, const char *output)
{
  g_autoptr (GArray) ids = parse_ids (words);
  g_autofree char   *folder = output != NULL ? g_path_get_dirname (output) : g_strdup (".");
  g_autofree char   *name = output != NULL ? g_path_get_basename (output) : NULL;
  FacetExportRequest request = {.folder = folder, .name = name};

  if (ids == NULL)
    return FACET_CLI_USAGE;
  if (all == (ids->len > 0))
    return misuse ("export", all ? "--all and numbers exclude each other"
                                 : "there is no number of a conversation");
  if (!settle_format (format, output, ids->len == 1, &request.format))
    return FACET_CLI_USAGE;
  if (!all) {
    request.ids = (const gint64 *)(gpointer)ids->data;
    request.n_ids = ids->len;
  }
  return run_export (&request);
}

int
facet_cli_export (char **arguments)
{
  gboolean         help = FALSE, all = FALSE;
  g_autofree char *format = NULL, *output = NULL;
  g_auto (GStrv) words = NULL;
  const GOptionEntry entries[] =
      {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this", NULL},
       {"all", 0, 0, G_OPTION_ARG_NONE, &all, "All conversations but those in the trash", NULL},
       {"format", 0, 0, G_OPTION_ARG_STRING, &format,
        "md (usual), json (everything, to be imported again) or html (one file)", "FORMAT"},
       {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
        "The file of one conversation, or the folder of several", "PATH"},
       {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
       {NULL}};
  g_autoptr (GOptionContext) context =
      make_context (entries, "Writes one conversation into a file, which is replaced if --output "
                             "names it, or "
                             "several into\na new folder.  Prints its path.  Without --output it "
                             "is named after "
                             "the title or the day, here.");
  int status;

  if (!facet_cli_parse (context, &help, "export", "[OPTION…] NUMBER…|--all", arguments, &status))
    return status;
  return export_to (words, all, format, output);
}

/* import */

static int
import_file (Session *session, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_commandline_arg (path);
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (FacetImportResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *summary = NULL;

  facet_import_conversations_async (session->library, file, NULL, session->cancellable, done_cb,
                                    session);
  done = session_wait (session);
  result = facet_import_conversations_finish (done, &error);
  if (result == NULL)
    return judge (error);
  summary = facet_import_result_dup_summary (result);
  facet_cli_write (stdout, path);
  printf (": %s\n", summary);
  return FACET_CLI_OK;
}

int
facet_cli_import (char **arguments)
{
  gboolean help = FALSE;
  g_auto (GStrv) words = NULL;
  const GOptionEntry entries[] = {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this", NULL},
                                  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words,
                                   NULL, NULL},
                                  {NULL}};
  g_autoptr (GOptionContext) context =
      make_context (entries,
                    "Reads conversations: Facet's own JSON, ChatGPT's conversations.json, "
                    "OpenAI-style messages as\nan array or an object, or lines of these.  A file "
                    "is imported whole or not at all; after one\nthat cannot be, the others still "
                    "are, and the exit status is 1.");
  Session session;
  int     status;

  if (!facet_cli_parse (context, &help, "import", "FILE…", arguments, &status))
    return status;
  if (words == NULL)
    return misuse ("import", "there is no file");
  if (!session_open (&session))
    return FACET_CLI_FAILURE;
  status = FACET_CLI_OK;
  for (guint i = 0; words[i] != NULL && status != FACET_CLI_INTERRUPTED; i++) {
    int one = import_file (&session, words[i]);

    status = MAX (status, one);
  }
  session_close (&session);
  return facet_cli_flush () ? status : FACET_CLI_FAILURE;
}
