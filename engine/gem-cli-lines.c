/* gem-cli-lines.c: the commands that answer JSON Lines: tokenize, render, parse, size,
 * sample, answer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One answer a line, in the order of the questions; a question that cannot be answered gets
 * {"error": …} and the command goes on.  Nothing here computes: it reads, asks the engine and
 * prints.  One thread. */
#define G_LOG_DOMAIN "gem"

#include <stdio.h>
#include <string.h>

#include "gem-cli.h"
#include "gem-backend.h"
#include "gem-chat.h"
#include "gem-image-size.h"
#include "gem-json.h"
#include "gem-parser.h"
#include "gem-source.h"
#include "gem-tokenizer.h"

#define MAX_LINE     (64u << 20)
#define MAX_LOGITS   (4u << 20)

typedef struct {
  GemCliModel     model;
  char           *tokenizer_path;
  GemTokenizer   *tokenizer; /* tokenize */
  GemTemplate     revision;  /* render: when the question names none */
  GemBackend     *backend;   /* sample */
  GemCliAnswerer *answerer;  /* answer */
} Lines;

static gboolean
refuse (GError **error, const char *sentence)
{
  g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, sentence);
  return FALSE;
}

/* ---- tokenize -------------------------------------------------------------------------------- */

static gboolean
prepare_tokenize (Lines *self, GError **error)
{
  g_autoptr (GemSource) source = NULL;

  if (self->tokenizer_path == NULL && self->model.folder == NULL)
    return refuse (error, "--tokenizer FILE or --model PATH is missing.");
  if (self->tokenizer_path != NULL)
    self->tokenizer = gem_tokenizer_new_from_file (self->tokenizer_path, error);
  else {
    source = gem_source_open (self->model.folder, error);
    if (source != NULL)
      self->tokenizer = gem_source_load_tokenizer (source, self->model.folder, error);
  }
  return self->tokenizer != NULL;
}

static json_t *
take_text (GString *text)
{
  json_t *value = json_stringn_nocheck (text->str, text->len);

  g_string_truncate (text, 0);
  return value;
}

static json_t *
decode (Lines *self, const GArray *ids, gboolean skip_special)
{
  g_autoptr (GString) text = g_string_new (NULL);

  gem_tokenizer_decode_append (self->tokenizer, (const gint32 *)ids->data, ids->len, skip_special,
                               text);
  return take_text (text);
}

/* What an incremental decoder gives after each id, null for nothing; the last piece includes what
 * the end brings. */
static json_t *
stream (Lines *self, const GArray *ids)
{
  g_autoptr (GemDetokenizer) detokenizer = gem_detokenizer_new (self->tokenizer, FALSE);
  g_autoptr (GString) piece = g_string_new (NULL);
  json_t *pieces = json_array ();

  for (guint i = 0; i < ids->len; i++) {
    gem_detokenizer_push (detokenizer, g_array_index (ids, gint32, i), piece);
    if (i + 1 == ids->len)
      gem_detokenizer_finish (detokenizer, piece);
    json_array_append_new (pieces, piece->len > 0 ? take_text (piece) : json_null ());
  }
  return pieces;
}

static char *
answer_tokenize (Lines *self, json_t *question, GError **error)
{
  const json_t *text = json_object_get (question, "text");
  const json_t *special = json_object_get (question, "special");
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  json_t *answer, *list;
  char   *line;

  if (!json_is_string (text) || (special != NULL && !json_is_boolean (special))) {
    refuse (error, "A question is {\"text\": …}, with \"special\": false if special tokens are "
                   "plain text.");
    return NULL;
  }
  if (!gem_tokenizer_encode (self->tokenizer, json_string_value (text),
                             (gssize)json_string_length (text),
                             json_is_false (special) ? GEM_ENCODE_PLAIN : GEM_ENCODE_SPECIAL, ids,
                             error))
    return NULL;
  answer = json_object ();
  list = json_array ();
  for (guint i = 0; i < ids->len; i++)
    json_array_append_new (list, json_integer (g_array_index (ids, gint32, i)));
  json_object_set_new (answer, "ids", list);
  json_object_set_new (answer, "decoded", decode (self, ids, FALSE));
  json_object_set_new (answer, "decoded_skip_special", decode (self, ids, TRUE));
  json_object_set_new (answer, "stream", stream (self, ids));
  line = gem_json_dumps (answer);
  json_decref (answer);
  return line;
}

