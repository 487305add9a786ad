/* test-device.c: devices, buffers, errors, the pool of threads, and that operations allocate
 * nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The allocator of this program counts what it is asked for; with a sanitizer, which brings its
 * own, that one test is skipped. */
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/cpu/pool.h"
#include "tests/kernels/krn-test.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#endif

/* ---- counting
 * ------------------------------------------------------------------------------------------- */

static atomic_int n_allocations;

#if defined(__GLIBC__) && !defined(HAS_SANITIZER)
#define COUNTS_ALLOCATIONS

void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *p, size_t size);
void *__libc_memalign (size_t alignment, size_t size);

void *
malloc (size_t size)
{
  atomic_fetch_add (&n_allocations, 1);
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  atomic_fetch_add (&n_allocations, 1);
  return __libc_calloc (n, size);
}

void *
realloc (void *p, size_t size)
{
  atomic_fetch_add (&n_allocations, 1);
  return __libc_realloc (p, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  atomic_fetch_add (&n_allocations, 1);
  return __libc_memalign (alignment, size);
}

int
posix_memalign (void **p, size_t alignment, size_t size)
{
  atomic_fetch_add (&n_allocations, 1);
  *p = __libc_memalign (alignment, size);
  return *p ? 0 : ENOMEM;
}

#endif

/* Every operation with few rows and with many, in each type of weight. */
static void
run_everything (KrnTest *t, KrnType type, int n, int *n_counted)
{
  enum {
    H = 64,
    HD = 32,
    HEADS = 4,
    I = 128,
    P = 32,
    V = 500
  };
  TestMat x = krn_test_random (t, KRN_F32, n, H, 0, 1.0), y = krn_test_zeros (t, n, H, 0);
  TestMat a = krn_test_zeros (t, n, H, 0), g = krn_test_zeros (t, n, I, 0),
          p = krn_test_zeros (t, n, P, 0);
  TestMat c = krn_test_zeros (t, n, P, 0);
  TestMat q = krn_test_zeros (t, n, HEADS * HD, 0), o = krn_test_zeros (t, n, HEADS * HD, 0);
  TestMat k = krn_test_zeros (t, n, HD, 0), v = krn_test_zeros (t, n, HD, 0),
          cs = krn_test_zeros (t, n, HD, 0);
  TestMat norm = krn_test_random (t, KRN_BF16, 1, H, 0, 1.0),
          head_norm = krn_test_random (t, KRN_BF16, 1, HD, 0, 1.0);
  TestMat freq = krn_test_zeros (t, 1, HD / 2, 0), logits =
                                                       krn_test_random (t, KRN_F32, n, V, 0, 1.0);
  TestMat table = krn_test_random (t, type, V, H, 0, 1.0);
  TestMat wq = krn_test_random (t, type, HEADS * HD, H, 0, 1.0),
          wk = krn_test_random (t, type, HD, H, 0, 1.0);
  TestMat wo = krn_test_random (t, type, H, HEADS * HD, 0, 1.0),
          up = krn_test_random (t, type, I, H, 0, 1.0);
  TestMat down = krn_test_random (t, type, H, I, 0, 1.0),
          gate = krn_test_random (t, type, P, H, 0, 1.0);
  TestMat proj = krn_test_random (t, type, H, P, 0, 1.0);
  TestMat ck = krn_test_random (t, KRN_F32, 300, HD, 0, 1.0),
          cv = krn_test_random (t, KRN_F32, 300, HD, 0, 1.0);
  KrnSpan       span = {{ck.mat, cv.mat}, 0, n, 200};
  KrnQkvWeights qkv = {norm.mat, wq.mat, wk.mat, wk.mat, head_norm.mat, head_norm.mat, HD, 1e-6f};
  KrnMlpWeights mlp = {norm.mat, up.mat, up.mat, down.mat, norm.mat, 1e-6f};
  KrnPleWeights ple = {gate.mat, proj.mat, norm.mat, 0.5f, 1e-6f};
  KrnSampling   sampling = {.temperature = 1.0f,
                            .top_k = 20,
                            .top_p = 0.9f,
                            .repetition_penalty = 1.1f,
                            .recent = (int32_t[]){3},
                            .n_recent = 1};
  int32_t      *id = g_new0 (int32_t, n);
  TestMat       ids = krn_test_ids (t, n, id);
  int           before = atomic_load (&n_allocations);

  t->k->embed (t->dev, x.mat, ids.mat, table.mat, 8.0f);
  t->k->rms_norm (t->dev, y.mat, x.mat, norm.mat, 1e-6f);
  t->k->copy (t->dev, x.mat, y.mat);
  t->k->ple_inputs (t->dev, p.mat, c.mat, x.mat, gate.mat, head_norm.mat, 0.1f, 1e-6f);
  t->k->rope_angles (t->dev, cs.mat, &span, 1, freq.mat);
  t->k->project_qkv (t->dev, q.mat, k.mat, v.mat, a.mat, x.mat, &qkv);
  t->k->rope_store (t->dev, q.mat, k.mat, v.mat, cs.mat, &span, 1, HD);
  t->k->attention (t->dev, o.mat, q.mat, &span, 1, HEADS, 1, HD, 0, 1.0f);
  t->k->project_add (t->dev, x.mat, y.mat, o.mat, wo.mat, norm.mat, 1e-6f);
  t->k->gated_mlp (t->dev, x.mat, y.mat, g.mat, a.mat, &mlp);
  t->k->ple_block (t->dev, x.mat, y.mat, p.mat, p.mat, &ple);
  t->k->linear (t->dev, logits.mat, x.mat, table.mat);
  t->k->softcap (t->dev, logits.mat, 30.0f);
  t->k->sample (t->dev, ids.mat, logits.mat, krn_test_absent (), &sampling);
  *n_counted = atomic_load (&n_allocations) - before;
  krn_test_sync (t);
  g_free (id);
}

static void
test_no_allocation (KrnTest *t)
{
#ifdef COUNTS_ALLOCATIONS
  static const KrnType types[] = {KRN_F32, KRN_BF16, KRN_Q8, KRN_Q4};
  int                  before = atomic_load (&n_allocations);
  int                  counted;

  g_free (g_malloc (10));
  g_assert_cmpint (atomic_load (&n_allocations), >, before);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (int n = 1; n <= 51; n += 25) {
      run_everything (t, types[i], n, &counted);
      g_assert_cmpint (counted, ==, 0);
    }
#else
  g_test_skip ("a sanitizer or another C library counts the allocations");
#endif
}

/* ---- devices and buffers
 * --------------------------------------------------------------------------------- */

static void
test_table (void)
{
  const KrnOps *k = krn_cpu_ops ();
  char          why[100] = "";

  g_assert_cmpuint (k->abi, ==, KRN_ABI);
  g_assert_cmpstr (k->name, ==, "cpu");
  g_assert_cmpint (k->probe (why, sizeof why), ==, 1);
  /* Not one entry is missing. */
  for (size_t at = offsetof (KrnOps, probe); at < sizeof (KrnOps); at += sizeof (void (*) (void))) {
    void *entry;

    memcpy (&entry, (const char *)k + at, sizeof entry);
    g_assert_nonnull (entry);
  }
}

static void
test_open_errors (void)
{
  const KrnOps *k = krn_cpu_ops ();
  char          err[200] = "";

  setenv ("KRN_ISA", "mmx", 1);
  g_assert_null (k->open (&(KrnOptions){.threads = 1}, err, sizeof err));
  g_assert_nonnull (strstr (err, "mmx"));
  unsetenv ("KRN_ISA");
  g_assert_null (k->open (&(KrnOptions){.index = 1}, err, sizeof err));
  g_assert_nonnull (strstr (err, "device 1"));
  k->close (NULL);
}

/* What a device is going to be, before it is opened. */
static void
test_describe (void)
{
  const KrnOps *k = krn_cpu_ops ();
  KrnDeviceInfo before, after;
  char          err[200] = "";
  KrnDevice    *dev = k->open (&(KrnOptions){0}, err, sizeof err);

  g_assert_nonnull (dev);
  k->info (dev, &after);
  g_assert_cmpint (k->describe (0, &before), ==, 0);
  g_assert_cmpstr (before.name, ==, after.name);
  g_assert_cmpstr (before.isa, ==, after.isa);
  g_assert_cmpint (before.threads, ==, after.threads);
  g_assert_cmpuint (before.memory_total, ==, after.memory_total);
  k->close (dev);
  g_assert_cmpint (k->describe (1, &before), ==, -1);
  g_assert_cmpint (k->describe (-1, &before), ==, -1);
}

static void
test_info (KrnTest *t)
{
  KrnDeviceInfo info;

  t->k->info (t->dev, &info);
  g_test_message ("%s, %s", info.name, info.isa);
  g_assert_cmpint (info.threads, ==, t->threads);
  g_assert_true (g_str_has_prefix (info.isa, t->isa));
  g_assert_cmpint ((int)strlen (info.name), >, 0);
  g_assert_cmpuint (info.memory_total, >, (guint64)64 << 20);
  g_assert_cmpuint (info.memory_free, <=, info.memory_total);
}

static void
test_buffers (KrnTest *t)
{
  static const size_t sizes[] = {0, 1, 63, 64, 100000, (size_t)5 << 20};
  static const float  host[4] = {1.0f, 2.0f, 3.0f, 4.0f};
  float               x[4] = {0};
  char                err[200];
  KrnBuffer          *b;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *bytes = g_malloc (sizes[i] + 1);

    b = t->k->alloc (t->dev, sizes[i]);
    g_assert_nonnull (b);
    memset (bytes, 1, sizes[i] + 1);
    t->k->read (t->dev, b, 0, bytes, sizes[i]);
    for (size_t j = 0; j < sizes[i]; j++)
      if (bytes[j] != 0)
        g_error ("byte %zu of %zu is not zero", j, sizes[i]);
    t->k->free (t->dev, b);
  }
  t->k->free (t->dev, NULL);

  /* More than any machine has: refused, not aborted. */
  g_assert_null (t->k->alloc (t->dev, (size_t)1 << 60));
  g_assert_null (t->k->alloc (t->dev, SIZE_MAX));
  g_assert_null (t->k->alloc (t->dev, SIZE_MAX - 63));

  b = t->k->wrap (t->dev, host, sizeof host, false);
  t->k->read (t->dev, b, 8, x, 8);
  g_assert_cmpfloat (x[1], ==, 4.0f);
  krn_test_sync (t);
  /* Borrowed memory is read only; the first failure is told once. */
  t->k->write (t->dev, b, 0, x, 4);
  t->k->read (t->dev, b, 12, x, 8);
  g_assert_cmpint (t->k->sync (t->dev, err, sizeof err), ==, -1);
  g_assert_nonnull (strstr (err, "borrowed"));
  krn_test_sync (t);
  t->k->read (t->dev, b, 12, x, 8);
  g_assert_cmpint (t->k->sync (t->dev, err, sizeof err), ==, -1);
  t->k->read (t->dev, b, SIZE_MAX, x, 2);
  g_assert_cmpint (t->k->sync (t->dev, err, sizeof err), ==, -1);
  t->k->free (t->dev, b);
}

