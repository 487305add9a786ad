/* gem-bench.h: the figures of one benchmark run, and how they are printed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gem-cli-bench.c measures and fills the report, gem-bench-report.c divides by the limits and
 * prints.  One thread. */
#pragma once

#include <glib.h>
#include "kernels/krn.h"

G_BEGIN_DECLS

/* Tokens per second. */
typedef struct {
  double median, slowest, fastest;
} GemBenchRate;

typedef struct {
  guint        tokens;
  GemBenchRate rate;     /* with the prefill short-cut */
  GemBenchRate rate_all; /* every token through every layer */
  double       flops;    /* that the short-cut leaves, all tokens together */
} GemBenchPrefill;

typedef struct {
  guint        context, batch;
  GemBenchRate rate;  /* of all timelines together */
  double       bytes; /* read per token */
  double read_gbs;    /* of the weights alone, between these tokens: the median; 0: not measured */
} GemBenchDecode;

/* A picture or a clip, encoded. */
typedef struct {
  guint        amount;  /* the budget of a picture, the seconds of a clip */
  guint        tokens;  /* soft tokens */
  GemBenchRate prepare; /* resized, or made features, per second: always on the CPU */
  GemBenchRate rate;    /* encoded per second, without that */
  double       flops;
} GemBenchMedium;

typedef struct {
  guint64 bytes;
  guint   tokens; /* 0: no text was read */
  double  tokenize_s, prefill_s, flops;
} GemBenchText;

typedef struct {
  const char *backend, *device, *weights, *kv; /* borrowed */
  int         threads;
  gboolean    fast;
  double      load_s;
  guint64     weight_bytes, session_bytes,
      table_bytes; /* table: only gathered from, stays on the host */
  KrnLimits    limits;
  GArray      *prefill;       /* of GemBenchPrefill */
  GArray      *decode;        /* of GemBenchDecode */
  GArray      *image, *audio; /* of GemBenchMedium */
  GemBenchText text;
} GemBenchReport;

GemBenchReport *gem_bench_report_new (void);
void            gem_bench_report_free (GemBenchReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemBenchReport, gem_bench_report_free)

void gem_bench_report_print_json (const GemBenchReport *self);
void gem_bench_report_print_table (const GemBenchReport *self);

G_END_DECLS
