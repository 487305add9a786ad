/* gem-bench-report.c: a benchmark's figures as JSON or as a table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The matrix rate that prefill and the encoders are compared with is that of the arithmetic it may
 * use: F32 for exact bf16 weights, bf16 with --fast, the better of the two for quantised weights,
 * for which the share of the 8-bit rate is reported too.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-bench.h"

#include <jansson.h>
#include <stdio.h>

GemBenchReport *
gem_bench_report_new (void)
{
  GemBenchReport *self = g_new0 (GemBenchReport, 1);

  self->prefill = g_array_new (FALSE, FALSE, sizeof (GemBenchPrefill));
  self->decode = g_array_new (FALSE, FALSE, sizeof (GemBenchDecode));
  self->image = g_array_new (FALSE, FALSE, sizeof (GemBenchMedium));
  self->audio = g_array_new (FALSE, FALSE, sizeof (GemBenchMedium));
  return self;
}

void
gem_bench_report_free (GemBenchReport *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->prefill);
  g_array_unref (self->decode);
  g_array_unref (self->image);
  g_array_unref (self->audio);
  g_free (self);
}

static gboolean
quantised (const GemBenchReport *r)
{
  return !g_str_equal (r->weights, "bf16");
}

static double
matmul_tflops (const GemBenchReport *r)
{
  if (quantised (r))
    return MAX (r->limits.f32_tflops, r->limits.bf16_tflops);
  return r->fast && r->limits.bf16_tflops > 0 ? r->limits.bf16_tflops : r->limits.f32_tflops;
}

/* ---- fractions ---- */

static double
prefill_tflops (const GemBenchPrefill *p)
{
  return p->flops / p->tokens * p->rate.median / 1e12;
}

static double
decode_gbs (const GemBenchDecode *d)
{
  return d->bytes * d->rate.median / 1e9;
}

/* What was read between just these tokens, or else the best of the run. */
static double
decode_limit (const GemBenchReport *r, const GemBenchDecode *d)
{
  return d->read_gbs > 0 ? d->read_gbs : r->limits.read_gbs;
}

static double
share (double part, double of)
{
  return of > 0 ? part / of : 0.0;
}

/* ---- JSON ---- */

static json_t *
rate_range (const GemBenchRate *rate)
{
  return json_pack ("[f, f]", rate->slowest, rate->fastest);
}

static json_t *
prefill_to_json (const GemBenchReport *r)
{
  json_t *list = json_array ();

  for (guint i = 0; i < r->prefill->len; i++) {
    const GemBenchPrefill *p = &g_array_index (r->prefill, GemBenchPrefill, i);
    json_t                *entry =
        json_pack ("{s:I, s:f, s:o, s:f, s:o, s:f, s:f}", "tokens", (json_int_t)p->tokens, "tok_s",
                   p->rate.median, "tok_s_range", rate_range (&p->rate), "tok_s_all",
                   p->rate_all.median, "tok_s_all_range", rate_range (&p->rate_all), "tflops",
                   prefill_tflops (p), "flops_fraction",
                   share (prefill_tflops (p), matmul_tflops (r)));

    if (quantised (r) && r->limits.int8_tops > 0)
      json_object_set_new (entry, "int8_fraction",
                           json_real (share (prefill_tflops (p), r->limits.int8_tops)));
    json_array_append_new (list, entry);
  }
  return list;
}

static json_t *
decode_to_json (const GemBenchReport *r)
{
  json_t *list = json_array ();

  for (guint i = 0; i < r->decode->len; i++) {
    const GemBenchDecode *d = &g_array_index (r->decode, GemBenchDecode, i);

    json_array_append_new (list,
                           json_pack ("{s:I, s:I, s:f, s:o, s:I, s:f, s:f}", "context",
                                      (json_int_t)d->context, "batch", (json_int_t)d->batch,
                                      "tok_s", d->rate.median, "tok_s_range", rate_range (&d->rate),
                                      "bytes_per_token", (json_int_t)d->bytes, "read_gbs",
                                      decode_limit (r, d), "bandwidth_fraction",
                                      share (decode_gbs (d), decode_limit (r, d))));
  }
  return list;
}

