/* test-cli.c: facet-cli as a shell sees it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program is the one that $FACET_CLI names. */
#define G_LOG_DOMAIN "test-cli"

#include "demo-sample.h"
#include "endless-model.h"
#include "fake-gpu.h"
#include "test-folder.h"

#include <gio/gio.h>
#include <jansson.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERMINAL_TIMEOUT_MS 30000

static char *endless_folder;

typedef struct {
  char *out, *err;
  int   status;
} Run;

static void
run_clear (Run *r)
{
  g_clear_pointer (&r->out, g_free);
  g_clear_pointer (&r->err, g_free);
}

static char *
text_of (GBytes *bytes)
{
  gsize       length = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  return length > 0 ? g_strndup (data, length) : g_strdup ("");
}

/* Runs it with @arguments (separated by '|') and @input (NULL: none). */
static void
run (Run *r, const char *arguments, const char *input, gssize input_length)
{
  g_auto (GStrv) argv = NULL;
  g_autofree char *line = g_strconcat (g_getenv ("FACET_CLI"), "|", arguments, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) in = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;

  argv = g_strsplit (line, "|", -1);
  in = g_bytes_new (input != NULL ? input : "", input == NULL      ? 0
                                                : input_length < 0 ? strlen (input)
                                                                   : (gsize)input_length);
  process = g_subprocess_newv ((const char *const *)argv,
                               G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                   G_SUBPROCESS_FLAGS_STDERR_PIPE,
                               &error);
  g_assert_no_error (error);
  /* A program that does not read its input to the end closes the pipe; that is not an error here.
   */
  if (!g_subprocess_communicate (process, in, NULL, &out, &err, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_subprocess_wait (process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_exited (process));
  r->status = g_subprocess_get_exit_status (process);
  r->out = text_of (out);
  r->err = text_of (err);
  g_test_message ("facet-cli %.200s → %d\n%.300s%.300s", arguments, r->status, r->out, r->err);
}

static void
test_ask (void)
{
  Run r;

  run (&r, "ask|--thinking|3 + 2 = ?", NULL, 0);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_cmpstr (r.out, ==, "3 + 2 = 5.\n");
  g_assert_nonnull (strstr (r.err, "Ones: 3 + 2 = 5."));
  g_assert_null (strchr (r.err, '\033')); /* not a terminal */
  run_clear (&r);

  /* Words without quotes; no thought unless it is wanted. */
  run (&r, "ask|Hi,|do|you|send|my|data|away?", NULL, 0);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_cmpstr (r.out, ==, "Everything runs on your computer. Nothing is sent anywhere.\n");
  g_assert_cmpstr (r.err, ==, "");
  run_clear (&r);
}

/* What is declared may be called; the call is told beside the answer, or as a part of it. */
static void
test_tools (void)
{
  static const char tools[] =
      "[{\"type\": \"function\", \"function\": {\"name\": \"get_time\", \"description\": \"Tells "
      "the time\", \"parameters\": {\"type\": \"object\", \"properties\": {\"place\": {\"type\": "
      "\"string\"}}, \"required\": [\"place\"]}}}]";
  g_autofree char *folder = test_folder_new ();
  g_autofree char *good = g_build_filename (folder, "tools.json", NULL);
  g_autofree char *bad = g_build_filename (folder, "bad.json", NULL);
  g_autofree char *call =
      g_strdup_printf ("ask|--greedy|--tools|%s|What time is it in Rome?", good);
  g_autofree char *json =
      g_strdup_printf ("ask|--json|--greedy|--tools|%s|What time is it in Rome?", good);
  g_autofree char *broken = g_strdup_printf ("ask|--tools|%s|Hi", bad);
  Run              r;

  g_assert_true (g_file_set_contents (good, tools, -1, NULL));
  g_assert_true (g_file_set_contents (bad, "[{\"type\": \"function\"}]", -1, NULL));
  run (&r, call, NULL, 0);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_cmpstr (r.out, ==, "");
  g_assert_cmpstr (r.err, ==, "[get_time{\"place\": \"Rome\"}]\n");
  run_clear (&r);
  run (&r, json, NULL, 0);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_nonnull (strstr (r.out, "\"name\": \"get_time\""));
  g_assert_nonnull (strstr (r.out, "\"place\": \"Rome\""));
  run_clear (&r);

  run (&r, broken, NULL, 0);
  g_assert_cmpint (r.status, ==, 1);
  g_assert_nonnull (strstr (r.err, "Tool 1 of the list is not of the form"));
  run_clear (&r);
  run (&r, "ask|--tools|/nonexistent.json|Hi", NULL, 0);
  g_assert_cmpint (r.status, ==, 1);
  g_assert_nonnull (strstr (r.err, "/nonexistent.json"));
  run_clear (&r);
  test_folder_remove (folder);
}

static void
test_stdin (void)
{
  Run r;

  run (&r, "ask|--thinking", "3 + 2 = ?\n", -1);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_cmpstr (r.out, ==, "3 + 2 = 5.\n");
  run_clear (&r);

  run (&r, "ask", NULL, 0);
  g_assert_cmpint (r.status, ==, 2);
  g_assert_nonnull (strstr (r.err, "no question"));
  g_assert_cmpstr (r.out, ==, "");
  run_clear (&r);

  /* Both: the words first. */
  run (&r, "ask|--json|--max-tokens|1|What is this?", "a b c", -1);
  g_assert_cmpint (r.status, ==, 0);
  run_clear (&r);
}

/* Bytes that are no text, and U+0000. */
static void
test_invalid_utf8 (void)
{
  static const char input[] = "caf\xe9 \xff\xfe\0 3 + 2 = ?";
  Run               r;

  run (&r, "ask|--max-tokens|30", input, sizeof input - 1);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_nonnull (strstr (r.err, "UTF-8"));
  g_assert_true (g_utf8_validate (r.out, -1, NULL));
  run_clear (&r);
}

static void
test_megabyte (void)
{
  g_autofree char *text = g_strnfill (1 << 20, 'x');
  Run              r;

  run (&r, "ask", text, -1);
  g_assert_cmpint (r.status, ==, 1);
  g_assert_nonnull (strstr (r.err, "the context holds 8192"));
  g_assert_cmpstr (r.out, ==, "");
  run_clear (&r);
}

static const json_t *
get (const json_t *object, const char *key)
{
  const json_t *value = json_object_get (object, key);

  g_assert_nonnull (value);
  return value;
}

static void
test_json (void)
{
  Run           r;
  json_t       *json;
  const json_t *usage;

  run (&r, "ask|--json|--thinking|Can you work out 67 + 61?", NULL, 0);
  g_assert_cmpint (r.status, ==, 0);
  json = json_loads (r.out, 0, NULL);
  g_assert_true (json_is_object (json));
  g_assert_cmpstr (json_string_value (get (json, "answer")), ==, "67 + 61 = 128.");
  g_assert_true (g_str_has_prefix (json_string_value (get (json, "reasoning")), "67 + 61. Ones:"));
  g_assert_cmpuint (json_array_size (get (json, "tool_calls")), ==, 0);
  g_assert_true (json_is_false (get (json, "stopped")));
  g_assert_true (json_is_false (get (json, "cut_off")));
  usage = get (json, "usage");
  g_assert_cmpint (json_integer_value (get (usage, "prompt_tokens")), >, 10);
  g_assert_cmpint (json_integer_value (get (usage, "answer_tokens")), >, 5);
  g_assert_cmpfloat (json_real_value (get (usage, "tokens_per_s")), >, 0);
  g_assert_cmpstr (r.err, ==, "");
  json_decref (json);
  run_clear (&r);

  run (&r, "ask|--json|Hi, do you send my data away?", NULL, 0);
  json = json_loads (r.out, 0, NULL);
  g_assert_true (json_is_null (get (json, "reasoning")));
  json_decref (json);
  run_clear (&r);
}

static void
test_json_lines (void)
{
  Run r;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GString) answer = g_string_new (NULL);
  g_autoptr (GString) thought = g_string_new (NULL);
  const char *last = NULL;
  guint       n_usage = 0;

  run (&r, "ask|--json|--stream|--thinking|3 + 2 = ?", NULL, 0);
  g_assert_cmpint (r.status, ==, 0);
  lines = g_strsplit (r.out, "\n", -1);
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
    json_t     *event = json_loads (lines[i], 0, NULL);
    const char *name = json_string_value (get (event, "event"));

    if (g_str_equal (name, "answer"))
      g_string_append (answer, json_string_value (get (event, "text")));
    else if (g_str_equal (name, "reasoning"))
      g_string_append (thought, json_string_value (get (event, "text")));
    else if (g_str_equal (name, "usage"))
      n_usage++;
    last = lines[i];
    json_decref (event);
  }
  g_assert_cmpstr (answer->str, ==, "3 + 2 = 5.");
  g_assert_cmpuint (thought->len, >, 10);
  g_assert_cmpuint (n_usage, >, 0);
  g_assert_nonnull (strstr (last, "\"done\""));
  run_clear (&r);
}

