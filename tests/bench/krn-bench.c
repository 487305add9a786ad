/* krn-bench.c: how near the kernels come to what the machine can do, op by op.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 *   krn-bench [--threads N] [--fast] [--only linear|blocks|attention|sample] [--rows N]
 *
 * Weights lie in one buffer larger than the last-level cache, and every repetition uses the next
 * piece of it, so that they come from memory as in decoding.  Figures are the best of many runs,
 * with the median beside it to show how quiet the machine was.  GB/s counts each weight once,
 * whatever its type; GFLOP/s two operations per weight and row.  KRN_ISA chooses a lesser
 * instruction set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>

#include "kernels/krn-quant.h"
#include "kernels/krn.h"

#define POOL_BYTES ((size_t)640 << 20)
#define SECONDS    0.25
#define MAX_RUNS   2000

typedef struct {
  const KrnOps *k;
  KrnDevice    *dev;
  KrnLimits     limits;
  KrnBuffer    *weights; /* POOL_BYTES */
  size_t        next;
  int           rows; /* 0: several */
} Bench;

typedef struct {
  double best, median;
} Time;

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const struct {
  KrnType     type;
  const char *name;
} types[] = {{KRN_BF16, "bf16"}, {KRN_Q8, "q8"}, {KRN_Q4, "q4"}, {KRN_F32, "f32"}};

static size_t
weight_bytes (KrnType type, int rows, int cols)
{
  if (type == KRN_F32 || type == KRN_BF16)
    return (size_t)rows * (size_t)cols * (type == KRN_F32 ? 4 : 2);
  return krn_quant_bytes (type, rows, cols);
}

/* A matrix somewhere in the pool, each time further on. */
static KrnMat
next_weight (Bench *b, KrnType type, int rows, int cols)
{
  size_t bytes = (weight_bytes (type, rows, cols) + 63) / 64 * 64;
  KrnMat m = {b->weights, b->next, type, rows, cols, 0};

  if (b->next + bytes > POOL_BYTES)
    m.offset = 0;
  b->next = m.offset + bytes;
  return m;
}

static KrnMat
activations (Bench *b, int rows, int cols)
{
  KrnMat m = {b->k->alloc (b->dev, (size_t)rows * (size_t)cols * 4), 0, KRN_F32, rows, cols, 0};
  g_autofree float *x = g_new (float, (size_t)rows *(size_t)cols);

  for (size_t i = 0; i < (size_t)rows * (size_t)cols; i++)
    x[i] = (float)((i * 2654435761u % 1000) / 500.0 - 1.0);
  b->k->write (b->dev, m.buf, 0, x, (size_t)rows * (size_t)cols * 4);
  return m;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Seconds of run (b, data). */
static Time
measure (Bench *b, void (*run) (Bench *b, void *data), void *data)
{
  static double took[MAX_RUNS];
  double        begin = now ();
  int           n = 0;

  run (b, data);
  do {
    double t = now ();

    run (b, data);
    took[n++] = now () - t;
  } while (n < MAX_RUNS && (n < 5 || now () - begin < SECONDS));
  qsort (took, (size_t)n, sizeof *took, compare_doubles);
  return (Time){took[0], took[n / 2]};
}

static void
report (Bench      *b,
        const char *what,
        const char *type,
        int         rows,
        Time        time,
        double      bytes,
        double      flops)
{
  double gbs = bytes / time.best / 1e9, gflops = flops / time.best / 1e9;
  double f32 = b->limits.f32_tflops * 1e3, bf16 = b->limits.bf16_tflops * 1e3,
         int8 = b->limits.int8_tops * 1e3;

  printf ("%-22s %-5s %4d rows %9.1f us (median %9.1f) %6.1f GB/s %4.0f%% %7.1f GFLOP/s, of f32 "
          "%4.0f%% bf16 %4.0f%% int8 %4.0f%%\n",
          what, type, rows, time.best * 1e6, time.median * 1e6, gbs,
          100.0 * gbs / b->limits.read_gbs, gflops, 100.0 * gflops / f32,
          bf16 > 0.0 ? 100.0 * gflops / bf16 : 0.0, int8 > 0.0 ? 100.0 * gflops / int8 : 0.0);
  fflush (stdout);
}

/* ---- linear
 * ------------------------------------------------------------------------------------------- */

typedef struct {
  KrnType type;
  int     out, in;
  KrnMat  x, y;
} Linear;

static void
run_linear (Bench *b, void *data)
{
  Linear *l = data;

  b->k->linear (b->dev, l->y, l->x, next_weight (b, l->type, l->out, l->in));
}

static void
bench_linear (Bench *b)
{
  static const struct {
    const char *name;
    int         out, in;
  } shapes[] = {
      {"q 2048x1536", 2048, 1536},      {"o 1536x4096", 1536, 4096},
      {"gate 12288x1536", 12288, 1536}, {"down 1536x12288", 1536, 12288},
      {"ple 256x1536", 256, 1536},      {"head 65536x1536", 65536, 1536},
  };
  static const int rows[] = {1, 2, 4, 8, 16, 64, 512};

  for (guint t = 0; t < G_N_ELEMENTS (types); t++)
    for (guint s = 0; s < G_N_ELEMENTS (shapes); s++)
      for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
        int    n = rows[r];
        Linear l = {types[t].type, shapes[s].out, shapes[s].in};
        double bytes = (double)weight_bytes (l.type, l.out, l.in);

        if ((b->rows > 0 && b->rows != n) || (l.out > 20000 && n > 1))
          continue;
        l.x = activations (b, n, l.in);
        l.y = activations (b, n, l.out);
        report (b, shapes[s].name, types[t].name, n, measure (b, run_linear, &l), bytes,
                2.0 * n * l.out * l.in);
        b->k->free (b->dev, l.x.buf);
        b->k->free (b->dev, l.y.buf);
      }
}

