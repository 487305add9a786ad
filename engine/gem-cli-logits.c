/* gem-cli-logits.c: gem-cli inspect logits: token ids in, logits and every named intermediate value
 * out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Feeds a session exactly as asked (whole, in chunks, one by one) and collects the rows that were
 * asked for in one tensor file.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-session-private.h"
#include "gem-tensor-file.h"

#include <string.h>

#define MAX_TRACED_TOKENS                                                                          \
  4096 /* every layer's values of a full-size model are a megabyte a token */

typedef struct {
  GemCliModel model;
  char       *ids_path, *out, *positions;
  GemCliMedia media;
  int         prefill, chunk;
  gboolean    layers;
} Options;

/* The rows that were asked for, in the order of the question. */
typedef struct {
  gint32 *row_of; /* by position: which row, −1: not wanted */
  guint8 *wanted; /* by position */
  gsize   n_rows, hidden, vocabulary;
  float  *norms;  /* (n_rows, hidden) */
  float  *logits; /* (n_rows, vocabulary) */
} Answer;

static void
options_clear (Options *o)
{
  gem_cli_model_clear (&o->model);
  g_free (o->ids_path);
  g_free (o->out);
  g_free (o->positions);
  gem_cli_media_clear (&o->media);
}

static gboolean
parse_options (Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"ids", 0, 0, G_OPTION_ARG_FILENAME, &o->ids_path, "A JSON array of token ids", "FILE"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "The tensor file to write", "FILE"},
      {"positions", 0, 0, G_OPTION_ARG_STRING, &o->positions, "all, last (default) or i,j,…",
       "LIST"},
      {"layers", 0, 0, G_OPTION_ARG_NONE, &o->layers, "Write every intermediate value too", NULL},
      {"prefill", 0, 0, G_OPTION_ARG_INT, &o->prefill,
       "Feed N ids in chunks, the others one by one", "N"},
      {"chunk", 0, 0, G_OPTION_ARG_INT, &o->chunk, "Tokens per chunk", "M"},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("");

  g_option_context_set_summary (context, "Writes “logits” and “final_norm” of a token sequence.");
  g_option_context_add_main_entries (context, entries, NULL);
  gem_cli_media_add_options (&o->media, context);
  gem_cli_model_add_options (&o->model, context);
  if (!gem_cli_parse (context, argc, argv, error))
    return FALSE;
  if (o->out == NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--out FILE is missing.");
  else if (o->prefill < 0 || o->chunk < 0)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--prefill and --chunk take numbers from 1 on.");
  else
    return TRUE;
  return FALSE;
}

/* ---- which rows ---- */

static gboolean
want (Answer *a, gsize n_ids, gint64 position, GError **error)
{
  if (position < 0 || (guint64)position >= n_ids) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "Position %" G_GINT64_FORMAT " is outside the %" G_GSIZE_FORMAT " tokens.",
                 position, n_ids);
    return FALSE;
  }
  if (a->wanted[position]) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "Position %" G_GINT64_FORMAT " is given twice.", position);
    return FALSE;
  }
  a->wanted[position] = 1;
  a->row_of[position] = (gint32)a->n_rows++;
  return TRUE;
}

