/* gem-cli-bench.c: gem-cli bench: how fast, and which share of what the same machine can do.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Measures the machine's limits before every part and at the end and keeps the best ones, so that
 * the fractions err on the low side.  Reading is measured once more between the tokens that are
 * written, on the weights themselves: in a virtual machine memory is up to twice as fast in some
 * places, and at some minutes, as in others.  Every figure is the median of at least five runs
 * after one that is not counted. What is printed is gem-bench-report.c's.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-audio.h"
#include "gem-bench.h"
#include "gem-cli.h"
#include "gem-cost.h"
#include "gem-session-private.h"
#include "gem-vision.h"

#include <stdlib.h>
#include <string.h>

#define N_RUNS          5
#define N_WARM_UP_STEPS 3
#define READ_EVERY      8 /* tokens */

typedef struct {
  GemCliModel model;
  char       *synthetic, *prefill, *context, *batch, *image, *audio, *text, *tokenizer;
  int         tokens;
  gboolean    drafter, json, progress;
} Options;

static void
options_clear (Options *o)
{
  gem_cli_model_clear (&o->model);
  g_free (o->synthetic);
  g_free (o->prefill);
  g_free (o->context);
  g_free (o->batch);
  g_free (o->image);
  g_free (o->audio);
  g_free (o->text);
  g_free (o->tokenizer);
}

static gboolean
check_options (const Options *o, GError **error)
{
  if (o->drafter)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED,
                         "A drafter is not supported by this build yet.");
  else if ((o->synthetic == NULL) == (o->model.folder == NULL))
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "Give either --synthetic e2b|e4b or --model DIR.");
  else if (o->tokens < N_RUNS)
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "--tokens takes numbers from %d on.",
                 N_RUNS);
  else if (o->text != NULL && o->synthetic != NULL && o->tokenizer == NULL)
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "--text with --synthetic needs --tokenizer FILE.");
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse_options (Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"synthetic", 0, 0, G_OPTION_ARG_STRING, &o->synthetic, "Random weights of a full-size shape",
       "e2b|e4b"},
      {"prefill", 0, 0, G_OPTION_ARG_STRING, &o->prefill, "Tokens to read at once (512)", "N,…"},
      {"context", 0, 0, G_OPTION_ARG_STRING, &o->context,
       "Tokens there already when writing (1024)", "N,…"},
      {"tokens", 0, 0, G_OPTION_ARG_INT, &o->tokens, "Tokens to write (128)", "N"},
      {"batch", 0, 0, G_OPTION_ARG_STRING, &o->batch, "Timelines at once (1)", "N,…"},
      {"text", 0, 0, G_OPTION_ARG_FILENAME, &o->text, "A real text to read instead", "FILE"},
      {"tokenizer", 0, 0, G_OPTION_ARG_FILENAME, &o->tokenizer, "A tokenizer.json for --text",
       "FILE"},
      {"image", 0, 0, G_OPTION_ARG_STRING, &o->image, "Pictures of N soft tokens to look at",
       "N,…"},
      {"audio", 0, 0, G_OPTION_ARG_STRING, &o->audio, "Clips of S seconds to listen to", "S,…"},
      {"drafter", 0, 0, G_OPTION_ARG_NONE, &o->drafter, "Not supported by this build yet", NULL},
      {"progress", 0, 0, G_OPTION_ARG_NONE, &o->progress,
       "Say how far it is on standard error, a line each: progress 0.25 Reading", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "One JSON object instead of a table", NULL},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("");

  g_option_context_set_summary (context, "Measures prefill and decode, and compares with the "
                                         "machine's limits.\n"
                                         "The context is filled with random keys and values.");
  g_option_context_add_main_entries (context, entries, NULL);
  gem_cli_model_add_options (&o->model, context);
  return gem_cli_parse (context, argc, argv, error) && check_options (o, error);
}