/* The encoders' weights are bf16 whatever the decoder's are. */
static double
encoder_tflops (const GemBenchReport *r)
{
  return r->fast && r->limits.bf16_tflops > 0 ? r->limits.bf16_tflops : r->limits.f32_tflops;
}

static double
medium_tflops (const GemBenchMedium *m)
{
  return m->flops * m->rate.median / 1e12;
}

static json_t *
media_to_json (const GemBenchReport *r, const GArray *media, const char *amount)
{
  json_t *list = json_array ();

  for (guint i = 0; i < media->len; i++) {
    const GemBenchMedium *m = &g_array_index (media, GemBenchMedium, i);

    json_array_append_new (list,
                           json_pack ("{s:I, s:I, s:f, s:f, s:[f, f], s:f, s:f}", amount,
                                      (json_int_t)m->amount, "soft_tokens", (json_int_t)m->tokens,
                                      "prepare_ms", 1e3 / m->prepare.median, "ms",
                                      1e3 / m->rate.median, "ms_range", 1e3 / m->rate.fastest,
                                      1e3 / m->rate.slowest, "tflops", medium_tflops (m),
                                      "flops_fraction",
                                      share (medium_tflops (m), encoder_tflops (r))));
  }
  return list;
}

static json_t *
text_to_json (const GemBenchReport *r)
{
  const GemBenchText *t = &r->text;

  return json_pack ("{s:I, s:I, s:f, s:f, s:f, s:f}", "bytes", (json_int_t)t->bytes, "tokens",
                    (json_int_t)t->tokens, "tokenize_s", t->tokenize_s, "prefill_s", t->prefill_s,
                    "tok_s", t->tokens / t->prefill_s, "flops_fraction",
                    share (t->flops / t->prefill_s / 1e12, matmul_tflops (r)));
}

void
gem_bench_report_print_json (const GemBenchReport *r)
{
  json_t *limits =
      json_pack ("{s:f, s:f, s:f, s:f, s:f}", "read_gbs", r->limits.read_gbs, "matmul_tflops",
                 matmul_tflops (r), "f32_tflops", r->limits.f32_tflops, "bf16_tflops",
                 r->limits.bf16_tflops, "int8_tops", r->limits.int8_tops);
  json_t *memory =
      json_pack ("{s:I, s:I}", "device_bytes", (json_int_t)(r->weight_bytes + r->session_bytes),
                 "host_bytes", (json_int_t)r->table_bytes);
  json_t *root =
      json_pack ("{s:s, s:s, s:s, s:s, s:i, s:b, s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:n}",
                 "backend", r->backend, "device", r->device, "weights", r->weights, "kv", r->kv,
                 "threads", r->threads, "fast", r->fast, "limits", limits, "load_s", r->load_s,
                 "memory", memory, "prefill", prefill_to_json (r), "decode", decode_to_json (r),
                 "image", media_to_json (r, r->image, "budget"), "audio",
                 media_to_json (r, r->audio, "seconds"), "draft");

  if (r->text.tokens > 0)
    json_object_set_new (root, "text", text_to_json (r));
  json_dumpf (root, stdout, JSON_INDENT (1) | JSON_REAL_PRECISION (5));
  fputc ('\n', stdout);
  json_decref (root);
}

/* ---- a table ---- */

static void
print_head (const GemBenchReport *r)
{
  printf ("%s: %s\n", r->backend, r->device);
  printf ("weights %s%s, keys and values %s; loaded in %.1f s\n", r->weights,
          r->fast ? " (fast)" : "", r->kv, r->load_s);
  printf ("memory %.2f GB, and %.2f GB of tables that are only gathered from\n",
          (double)(r->weight_bytes + r->session_bytes) / 1e9, (double)r->table_bytes / 1e9);
  printf ("limits measured in this run: reading %.1f GB/s, matrices %.3f TFLOP/s (f32 %.3f, bf16 "
          "%.3f, int8 %.3f)\n",
          r->limits.read_gbs, matmul_tflops (r), r->limits.f32_tflops, r->limits.bf16_tflops,
          r->limits.int8_tops);
}