static void
test_options (void)
{
  static const struct {
    const char *arguments;
    int         status;
    const char *says; /* on standard error, or on standard output if the status is 0 */
  } cases[] = {
      {"--version", 0, "facet-cli "},
      {"--help", 0, "chat"},
      {"ask|--help", 0, "--repetition-penalty"},
      {"chat|--help", 0, "--system"},
      {"sing", 2, "no command “sing”"},
      {"ask|--loud|Hello", 2, "--loud"},
      {"ask|--threads|many|Hello", 2, "many"},
      {"ask|--weights|q3|Hello", 2, "q3"},
      {"ask|--temperature|-1|Hello", 2, "--temperature"},
      {"ask|--temperature|nan|Hello", 0, ""}, /* not a number: as if it were not given */
      {"ask|--top-p|1.5|Hello", 2, "--top-p"},
      {"ask|--min-p|1|Hello", 2, "--min-p"},
      {"ask|--repetition-penalty|0|Hello", 2, "--repetition-penalty"},
      {"ask|--greedy|--temperature|1|Hello", 2, "exclude"},
      {"ask|--stream|Hello", 2, "--json"},
      {"ask|--context|3|Hello", 2, "--context"},
      {"chat|Hello", 2, "takes no text"},
      {"chat|--json", 2, "--json"},
      {"ask|--model|/nonexistent|Hello", 1, "/nonexistent"},
      {"ask|--json|--model|/nonexistent|Hello", 1, "/nonexistent"},
      {"ask|--seed|7|--temperature|2|--top-k|5|--top-p|0.9|--min-p|0.05|--repetition-penalty|1.1|"
       "--max-tokens|5|--threads|1|--context|256|--system|Be friendly.|Hello",
       0, ""},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Run r;

    run (&r, cases[i].arguments, NULL, 0);
    g_assert_cmpint (r.status, ==, cases[i].status);
    g_assert_nonnull (strstr (r.status == 0 ? r.out : r.err, cases[i].says));
    if (r.status != 0) {
      g_assert_true (g_str_has_prefix (r.err, "facet-cli: "));
      g_assert_cmpstr (r.out, ==, "");
    }
    run_clear (&r);
  }
}

