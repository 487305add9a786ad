/* test-commands.c: gem-cli inspect logits, inspect generate and bench from outside: files, answers,
 * exit statuses.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the numbers are is tested elsewhere; this is about what the commands do with their
 * arguments.  The program's path is the argument. */
#include "gem-safetensors.h"
#include "golden-model.h"
#include "write-safetensors.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static const char *program;
static char       *folder, *model, *ids_path; /* eight token ids */

typedef struct {
  int   status; /* of exit, or 128 + signal */
  char *out, *err;
} Ran;

static void
ran_clear (Ran *ran)
{
  g_free (ran->out);
  g_free (ran->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ran, ran_clear)

/* A command line without the program's name; $M is the model, $I the ids, $D the test's folder. */
static GStrv
arguments (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  GStrvBuilder *argv = g_strv_builder_new ();
  GStrv         result;

  g_strv_builder_add (argv, program);
  for (guint i = 0; words[i] != NULL && *line != '\0'; i++) {
    g_autoptr (GString) word = g_string_new (words[i]);

    g_string_replace (word, "$M", model, 0);
    g_string_replace (word, "$I", ids_path, 0);
    g_string_replace (word, "$D", folder, 0);
    g_strv_builder_add (argv, word->str);
  }
  result = g_strv_builder_end (argv);
  g_strv_builder_unref (argv);
  return result;
}

static int
exit_status (int wait_status)
{
  return WIFEXITED (wait_status) ? WEXITSTATUS (wait_status) : 128 + WTERMSIG (wait_status);
}

static Ran
run (const char *line)
{
  g_auto (GStrv) argv = arguments (line);
  g_autoptr (GError) error = NULL;
  Ran ran = {0};
  int status;

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &ran.out, &ran.err, &status, &error);
  g_assert_no_error (error);
  ran.status = exit_status (status);
  return ran;
}

static void
write_ids (const char *name, const char *json)
{
  write_text (folder, name, json);
}

static GemSafetensors *
written (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  GemSafetensors *file = gem_safetensors_open (path, &error);

  g_assert_no_error (error);
  return file;
}

static const float *
row_of (GemSafetensors *file, const char *name, gsize row, gsize n_rows, gsize cols)
{
  gsize        n;
  const float *values = golden_floats (file, name, &n);

  g_assert_cmpuint (n, ==, n_rows * cols);
  return values + row * cols;
}

/* ---- logits ---- */

static void
test_positions (void)
{
  const gsize some[] = {5, 0, 7};
  g_auto (Ran) all = run ("inspect logits --model $M --ids $I --positions all --out $D/all");
  g_auto (Ran) list = run ("inspect logits --model $M --ids $I --positions 5,0,7 --out $D/some");
  g_auto (Ran) last = run ("inspect logits --model $M --ids $I --out $D/last");
  g_autoptr (GemSafetensors) a = NULL, b = NULL, c = NULL;

  g_assert_cmpint (all.status, ==, 0);
  g_assert_cmpint (list.status, ==, 0);
  g_assert_cmpint (last.status, ==, 0);
  a = written ("all");
  b = written ("some");
  c = written ("last");
  for (gsize i = 0; i < G_N_ELEMENTS (some); i++) { /* in the order of the question */
    g_assert_cmpfloat (max_abs (row_of (a, "logits", some[i], 8, 4096),
                                row_of (b, "logits", i, 3, 4096), 4096),
                       <=, 1e-3);
    g_assert_cmpfloat (max_abs (row_of (a, "final_norm", some[i], 8, 128),
                                row_of (b, "final_norm", i, 3, 128), 128),
                       <=, 1e-3);
  }
  g_assert_cmpfloat (max_abs (row_of (a, "logits", 7, 8, 4096), row_of (c, "logits", 0, 1, 4096),
                              4096),
                     <=, 1e-3);
  g_assert_cmpuint (gem_safetensors_get_n_tensors (c), ==, 2);
}

static void
test_layers (void)
{
  g_auto (Ran) ran =
      run ("inspect logits --model $M --ids $I --layers --prefill 5 --chunk 3 --out $D/layers");
  g_autoptr (GemSafetensors) golden = golden_open ("text_short"), file = NULL;

  g_assert_cmpint (ran.status, ==, 0);
  g_assert_cmpstr (ran.out, ==, "");
  file = written ("layers");
  for (guint i = 0; i < gem_safetensors_get_n_tensors (golden); i++) {
    const GemTensor *wanted = gem_safetensors_get_nth (golden, i),
                    *got = gem_safetensors_find (file, wanted->name);

    if (g_str_equal (wanted->name, "input_ids"))
      continue;
    g_assert_nonnull (got);
    g_assert_cmpint (got->n_dims, ==, wanted->n_dims);
    for (int d = 1; d < got->n_dims; d++)
      g_assert_cmpint (got->shape[d], ==, wanted->shape[d]);
    if (!g_str_equal (wanted->name, "logits") && !g_str_equal (wanted->name, "final_norm"))
      g_assert_cmpint (got->shape[0], ==, 8);
  }
}