/* ---- render ---------------------------------------------------------------------------------- */

/* The model's own template decides, as it does when it is loaded. */
static gboolean
prepare_render (Lines *self, GError **error)
{
  g_autoptr (GemSource) source = NULL;
  g_autofree char *jinja = NULL;
  gsize            length;

  self->revision = GEM_TEMPLATE_E2B;
  if (self->model.folder == NULL)
    return TRUE;
  source = gem_source_open (self->model.folder, error);
  if (source == NULL || !gem_source_read_template (source, &jinja, &length, error))
    return FALSE;
  if (jinja != NULL && !gem_template_recognise (jinja, length, &self->revision))
    fprintf (stderr, "gem-cli: that of %s is none of the known templates; rendering as “%s”.\n",
             self->model.folder, gem_template_get_name (self->revision));
  return TRUE;
}

static char *
answer_render (Lines *self, json_t *question, GError **error)
{
  const json_t *name = json_object_get (question, "revision");
  GemTemplate   revision = self->revision;
  g_autoptr (GemPrompt) prompt = NULL;
  g_autofree char *text = NULL;
  json_t          *answer;
  char            *line;

  if (name != NULL &&
      (!json_is_string (name) || !gem_template_from_name (json_string_value (name), &revision))) {
    refuse (error, "The known revisions are e2b, launch, newer and vllm.");
    return NULL;
  }
  prompt = gem_chat_render (question, revision, error);
  if (prompt == NULL)
    return NULL;
  text = gem_prompt_to_text (prompt);
  answer = json_pack ("{s:s}", "rendered", text);
  line = gem_json_dumps (answer);
  json_decref (answer);
  return line;
}

/* ---- parse ----------------------------------------------------------------------------------- */

static gboolean
check_chunks (const json_t *chunks)
{
  size_t  i;
  json_t *chunk;

  json_array_foreach (chunks, i, chunk)
  {
    if (!json_is_integer (chunk) || json_integer_value (chunk) < 0)
      return FALSE;
  }
  return chunks == NULL || json_is_array (chunks);
}

/* Feeds the parser in pieces of so many bytes, and the rest at once. */
static void
feed (GemParser *parser, const char *text, gsize length, const json_t *chunks)
{
  size_t  i;
  json_t *chunk;

  json_array_foreach (chunks, i, chunk)
  {
    gsize n = MIN ((gsize)json_integer_value (chunk), length);

    gem_parser_push_text (parser, text, n);
    text += n;
    length -= n;
  }
  gem_parser_push_text (parser, text, length);
  gem_parser_finish (parser);
}

static void
append_json (GString *line, const char *before, const json_t *value)
{
  g_autofree char *text = gem_json_dumps (value);

  g_string_append (line, before);
  g_string_append (line, text);
}

/* The arguments are printed from their JSON text: it has all digits of large integers. */
char *
gem_cli_print_parsed (const json_t *result)
{
  GString    *line = g_string_new (NULL);
  const char *separator = "";
  size_t      i;
  json_t     *call;

  append_json (line, "{\"reasoning\": ", json_object_get (result, "reasoning"));
  append_json (line, ", \"content\": ", json_object_get (result, "content"));
  g_string_append (line, ", \"tool_calls\": [");
  json_array_foreach (json_object_get (result, "tool_calls"), i, call)
  {
    const json_t *arguments = json_object_get (call, "arguments_json");

    g_string_append (line, separator);
    append_json (line, "{\"name\": ", json_object_get (call, "name"));
    g_string_append_printf (line, ", \"arguments\": %s", json_string_value (arguments));
    append_json (line, ", \"arguments_json\": ", arguments);
    g_string_append_c (line, '}');
    separator = ", ";
  }
  g_string_append (line, "]}");
  return g_string_free (line, FALSE);
}