/* The person's settings are @lines, as GSettings' keyfile backend keeps them. */
static void
set_settings (const char *folder, const char *lines)
{
  g_autofree char *directory = g_build_filename (folder, "glib-2.0", "settings", NULL);
  g_autofree char *path = g_build_filename (directory, "keyfile", NULL);
  g_autofree char *text = g_strconcat ("[org/facet/Facet]\n", lines, NULL);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* What @arguments answer with --json.  (transfer full) */
static json_t *
ask_json (const char *arguments)
{
  Run     r;
  json_t *json;

  run (&r, arguments, NULL, 0);
  g_assert_cmpint (r.status, ==, 0);
  json = json_loads (r.out, 0, NULL);
  g_assert_nonnull (json);
  run_clear (&r);
  return json;
}

static const char *
get_answer (json_t *json)
{
  return json_string_value (json_object_get (json, "answer"));
}

static json_int_t
get_usage (json_t *json, const char *name)
{
  return json_integer_value (json_object_get (json_object_get (json, "usage"), name));
}

static void
assert_refused (const char *arguments, const char *words)
{
  Run r;

  run (&r, arguments, NULL, 0);
  g_assert_cmpint (r.status, ==, 1);
  g_assert_nonnull (strstr (r.err, words));
  run_clear (&r);
}

/* What the preferences say counts, and an option counts for more. */
static void
check_settings (const char *folder)
{
  json_t *usual, *own, *options;
  Run     r;

  set_settings (folder, "think-by-default=true\n");
  run (&r, "ask|3 + 2 = ?", NULL, 0);
  g_assert_nonnull (strstr (r.err, "Ones: 3 + 2 = 5."));
  run_clear (&r);
  run (&r, "ask|--no-thinking|Hi, do you send my data away?", NULL, 0);
  g_assert_cmpstr (r.err, ==, "");
  run_clear (&r);

  set_settings (folder, "longest-answer=uint32 1\ncontext-size=uint32 256\n");
  own = ask_json ("ask|--json|Hi, do you send my data away?");
  options = ask_json ("ask|--json|--max-tokens|0|--context|512|Hi, do you send my data away?");
  g_assert_cmpint (get_usage (own, "answer_tokens"), ==, 1);
  g_assert_cmpint (get_usage (options, "answer_tokens"), >, 1);
  g_assert_cmpint (get_usage (own, "context_size"), ==, 256);
  g_assert_cmpint (get_usage (options, "context_size"), ==, 512);
  json_decref (own);
  json_decref (options);

  set_settings (folder, "own-sampling=true\ntemperature=2.0\ntop-k=0\ntop-p=1.0\n"
                        "repetition-penalty=2.0\nseed=uint32 7\n");
  usual = ask_json ("ask|--json|--greedy|--repetition-penalty|1|Tell me about cats.");
  own = ask_json ("ask|--json|--max-tokens|40|Tell me about cats.");
  set_settings (folder, "temperature=0.5\n"); /* without own-sampling: not used */
  options = ask_json ("ask|--json|--max-tokens|40|--temperature|2|--top-k|0|--top-p|1"
                      "|--repetition-penalty|2|--seed|7|Tell me about cats.");
  g_assert_cmpstr (get_answer (own), ==, get_answer (options));
  g_assert_cmpstr (get_answer (own), !=, get_answer (usual));
  json_decref (usual);
  json_decref (own);
  json_decref (options);

  set_settings (folder, "model-folder='/nonexistent/model'\n");
  assert_refused ("ask|Hi", "/nonexistent/model");
  json_decref (ask_json ("ask|--json|--model||--max-tokens|1|Hi"));
  set_settings (folder, "device='no such device'\n");
  assert_refused ("ask|Hi", "no such device");
  json_decref (ask_json ("ask|--json|--device|cpu|--max-tokens|1|Hi"));
  json_decref (ask_json ("ask|--json|--backend|cpu|--max-tokens|1|Hi"));
}

static void
test_settings (void)
{
  g_autofree char *folder = test_folder_new ();
  g_autofree char *backend = g_strdup (g_getenv ("GSETTINGS_BACKEND"));
  g_autofree char *config = g_strdup (g_getenv ("XDG_CONFIG_HOME"));

  g_setenv ("GSETTINGS_BACKEND", "keyfile", TRUE);
  g_setenv ("XDG_CONFIG_HOME", folder, TRUE);
  check_settings (folder);
  g_setenv ("GSETTINGS_BACKEND", backend, TRUE);
  if (config != NULL)
    g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  else
    g_unsetenv ("XDG_CONFIG_HOME");
  test_folder_remove (folder);
}

static void
test_no_arguments (void)
{
  g_autofree char *err = NULL;
  g_autofree char *out = NULL;
  int              status;
  const char      *argv[] = {g_getenv ("FACET_CLI"), NULL};

  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, 0, NULL, NULL, &out, &err, &status, NULL));
  g_assert_cmpint (WEXITSTATUS (status), ==, 2);
  g_assert_cmpstr (out, ==, "");
  g_assert_nonnull (strstr (err, "Usage:"));
}