/* "512,4096" → an array of guint, each 1…@max. */
static GArray *
parse_list (const char *option, const char *list, gint64 max, GError **error)
{
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_auto (GStrv) parts = g_strsplit (list, ",", -1);

  for (guint i = 0; parts[i] != NULL; i++) {
    gint64 value;
    guint  number;

    if (!g_ascii_string_to_signed (parts[i], 10, 1, max, &value, NULL)) {
      g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                   "%s takes numbers from 1 to %" G_GINT64_FORMAT " with commas, not “%s”.", option,
                   max, list);
      return NULL;
    }
    number = (guint)value;
    g_array_append_val (numbers, number);
  }
  return g_steal_pointer (&numbers);
}

/* ---- measuring ---- */

typedef struct {
  GemModel        *model;
  const GemConfig *config;
  GemBenchReport  *report;
  gint            *interrupted; /* atomic; every session looks at it */
  gboolean         progress;    /* is to be told */
  guint            n_parts, n_begun;
} Bench;

/* Loading is a fifth of it; each part that is measured has the same share of the rest. */
static void
tell (Bench *b, const char *what)
{
  if (b->progress)
    fprintf (stderr, "progress %.3f %s\n", 0.2 + 0.8 * b->n_begun / MAX (b->n_parts, 1), what);
  b->n_begun++;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Rates of @n times of @amount, the median and the outermost. */
static GemBenchRate
rate_of (double *seconds, guint n, double amount)
{
  qsort (seconds, n, sizeof (double), compare_doubles);
  return (GemBenchRate){.median = amount * 2.0 / (seconds[(n - 1) / 2] + seconds[n / 2]),
                        .slowest = amount / seconds[n - 1],
                        .fastest = amount / seconds[0]};
}

static double
seconds_since (gint64 start)
{
  return (double)(g_get_monotonic_time () - start) / 1e6;
}

static gboolean
measure_limits (Bench *b, GError **error)
{
  KrnLimits now;

  if (g_atomic_int_get (b->interrupted)) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_CANCELLED, "The benchmark was stopped.");
    return FALSE;
  }
  if (gem_model_get_ops (b->model)->limits (gem_model_get_krn_device (b->model), &now) != 0) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
                         "There is no memory to measure the machine's limits.");
    return FALSE;
  }
  b->report->limits.read_gbs = MAX (b->report->limits.read_gbs, now.read_gbs);
  b->report->limits.f32_tflops = MAX (b->report->limits.f32_tflops, now.f32_tflops);
  b->report->limits.bf16_tflops = MAX (b->report->limits.bf16_tflops, now.bf16_tflops);
  b->report->limits.int8_tops = MAX (b->report->limits.int8_tops, now.int8_tops);
  return TRUE;
}

static GemSession *
new_session (Bench *b, guint n_ctx, guint chunk, GError **error)
{
  GemSessionOptions options = {.n_ctx = n_ctx, .chunk = chunk, .cancelled = b->interrupted};
  GemSession       *session = gem_session_new_with_options (b->model, &options, error);

  if (session != NULL)
    b->report->session_bytes =
        MAX (b->report->session_bytes, gem_session_bytes (b->model, &session->options));
  return session;
}

static void
random_ids (gint32 *ids, guint n, const GemConfig *config, guint32 seed)
{
  GRand *rand = g_rand_new_with_seed (seed);

  for (guint i = 0; i < n; i++)
    ids[i] = g_rand_int_range (rand, 0, config->text.vocab_size);
  g_rand_free (rand);
}

/* Reads @n random tokens into an emptied timeline, N_RUNS + 1 times. */
static gboolean
time_prefill (GemSession *session, guint n, gboolean all_layers, GemBenchRate *rate, GError **error)
{
  g_autofree gint32 *ids = g_new (gint32, n);
  double             seconds[N_RUNS];

  session->options.all_layers = all_layers;
  for (int run = -1; run < N_RUNS; run++) {
    gint64 start;

    random_ids (ids, n, session->config, (guint32)run);
    gem_session_clear (session);
    start = g_get_monotonic_time ();
    if (!gem_session_sync (session, ids, n, NULL, NULL, NULL, error))
      return FALSE;
    if (run >= 0)
      seconds[run] = seconds_since (start);
  }
  *rate = rate_of (seconds, N_RUNS, n);
  return TRUE;
}

