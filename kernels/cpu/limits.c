/* limits.c: what this machine can do at best, measured.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each figure is the median of some short rounds with all members of the pool, as the benchmarks
 * that are compared with it give medians.  The array that is read is larger than any last-level
 * cache. */
#include "kernels/cpu/device.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define READ_BYTES   ((size_t)512 << 20)
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