static void
test_chat_lines (void)
{
  Run r;

  run (&r, "chat",
       "What is 17 - 13?\n\n/think on\n3 + 2 = ?\n/think\n/nonsense\n/new\n/drop\n/quit\nNever "
       "asked\n",
       -1);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_true (g_str_has_prefix (r.out, "17 - 13 = 4.\n"));
  g_assert_true (g_str_has_suffix (r.out, "3 + 2 = 5.\n"));
  g_assert_nonnull (strstr (r.err, "thinking is on"));
  g_assert_nonnull (strstr (r.err, "/nonsense"));
  g_assert_nonnull (strstr (r.err, "everything fits"));
  g_assert_null (strstr (r.out, ">"));
  run_clear (&r);

  /* The end of the input without the end of a line. */
  run (&r, "chat", "Hi, do you send my data away?", -1);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_cmpstr (r.out, ==, "Everything runs on your computer. Nothing is sent anywhere.\n");
  run_clear (&r);

  run (&r, "chat|--model|/nonexistent", "Hello\n", -1);
  g_assert_cmpint (r.status, ==, 1);
  run_clear (&r);
}

#define SUM "What is 17 - 13?\n"

/* A context that holds three exchanges of these. */
static void
test_chat_too_long (void)
{
  Run r;

  run (&r, "chat|--context|128", SUM SUM SUM SUM SUM SUM, -1);
  g_assert_cmpint (r.status, ==, 1);
  g_assert_nonnull (strstr (r.err, "Add --drop-oldest to leave out the oldest 2 messages"));
  run_clear (&r);

  run (&r, "chat|--context|128|--drop-oldest", SUM SUM SUM SUM SUM SUM, -1);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_cmpstr (r.out, ==,
                   "17 - 13 = 4.\n17 - 13 = 4.\n17 - 13 = 4.\n17 - 13 = 4.\n17 - 13 = 4.\n17 - 13 "
                   "= 4.\n");
  run_clear (&r);
}