static gboolean
bench_prefill (Bench *b, guint n, GError **error)
{
  g_autoptr (GemSession) session = new_session (b, n, 0, error);
  GemBenchPrefill result = {.tokens = n};

  if (session == NULL || !time_prefill (session, n, FALSE, &result.rate, error) ||
      !time_prefill (session, n, TRUE, &result.rate_all, error))
    return FALSE;
  result.flops = gem_cost_prefill_flops (&b->config->text, n, TRUE);
  g_array_append_val (b->report->prefill, result);
  return TRUE;
}

/* One greedy token for each session: drawing it, and reading it back in. */
static gboolean
decode_step (GemSession **sessions, guint n, GError **error)
{
  const GemSampling greedy = {.top_p = 1.0, .repetition_penalty = 1.0};
  gint32            ids[GEM_SESSIONS_MAX];

  for (guint i = 0; i < n; i++) {
    ids[i] = gem_session_sample (sessions[i], &greedy, error);
    if (ids[i] < 0)
      return FALSE;
  }
  return gem_sessions_step (sessions, n, ids, error);
}

/* The matrices of which every token reads all. */
static GArray *
list_matrices (Bench *b)
{
  const GemTextWeights *w = gem_model_get_text_weights (b->model);
  GArray               *list = g_array_new (FALSE, FALSE, sizeof (KrnMat));

  g_array_append_val (list, w->head);
  g_array_append_val (list, w->per_layer_projection);
  for (guint l = 0; l < (guint)b->config->text.num_hidden_layers; l++) {
    const GemLayerWeights *y = &w->layers[l];
    const KrnMat           mats[] = {y->qkv.wq, y->qkv.wk,   y->qkv.wv,   y->o_proj,  y->mlp.gate,
                                     y->mlp.up, y->mlp.down, y->ple.gate, y->ple.proj};

    g_array_append_vals (list, mats, G_N_ELEMENTS (mats));
  }
  return list;
}

static gboolean
time_decode (Bench          *b,
             GemSession    **sessions,
             guint           n,
             guint           n_tokens,
             GemBenchDecode *result,
             GError        **error)
{
  g_autoptr (GArray) matrices = list_matrices (b);
  g_autofree double *seconds = g_new (double, n_tokens);
  g_autofree double *rates = g_new (double, (N_WARM_UP_STEPS + n_tokens) / READ_EVERY + 1);
  guint              n_rates = 0;
  gint32             ids[GEM_SESSIONS_MAX];

  random_ids (ids, n, sessions[0]->config, 1);
  if (!gem_sessions_step (sessions, n, ids, error))
    return FALSE;
  for (guint t = 0; t < N_WARM_UP_STEPS + n_tokens; t++) {
    gint64 start;

    if (t % READ_EVERY == 0)
      rates[n_rates++] =
          gem_model_get_ops (b->model)->read_rate (gem_model_get_krn_device (b->model),
                                                   (const KrnMat *)matrices->data,
                                                   (int)matrices->len);
    start = g_get_monotonic_time ();
    if (!decode_step (sessions, n, error))
      return FALSE;
    if (t >= N_WARM_UP_STEPS)
      seconds[t - N_WARM_UP_STEPS] = seconds_since (start);
  }
  result->rate = rate_of (seconds, n_tokens, n);
  qsort (rates, n_rates, sizeof (double), compare_doubles);
  result->read_gbs = (rates[(n_rates - 1) / 2] + rates[n_rates / 2]) / 2;
  return TRUE;
}

