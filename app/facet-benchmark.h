/* facet-benchmark.h: how fast the chosen model is on the chosen device, beside what the machine
 * can.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Measured by gem-cli in a process of its own, with the settings as they are; that process can be
 * ended at any time, and nothing of this one waits for it.  Main thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  char   *device, *weights, *cache; /* "CPU, AMD Ryzen 7, 16 threads, avx2", "q8", "f32" */
  double  load_s;
  guint64 memory; /* bytes on the device */
  /* Reading: tokens a second, multiplications, and what the machine can. */
  double  read_rate, read_tflops, limit_tflops;
  guint   read_tokens;
  /* Writing: tokens a second, bytes that are read for them, and what the machine can. */
  double  write_rate, write_gbs, limit_gbs;
  guint   write_context;
} FacetBenchmark;

void facet_benchmark_free (FacetBenchmark *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetBenchmark, facet_benchmark_free)

/* @fraction: 0 … 1; @what: a short phrase, as gem-cli says it. */
typedef void (*FacetBenchmarkProgress) (double fraction, const char *what, gpointer user_data);

/* @progress is called on the main thread until the end or the cancelling, never after. */
void            facet_benchmark_run_async (GSettings             *settings,
                                           GCancellable          *cancellable,
                                           FacetBenchmarkProgress progress,
                                           gpointer               progress_data,
                                           GAsyncReadyCallback    callback,
                                           gpointer               user_data);
/* NULL with a sentence: gem-cli is not there, or what it said. */
FacetBenchmark *facet_benchmark_run_finish (GAsyncResult *result,
                                            GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* From what gem-cli bench --json writes; NULL: it is something else. */
FacetBenchmark *facet_benchmark_parse (const char *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "46.2 tokens a second: 81 % of what memory gives (55.1 of 68.0 GB/s)".  (transfer full) */
char *facet_benchmark_dup_reading (const FacetBenchmark *self) G_GNUC_WARN_UNUSED_RESULT;
char *facet_benchmark_dup_writing (const FacetBenchmark *self) G_GNUC_WARN_UNUSED_RESULT;
char *facet_benchmark_dup_loading (const FacetBenchmark *self) G_GNUC_WARN_UNUSED_RESULT;
/* All of it as lines of text.  (transfer full) */
char *facet_benchmark_dup_text (const FacetBenchmark *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