/* Shapes beyond the CPU's working space are refused with a sentence. */
static void
test_too_large (KrnTest *t)
{
  enum {
    COLS = 4 << 20
  };
  TestMat x = krn_test_zeros (t, 1, COLS, 0), w = krn_test_zeros (t, 1, COLS, 0),
          y = krn_test_zeros (t, 1, 1, 0);
  KrnMat  logits = {x.mat.buf, 0, KRN_F32, 1, 8 << 20, 0};
  KrnSpan span = {{w.mat, w.mat}, 0, 1, 0};
  KrnMat  wide = {x.mat.buf, 0, KRN_F32, 1, COLS, 0};
  char    err[200];

  t->k->linear (t->dev, y.mat, x.mat, w.mat);
  g_assert_cmpint (t->k->sync (t->dev, err, sizeof err), ==, -1);
  g_assert_nonnull (strstr (err, "too wide"));
  t->k->sample (t->dev, y.mat, logits, krn_test_absent (),
                &(KrnSampling){.temperature = 1.0f, .top_p = 1.0f});
  g_assert_cmpint (t->k->sync (t->dev, err, sizeof err), ==, -1);
  g_assert_nonnull (strstr (err, "too large"));
  t->k->attention (t->dev, wide, wide, &span, 1, 4, 1, COLS / 4, 0, 1.0f);
  g_assert_cmpint (t->k->sync (t->dev, err, sizeof err), ==, -1);
  g_assert_nonnull (strstr (err, "too many"));
}