static gboolean
bench_decode (Bench *b, guint context, guint batch, guint n_tokens, GError **error)
{
  g_autoptr (GPtrArray) sessions =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gem_session_free);
  GemBenchDecode result = {.context = context, .batch = batch};
  guint          n_ctx = context + 1 + N_WARM_UP_STEPS + n_tokens;
  GemSession    *first;

  for (guint i = 0; i < batch; i++) {
    GemSession *session = new_session (b, n_ctx, batch, error);

    if (session == NULL)
      return FALSE;
    gem_session_pretend (session, context);
    g_ptr_array_add (sessions, session);
  }
  if (!time_decode (b, (GemSession **)sessions->pdata, batch, n_tokens, &result, error))
    return FALSE;

  first = sessions->pdata[0];
  result.bytes =
      (double)b->report->weight_bytes / batch +
      (double)gem_cache_bytes_read (&first->cache, &b->config->text, n_ctx - n_tokens / 2);
  g_array_append_val (b->report->decode, result);
  return TRUE;
}

/* ---- pictures and sound ---- */

#define PICTURE_WIDTH  1280
#define PICTURE_HEIGHT 960

/* What the encoder gets; one of two. */
typedef struct {
  GemImage *image;
  float    *features;
  guint     n_frames;
} Prepared;

static void
prepared_clear (Prepared *self)
{
  g_clear_pointer (&self->image, gem_image_free);
  g_clear_pointer (&self->features, g_free);
}

static gboolean
prepare_picture (const GemPixels *pixels, guint budget, Prepared *to, GError **error)
{
  to->image = gem_image_new (pixels, budget, error);
  return to->image != NULL;
}

static void
prepare_clip (const float *samples, gsize n, Prepared *to)
{
  guint              n_frames = gem_mel_count_frames (n);
  g_autofree guint8 *mask = g_new (guint8, n_frames);

  to->features = g_new (float, (gsize)n_frames *GEM_MEL_BANDS);
  gem_mel_compute (samples, n, to->features, mask);
  to->n_frames = gem_mel_count_valid_frames (n);
}

/* Front end and encoder, timed apart.  @pixels or @samples. */
static gboolean
bench_medium (Bench           *b,
              const GemPixels *pixels,
              const float     *samples,
              GemBenchMedium  *result,
              GError         **error)
{
  double prepare[N_RUNS], seconds[N_RUNS];

  for (int run = -1; run < N_RUNS; run++) {
    Prepared prepared = {0};
    g_autoptr (GemSoft) soft = NULL;
    gint64 start = g_get_monotonic_time ();

    if (samples != NULL)
      prepare_clip (samples, (gsize)result->amount * GEM_MEL_RATE, &prepared);
    else if (!prepare_picture (pixels, result->amount, &prepared, error))
      return FALSE;
    if (run >= 0)
      prepare[run] = seconds_since (start);
    start = g_get_monotonic_time ();
    soft = samples != NULL
               ? gem_audio_encode (b->model, prepared.features, prepared.n_frames, NULL, NULL, NULL,
                                   NULL, error)
               : gem_vision_encode (b->model, prepared.image, NULL, NULL, NULL, NULL, error);
    if (run >= 0)
      seconds[run] = seconds_since (start);
    prepared_clear (&prepared);
    if (soft == NULL || !measure_limits (b, error))
      return FALSE;
    result->tokens = soft->n;
  }
  result->rate = rate_of (seconds, N_RUNS, 1);
  result->prepare = rate_of (prepare, N_RUNS, 1);
  return TRUE;
}

static gboolean
bench_picture (Bench *b, guint budget, GError **error)
{
  const gsize        n = 3 * PICTURE_WIDTH * PICTURE_HEIGHT;
  g_autofree guint8 *data = g_malloc (n);
  GemPixels          pixels = {data, n, PICTURE_WIDTH, PICTURE_HEIGHT, 3 * PICTURE_WIDTH};
  GemBenchMedium     result = {.amount = budget};

  for (gsize i = 0; i < n; i++)
    data[i] = (guint8)(i * 2654435761u >> 24);
  if (!bench_medium (b, &pixels, NULL, &result, error))
    return FALSE;
  result.flops = gem_cost_vision_flops (b->config, 9 * result.tokens);
  g_array_append_val (b->report->image, result);
  return TRUE;
}

