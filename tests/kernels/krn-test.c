/* krn-test.c: shared by the kernel tests; see krn-test.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/kernels/krn-test.h"

#include <gmodule.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/half.h"

#define EPS_GAP 12345.0f

typedef struct {
  KrnTestFunc   func;
  const KrnOps *k;
  const char   *isa;
  int           threads;
  bool          fast;
} Case;

/* A backend that is a module. */
typedef struct {
  const char   *name;
  const char   *folder; /* the environment variable that says where it is */
  const KrnOps *k;      /* NULL: it cannot be used */
  char         *why;
} Module;

/* ---- running
 * ------------------------------------------------------------------------------------------ */

static void
run_case (gconstpointer data)
{
  const Case *c = data;
  KrnOptions  options = {.threads = c->threads, .fast = c->fast};
  char        err[256] = "";
  KrnTest     t = {.k = c->k, .isa = c->isa, .threads = c->threads, .emulated = g_str_has_prefix (c->isa, "emu")};

  if (c->k == krn_cpu_ops ())
    setenv ("KRN_ISA", c->isa, 1);
  t.dev = t.k->open (&options, err, sizeof err);
  g_assert_cmpstr (err, ==, "");
  g_assert_nonnull (t.dev);
  t.rand = g_rand_new_with_seed (20241);
  t.buffers = g_ptr_array_new ();
  t.values = g_ptr_array_new_with_free_func (g_free);
  c->func (&t);
  krn_test_sync (&t);
  for (guint i = 0; i < t.buffers->len; i++)
    t.k->free (t.dev, t.buffers->pdata[i]);
  t.k->close (t.dev);
  g_ptr_array_unref (t.buffers);
  g_ptr_array_unref (t.values);
  g_rand_free (t.rand);
}

/* Whether opening with KRN_ISA=isa gives that very set, and not a lesser one because the machine
 * lacks it. */
static bool
machine_has (const char *isa)
{
  const KrnOps *k = krn_cpu_ops ();
  KrnDeviceInfo info;
  char          err[256];
  KrnDevice    *dev;

  setenv ("KRN_ISA", isa, 1);
  dev = k->open (&(KrnOptions){.threads = 1}, err, sizeof err);
  if (!dev)
    return false;
  k->info (dev, &info);
  k->close (dev);
  return g_str_has_prefix (info.isa, isa) &&
         (info.isa[strlen (isa)] == '\0' || info.isa[strlen (isa)] == '-');
}

static void
skip_case (gconstpointer data)
{
  g_test_skip ("this machine or build lacks the instruction set");
}

/* Leaves why not in @m, or what to call.  A module stays until the end: kernels are registered once. */
static void
open_module (Module *m)
{
  const char      *folder = g_getenv (m->folder);
  g_autofree char *file = g_strdup_printf ("libkrn-%s.so", m->name);
  g_autofree char *path = g_build_filename (folder ? folder : "", file, NULL);
  char             why[256] = "no device";
  gpointer         symbol = NULL;
  GModule         *module;
  const KrnOps    *k;

  if (!folder || !g_file_test (path, G_FILE_TEST_EXISTS)) {
    m->why = g_strdup_printf ("%s was not built", file);
    return;
  }
  module = g_module_open (path, G_MODULE_BIND_LOCAL);
  if (!module || !g_module_symbol (module, "krn_ops", &symbol))
    g_error ("%s", g_module_error ());
  g_module_make_resident (module);
  k = ((const KrnOps *(*)(void))symbol) ();
  g_assert_cmpuint (k->abi, ==, KRN_ABI);
  if (k->probe (why, sizeof why) > 0)
    m->k = k;
  else
    m->why = g_strdup_printf ("%s: %s", file, why);
}

static void
skip_module (gconstpointer data)
{
  g_test_skip (((const Module *)data)->why);
}

static void
add_modules (const char *path, KrnTestFunc func, bool fast, bool emulate)
{
  static Module modules[] = {
      {"emu32", "FACET_TEST_MODULES", NULL, NULL},
      {"emu64", "FACET_TEST_MODULES", NULL, NULL},
      {"cuda", "FACET_MODULE_PATH", NULL, NULL},
      {"hip", "FACET_MODULE_PATH", NULL, NULL},
  };
  static bool opened;

  for (guint i = 0; i < G_N_ELEMENTS (modules); i++) {
    Module          *m = &modules[i];
    g_autofree char *name = g_strdup_printf ("/kernels/%s/%s", m->name, path);

    if (!opened) {
      open_module (m);
      if (!m->k) {
        g_autofree char *skipped = g_strdup_printf ("/kernels/%s", m->name);

        g_test_add_data_func (skipped, m, skip_module);
      }
    }
    if (m->k && (emulate || !g_str_has_prefix (m->name, "emu"))) {
      Case *c = g_new (Case, 1);

      *c = (Case){func, m->k, m->name, 0, fast};
      g_test_add_data_func_full (name, c, run_case, g_free);
    }
  }
  opened = true;
}