static char *
answer_parse (Lines *self, json_t *question, GError **error)
{
  const json_t *output = json_object_get (question, "output");
  const json_t *chunks = json_object_get (question, "chunks");
  g_autoptr (GemParser) parser = NULL;
  json_t *result;
  char   *line;

  if (!json_is_string (output) || !check_chunks (chunks)) {
    refuse (error, "A question is {\"output\": …}, with \"chunks\": [n, …] to feed it in pieces of "
                   "so many bytes.");
    return NULL;
  }
  parser = gem_parser_new (FALSE, NULL, NULL);
  feed (parser, json_string_value (output), json_string_length (output), chunks);
  result = gem_parser_get_result (parser);
  line = gem_cli_print_parsed (result);
  json_decref (result);
  return line;
}

/* ---- size ------------------------------------------------------------------------------------ */

static gboolean
get_count (const json_t *question, const char *name, guint32 *count)
{
  const json_t *value = json_object_get (question, name);

  if (!json_is_integer (value) || json_integer_value (value) < 0 ||
      json_integer_value (value) > G_MAXUINT32)
    return FALSE;
  *count = (guint32)json_integer_value (value);
  return TRUE;
}

static char *
answer_size (Lines *self, json_t *question, GError **error)
{
  guint32      width, height, budget;
  GemImageSize size;

  if (!get_count (question, "width", &width) || !get_count (question, "height", &height) ||
      !get_count (question, "max_soft_tokens", &budget)) {
    refuse (error, "A question is {\"width\": …, \"height\": …, \"max_soft_tokens\": …}.");
    return NULL;
  }
  if (!gem_image_size (width, height, budget, &size, error))
    return NULL;
  return g_strdup_printf ("{\"target_width\": %u, \"target_height\": %u, \"patches\": %u, "
                          "\"soft_tokens\": %u}",
                          size.width, size.height, size.n_patches, size.n_soft_tokens);
}

/* ---- sample ---------------------------------------------------------------------------------- */

static gboolean
prepare_sample (Lines *self, GError **error)
{
  GemModelOptions options;
  KrnOptions      device = {0};

  if (!gem_cli_model_resolve (&self->model, &options, error))
    return FALSE;
  device.threads = options.threads;
  device.memory_share = (float)options.memory_share;
  self->backend = gem_backend_open (options.backend, options.device, &device, NULL, error);
  return self->backend != NULL;
}

static gboolean
get_number (const json_t *params, const char *name, double fallback, double *number)
{
  const json_t *value = json_object_get (params, name);

  *number = value == NULL || json_is_null (value) ? fallback : json_number_value (value);
  return value == NULL || json_is_null (value) || json_is_number (value);
}

static gboolean
get_sampling (const json_t *params, KrnSampling *sampling, GError **error)
{
  double temperature, top_k, top_p, min_p;

  if ((params != NULL && !json_is_object (params)) ||
      !get_number (params, "temperature", 1, &temperature) ||
      !get_number (params, "top_k", 0, &top_k) || !get_number (params, "top_p", 1, &top_p) ||
      !get_number (params, "min_p", 0, &min_p))
    return refuse (error, "\"params\" may have the numbers temperature, top_k, top_p and min_p.");
  if (temperature < 0 || top_k < 0 || top_k > G_MAXINT32 || top_p < 0 || top_p > 1 || min_p < 0 ||
      min_p > 1)
    return refuse (error, "temperature and top_k start at 0; top_p and min_p lie between 0 and 1.");
  *sampling = (KrnSampling){
      .temperature = (float)temperature,
      .top_k = (int32_t)top_k,
      .top_p = (float)top_p,
      .min_p = (float)min_p,
      .repetition_penalty = 1,
  };
  return TRUE;
}