/* ---- one layer's blocks
 * ------------------------------------------------------------------------------ */

typedef struct {
  KrnType type;
  int     width;
  KrnMat  h, m, g, f, norm;
} Mlp;

static void
run_mlp (Bench *b, void *data)
{
  Mlp          *l = data;
  KrnMlpWeights w = {
      .norm = l->norm,
      .gate = next_weight (b, l->type, l->width, 1536),
      .up = next_weight (b, l->type, l->width, 1536),
      .down = next_weight (b, l->type, 1536, l->width),
      .post_norm = l->norm,
      .eps = 1e-6f,
  };

  b->k->gated_mlp (b->dev, l->h, l->m, l->g, l->f, &w);
}

static void
bench_blocks (Bench *b)
{
  static const int rows[] = {1, 4, 16, 512};

  for (guint t = 0; t < 3; t++)
    for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
      int n = rows[r];
      Mlp l = {types[t].type, 6144};

      if (b->rows > 0 && b->rows != n)
        continue;
      l.h = activations (b, n, 1536);
      l.m = activations (b, n, 1536);
      l.g = activations (b, n, l.width);
      l.f = activations (b, n, 1536);
      l.norm = activations (b, 1, 1536);
      report (b, "gated_mlp 6144", types[t].name, n, measure (b, run_mlp, &l),
              3.0 * (double)weight_bytes (l.type, l.width, 1536), 6.0 * n * l.width * 1536);
      b->k->free (b->dev, l.h.buf);
      b->k->free (b->dev, l.m.buf);
      b->k->free (b->dev, l.g.buf);
      b->k->free (b->dev, l.f.buf);
      b->k->free (b->dev, l.norm.buf);
    }
}

/* ---- attention
 * ---------------------------------------------------------------------------------------- */

typedef struct {
  KrnMat  q, o;
  KrnSpan span;
  int     head_dim, window;
} Attention;

static void
run_attention (Bench *b, void *data)
{
  Attention *a = data;

  b->k->attention (b->dev, a->o, a->q, &a->span, 1, 8, 1, a->head_dim, a->window, 1.0f);
}

static void
bench_attention (Bench *b)
{
  static const struct {
    int head_dim, window, position, rows;
  } cases[] = {
      {256, 512, 511, 1}, {256, 512, 4096, 512}, {512, 0, 1023, 1},
      {512, 0, 8191, 1},  {512, 0, 32767, 1},    {512, 0, 8191, 4},
      {512, 0, 8191, 16}, {512, 0, 0, 512},      {512, 0, 3584, 512},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int type = KRN_F32; type <= KRN_BF16; type++) {
      int       hd = cases[i].head_dim, n = cases[i].rows, window = cases[i].window;
      int       slots = window ? window + n : cases[i].position + n;
      Attention a = {activations (b, n, 8 * hd),
                     activations (b, n, 8 * hd),
                     {{{0}}, 0, n, cases[i].position},
                     hd,
                     window};
      double    visible = 0.0;
      char      name[64];

      if (b->rows > 0 && b->rows != n)
        continue;
      a.span.cache.k =
          (KrnMat){b->k->alloc (b->dev, (size_t)slots * (size_t)hd * 4), 0, type, slots, hd, 0};
      a.span.cache.v =
          (KrnMat){b->k->alloc (b->dev, (size_t)slots * (size_t)hd * 4), 0, type, slots, hd, 0};
      for (int r = 0; r < n; r++)
        visible += window ? MIN (window, cases[i].position + r + 1) : cases[i].position + r + 1;
      snprintf (name, sizeof name, "attention %d at %d", hd, cases[i].position);
      report (b, name, type == KRN_F32 ? "f32" : "bf16", n, measure (b, run_attention, &a),
              2.0 * (type == KRN_F32 ? 4 : 2) * hd *
                  (window ? MIN (window, cases[i].position + 1) : cases[i].position + n),
              4.0 * 8 * hd * visible);
      b->k->free (b->dev, a.q.buf);
      b->k->free (b->dev, a.o.buf);
      b->k->free (b->dev, a.span.cache.k.buf);
      b->k->free (b->dev, a.span.cache.v.buf);
    }
}