static gboolean
bench_clip (Bench *b, guint seconds, GError **error)
{
  const gsize       n = (gsize)seconds * GEM_MEL_RATE;
  g_autofree float *samples = g_new (float, n);
  GemBenchMedium    result = {.amount = seconds};

  for (gsize i = 0; i < n; i++)
    samples[i] = (float)((i * 2654435761u >> 16 & 0xffff) / 65536.0 - 0.5);
  if (!bench_medium (b, NULL, samples, &result, error))
    return FALSE;
  result.flops = gem_cost_audio_flops (b->config, gem_mel_count_valid_frames (n));
  g_array_append_val (b->report->audio, result);
  return TRUE;
}

/* ---- a real text ---- */

static GemTokenizer *
open_tokenizer (Bench *b, const Options *o, GError **error)
{
  if (o->tokenizer != NULL)
    return gem_tokenizer_new_from_file (o->tokenizer, error);
  return gem_tokenizer_ref (gem_model_get_tokenizer (b->model));
}

static gboolean
bench_text (Bench *b, const Options *o, GError **error)
{
  g_autoptr (GemTokenizer) tokenizer = open_tokenizer (b, o, error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GemSession) session = NULL;
  g_autofree char *text = NULL;
  GemBenchText    *result = &b->report->text;
  gsize            length;
  gint64           start;

  if (tokenizer == NULL || !gem_cli_read (o->text, &text, &length, error))
    return FALSE;
  g_array_append_val (ids, b->config->text.bos_token_id);
  start = g_get_monotonic_time ();
  if (!gem_tokenizer_encode (tokenizer, text, (gssize)length, GEM_ENCODE_PLAIN, ids, error))
    return FALSE;
  result->tokenize_s = seconds_since (start);

  session = new_session (b, ids->len, 0, error);
  if (session == NULL)
    return FALSE;
  start = g_get_monotonic_time ();
  if (!gem_session_sync (session, (const gint32 *)ids->data, ids->len, NULL, NULL, NULL, error))
    return FALSE;
  result->prefill_s = seconds_since (start);
  result->bytes = length;
  result->tokens = ids->len;
  result->flops = gem_cost_prefill_flops (&b->config->text, ids->len, TRUE);
  return TRUE;
}

/* ---- the command ---- */

static GemModel *
load (const Options *o, GError **error)
{
  GemModelOptions options;

  if (o->progress)
    fputs ("progress 0.000 Loading\n", stderr);
  if (o->synthetic == NULL)
    return gem_cli_model_load (&o->model, error);
  if (!gem_cli_model_resolve (&o->model, &options, error))
    return NULL;
  return gem_model_new_synthetic (o->synthetic, &options, error);
}

typedef struct {
  GArray *prefill, *context, *batch, *image, *audio; /* of guint */
} Lists;

static gboolean
parse_lists (Lists *lists, const Options *o, GError **error)
{
  /* A text, pictures and sound alone, unless more is asked for. */
  gboolean alone = o->text != NULL || o->image != NULL || o->audio != NULL;
  const struct {
    const char *option, *value, *fallback;
    gint64      max;
    GArray    **list;
  } all[] = {
      {"--prefill", o->prefill, alone ? "" : "512", GEM_MAX_POSITIONS, &lists->prefill},
      {"--context", o->context, alone ? "" : "1024", GEM_MAX_POSITIONS, &lists->context},
      {"--batch", o->batch, "1", GEM_SESSIONS_MAX, &lists->batch},
      {"--image", o->image, "", 1120, &lists->image},
      {"--audio", o->audio, "", GEM_MEL_MAX_SAMPLES / GEM_MEL_RATE, &lists->audio},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++) {
    *all[i].list = parse_list (all[i].option, all[i].value != NULL ? all[i].value : all[i].fallback,
                               all[i].max, error);
    if (*all[i].list == NULL)
      return FALSE;
  }
  return TRUE;
}