static void
add (const char *path, KrnTestFunc func, bool fast, const int *threads, int n_threads)
{
  static const char *const sets[] = {"c", "avx2", "avx512"};

  for (guint i = 0; i < G_N_ELEMENTS (sets); i++) {
    bool has = machine_has (sets[i]);

    for (int j = 0; j < n_threads; j++) {
      g_autofree char *name = g_strdup_printf ("/kernels/%s/%d/%s", sets[i], threads[j], path);
      Case            *c = g_new (Case, 1);

      *c = (Case){func, krn_cpu_ops (), sets[i], threads[j], fast};
      g_test_add_data_func_full (name, c, has ? run_case : skip_case, g_free);
    }
  }
}

void
krn_test_add (const char *path, KrnTestFunc func)
{
  add (path, func, false, (int[]){1, 2, 3}, 3);
  add_modules (path, func, false, true);
}

void
krn_test_add_once (const char *path, KrnTestFunc func)
{
  add (path, func, false, (int[]){2}, 1);
  add_modules (path, func, false, true);
}

void
krn_test_add_long (const char *path, KrnTestFunc func)
{
  add (path, func, false, (int[]){2}, 1);
  add_modules (path, func, false, false);
}

void
krn_test_add_fast (const char *path, KrnTestFunc func)
{
  add (path, func, true, (int[]){2}, 1);
  add_modules (path, func, true, true);
}

void
krn_test_add_cpu (const char *path, KrnTestFunc func)
{
  add (path, func, false, (int[]){1, 2, 3}, 3);
}

void
krn_test_sync (KrnTest *t)
{
  char err[256] = "";

  t->k->sync (t->dev, err, sizeof err);
  g_assert_cmpstr (err, ==, "");
}

/* ---- matrices
 * ----------------------------------------------------------------------------------------- */

double *
krn_test_doubles (KrnTest *t, size_t n)
{
  double *v = g_new0 (double, n);

  g_ptr_array_add (t->values, v);
  return v;
}

static KrnBuffer *
take_buffer (KrnTest *t, size_t bytes)
{
  KrnBuffer *buf = t->k->alloc (t->dev, bytes);

  g_assert_nonnull (buf);
  g_ptr_array_add (t->buffers, buf);
  return buf;
}

static TestMat
random_quantised (KrnTest *t, KrnType type, int rows, int cols, double scale)
{
  size_t               bytes = krn_quant_bytes (type, rows, cols);
  g_autofree uint16_t *src = g_new (uint16_t, (size_t)rows * cols);
  g_autofree void     *data = g_malloc (bytes);
  g_autofree float    *row = g_new (float, cols);
  TestMat              m = {.v = krn_test_doubles (t, (size_t)rows * cols)};

  for (size_t i = 0; i < (size_t)rows * cols; i++)
    src[i] = krn_bf16_from_float ((float)g_rand_double_range (t->rand, -scale, scale));
  krn_quantise (type, data, src, rows, cols, 0, (rows + KRN_TILE_ROWS - 1) / KRN_TILE_ROWS);
  for (int r = 0; r < rows; r++) {
    krn_dequantise_row (type, row, data, rows, cols, r);
    for (int c = 0; c < cols; c++)
      m.v[(size_t)r * cols + c] = row[c];
  }
  m.mat = (KrnMat){take_buffer (t, bytes), 0, type, rows, cols, 0};
  t->k->write (t->dev, m.mat.buf, 0, data, bytes);
  return m;
}

TestMat
krn_test_random (KrnTest *t, KrnType type, int rows, int cols, int extra, double scale)
{
  size_t            stride = (size_t)(cols + extra);
  size_t            size = type == KRN_BF16 ? 2 : 4;
  g_autofree float *data = NULL;
  TestMat           m;

  if (type == KRN_Q8 || type == KRN_Q4)
    return random_quantised (t, type, rows, cols, scale);

  data = g_new (float, rows *stride);
  m.v = krn_test_doubles (t, (size_t)rows * cols);
  for (int r = 0; r < rows; r++)
    for (size_t c = 0; c < stride; c++) {
      float x = (float)g_rand_double_range (t->rand, -scale, scale);

      if (type == KRN_BF16)
        x = krn_float_from_bf16 (krn_bf16_from_float (x));
      if (c >= (size_t)cols)
        x = NAN;
      else
        m.v[(size_t)r * cols + c] = x;
      if (type == KRN_BF16)
        ((uint16_t *)data)[r * stride + c] = krn_bf16_from_float (x);
      else
        data[r * stride + c] = x;
    }
  m.mat =
      (KrnMat){take_buffer (t, rows * stride * size), 0, type, rows, cols, extra ? (int)stride : 0};
  t->k->write (t->dev, m.mat.buf, 0, data, rows * stride * size);
  return m;
}

