/* krn-test.h: what the tests of the kernels share: devices of every kind, matrices with their exact
 * values, comparison.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A test runs once per instruction set that the machine has and per number of threads; then on the
 * GPU backends: emulated with waves of 32 and of 64 lanes, and on the GPUs of this machine with the
 * modules that $FACET_MODULE_PATH has.  What is not there is one test that says why it skips.  A
 * TestMat is a matrix on the device with what it holds, in double precision: the references in the
 * tests are computed from that, with the formulas of krn.h. */
#pragma once

#include <glib.h>

#include "kernels/krn.h"
#include "kernels/krn-quant.h"

typedef struct {
  const KrnOps *k;
  KrnDevice    *dev;
  const char   *isa;      /* "c", "avx2", "avx512", or the module: "emu32", "emu64", "cuda", "hip" */
  int           threads;  /* 0: a GPU */
  bool          emulated; /* some thousand times slower than a GPU: large shapes have to be smaller */
  GRand        *rand;
  GPtrArray    *buffers;
  GPtrArray    *values;
} KrnTest;

typedef struct {
  KrnMat  mat;
  double *v; /* (rows, cols), without gaps */
} TestMat;

typedef void (*KrnTestFunc) (KrnTest *t);

/* Registers func under /kernels/ISA/THREADS/path for every set that this machine has and 1, 2 and 3
 * threads, and under /kernels/MODULE/path. */
void krn_test_add (const char *path, KrnTestFunc func);
/* The same with two threads only, */
void krn_test_add_once (const char *path, KrnTestFunc func);
/* and with bf16 activations allowed. */
void krn_test_add_fast (const char *path, KrnTestFunc func);
/* As krn_test_add_once, but not in emulation, where it would take minutes. */
void krn_test_add_long (const char *path, KrnTestFunc func);
/* What is about the CPU backend: not on GPUs. */
void krn_test_add_cpu (const char *path, KrnTestFunc func);

/* Random values of the type, uniform in ±scale; what is stored is what v says, rounding included.
 * extra: elements between the end of a row and the next, filled with not-a-number: nothing may read
 * them into a result. */
TestMat krn_test_random (KrnTest *t, KrnType type, int rows, int cols, int extra, double scale);
/* F32 zeros. */
TestMat krn_test_zeros (KrnTest *t, int rows, int cols, int extra);
TestMat krn_test_ids (KrnTest *t, int n, const int32_t *ids);
KrnMat  krn_test_absent (void);
/* Rows [row, row + n) of a matrix. */
KrnMat  krn_test_rows (KrnMat m, int row, int n);

float krn_test_get (KrnTest *t, KrnMat m, int row, int col);
/* Fails unless the device's matrix is within a relative L2 distance of expected (rows, cols), every
 * element finite, and the gaps between rows are untouched. */
void  krn_test_close (KrnTest *t, KrnMat m, const double *expected, double tolerance);
void  krn_test_sync (KrnTest *t);

/* y (n, out) = x (n, in) · w (out, in)ᵀ in double precision.  (transfer none), freed with the test.
 */
double *krn_test_product (KrnTest *t, const double *x, int n, TestMat w);
/* y = x · (mean x² + eps)^−½ · w, per group of width columns; w NULL: ones. */
void    krn_test_rms (double       *y,
                      const double *x,
                      int           rows,
                      int           cols,
                      int           width,
                      const double *w,
                      double        eps);
double  krn_test_gelu (double x);
double *krn_test_doubles (KrnTest *t, size_t n);

/* The tolerance of one matrix product with this type of weights: the rounding of activations to
 * eight bits, or of sums in F32. */
double krn_test_tolerance (KrnType type);