static void
lists_clear (Lists *lists)
{
  g_clear_pointer (&lists->prefill, g_array_unref);
  g_clear_pointer (&lists->context, g_array_unref);
  g_clear_pointer (&lists->batch, g_array_unref);
  g_clear_pointer (&lists->image, g_array_unref);
  g_clear_pointer (&lists->audio, g_array_unref);
}

static gboolean
measure (Bench *b, const Options *o, const Lists *lists, GError **error)
{
  b->n_parts = lists->prefill->len + lists->context->len * lists->batch->len + lists->image->len +
               lists->audio->len + (o->text != NULL);
  if (o->text != NULL)
    tell (b, "Reading a text");
  if (o->text != NULL && (!measure_limits (b, error) || !bench_text (b, o, error)))
    return FALSE;
  for (guint i = 0; i < lists->prefill->len; i++) {
    tell (b, "Reading");
    if (!measure_limits (b, error) ||
        !bench_prefill (b, g_array_index (lists->prefill, guint, i), error))
      return FALSE;
  }
  for (guint i = 0; i < lists->context->len; i++)
    for (guint j = 0; j < lists->batch->len; j++) {
      tell (b, "Writing");
      if (!measure_limits (b, error) ||
          !bench_decode (b, g_array_index (lists->context, guint, i),
                         g_array_index (lists->batch, guint, j), (guint)o->tokens, error))
        return FALSE;
    }
  for (guint i = 0; i < lists->image->len; i++) {
    tell (b, "Looking");
    if (!bench_picture (b, g_array_index (lists->image, guint, i), error))
      return FALSE;
  }
  for (guint i = 0; i < lists->audio->len; i++) {
    tell (b, "Listening");
    if (!bench_clip (b, g_array_index (lists->audio, guint, i), error))
      return FALSE;
  }
  return measure_limits (b, error);
}

static void
describe (Bench *b, const Options *o, double load_s)
{
  GemBenchReport *r = b->report;
  KrnDeviceInfo   info = {0};

  gem_model_get_ops (b->model)->info (gem_model_get_krn_device (b->model), &info);
  r->backend = gem_model_get_ops (b->model)->name;
  r->device = gem_model_get_device_name (b->model);
  r->weights = o->model.weights != NULL ? o->model.weights : "bf16";
  r->fast = o->model.fast;
  r->kv = gem_model_get_text_weights (b->model)->kv_type == KRN_BF16 ? "bf16" : "f32";
  r->threads = info.threads;
  r->load_s = load_s;
  r->table_bytes = gem_model_get_table_bytes (b->model);
  r->weight_bytes = gem_model_get_weight_bytes (b->model) - r->table_bytes;
}

static int
run (const Options *o, const Lists *lists, GError **error)
{
  gint  *interrupted = gem_cli_catch_signals ();
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GemModel) model = load (o, error);
  g_autoptr (GemBenchReport) report = gem_bench_report_new ();
  Bench b = {.model = model, .report = report, .interrupted = interrupted, .progress = o->progress};

  if (model == NULL)
    return GEM_CLI_USAGE;
  b.config = gem_model_get_config (model);
  describe (&b, o, seconds_since (start));
  if (!measure (&b, o, lists, error))
    return GEM_CLI_SOME_ERRORS;
  if (o->json)
    gem_bench_report_print_json (report);
  else
    gem_bench_report_print_table (report);
  return GEM_CLI_OK;
}

int
gem_cli_bench (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Options o = {.tokens = 128};
  Lists   lists = {0};
  int     status = GEM_CLI_USAGE;

  if (parse_options (&o, argc, argv, &error) && parse_lists (&lists, &o, &error))
    status = run (&o, &lists, &error);
  lists_clear (&lists);
  options_clear (&o);
  return gem_cli_finish (status, error);
}