TestMat
krn_test_zeros (KrnTest *t, int rows, int cols, int extra)
{
  TestMat m = krn_test_random (t, KRN_F32, rows, cols, extra, 0.0);

  for (int r = 0; r < rows && extra > 0; r++) {
    float gap = EPS_GAP;

    for (int c = 0; c < extra; c++)
      t->k->write (t->dev, m.mat.buf, ((size_t)r * (cols + extra) + cols + c) * 4, &gap, 4);
  }
  return m;
}

TestMat
krn_test_ids (KrnTest *t, int n, const int32_t *ids)
{
  TestMat m = {.mat = {take_buffer (t, (size_t)n * 4), 0, KRN_I32, n, 1, 0}};

  t->k->write (t->dev, m.mat.buf, 0, ids, (size_t)n * 4);
  return m;
}

KrnMat
krn_test_absent (void)
{
  return (KrnMat){0};
}

KrnMat
krn_test_rows (KrnMat m, int row, int n)
{
  size_t size = m.type == KRN_BF16 ? 2 : 4;

  m.offset += (size_t)row * (size_t)(m.stride ? m.stride : m.cols) * size;
  m.rows = n;
  return m;
}

float
krn_test_get (KrnTest *t, KrnMat m, int row, int col)
{
  size_t at = (size_t)row * (size_t)(m.stride ? m.stride : m.cols) + (size_t)col;
  float  x;

  if (m.type == KRN_BF16) {
    uint16_t half;

    t->k->read (t->dev, m.buf, m.offset + at * 2, &half, 2);
    return krn_float_from_bf16 (half);
  }
  t->k->read (t->dev, m.buf, m.offset + at * 4, &x, 4);
  return x;
}

void
krn_test_close (KrnTest *t, KrnMat m, const double *expected, double tolerance)
{
  double difference = 0.0, norm = 0.0;

  krn_test_sync (t);
  for (int r = 0; r < m.rows; r++) {
    for (int c = 0; c < m.cols; c++) {
      double e = expected[(size_t)r * m.cols + c];
      double x = krn_test_get (t, m, r, c);

      if (!isfinite (x))
        g_error ("element (%d, %d) is %g instead of %g", r, c, x, e);
      difference += (x - e) * (x - e);
      norm += e * e;
    }
    for (int c = m.cols; c < m.stride; c++) {
      float gap = krn_test_get (t, m, r, c);

      if (!isnan (gap) && gap != EPS_GAP)
        g_error ("the gap after row %d was overwritten with %g", r, gap);
    }
  }
  if (sqrt (difference) > tolerance * sqrt (norm))
    g_error ("relative L2 distance %g, allowed %g (%d × %d)", sqrt (difference / norm), tolerance,
             m.rows, m.cols);
}

/* ---- references
 * --------------------------------------------------------------------------------------- */

double *
krn_test_product (KrnTest *t, const double *x, int n, TestMat w)
{
  double *y = krn_test_doubles (t, (size_t)n * w.mat.rows);

  for (int i = 0; i < n; i++)
    for (int r = 0; r < w.mat.rows; r++) {
      double sum = 0.0;

      for (int c = 0; c < w.mat.cols; c++)
        sum += x[(size_t)i * w.mat.cols + c] * w.v[(size_t)r * w.mat.cols + c];
      y[(size_t)i * w.mat.rows + r] = sum;
    }
  return y;
}

void
krn_test_rms (double       *y,
              const double *x,
              int           rows,
              int           cols,
              int           width,
              const double *w,
              double        eps)
{
  for (size_t at = 0; at < (size_t)rows * cols; at += width) {
    double sum = 0.0, factor;

    for (int i = 0; i < width; i++)
      sum += x[at + i] * x[at + i];
    factor = 1.0 / sqrt (sum / width + eps);
    for (int i = 0; i < width; i++)
      y[at + i] = x[at + i] * factor * (w ? w[i] : 1.0);
  }
}

double
krn_test_gelu (double x)
{
  return 0.5 * x * (1.0 + tanh (sqrt (2.0 / G_PI) * (x + 0.044715 * x * x * x)));
}

double
krn_test_tolerance (KrnType type)
{
  return type == KRN_Q8 || type == KRN_Q4 ? 8e-3 : 2e-6;
}