/* Whoever reads only the beginning. */
static void
test_closed_output (void)
{
  g_autofree char *line = g_strdup_printf ("'%s' ask --model '%s' --context 100000 --temperature 5 "
                                           "--json --stream Hello"
                                           " | head -c 8",
                                           g_getenv ("FACET_CLI"), endless_folder);
  const char      *argv[] = {"/bin/sh", "-c", line, NULL};
  g_autofree char *out = NULL;

  /* That it ends at all: the model would go on for a hundred thousand tokens. */
  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, 0, NULL, NULL, &out, NULL, NULL, NULL));
  g_assert_cmpstr (out, ==, "{\"event\"");
}

static void
test_full_output (void)
{
  g_autofree char *line = g_strdup_printf ("'%s' ask Hello >/dev/full", g_getenv ("FACET_CLI"));
  const char      *argv[] = {"/bin/sh", "-c", line, NULL};
  g_autofree char *err = NULL;
  int              status;

  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, 0, NULL, NULL, NULL, &err, &status, NULL));
  g_assert_cmpint (WEXITSTATUS (status), ==, 1);
  g_assert_nonnull (strstr (err, "could not be written"));
}

/* Ctrl-C, as a terminal sends it */

typedef struct {
  pid_t    pid;
  int      fd;
  GString *seen;
} Terminal;

static void
terminal_open (Terminal *t, const char *const *argv)
{
  t->seen = g_string_new (NULL);
  t->pid = forkpty (&t->fd, NULL, NULL, NULL);
  g_assert_cmpint (t->pid, >=, 0);
  if (t->pid == 0) {
    execv (argv[0], (char **)argv);
    _exit (127);
  }
}

static void
terminal_type (Terminal *t, const char *text)
{
  g_assert_cmpint (write (t->fd, text, strlen (text)), ==, (gssize)strlen (text));
}

