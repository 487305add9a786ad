/* test-lines.c: gem-cli's JSON Lines commands from outside: answers, errors and exit statuses.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the answers say is tested elsewhere; this is about the protocol.  The program's path is the
 * argument. */
#define G_LOG_DOMAIN "test"

#include "golden-lines.h"

#include <glib/gstdio.h>
#include <sys/wait.h>

static const char *program;
static char       *folder; /* for questions, and as a model without a template */

/* Runs `gem-cli inspect ARGUMENTS` on @questions; returns the lines that it answers, and its exit
 * status. */
static char **
ask (const char *arguments, const char *questions, gsize length, int *status, char **message)
{
  g_autofree char *file = g_build_filename (folder, "questions", NULL);
  g_autofree char *quoted_program = g_shell_quote (program), *quoted_file = g_shell_quote (file);
  g_autofree char *command =
      g_strdup_printf ("%s inspect %s < %s", quoted_program, arguments, quoted_file);
  char            *argv[] = {(char *)"/bin/sh", (char *)"-c", command, NULL};
  g_autofree char *out = NULL, *err = NULL;
  GError          *error = NULL;
  char           **lines;

  g_file_set_contents (file, questions, (gssize)length, &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (*status));
  *status = WEXITSTATUS (*status);
  g_assert_true (*out == '\0' || g_str_has_suffix (out, "\n"));
  if (*out != '\0')
    out[strlen (out) - 1] = '\0';
  lines = g_strsplit (out, "\n", -1);
  if (message != NULL)
    *message = g_steal_pointer (&err);
  return lines;
}

static gboolean
is_error (const char *line)
{
  json_t  *answer = gem_json_loads (line, strlen (line), NULL);
  gboolean is =
      json_object_size (answer) == 1 && json_is_string (json_object_get (answer, "error"));

  g_assert_true (json_is_object (answer));
  json_decref (answer);
  return is;
}

static void
test_answers (void)
{
  g_autofree char *tokenizer = golden_path ("tiny-model/tokenizer.json"),
                  *quoted = g_shell_quote (tokenizer);
  g_autofree char *tokenize = g_strdup_printf ("tokenize --tokenizer %s", quoted);
  const struct {
    const char *arguments, *question, *answer;
  } cases[] = {
      {tokenize, "{\"text\": \"<bos>\"}",
       "{\"ids\": [2], \"decoded\": \"<bos>\", \"decoded_skip_special\": \"\", \"stream\": "
       "[\"<bos>\"]}"},
      {tokenize, "{\"text\": \"\"}",
       "{\"ids\": [], \"decoded\": \"\", \"decoded_skip_special\": \"\", \"stream\": []}"},
      {"render", "{\"messages\": [{\"role\": \"user\", \"content\": \"é\"}]}",
       "{\"rendered\": \"<bos><|turn>user\\né<turn|>\\n\"}"},
      {"render",
       "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}], \"revision\": "
       "\"launch\"}",
       "{\"rendered\": \"<bos><|turn>user\\n\\n\\n<|image|>\\n\\n<turn|>\\n\"}"},
      {"parse",
       "{\"output\": \"é<|tool_call>call:f{n:100000000000000000000}<tool_call|>\", \"chunks\": [1, "
       "0, 3, 5]}",
       "{\"reasoning\": null, \"content\": \"é\", \"tool_calls\": [{\"name\": \"f\", "
       "\"arguments\": {\"n\": 100000000000000000000},"
       " \"arguments_json\": \"{\\\"n\\\": 100000000000000000000}\"}]}"},
      {"parse", "{\"output\": \"ab\", \"chunks\": [1, 1000000]}",
       "{\"reasoning\": null, \"content\": \"ab\", \"tool_calls\": []}"},
      {"size", "{\"width\": 640, \"height\": 480, \"max_soft_tokens\": 280}",
       "{\"target_width\": 912, \"target_height\": 672, \"patches\": 2394, \"soft_tokens\": 266}"},
      {"sample", "{\"logits\": [1, 3, 2], \"params\": {\"temperature\": 0}}",
       "{\"probs\": [0.0, 1.0, 0.0]}"},
      {"sample", "{\"logits\": [5, 5, -1e300], \"params\": {\"temperature\": 1.0}}",
       "{\"probs\": [0.5, 0.5, 0.0]}"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    int status;
    g_auto (GStrv) lines =
        ask (cases[i].arguments, cases[i].question, strlen (cases[i].question), &status, NULL);

    g_assert_cmpuint (g_strv_length (lines), ==, 1);
    g_assert_cmpstr (lines[0], ==, cases[i].answer);
    g_assert_cmpint (status, ==, 0);
  }
}

/* A bad question gets its own line, and those around it their answers. */
static void
test_bad_questions (void)
{
  static const char *const bad[] = {
      "x",
      "[]",
      "{}",
      "{\"output\": 5}",
      "{\"output\": \"\\ud800\"}",
      "{\"output\": \"\xff\"}",
      "{\"output\": \"a\", \"chunks\": [-1]}",
      "{\"output\": \"a\", \"chunks\": [1.5]}",
      "{\"output\": \"a\", \"chunks\": [100000000000000000000]}",
      "{\"output\": \"a\"",
  };
  g_autoptr (GString) questions = g_string_new (NULL);
  int status;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_string_append_printf (questions, "{\"output\": \"%u\"}\n%s\n \n", i, bad[i]);
  {
    g_auto (GStrv) lines = ask ("parse", questions->str, questions->len, &status, NULL);

    g_assert_cmpint (status, ==, 1);
    g_assert_cmpuint (g_strv_length (lines), ==, 2 * G_N_ELEMENTS (bad));
    for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
      g_autofree char *content = g_strdup_printf ("\"content\": \"%u\"", i);

      g_assert_nonnull (strstr (lines[2 * i], content));
      g_assert_true (is_error (lines[2 * i + 1]));
    }
  }
}