static void
print_prefill (const GemBenchReport *r)
{
  if (r->prefill->len > 0)
    printf ("\n%-8s %10s %19s %14s %19s %9s %10s\n", "prefill", "tok/s", "(slowest, fastest)",
            "without cut", "(slowest, fastest)", "TFLOP/s", "of limit");
  for (guint i = 0; i < r->prefill->len; i++) {
    const GemBenchPrefill *p = &g_array_index (r->prefill, GemBenchPrefill, i);

    printf ("%-8u %10.1f %9.1f %9.1f %14.1f %9.1f %9.1f %9.3f %8.1f %%\n", p->tokens,
            p->rate.median, p->rate.slowest, p->rate.fastest, p->rate_all.median,
            p->rate_all.slowest, p->rate_all.fastest, prefill_tflops (p),
            100.0 * share (prefill_tflops (p), matmul_tflops (r)));
    if (quantised (r) && r->limits.int8_tops > 0)
      printf ("%-8s %.1f %% of the 8-bit rate\n", "",
              100.0 * share (prefill_tflops (p), r->limits.int8_tops));
  }
}

static void
print_decode (const GemBenchReport *r)
{
  if (r->decode->len > 0)
    printf ("\n%-8s %5s %10s %19s %12s %9s %9s %10s\n", "context", "batch", "tok/s",
            "(slowest, fastest)", "MB/token", "GB/s", "reading", "of limit");
  for (guint i = 0; i < r->decode->len; i++) {
    const GemBenchDecode *d = &g_array_index (r->decode, GemBenchDecode, i);

    printf ("%-8u %5u %10.2f %9.2f %9.2f %12.1f %9.2f %9.2f %8.1f %%\n", d->context, d->batch,
            d->rate.median, d->rate.slowest, d->rate.fastest, d->bytes / 1e6, decode_gbs (d),
            decode_limit (r, d), 100.0 * share (decode_gbs (d), decode_limit (r, d)));
  }
}

static void
print_media (const GemBenchReport *r, const GArray *media, const char *what, gboolean sound)
{
  if (media->len > 0)
    printf ("\n%-8s %8s %10s %10s %19s %9s %10s%s\n", what, "tokens", "prepare ms", "ms",
            "(fastest, slowest)", "TFLOP/s", "of limit", sound ? "  times real time" : "");
  for (guint i = 0; i < media->len; i++) {
    const GemBenchMedium *m = &g_array_index (media, GemBenchMedium, i);

    printf ("%-8u %8u %10.2f %10.2f %9.2f %9.2f %9.3f %8.1f %%", m->amount, m->tokens,
            1e3 / m->prepare.median, 1e3 / m->rate.median, 1e3 / m->rate.fastest,
            1e3 / m->rate.slowest, medium_tflops (m),
            100.0 * share (medium_tflops (m), encoder_tflops (r)));
    if (sound)
      printf ("  %.1f", m->amount * m->rate.median);
    putchar ('\n');
  }
}

static void
print_text (const GemBenchReport *r)
{
  const GemBenchText *t = &r->text;

  if (t->tokens == 0)
    return;
  printf ("\ntext of %" G_GUINT64_FORMAT
          " bytes: %u tokens, cut in %.3f s, read in %.2f s: %.1f tok/s, %.1f %% of the "
          "matrix rate\n",
          t->bytes, t->tokens, t->tokenize_s, t->prefill_s, t->tokens / t->prefill_s,
          100.0 * share (t->flops / t->prefill_s / 1e12, matmul_tflops (r)));
}

void
gem_bench_report_print_table (const GemBenchReport *r)
{
  print_head (r);
  print_text (r);
  print_prefill (r);
  print_decode (r);
  print_media (r, r->image, "picture", FALSE);
  print_media (r, r->audio, "seconds", TRUE);
}