static void
test_limits (KrnTest *t)
{
  KrnLimits l;

  g_assert_cmpint (t->k->limits (t->dev, &l), ==, 0);
  g_test_message ("%.1f GB/s, %.3f, %.3f TFLOP/s, %.3f TOP/s", l.read_gbs, l.f32_tflops,
                  l.bf16_tflops, l.int8_tops);
  g_assert_cmpfloat (l.read_gbs, >, 0.05);
  g_assert_cmpfloat (l.read_gbs, <, 10000.0);
  g_assert_cmpfloat (l.f32_tflops, >, t->emulated ? 0.0 : 0.0005);
  g_assert_true (isfinite (l.f32_tflops));
  if (g_str_equal (t->isa, "avx512")) {
    g_assert_cmpfloat (l.bf16_tflops, >, 0.0);
    g_assert_cmpfloat (l.int8_tops, >, 0.0);
  }
}

static void
test_read_rate (KrnTest *t)
{
  KrnBuffer *buf = t->k->alloc (t->dev, (size_t)4 << 20);
  KrnMat     mats[] = {{buf, 0, KRN_BF16, 1024, 1024, 0},
                       {buf, (size_t)2 << 20, KRN_F32, 512, 1024, 0},
                       {buf, 0, KRN_F32, 1, 16, 0},
                       {NULL, 0, KRN_F32, 0, 0, 0}};
  double     rate = t->k->read_rate (t->dev, mats, G_N_ELEMENTS (mats));

  g_test_message ("%.1f GB/s", rate);
  g_assert_cmpfloat (rate, >, 0.01);
  g_assert_true (isfinite (rate));
  g_assert_cmpfloat (t->k->read_rate (t->dev, mats + 2, 2), ==, 0.0);
  t->k->free (t->dev, buf);
}

