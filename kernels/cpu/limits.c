/* limits.c: what this machine can do at best, measured.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each figure is the median of some short rounds with all members of the pool, as the benchmarks
 * that are compared with it give medians.  The array that is read is larger than any last-level
 * cache. */
#include "kernels/cpu/device.h"
#include "kernels/krn-quant.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define READ_BYTES   ((size_t)512 << 20)
#define WHOLE_FLOATS ((size_t)1 << 18) /* the least that peak_read () reads */
#define WHOLE_BYTES  (WHOLE_FLOATS * sizeof (float))
#define PIECE_FLOATS ((size_t)1 << 20) /* a multiple of what peak_read () reads at once */
#define PIECES       (READ_BYTES / sizeof (float) / PIECE_FLOATS)
#define REPEATS      11
#define ROUNDS       60000L /* of one item; an item takes a fraction of a millisecond */
#define PEAK_ITEMS   16     /* for each member */

typedef struct {
  KrnDevice *dev;
  float     *memory;                         /* READ_BYTES */
  double (*peak) (long rounds, float *sink); /* or NULL: read */
  float sink[KRN_MAX_THREADS];
} Measure;

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
fill_task (void *context, KrnMember *member)
{
  Measure *m = context;
  unsigned piece;

  while (krn_pool_next (member, PIECES, &piece))
    for (size_t i = 0; i < PIECE_FLOATS; i++)
      m->memory[piece * PIECE_FLOATS + i] = 1.0f;
}

static void
read_task (void *context, KrnMember *member)
{
  Measure *m = context;
  unsigned piece;

  while (krn_pool_next (member, PIECES, &piece))
    m->sink[member->index] =
        m->dev->isa->peak_read (m->memory + piece * PIECE_FLOATS, PIECE_FLOATS);
}

static void
peak_task (void *context, KrnMember *member)
{
  Measure *m = context;
  unsigned item;

  while (krn_pool_next (member, PEAK_ITEMS * (unsigned)m->dev->pool.n_threads, &item))
    m->peak (ROUNDS, &m->sink[member->index]);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static double
median_seconds (Measure *m, KrnTask task)
{
  double took[REPEATS];

  for (int i = 0; i < REPEATS; i++) {
    double begin = now ();

    krn_pool_run (&m->dev->pool, task, m);
    took[i] = now () - begin;
  }
  qsort (took, REPEATS, sizeof *took, compare);
  return took[REPEATS / 2];
}

static double
peak_tera (Measure *m, double (*peak) (long rounds, float *sink))
{
  double operations = peak (1, &m->sink[0]);

  if (operations == 0.0)
    return 0.0;
  m->peak = peak;
  return operations * ROUNDS * PEAK_ITEMS * m->dev->pool.n_threads / median_seconds (m, peak_task) /
         1e12;
}

int
krn_cpu_limits (KrnDevice *dev, KrnLimits *limits)
{
  Measure m = {.dev = dev};

  m.memory = mmap (NULL, READ_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (m.memory == MAP_FAILED)
    return -1;
  madvise (m.memory, READ_BYTES, MADV_HUGEPAGE);
  krn_pool_run (&dev->pool, fill_task, &m);
  limits->read_gbs = (double)READ_BYTES / median_seconds (&m, read_task) / 1e9;
  munmap (m.memory, READ_BYTES);

  memset (m.sink, 0, sizeof m.sink);
  limits->f32_tflops = peak_tera (&m, dev->isa->peak_f32);
  limits->bf16_tflops = peak_tera (&m, dev->isa->peak_bf16);
  limits->int8_tops = peak_tera (&m, dev->isa->peak_int8);
  return 0;
}

/* Given matrices */

typedef struct {
  KrnDevice    *dev;
  const float **pieces; /* of WHOLE_FLOATS each */
  unsigned      n_pieces;
  float         sink[KRN_MAX_THREADS];
} ReadThese;

static size_t
whole_pieces (KrnMat m)
{
  size_t elements = (size_t)m.rows * (size_t)m.cols;
  size_t bytes = m.buf == NULL || m.stride != 0         ? 0
                 : m.type == KRN_Q8 || m.type == KRN_Q4 ? krn_quant_bytes (m.type, m.rows, m.cols)
                 : m.type == KRN_BF16                   ? 2 * elements
                                                        : 4 * elements;

  return bytes / WHOLE_BYTES;
}

static void
read_these_task (void *context, KrnMember *member)
{
  ReadThese *r = context;
  unsigned   piece;

  while (krn_pool_next (member, r->n_pieces, &piece))
    r->sink[member->index] = r->dev->isa->peak_read (r->pieces[piece], WHOLE_FLOATS);
}

double
krn_cpu_read_rate (KrnDevice *dev, const KrnMat *mats, int n_mats)
{
  ReadThese r = {.dev = dev};
  size_t    n = 0;
  double    begin;

  for (int i = 0; i < n_mats; i++)
    n += whole_pieces (mats[i]);
  if (n == 0 || n > UINT_MAX)
    return 0.0;
  r.pieces = malloc (n * sizeof *r.pieces);
  if (r.pieces == NULL)
    return 0.0;
  for (int i = 0; i < n_mats; i++)
    for (size_t p = 0; p < whole_pieces (mats[i]); p++)
      r.pieces[r.n_pieces++] =
          (const float *)(mats[i].buf->data + mats[i].offset + p * WHOLE_BYTES);

  begin = now ();
  krn_pool_run (&dev->pool, read_these_task, &r);
  begin = now () - begin;
  free (r.pieces);
  return (double)n * (double)WHOLE_BYTES / begin / 1e9;
}