static float *
get_logits (const json_t *question, int32_t *n, GError **error)
{
  const json_t *list = json_object_get (question, "logits");
  size_t        i, length = json_array_size (list);
  json_t       *value;
  float        *logits;

  if (length == 0 || length > MAX_LOGITS) {
    refuse (error, "A question is {\"logits\": [number, …], \"params\": {…}}, with at most 4194304 "
                   "logits.");
    return NULL;
  }
  logits = g_new (float, length);
  json_array_foreach (list, i, value)
  {
    if (!json_is_number (value)) {
      refuse (error, "\"logits\" has something that is not a number.");
      g_free (logits);
      return NULL;
    }
    logits[i] = (float)CLAMP (json_number_value (value), -G_MAXFLOAT, G_MAXFLOAT);
  }
  *n = (int32_t)length;
  return logits;
}

/* Replaces @logits by the probabilities that a token is drawn from. */
static gboolean
draw (Lines *self, float *logits, int32_t n, const KrnSampling *sampling, GError **error)
{
  const KrnOps *k = gem_backend_get_ops (self->backend);
  KrnDevice    *device = gem_backend_get_device (self->backend);
  gsize         bytes = (gsize)n * sizeof (float);
  KrnBuffer    *in = k->alloc (device, bytes), *out = k->alloc (device, bytes),
            *id = k->alloc (device, sizeof (int32_t));
  KrnMat   ids = {.buf = id, .type = KRN_I32, .rows = 1, .cols = 1};
  KrnMat   x = {.buf = in, .type = KRN_F32, .rows = 1, .cols = n};
  KrnMat   probs = {.buf = out, .type = KRN_F32, .rows = 1, .cols = n};
  char     why[256] = "there is not enough memory";
  gboolean done = FALSE;

  if (in != NULL && out != NULL && id != NULL) {
    k->write (device, in, 0, logits, bytes);
    k->sample (device, ids, x, probs, sampling);
    k->read (device, out, 0, logits, bytes);
    done = k->sync (device, why, sizeof why) == 0;
  }
  k->free (device, in);
  k->free (device, out);
  k->free (device, id);
  if (!done)
    g_set_error (error, GEM_ERROR, GEM_ERROR_DEVICE, "The backend could not sample: %s.", why);
  return done;
}

static char *
answer_sample (Lines *self, json_t *question, GError **error)
{
  g_autofree float *logits = NULL;
  KrnSampling       sampling;
  GString          *line;
  int32_t           n;

  if (!get_sampling (json_object_get (question, "params"), &sampling, error))
    return NULL;
  logits = get_logits (question, &n, error);
  if (logits == NULL || !draw (self, logits, n, &sampling, error))
    return NULL;
  line = g_string_new ("{\"probs\": [");
  for (int32_t i = 0; i < n; i++) {
    if (i > 0)
      g_string_append (line, ", ");
    gem_json_append_real (line, logits[i]);
  }
  g_string_append (line, "]}");
  return g_string_free (line, FALSE);
}

/* ---- answer ---------------------------------------------------------------------------------- */

static gboolean
prepare_answer (Lines *self, GError **error)
{
  self->answerer = gem_cli_answerer_new (&self->model, error);
  return self->answerer != NULL;
}

static char *
answer_answer (Lines *self, json_t *question, GError **error)
{
  return gem_cli_answerer_answer (self->answerer, question, error);
}

/* ---- lines ----------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  gboolean (*prepare) (Lines *self, GError **error); /* or NULL */
  /* (transfer full), NULL on error; may change the question, which is not needed afterwards */
  char *(*answer) (Lines *self, json_t *question, GError **error);
} Command;