static void
test_bad_numbers (void)
{
  static const char sizes[] = "{\"width\": 0, \"height\": 1, \"max_soft_tokens\": 280}\n"
                              "{\"width\": 1, \"height\": 1, \"max_soft_tokens\": 281}\n"
                              "{\"width\": -1, \"height\": 1, \"max_soft_tokens\": 280}\n"
                              "{\"width\": 4294967296, \"height\": 1, \"max_soft_tokens\": 280}\n"
                              "{\"width\": 1.0, \"height\": 1, \"max_soft_tokens\": 280}";
  static const char samples[] =
      "{\"logits\": []}\n{\"logits\": [1, \"a\"]}\n{\"logits\": [1], \"params\": {\"top_p\": "
      "1.5}}\n"
      "{\"logits\": [1], \"params\": {\"top_k\": -1}}\n{\"logits\": [1], \"params\": 5}";
  int status;
  g_auto (GStrv) size_lines = ask ("size", sizes, strlen (sizes), &status, NULL);
  g_auto (GStrv) sample_lines = NULL;

  g_assert_cmpint (status, ==, 1);
  sample_lines = ask ("sample", samples, strlen (samples), &status, NULL);
  g_assert_cmpint (status, ==, 1);
  g_assert_cmpuint (g_strv_length (size_lines), ==, 5);
  g_assert_cmpuint (g_strv_length (sample_lines), ==, 5);
  for (guint i = 0; i < 5; i++) {
    g_assert_true (is_error (size_lines[i]));
    g_assert_true (is_error (sample_lines[i]));
  }
}

/* More than a line may have, and a line that is none behind it. */
static void
test_long_line (void)
{
  gsize             length = (64u << 20) + 100;
  g_autofree char  *questions = g_malloc (length);
  static const char last[] = "\n{\"output\": \"a\"}";
  int               status;

  memset (questions, 'x', length);
  memcpy (questions + length - strlen (last), last, strlen (last));
  {
    g_auto (GStrv) lines = ask ("parse", questions, length, &status, NULL);

    g_assert_cmpint (status, ==, 1);
    g_assert_cmpuint (g_strv_length (lines), ==, 2);
    g_assert_nonnull (strstr (lines[0], "longer than 64 MiB"));
    g_assert_false (is_error (lines[1]));
  }
}

static void
test_usage (void)
{
  static const char *const wrong[] = {"parse --nonsense",
                                      "parse extra",
                                      "tokenize",
                                      "tokenize --tokenizer /nonexistent/tokenizer.json",
                                      "render --model /nonexistent",
                                      "sample --weights q3",
                                      "sample --backend abacus",
                                      "answer",
                                      "answer --model /nonexistent"};

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *message = NULL;
    int              status;
    g_auto (GStrv) lines = ask (wrong[i], "{}", 2, &status, &message);

    g_assert_cmpint (status, ==, 2);
    g_assert_cmpuint (g_strv_length (lines), ==, 0);
    g_assert_true (g_str_has_prefix (message, "gem-cli: "));
  }
}

