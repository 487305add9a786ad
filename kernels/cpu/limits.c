/* limits.c: what this machine can do at best, measured.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each figure is the median of some short rounds with all members of the pool, as the benchmarks that are compared with it
 * give medians.  The array that is read is larger than any last-level cache. */
#include "kernels/cpu/device.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define READ_BYTES ((size_t) 512 << 20)
#define PART_UNIT  ((size_t) 262144) /* what peak_read () reads at once */
#define REPEATS    11
#define ROUNDS     1000000L

typedef struct {
  KrnDevice *dev;
  float     *memory; /* READ_BYTES, each member reads its part */
  double (*peak) (long rounds, float *sink); /* or NULL: read */
  float  sink[KRN_MAX_THREADS];
} Measure;

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static float *
member_part (const Measure *m, int member, size_t *n)
{
  *n = READ_BYTES / sizeof (float) / (size_t) m->dev->pool.n_threads / PART_UNIT * PART_UNIT;
  return m->memory + (size_t) member * *n;
}

/* Every page its own memory, first touched by the member that will read it. */
static void
fill_task (void *context, int member)
{
  Measure *m = context;
  size_t   n;
  float   *part = member_part (m, member, &n);

  for (size_t i = 0; i < n; i++)
    part[i] = 1.0f;
}

static void
measure_task (void *context, int member)
{
  Measure *m = context;

  if (m->peak) {
    m->peak (ROUNDS, &m->sink[member]);
  } else {
    size_t n;
    float *part = member_part (m, member, &n);

    m->sink[member] = m->dev->isa->peak_read (part, n);
  }
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median_seconds (Measure *m)
{
  double took[REPEATS];

  for (int i = 0; i < REPEATS; i++) {
    double begin = now ();

    krn_pool_run (&m->dev->pool, measure_task, m);
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
  return operations * ROUNDS * m->dev->pool.n_threads / median_seconds (m) / 1e12;
}

int
krn_cpu_limits (KrnDevice *dev, KrnLimits *limits)
{
  Measure m = {.dev = dev};
  size_t  n;

  m.memory = mmap (NULL, READ_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (m.memory == MAP_FAILED)
    return -1;
  madvise (m.memory, READ_BYTES, MADV_HUGEPAGE);
  krn_pool_run (&dev->pool, fill_task, &m);
  member_part (&m, 0, &n);
  limits->read_gbs = (double) (n * sizeof (float)) * dev->pool.n_threads / median_seconds (&m) / 1e9;
  munmap (m.memory, READ_BYTES);

  memset (m.sink, 0, sizeof m.sink);
  limits->f32_tflops = peak_tera (&m, dev->isa->peak_f32);
  limits->bf16_tflops = peak_tera (&m, dev->isa->peak_bf16);
  limits->int8_tops = peak_tera (&m, dev->isa->peak_int8);
  return 0;
}