/* ---- generate ---- */

static json_t *
answer_of (const Ran *ran)
{
  json_t *answer = json_loads (ran->out, 0, NULL);

  g_assert_true (json_is_object (answer));
  g_assert_true (json_is_array (json_object_get (answer, "ids")));
  g_assert_true (json_is_array (json_object_get (answer, "rounds")));
  g_assert_true (json_is_object (json_object_get (answer, "stats")));
  return answer;
}

static const char *
finish_of (const json_t *answer)
{
  return json_string_value (json_object_get (json_object_get (answer, "stats"), "finish"));
}

static void
test_generate (void)
{
  const char *lines[] = {"--greedy", "--seed 1", "--seed 1", "--seed 2", "--temperature 0"};
  json_t     *answers[G_N_ELEMENTS (lines)], *ids[G_N_ELEMENTS (lines)];

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree char *line =
        g_strconcat ("inspect generate --model $M --ids $I --max-tokens 12 --ignore-stop ",
                     lines[i], NULL);
    g_auto (Ran) ran = run (line);

    g_assert_cmpint (ran.status, ==, 0);
    answers[i] = answer_of (&ran);
    ids[i] = json_object_get (answers[i], "ids");
    g_assert_cmpuint (json_array_size (ids[i]), ==, 12);
    g_assert_cmpstr (finish_of (answers[i]), ==, "length");
  }
  g_assert_true (json_equal (ids[1], ids[2]));
  g_assert_false (json_equal (ids[1], ids[3]));
  g_assert_true (json_equal (ids[0], ids[4]));
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    json_decref (answers[i]);
}

/* At this temperature every token comes, also those that end a turn. */
static void
test_stop (void)
{
  gboolean stopped = FALSE;

  for (guint seed = 0; seed < 40 && !stopped; seed++) {
    g_autofree char *line =
        g_strdup_printf ("inspect generate --model $M --ids $I --max-tokens 400 --temperature 1000 "
                         "--top-k 0 --top-p 1 --suppress-media --seed %u",
                         seed);
    g_auto (Ran) ran = run (line);
    json_t *answer = answer_of (&ran), *ids = json_object_get (answer, "ids");
    gint64  last = json_integer_value (json_array_get (ids, json_array_size (ids) - 1));

    g_assert_cmpint (ran.status, ==, 0);
    stopped = g_strcmp0 (finish_of (answer), "stop") == 0;
    if (stopped)
      g_assert_true (last == 1 || last == 50 || last == 106);
    else
      g_assert_cmpuint (json_array_size (ids), ==, 400);
    json_decref (answer);
  }
  g_assert_true (stopped);
}

/* An interrupt leaves what was generated, and says so. */
static void
test_interrupt (void)
{
  g_auto (GStrv) argv =
      arguments ("inspect generate --model $M --ids $I --max-tokens 100000 --greedy --ignore-stop");

  for (gulong wait = 500000; wait < 10000000; wait *= 2) {
    g_autoptr (GError) error = NULL;
    g_autofree char *out = g_malloc0 (4 << 20);
    GPid             pid;
    int              fd, status;
    gsize            n = 0;
    gssize           got;

    g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                              &fd, NULL, &error);
    g_assert_no_error (error);
    g_usleep (wait);
    kill (pid, SIGINT);
    while ((got = read (fd, out + n, (4 << 20) - 1 - n)) > 0)
      n += (gsize)got;
    close (fd);
    waitpid (pid, &status, 0);
    if (n > 0) {
      Ran     ran = {.out = out};
      json_t *answer = answer_of (&ran);

      g_assert_cmpint (exit_status (status), ==, 130);
      g_assert_cmpstr (finish_of (answer), ==, "interrupted");
      json_decref (answer);
      return;
    }
    g_test_message ("not yet generating after %lu ms", wait / 1000); /* a busy machine */
  }
  g_assert_not_reached ();
}

/* ---- bench ---- */