/* A folder decides by its template; one that nobody knows is reported, and rendered as E2B's. */
static void
test_folder (void)
{
  static const char question[] =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"add_generation_prompt\": true}";
  static const char answer[] = "{\"rendered\": \"<bos><|turn>user\\na<turn|>\\n<|turn>model\\n\"}";
  g_autofree char  *quoted = g_shell_quote (folder),
                  *arguments = g_strdup_printf ("render --model %s", quoted);
  g_autofree char *template = g_build_filename (folder, "chat_template.jinja", NULL);

  for (int i = 0; i < 2; i++) {
    g_autofree char *message = NULL;
    int              status;
    g_auto (GStrv) lines = ask (arguments, question, strlen (question), &status, &message);

    g_assert_cmpint (status, ==, 0);
    g_assert_cmpstr (lines[0], ==, answer);
    g_assert_cmpint (strstr (message, "none of the known templates") != NULL, ==, i);
    g_assert_true (g_file_set_contents (template, "{{ messages }}", -1, NULL));
  }
  g_assert_cmpint (g_unlink (template), ==, 0);
}

/* A conversation is answered to the end of the turn, whatever cannot be answered stands beside it,
 * and a question asked again behind others has the same answer. */
static void
test_answer (void)
{
  static const char sum[] =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"What is 2 + 3?\"}],"
      " \"enable_thinking\": true, \"add_generation_prompt\": true}\n";
  static const char *const bad[] = {
      "{\"messages\": []}",
      "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}]}",
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"images\": [{}]}",
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"images\": [{\"path\": "
      "\"/nonexistent.ppm\", \"budget\": 70}]}",
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"sounds\": [{}]}",
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"max_tokens\": 0}",
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"max_tokens\": \"1\"}",
  };
  g_autofree char *demo = g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "data", "demo", NULL);
  g_autofree char *quoted = g_shell_quote (demo),
                  *arguments = g_strdup_printf ("answer --model %s", quoted), *first = NULL;
  g_autoptr (GString) questions = g_string_new (sum);
  int     status;
  json_t *answer;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_string_append_printf (questions, "%s\n", bad[i]);
  g_string_append (questions, sum);
  {
    guint last = G_N_ELEMENTS (bad) + 1;
    g_auto (GStrv) lines = ask (arguments, questions->str, questions->len, &status, NULL);

    g_assert_cmpint (status, ==, 1);
    g_assert_cmpuint (g_strv_length (lines), ==, last + 1);
    for (guint i = 1; i < last; i++)
      g_assert_true (is_error (lines[i]));
    answer = gem_json_loads (lines[0], strlen (lines[0]), NULL);
    g_assert_cmpstr (json_string_value (json_object_get (answer, "finish")), ==, "stop");
    g_assert_cmpuint (json_string_length (json_object_get (answer, "reasoning")), >, 0);
    g_assert_nonnull (strstr (json_string_value (json_object_get (answer, "content")), "5"));
    first = g_strndup (lines[0], (gsize)(strstr (lines[0], "\"finish\"") - lines[0]));
    g_assert_true (g_str_has_prefix (lines[last], first));
    json_decref (answer);
  }
}

int
main (int argc, char **argv)
{
  g_autofree char *questions = NULL;
  int              result;

  g_test_init (&argc, &argv, NULL);
  if (argc != 2)
    g_error ("usage: test-lines GEM-CLI");
  program = argv[1];
  folder = g_dir_make_tmp ("facet-lines-XXXXXX", NULL);
  g_assert_nonnull (folder);

  g_test_add_func ("/lines/answers", test_answers);
  g_test_add_func ("/lines/bad-questions", test_bad_questions);
  g_test_add_func ("/lines/bad-numbers", test_bad_numbers);
  g_test_add_func ("/lines/long-line", test_long_line);
  g_test_add_func ("/lines/usage", test_usage);
  g_test_add_func ("/lines/folder", test_folder);
  g_test_add_func ("/lines/answer", test_answer);
  result = g_test_run ();

  questions = g_build_filename (folder, "questions", NULL);
  g_unlink (questions);
  g_rmdir (folder);
  g_free (folder);
  return result;
}