static const Command commands[] = {
    {"tokenize", prepare_tokenize, answer_tokenize},
    {"render", prepare_render, answer_render},
    {"parse", NULL, answer_parse},
    {"size", NULL, answer_size},
    {"sample", prepare_sample, answer_sample},
    {"answer", prepare_answer, answer_answer},
};

/* One line without its end; of one that is too long only that it is.  FALSE at the end of the
 * input. */
static gboolean
read_line (FILE *file, GString *line, gboolean *too_long)
{
  int c;

  g_string_truncate (line, 0);
  *too_long = FALSE;
  while ((c = getc_unlocked (file)) != EOF && c != '\n') {
    if (line->len < MAX_LINE)
      g_string_append_c (line, (char)c);
    else
      *too_long = TRUE;
  }
  return c != EOF || line->len > 0;
}

static char *
answer_line (Lines         *self,
             const Command *command,
             const GString *line,
             gboolean       too_long,
             GError       **error)
{
  json_t *question;
  char   *answer = NULL;

  if (too_long) {
    refuse (error, "The line is longer than 64 MiB.");
    return NULL;
  }
  question = gem_json_loads (line->str, line->len, error);
  if (question == NULL)
    return NULL;
  if (json_is_object (question))
    answer = command->answer (self, question, error);
  else
    refuse (error, "A question is a JSON object.");
  json_decref (question);
  return answer;
}

static char *
print_error (const GError *error)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  json_t          *answer = json_pack ("{s:s}", "error", message);
  char            *line = gem_json_dumps (answer);

  json_decref (answer);
  return line;
}

static gboolean
is_blank (const GString *line)
{
  return strspn (line->str, " \t\r") == line->len;
}

static int
answer_all (Lines *self, const Command *command)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean too_long;
  int      status = GEM_CLI_OK;

  while (read_line (stdin, line, &too_long)) {
    g_autoptr (GError) error = NULL;
    g_autofree char *answer = NULL;

    if (is_blank (line))
      continue;
    answer = answer_line (self, command, line, too_long, &error);
    if (answer == NULL) {
      answer = print_error (error);
      status = GEM_CLI_SOME_ERRORS;
    }
    /* At once: whoever asks may wait for the answer before the next question. */
    if (fputs (answer, stdout) == EOF || putchar ('\n') == EOF || fflush (stdout) == EOF)
      return gem_cli_fail (GEM_CLI_SOME_ERRORS, "The answers cannot be written.");
  }
  return status;
}

static void
lines_clear (Lines *self)
{
  gem_cli_model_clear (&self->model);
  g_free (self->tokenizer_path);
  g_clear_pointer (&self->tokenizer, gem_tokenizer_unref);
  g_clear_pointer (&self->backend, gem_backend_close);
  g_clear_pointer (&self->answerer, gem_cli_answerer_free);
}

static int
run (Lines *self, const Command *command, int argc, char **argv)
{
  const GOptionEntry entries[] = {
      {"tokenizer", 0, 0, G_OPTION_ARG_FILENAME, &self->tokenizer_path,
       "A tokenizer.json (tokenize)", "FILE"},
      {NULL},
  };
  g_autofree char *title =
      g_strdup_printf ("- inspect %s: JSON Lines in, JSON Lines out", command->name);
  g_autoptr (GOptionContext) context = g_option_context_new (title);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  gem_cli_model_add_options (&self->model, context);
  if (!gem_cli_parse (context, argc, argv, &error) ||
      (command->prepare != NULL && !command->prepare (self, &error)))
    return gem_cli_fail (GEM_CLI_USAGE, error->message);
  return answer_all (self, command);
}

int
gem_cli_lines (const char *command, int argc, char **argv)
{
  Lines self = {0};
  int   status = GEM_CLI_USAGE;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, command))
      status = run (&self, &commands[i], argc, argv);
  lines_clear (&self);
  return status;
}