/* ---- the pool
 * ------------------------------------------------------------------------------------------- */

#define ITEMS  97
#define PHASES 5

typedef struct {
  KrnPool    pool;
  atomic_int items[PHASES][ITEMS];
  int        serial, serial_before;
  atomic_int ended;
} PoolTest;

static void
count_serial (void *context)
{
  PoolTest *p = context;

  p->serial++;
}

static void
pool_task (void *context, KrnMember *m)
{
  PoolTest *p = context;

  for (int phase = 0; phase < PHASES; phase++) {
    unsigned item;

    while (krn_pool_next (m, ITEMS, &item)) {
      /* Whoever has an item sees all that was done in the phases before, items and serial steps. */
      for (int i = 0; i < ITEMS && phase > 0; i++)
        if (atomic_load (&p->items[phase - 1][i]) != 1)
          g_error ("item %d of phase %d was done %d times", i, phase - 1,
                   atomic_load (&p->items[phase - 1][i]));
      g_assert_cmpint (p->serial, ==, p->serial_before + phase);
      atomic_fetch_add (&p->items[phase][item], 1);
    }
    if (phase == PHASES - 1)
      return;
    if (!krn_pool_barrier (m, count_serial, p)) {
      g_assert_cmpint (m->index, >, 0);
      atomic_fetch_add (&p->ended, 1);
      return;
    }
  }
}