/* ---- sample
 * ------------------------------------------------------------------------------------------- */

typedef struct {
  KrnMat      logits, source, ids;
  KrnSampling sampling;
} Sample;

static void
run_sample (Bench *b, void *data)
{
  Sample *s = data;

  b->k->copy (b->dev, s->logits, s->source);
  b->k->sample (b->dev, s->ids, s->logits, (KrnMat){0}, &s->sampling);
  s->sampling.step++;
}

static void
bench_sample (Bench *b)
{
  enum {
    V = 262144
  };
  static const struct {
    const char *name;
    float       temperature;
    int         top_k;
    float       top_p, min_p;
  } cases[] = {
      {"greedy", 0.0f, 0, 1.0f, 0.0f},  {"k 64, p 0.95", 1.0f, 64, 0.95f, 0.0f},
      {"p 0.95", 1.0f, 0, 0.95f, 0.0f}, {"min-p 0.05", 1.0f, 0, 1.0f, 0.05f},
      {"all", 1.0f, 0, 1.0f, 0.0f},
  };
  g_autofree float *x = g_new (float, V);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  Sample s = {activations (b, 1, V),
              activations (b, 1, V),
              {b->k->alloc (b->dev, 4), 0, KRN_I32, 1, 1, 0}};

  /* Roughly normal, as the logits of a model are. */
  for (int i = 0; i < V; i++) {
    double sum = 0.0;

    for (int j = 0; j < 12; j++)
      sum += g_rand_double (rand) - 0.5;
    x[i] = (float)(3.0 * sum);
  }
  b->k->write (b->dev, s.source.buf, 0, x, V * sizeof *x);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    s.sampling = (KrnSampling){
        .temperature = cases[i].temperature,
        .top_k = cases[i].top_k,
        .top_p = cases[i].top_p,
        .min_p = cases[i].min_p,
        .repetition_penalty = 1.0f,
        .seed = 1,
    };
    printf ("sample %-15s %9.1f us\n", cases[i].name, measure (b, run_sample, &s).best * 1e6);
  }
  b->k->free (b->dev, s.logits.buf);
  b->k->free (b->dev, s.source.buf);
  b->k->free (b->dev, s.ids.buf);
}

/* ---- the program ---- */

static bool
fill_weights (Bench *b)
{
  enum {
    PIECE = 1 << 20
  };
  g_autofree uint16_t *piece = g_new (uint16_t, PIECE / 2);

  b->weights = b->k->alloc (b->dev, POOL_BYTES);
  if (!b->weights)
    return false;
  /* Small numbers as BF16 and as F32; as blocks, scales near 0.02. */
  for (size_t i = 0; i < PIECE / 2; i++)
    piece[i] = (uint16_t)(0x2500 + i * 2654435761u % 256);
  for (size_t at = 0; at < POOL_BYTES; at += PIECE)
    b->k->write (b->dev, b->weights, at, piece, PIECE);
  return true;
}

int
main (int argc, char **argv)
{
  Bench            b = {.k = krn_cpu_ops ()};
  int              threads = 0;
  gboolean         fast = FALSE;
  g_autofree char *only = NULL;
  GOptionEntry     entries[] = {
          {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "threads, 0 for one per core", "N"},
          {"fast", 0, 0, G_OPTION_ARG_NONE, &fast, "activations may be rounded to bf16", NULL},
          {"only", 0, 0, G_OPTION_ARG_STRING, &only, "linear, blocks, attention or sample", "WHAT"},
          {"rows", 0, 0, G_OPTION_ARG_INT, &b.rows, "only this number of rows", "N"},
          {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  KrnDeviceInfo info;
  char          err[256];

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    fprintf (stderr, "krn-bench: %s\n", error->message);
    return 2;
  }
  b.dev = b.k->open (&(KrnOptions){.threads = threads, .fast = fast}, err, sizeof err);
  if (!b.dev) {
    fprintf (stderr, "krn-bench: %s\n", err);
    return 1;
  }
  b.k->info (b.dev, &info);
  if (b.k->limits (b.dev, &b.limits) < 0 || !fill_weights (&b)) {
    fprintf (stderr, "krn-bench: not enough memory\n");
    return 1;
  }
  printf ("%s, %s, %d threads: read %.1f GB/s, f32 %.0f GFLOP/s, bf16 %.0f GFLOP/s, int8 %.0f "
          "GOP/s\n",
          info.name, info.isa, info.threads, b.limits.read_gbs, b.limits.f32_tflops * 1e3,
          b.limits.bf16_tflops * 1e3, b.limits.int8_tops * 1e3);
  if (!only || g_str_equal (only, "linear"))
    bench_linear (&b);
  if (!only || g_str_equal (only, "blocks"))
    bench_blocks (&b);
  if (!only || g_str_equal (only, "attention"))
    bench_attention (&b);
  if (!only || g_str_equal (only, "sample"))
    bench_sample (&b);
  b.k->free (b.dev, b.weights);
  b.k->close (b.dev);
  return 0;
}