static void
test_bench (void)
{
  g_auto (Ran) ran =
      run ("bench --model $M --prefill 20 --context 30 --tokens 5 --batch 1,3 --weights q8 --json");
  json_t *root, *decode;

  g_assert_cmpint (ran.status, ==, 0);
  root = json_loads (ran.out, 0, NULL);
  g_assert_nonnull (root);
  g_assert_cmpstr (json_string_value (json_object_get (root, "backend")), ==, "cpu");
  g_assert_cmpstr (json_string_value (json_object_get (root, "weights")), ==, "q8");
  g_assert_cmpstr (json_string_value (json_object_get (root, "kv")), ==, "f32");
  g_assert_cmpfloat (json_real_value (
                         json_object_get (json_object_get (root, "limits"), "read_gbs")),
                     >, 0.0);
  g_assert_cmpfloat (json_real_value (
                         json_object_get (json_object_get (root, "limits"), "matmul_tflops")),
                     >, 0.0);
  g_assert_cmpint (json_integer_value (
                       json_object_get (json_object_get (root, "memory"), "device_bytes")),
                   >, 0);
  g_assert_cmpuint (json_array_size (json_object_get (root, "prefill")), ==, 1);
  g_assert_cmpuint (json_array_size (json_object_get (root, "image")), ==, 0);
  g_assert_true (json_is_null (json_object_get (root, "draft")));
  decode = json_object_get (root, "decode");
  g_assert_cmpuint (json_array_size (decode), ==, 2);
  for (gsize i = 0; i < 2; i++) {
    const json_t *entry = json_array_get (decode, i);

    g_assert_cmpint (json_integer_value (json_object_get (entry, "batch")), ==, i == 0 ? 1 : 3);
    g_assert_cmpint (json_integer_value (json_object_get (entry, "bytes_per_token")), >, 0);
    g_assert_cmpfloat (json_real_value (json_object_get (entry, "tok_s")), >, 0.0);
    g_assert_cmpfloat (json_real_value (json_object_get (entry, "bandwidth_fraction")), >, 0.0);
  }
  json_decref (root);
}

static void
test_bench_text (void)
{
  g_auto (Ran) ran = {0};

  write_text (folder, "text", "A real text, read by a model that does not know it.\n");
  ran = run ("bench --model $M --text $D/text");
  g_assert_cmpint (ran.status, ==, 0);
  g_assert_nonnull (strstr (ran.out, "text of 52 bytes: "));
}

/* ---- refusals ---- */