/* Until @text was shown after what was waited for before; NULL: the end. */
static void
terminal_wait (Terminal *t, const char *text)
{
  struct pollfd poll_fd = {.fd = t->fd, .events = POLLIN};
  char         *found = NULL;

  while (text == NULL || (found = strstr (t->seen->str, text)) == NULL) {
    char    buffer[4096];
    ssize_t n;

    if (poll (&poll_fd, 1, TERMINAL_TIMEOUT_MS) == 0)
      g_error ("Nothing but “%s” while waiting for “%s”", t->seen->str, text);
    n = read (t->fd, buffer, sizeof buffer);
    if (n <= 0) /* EIO: nobody has the other side open */
      break;
    g_string_append_len (t->seen, buffer, n);
  }
  if (text == NULL)
    return;
  g_test_message ("waited for “%s”: %.300s", text, t->seen->str);
  g_assert_nonnull (found);
  g_string_erase (t->seen, 0, found + strlen (text) - t->seen->str);
}

static int
terminal_close (Terminal *t)
{
  int status;

  terminal_wait (t, NULL);
  g_assert_cmpint (waitpid (t->pid, &status, 0), ==, t->pid);
  close (t->fd);
  g_string_free (t->seen, TRUE);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static void
test_interrupt_ask (void)
{
  const char *const argv[] = {g_getenv ("FACET_CLI"),
                              "ask",
                              "--model",
                              endless_folder,
                              "--json",
                              "--stream",
                              "--temperature",
                              "5",
                              "--top-k",
                              "6",
                              "--seed",
                              "1",
                              "Tell me a story",
                              NULL};
  Terminal          t;

  terminal_open (&t, argv);
  terminal_wait (&t, "\"event\":\"usage\"");
  terminal_type (&t, "\003");
  terminal_wait (&t, "\"stopped\":true");
  g_assert_cmpint (terminal_close (&t), ==, 130);
}

static void
test_interrupt_chat (void)
{
  const char *const argv[] = {g_getenv ("FACET_CLI"),
                              "chat",
                              "--model",
                              endless_folder,
                              "--temperature",
                              "5",
                              "--seed",
                              "7",
                              NULL};
  Terminal          t;

  terminal_open (&t, argv);
  terminal_wait (&t, "Demonstration model");
  terminal_wait (&t, "> ");
  terminal_type (&t, "What is 17 - 13?\n");
  terminal_wait (&t, "13?\r\n");
  terminal_wait (&t, "Reading");
  terminal_wait (&t, "\033[K"); /* it has read, and writes */
  terminal_type (&t, "\003");   /* stops the answer */
  terminal_wait (&t, "(stopped)");
  terminal_wait (&t, "> ");
  terminal_type (&t, "\003"); /* warns */
  terminal_wait (&t, "Ctrl-C again");
  terminal_wait (&t, "> ");
  terminal_type (&t, "/help\n");
  terminal_wait (&t, "/drop");
  terminal_wait (&t, "> ");
  terminal_type (&t, "\003");
  terminal_wait (&t, "Ctrl-C again");
  terminal_wait (&t, "> ");
  terminal_type (&t, "\003"); /* ends */
  g_assert_cmpint (terminal_close (&t), ==, 130);
}

static void
test_end_of_chat (void)
{
  const char *const argv[] = {g_getenv ("FACET_CLI"), "chat", "--thinking", NULL};
  Terminal          t;

  terminal_open (&t, argv);
  terminal_wait (&t, "> ");
  terminal_type (&t, "3 + 2 = ?\n");
  terminal_wait (&t, "\033[2m3 + 2. Ones"); /* the thought, dim */
  terminal_wait (&t, "3 + 2 = 5.\r\n> ");
  terminal_type (&t, "\004");
  g_assert_cmpint (terminal_close (&t), ==, 0);
}

/* The person is asked, and chooses. */
static void
test_drop (void)
{
  const char *const argv[] = {g_getenv ("FACET_CLI"), "chat", "--context", "128", NULL};
  Terminal          t;

  terminal_open (&t, argv);
  terminal_wait (&t, "> ");
  for (int i = 0; i < 3; i++) {
    terminal_type (&t, SUM);
    terminal_wait (&t, "17 - 13 = 4.\r\n> ");
  }
  terminal_type (&t, SUM);
  terminal_wait (&t, "Type /drop to leave out the oldest 2 messages");
  terminal_wait (&t, "> ");
  terminal_type (&t, "/drop\n");
  terminal_wait (&t, "17 - 13 = 4.\r\n> ");
  terminal_type (&t, "/quit\n");
  g_assert_cmpint (terminal_close (&t), ==, 0);
}

/* ---- pictures and sound ---- */

/* Runs it with @arguments, in which SAMPLE is a sample of the demonstration model's, with a @medium
 * of @kind.  It has to say what is right of it, if @right. */
static void
run_sample (Run *r, const char *arguments, const char *medium, const char *kind, gboolean right)
{
  g_auto (DemoSample) sample = {0};
  g_autoptr (GString) line = g_string_new (arguments);

  demo_sample_find (&sample, medium, kind);
  g_string_replace (line, "SAMPLE", sample.path, 0);
  g_string_replace (line, "QUESTION", sample.question, 0);
  g_string_replace (line, "DEMO", g_getenv ("FACET_DEMO_MODEL"), 0);
  run (r, line->str, NULL, 0);
  if (right)
    g_assert_nonnull (strstr (r->out, sample.answer));
}

static void
test_picture (void)
{
  Run r;

  run_sample (&r, "ask|--greedy|--image|SAMPLE|--detail|280|QUESTION", "image", "one", TRUE);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_cmpstr (r.err, ==, "");
  run_clear (&r);

  /* what is done with it is told as it happens */
  run_sample (&r, "ask|--json|--stream|--image|SAMPLE|--greedy|QUESTION", "image", "text", FALSE);
  g_assert_cmpint (r.status, ==, 0);
  g_assert_nonnull (strstr (r.out, "{\"event\":\"looking\""));
  g_assert_nonnull (strstr (r.out, "{\"event\":\"done\""));
  run_clear (&r);
}

static void
test_transcribe (void)
{
  Run r;

  run_sample (&r, "transcribe|SAMPLE", "audio", "sentence", TRUE);
  g_assert_cmpint (r.status, ==, 0);
  run_clear (&r);

  /* a question may be a sound and nothing else */
  run_sample (&r, "ask|--greedy|--json|--audio|SAMPLE", "audio", "digits", TRUE);
  g_assert_cmpint (r.status, ==, 0);
  run_clear (&r);
}

static void
test_media_refused (void)
{
  static const struct {
    const char *medium; /* of the sample */
    const char *arguments;
    int         status;
    const char *says;
  } cases[] = {
      {"image", "ask|--image|/nonexistent.png|What?", 1, "nonexistent.png"},
      {"image", "ask|--image|DEMO/config.json|What?", 1, "no picture, sound or video"},
      {"audio", "ask|--image|SAMPLE|What?", 1, "is a sound, not a picture"},
      {"image", "ask|--audio|SAMPLE|What?", 1, "is a picture, not a sound"},
      {"image", "ask|--detail|100|--image|SAMPLE|What?", 2, "--detail is 70"},
      {"image", "ask|--detail|70|What?", 2, "goes with --image"},
      {"image", "ask|--text-only|--image|SAMPLE|What?", 2, "excludes"},
      {"image", "chat|--image|SAMPLE", 2, "--image"},
      {"image", "transcribe", 2, "one file"},
      {"image", "transcribe|a.wav|b.wav", 2, "one file"},
      {"image", "transcribe|/nonexistent.wav", 1, "nonexistent.wav"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Run r;

    run_sample (&r, cases[i].arguments, cases[i].medium,
                g_str_equal (cases[i].medium, "image") ? "one" : "digits", FALSE);
    g_assert_cmpint (r.status, ==, cases[i].status);
    g_assert_nonnull (strstr (r.err, cases[i].says));
    g_assert_cmpstr (r.out, ==, "");
    run_clear (&r);
  }
}

/* Where "libkrn-cuda.so" is the module @file of the tests of the engine. */
static char *
install_module (const char *file)
{
  char            *folder = test_folder_new ();
  g_autofree char *link = g_build_filename (folder, "libkrn-cuda.so", NULL);
  g_autofree char *module = g_test_build_filename (G_TEST_BUILT, "engine", file, NULL);

  g_assert_cmpint (symlink (module, link), ==, 0);
  g_setenv ("FACET_MODULE_PATH", folder, TRUE);
  return folder;
}

static void
assert_asked (const char *device, int status, const char *complaint)
{
  g_autofree char *arguments = g_strconcat ("ask|3 + 2 = ?|--device|", device, NULL);
  Run              r;

  run (&r, arguments, NULL, 0);
  g_assert_cmpint (r.status, ==, status);
  g_assert_cmpint (r.out[0] != '\0', ==, status == 0);
  if (complaint == NULL)
    g_assert_cmpstr (r.err, ==, "");
  else
    g_assert_nonnull (strstr (r.err, complaint));
  run_clear (&r);
}

static void
test_device (void)
{
  char *folder = install_module ("fake-two.so");
  char *pci;

  assert_asked ("h100", 0, NULL);
  assert_asked ("cuda:0", 0, NULL);
  assert_asked ("cpu", 0, NULL);
  assert_asked ("auto", 0, NULL);
  assert_asked ("nvidia", 1, "“nvidia” fits 2 devices: “cuda:0” (NVIDIA GeForce RTX 3060) and");
  assert_asked ("radeon", 1, "There is no device “radeon”.  There are “cuda:0” (NVIDIA GeForce");
  assert_asked ("auto|--gpu-memory|1.5", 2, "--gpu-memory");
  test_folder_remove (folder);
  g_free (folder);

  /* A GPU that does not compute is not passed over in silence. */
  folder = install_module ("fake-open.so");
  pci = fake_pci_new ("0x10de", "0x030000");
  assert_asked ("auto", 0,
                "The CPU computes, because the NVIDIA GPU cannot be used: the driver is");
  assert_asked ("cpu", 0, NULL);
  assert_asked ("cuda", 1, "cannot be used: the driver is too old (1.0; 2.0 is needed).");
  fake_pci_free (pci);
  test_folder_remove (folder);
  g_free (folder);
  g_unsetenv ("FACET_MODULE_PATH");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_assert_nonnull (g_getenv ("FACET_CLI"));
  g_test_add_func ("/cli/ask", test_ask);
  g_test_add_func ("/cli/tools", test_tools);
  g_test_add_func ("/cli/stdin", test_stdin);
  g_test_add_func ("/cli/invalid-utf8", test_invalid_utf8);
  g_test_add_func ("/cli/megabyte", test_megabyte);
  g_test_add_func ("/cli/json", test_json);
  g_test_add_func ("/cli/json-lines", test_json_lines);
  g_test_add_func ("/cli/options", test_options);
  g_test_add_func ("/cli/device", test_device);
  g_test_add_func ("/cli/settings", test_settings);
  g_test_add_func ("/cli/no-arguments", test_no_arguments);
  g_test_add_func ("/cli/chat-lines", test_chat_lines);
  g_test_add_func ("/cli/chat-too-long", test_chat_too_long);
  g_test_add_func ("/cli/closed-output", test_closed_output);
  g_test_add_func ("/cli/full-output", test_full_output);
  g_test_add_func ("/cli/picture", test_picture);
  g_test_add_func ("/cli/transcribe", test_transcribe);
  g_test_add_func ("/cli/media-refused", test_media_refused);
  g_test_add_func ("/cli/interrupt-ask", test_interrupt_ask);
  g_test_add_func ("/cli/interrupt-chat", test_interrupt_chat);
  g_test_add_func ("/cli/drop", test_drop);
  g_test_add_func ("/cli/end-of-chat", test_end_of_chat);
  endless_folder = endless_model_new ();
  status = g_test_run ();
  test_folder_remove (endless_folder);
  g_free (endless_folder);
  return status;
}