static void
test_pool (void)
{
  for (int threads = 1; threads <= 5; threads++) {
    PoolTest *p = g_aligned_alloc0 (1, sizeof *p, 64);
    char      err[200];

    g_assert_true (krn_pool_init (&p->pool, threads, err, sizeof err));
    g_assert_cmpint (p->pool.n_threads, ==, threads);
    for (int run = 1; run <= 300; run++) {
      memset (p->items, 0, sizeof p->items);
      p->serial_before = p->serial;
      krn_pool_run (&p->pool, pool_task, p);
      g_assert_cmpint (p->serial, ==, run * (PHASES - 1));
      for (int i = 0; i < PHASES * ITEMS; i++)
        g_assert_cmpint (p->items[i / ITEMS][i % ITEMS], ==, 1);
      /* Sometimes long enough for the members to fall asleep. */
      if (run % 50 == 0)
        g_usleep (2000);
    }
    g_test_message ("%d threads: %d times a task ended without a member", threads,
                    atomic_load (&p->ended));
    krn_pool_clear (&p->pool);
    g_aligned_free (p);
  }
}

static double
processor_seconds (void)
{
  struct timespec t;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* An idle pool sleeps: half a second of nothing costs next to no processor time. */
static void
test_pool_idle (void)
{
  PoolTest *p = g_aligned_alloc0 (1, sizeof *p, 64);
  char      err[200];
  double    before;

  g_assert_true (krn_pool_init (&p->pool, 4, err, sizeof err));
  krn_pool_run (&p->pool, pool_task, p);
  g_usleep (20000);
  before = processor_seconds ();
  g_usleep (500000);
  g_assert_cmpfloat (processor_seconds () - before, <, 0.02);
  krn_pool_clear (&p->pool);
  g_aligned_free (p);
}

static gpointer
use_device (gpointer data)
{
  KrnTest t = {.k = krn_cpu_ops (), .isa = "", .threads = 2};
  char    err[200];
  int     counted;

  t.dev = t.k->open (&(KrnOptions){.threads = 2}, err, sizeof err);
  g_assert_nonnull (t.dev);
  t.rand = g_rand_new_with_seed (GPOINTER_TO_UINT (data));
  t.buffers = g_ptr_array_new ();
  t.values = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; i < 10; i++)
    run_everything (&t, i % 2 ? KRN_BF16 : KRN_Q8, 1 + i * 3, &counted);
  for (guint i = 0; i < t.buffers->len; i++)
    t.k->free (t.dev, t.buffers->pdata[i]);
  t.k->close (t.dev);
  g_ptr_array_unref (t.buffers);
  g_ptr_array_unref (t.values);
  g_rand_free (t.rand);
  return NULL;
}

/* Different devices are independent of each other. */
static void
test_two_devices (void)
{
  GThread *a, *b;

  unsetenv ("KRN_ISA");
  a = g_thread_new ("a", use_device, GUINT_TO_POINTER (1));
  b = g_thread_new ("b", use_device, GUINT_TO_POINTER (2));
  g_thread_join (a);
  g_thread_join (b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernels/device/table", test_table);
  g_test_add_func ("/kernels/device/open-errors", test_open_errors);
  g_test_add_func ("/kernels/device/describe", test_describe);
  g_test_add_func ("/kernels/device/two", test_two_devices);
  g_test_add_func ("/kernels/pool/phases", test_pool);
  g_test_add_func ("/kernels/pool/idle", test_pool_idle);
  krn_test_add_cpu ("device/info", test_info);
  krn_test_add_once ("device/buffers", test_buffers);
  krn_test_add_cpu ("device/too-large", test_too_large);
  krn_test_add_once ("device/limits", test_limits);
  krn_test_add_once ("device/read-rate", test_read_rate);
  krn_test_add_cpu ("device/no-allocation", test_no_allocation);
  return g_test_run ();
}