static void
test_refusals (void)
{
  const struct {
    const char *line;
    int         status;
    const char *says;
  } cases[] = {
      {"", 2, "usage:"},
      {"inspect", 2, "usage:"},
      {"inspect nothing", 2, "usage:"},
      {"inspect logits --model $M --ids $I", 2, "--out"},
      {"inspect logits --model $M --out $D/x", 2, "--ids"},
      {"inspect logits --ids $I --out $D/x", 2, "--model"},
      {"inspect logits --model $D --ids $I --out $D/x", 2, "config.json"},
      {"inspect logits --model $M --ids $D/none --out $D/x", 2, "none does not exist"},
      {"inspect logits --model $M --ids $D/words --out $D/x", 2, "JSON array"},
      {"inspect logits --model $M --ids $D/object --out $D/x", 2, "JSON array"},
      {"inspect logits --model $M --ids $D/large --out $D/x", 2, "JSON array"},
      {"inspect logits --model $M --ids $D/empty --out $D/x", 2, "no ids"},
      {"inspect logits --model $M --ids $I --out $D/x --positions 8", 2, "outside"},
      {"inspect logits --model $M --ids $I --out $D/x --positions -1", 2, "outside"},
      {"inspect logits --model $M --ids $I --out $D/x --positions 1,1", 2, "twice"},
      {"inspect logits --model $M --ids $I --out $D/x --positions 1,,2", 2, "--positions"},
      {"inspect logits --model $M --ids $I --out $D/x --positions some", 2, "--positions"},
      {"inspect logits --model $M --ids $I --out $D/x --prefill 9", 2, "--prefill"},
      {"inspect logits --model $M --ids $I --out $D/x --prefill -1", 2, "--prefill"},
      {"inspect logits --model $M --ids $I --out $D/x --weights q2", 2, "q2"},
      {"inspect logits --model $M --ids $I --out $D/x --backend abacus", 2, "abacus"},
      {"inspect logits --model $M --ids $I --out $D/x --device abacus", 2, "no device “abacus”"},
      {"inspect logits --model $M --ids $I --out $D/x --device 1", 2, "there is no device 1"},
      {"inspect logits --model $M --ids $I --out $D/x --device hip:0", 2, "HIP cannot be used"},
      {"inspect logits --model $M --ids $I --out $D/x --gpu-memory 2", 2, "--gpu-memory"},
      {"inspect logits --model $M --ids $I --out $D/x --threads -1", 2, "--threads"},
      {"inspect logits --model $M --ids $I --out $D/x --image a.ppm", 1, "a.ppm does not exist"},
      {"inspect logits --model $M --ids $I --out $D/x --audio a.wav", 1, "a.wav does not exist"},
      {"inspect logits --model $M --ids $I --out $D/x --frames a.st", 1, "a.st does not exist"},
      {"inspect generate --model $M --ids $I --image a.ppm", 1, "a.ppm does not exist"},
      {"inspect image --out $D/x --layers a.ppm", 2, "--layers needs --model"},
      {"inspect logits --model $M --ids $I --out $D/x --unknown", 2, "--unknown"},
      {"inspect logits --model $M --ids $I --out $D/x more", 2, "more"},
      {"inspect logits --model $M --ids $D/outside --out $D/x", 1, "4096"},
      {"inspect logits --model $M --ids $I --out $D/no/x", 1, "no/x"},
      {"inspect generate --model $M --ids $I --max-tokens 0", 2, "--max-tokens"},
      {"inspect generate --model $M --ids $I --drafter $M", 2, "not a drafter"},
      {"inspect generate --model $M --ids $I --drafts 2", 2, "--drafter"},
      {"inspect generate --model $M --ids $I --drafter $M --drafts 15", 2, "--drafts"},
      {"inspect generate --model $M --ids $I --frames $D/none", 1, "none does not exist"},
      {"inspect generate --model $M --ids $I --temperature -1", 1, "temperature"},
      {"inspect generate --model $M --ids $D/empty", 1, "no text"},
      {"inspect generate --model $M --ids $I --max-tokens 2000000", 1, "131072"},
      {"bench", 2, "--synthetic"},
      {"bench --model $M --synthetic e2b", 2, "--synthetic"},
      {"bench --synthetic e9", 2, "e9"},
      {"bench --model $M --tokens 4", 2, "--tokens"},
      {"bench --model $M --prefill 0", 2, "--prefill"},
      {"bench --model $M --batch 65", 2, "--batch"},
      {"bench --model $M --context many", 2, "--context"},
      {"bench --model $M --image 100", 1, "1120"},
      {"bench --model $M --audio 31", 2, "--audio"},
      {"bench --model $M --drafter", 2, "not supported"},
      {"bench --model $M --text $D/none", 1, "none does not exist"},
      {"bench --synthetic e2b --text $I", 2, "--tokenizer"},
  };

  write_ids ("words", "[1, \"two\"]");
  write_ids ("object", "{\"ids\": [1]}");
  write_ids ("large", "[1, 4294967296]");
  write_ids ("empty", "[]");
  write_ids ("outside", "[2, 4096]");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Ran) ran = run (cases[i].line);

    g_test_message ("%s: %d, %s", cases[i].line, ran.status, ran.err);
    g_assert_cmpint (ran.status, ==, cases[i].status);
    g_assert_nonnull (strstr (ran.err, cases[i].says));
    g_assert_cmpstr (ran.out, ==, "");
  }
}

static void
test_help (void)
{
  const char *lines[] = {"--help", "--version", "inspect logits --help", "inspect generate --help",
                         "bench --help"};

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_auto (Ran) ran = run (lines[i]);

    g_assert_cmpint (ran.status, ==, 0);
    g_assert_cmpstr (ran.out, !=, "");
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  program = argv[1];
  folder = make_folder ();
  g_setenv ("XDG_CACHE_HOME", folder, TRUE);
  model = golden_path ("tiny-model");
  ids_path = g_build_filename (folder, "ids", NULL);
  write_ids ("ids", "[2, 105, 3475, 107, 9, 8, 7, 300]");
  g_test_add_func ("/commands/logits/positions", test_positions);
  g_test_add_func ("/commands/logits/layers", test_layers);
  g_test_add_func ("/commands/generate", test_generate);
  g_test_add_func ("/commands/generate/stop", test_stop);
  g_test_add_func ("/commands/generate/interrupt", test_interrupt);
  g_test_add_func ("/commands/bench", test_bench);
  g_test_add_func ("/commands/bench/text", test_bench_text);
  g_test_add_func ("/commands/refusals", test_refusals);
  g_test_add_func ("/commands/help", test_help);
  status = g_test_run ();
  remove_folder (folder);
  g_free (model);
  g_free (ids_path);
  return status;
}