static gboolean
want_list (Answer *a, gsize n_ids, const char *list, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (list, ",", -1);

  for (guint i = 0; parts[i] != NULL; i++) {
    gint64 position;

    if (!g_ascii_string_to_signed (parts[i], 10, G_MININT32, G_MAXINT32, &position, NULL)) {
      g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                   "--positions takes all, last or numbers with commas, not “%s”.", list);
      return FALSE;
    }
    if (!want (a, n_ids, position, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
answer_init (Answer *a, const GemTextConfig *c, gsize n_ids, const char *positions, GError **error)
{
  a->hidden = (gsize)c->hidden_size;
  a->vocabulary = (gsize)c->vocab_size;
  a->row_of = g_new (gint32, n_ids);
  a->wanted = g_new0 (guint8, n_ids);

  if (positions == NULL || strcmp (positions, "last") == 0) {
    if (!want (a, n_ids, (gint64)n_ids - 1, error))
      return FALSE;
  } else if (strcmp (positions, "all") == 0) {
    for (gsize i = 0; i < n_ids; i++)
      if (!want (a, n_ids, (gint64)i, error))
        return FALSE;
  } else if (!want_list (a, n_ids, positions, error)) {
    return FALSE;
  }

  a->norms = g_try_malloc_n (a->n_rows, a->hidden * sizeof (float));
  a->logits = g_try_malloc_n (a->n_rows, a->vocabulary * sizeof (float));
  if (a->norms == NULL || a->logits == NULL) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                 "There is no memory for the logits of %" G_GSIZE_FORMAT
                 " positions. Ask for fewer.",
                 a->n_rows);
    return FALSE;
  }
  return TRUE;
}

static void
answer_clear (Answer *a)
{
  g_free (a->row_of);
  g_free (a->wanted);
  g_free (a->norms);
  g_free (a->logits);
}

static void
row_cb (guint position, const float *norm, const float *logits, gpointer user_data)
{
  Answer *a = user_data;
  gsize   row = (gsize)a->row_of[position];

  memcpy (a->norms + row * a->hidden, norm, a->hidden * sizeof (float));
  memcpy (a->logits + row * a->vocabulary, logits, a->vocabulary * sizeof (float));
}

/* ---- the command ---- */

static gboolean
feed (GemSession    *session,
      const Options *o,
      const GArray  *ids,
      const GArray  *soft,
      Answer        *answer,
      GError       **error)
{
  const gint32 *data = (const gint32 *)ids->data;
  gsize         n_first = o->prefill > 0 ? (gsize)o->prefill : ids->len;

  return gem_session_extend (session, data, n_first, soft, (guint)o->chunk, answer->wanted, row_cb,
                             NULL, answer, error) &&
         gem_session_extend (session, data + n_first, ids->len - n_first, soft, 1,
                             answer->wanted + n_first, row_cb, NULL, answer, error);
}

static gboolean
check_ids (const Options *o, const GArray *ids, GError **error)
{
  if (ids->len == 0)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "%s holds no ids.", o->ids_path);
  else if ((guint)o->prefill > ids->len)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--prefill %d is more than the %u ids.",
                 o->prefill, ids->len);
  else if (o->layers && ids->len > MAX_TRACED_TOKENS)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--layers takes at most %d ids.",
                 MAX_TRACED_TOKENS);
  else
    return TRUE;
  return FALSE;
}

static gboolean
compute_and_write (GemModel      *model,
                   const Options *o,
                   const GArray  *ids,
                   Answer        *answer,
                   gint          *stop,
                   GError       **error)
{
  GemSessionOptions options = {.n_ctx = ids->len, .chunk = (guint)o->chunk, .cancelled = stop};
  g_autoptr (GemSession) session = gem_session_new_with_options (model, &options, error);
  g_autoptr (GemTensorFile) file = gem_tensor_file_new ();
  g_autoptr (GemTrace) trace = NULL;
  g_autoptr (GArray) soft = NULL;

  if (session == NULL || !gem_cli_media_load (&o->media, model, ids, &soft, error))
    return FALSE;
  if (o->layers)
    session->decoder.trace = trace = gem_trace_new (session->k, session->device);
  if (!feed (session, o, ids, soft, answer, error))
    return FALSE;
  if (trace != NULL)
    gem_trace_write (trace, file);
  gem_tensor_file_add (file, "final_norm", GEM_DTYPE_F32, answer->norms, 2, answer->n_rows,
                       answer->hidden);
  gem_tensor_file_add (file, "logits", GEM_DTYPE_F32, answer->logits, 2, answer->n_rows,
                       answer->vocabulary);
  return gem_tensor_file_write (file, o->out, error);
}

static int
run (const Options *o, GError **error)
{
  g_autoptr (GArray) ids = gem_cli_read_ids (o->ids_path, error);
  g_autoptr (GemModel) model = NULL;
  Answer answer = {0};
  gint  *stop = gem_cli_catch_signals ();
  int    status = GEM_CLI_USAGE;

  if (ids == NULL || !check_ids (o, ids, error))
    return GEM_CLI_USAGE;
  model = gem_cli_model_load (&o->model, error);
  if (model == NULL)
    return GEM_CLI_USAGE;
  if (answer_init (&answer, &gem_model_get_config (model)->text, ids->len, o->positions, error))
    status =
        compute_and_write (model, o, ids, &answer, stop, error) ? GEM_CLI_OK : GEM_CLI_SOME_ERRORS;
  answer_clear (&answer);
  return status;
}

int
gem_cli_logits (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options o = {0};
  int     status = GEM_CLI_USAGE;

  if (parse_options (&o, argc, argv, &error))
    status = run (&o, &error);
  options_clear (&o);
  return gem_cli_finish (status, error);
}
