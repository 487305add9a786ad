/* test-units.cu: the words of gpu-mma.h against plain sums: products, transposed operands, rows of sums, sums as operands.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compiled for the emulated device with every layout of lanes that there is, and for a GPU.  What goes in are small whole
 * numbers, so that every order of a sum gives the same. */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/gpu/gpu-mma.h"

#define UNITS 2 /* in a block */
#define ROWS  32
#define ORDER (ROWS * ROWS)

typedef struct {
  const gpu_bf16 *x, *y, *z; /* (ROWS, GPU_TILE_K) three times; of z a row is a k */
  float          *xy, *xz, *xyz, *most, *sum;
  int            *any;
} Units;

/* Each unit computes 16 of ROWS rows: x·yᵀ, x·z, (x·yᵀ)·z, and of x·yᵀ the rows' maxima and sums. */
__global__ void
units (const Units a)
{
#if GPU_MMA
  GPU_SHARED (gpu_bf16, x);
  gpu_bf16       *y = x + ROWS * GPU_TILE_K, *z = y + ROWS * GPU_TILE_K;
  int             unit = (int)threadIdx.x / GPU_MMA_LANES, row = unit * 16;
  gpu_mma_acc     xy[2], xz[2], xyz[2];
  gpu_mma_operand left, right;

  for (int i = (int)threadIdx.x; i < ROWS * GPU_TILE_K / 8; i += (int)blockDim.x) {
    int r = i / (GPU_TILE_K / 8), k = i % (GPU_TILE_K / 8) * 8;
    gpu_copy_ahead (x + gpu_tile (r, k), a.x + r * GPU_TILE_K + k, true);
    gpu_copy_ahead (y + gpu_tile (r, k), a.y + r * GPU_TILE_K + k, true);
    gpu_copy_ahead (z + gpu_tile (r, k), a.z + r * GPU_TILE_K + k, r < ROWS - 1); /* the last row is zeros then */
  }
  gpu_copy_commit ();
  gpu_copy_wait<0> ();
  __syncthreads ();
  for (int n = 0; n < 2; n++)
    for (int i = 0; i < GPU_MMA_ACC; i++)
      xy[n].v[i] = xz[n].v[i] = xyz[n].v[i] = 0.0f;
  for (int n = 0; n < 2; n++) {
    for (int k = 0; k < GPU_TILE_K; k += 16) {
      gpu_mma_load_a (&left, x, row, k);
      gpu_mma_load_b (&right, y, 16 * n, k);
      gpu_mma (&xy[n], &left, &right);
    }
    for (int k = 0; k < ROWS; k += 16) {
      gpu_mma_load_a (&left, x, row, k);
      gpu_mma_load_b_t (&right, z, k, 16 * n);
      gpu_mma (&xz[n], &left, &right);
    }
  }
  for (int n = 0; n < 2; n++)
    for (int k = 0; k < 2; k++) {
      gpu_mma_acc_to_a (&left, &xy[k]);
      gpu_mma_load_b_t (&right, z, 16 * k, 16 * n);
      gpu_mma (&xyz[n], &left, &right);
    }
  for (int n = 0; n < 2; n++)
    for (int i = 0; i < GPU_MMA_ACC; i++) {
      int at = (row + gpu_mma_row (i)) * ROWS + 16 * n + gpu_mma_col (i);
      a.xy[at] = xy[n].v[i];
      a.xz[at] = xz[n].v[i];
      a.xyz[at] = xyz[n].v[i];
    }
  for (int r = 0; r < GPU_MMA_ROWS; r++) {
    float most = -INFINITY, sum = 0.0f;
    for (int n = 0; n < 2; n++)
      for (int i = 0; i < GPU_MMA_ACC; i++)
        if (gpu_mma_row_of (i) == r) {
          most = fmaxf (most, xy[n].v[i]);
          sum += xy[n].v[i];
        }
    most = gpu_mma_row_max (most);
    sum = gpu_mma_row_sum (sum);
    for (int i = 0; i < GPU_MMA_ACC; i++)
      if (gpu_mma_row_of (i) == r) {
        a.most[row + gpu_mma_row (i)] = most;
        a.sum[row + gpu_mma_row (i)] = sum;
      }
  }
  /* One lane, and not the first, has something to say; then none has. */
  gpu_mma_sync ();
  bool some = gpu_mma_any ((int)threadIdx.x % GPU_MMA_LANES == GPU_MMA_LANES - 3), none = gpu_mma_any (false);
  if (!some || none)
    a.any[unit] = 1;
#else
  (void)a;
#endif
}

static int wrong, number;

static void
check (GPU (Error_t) status)
{
  if (status == GPU (Success))
    return;
  printf ("Bail out! %s\n", GPU (GetErrorString) (status));
  exit (1);
}

static void
report (const char *what, const float *got, const float *expected, int n)
{
  int bad = 0;

  for (int i = 0; i < n; i++)
    if (!(got[i] == expected[i]) && bad++ < 4)
      printf ("# %s[%d, %d] is %g instead of %g\n", what, n == ORDER ? i / ROWS : i, n == ORDER ? i % ROWS : 0, got[i], expected[i]);
  printf ("%s %d %s\n", bad != 0 ? "not ok" : "ok", ++number, what);
  wrong += bad;
}

static float numbers[3][ROWS * GPU_TILE_K], got[3 * ORDER + 3 * ROWS], expected[3 * ORDER + 3 * ROWS];

int
main (void)
{
  enum { OPERAND = ROWS * GPU_TILE_K };
  gpu_bf16         *in, narrow[3 * OPERAND];
  float            *out, *xy = expected, *xz = xy + ORDER, *xyz = xz + ORDER, *most = xyz + ORDER, *sum = most + ROWS;
  GPU (DeviceProp) properties;
  int               n = 0, lanes;

  if (GPU (GetDeviceCount) (&n) != GPU (Success) || n == 0) {
    printf ("1..0 # SKIP there is no device here\n");
    return 0;
  }
  check (GPU (GetDeviceProperties) (&properties, 0));
  lanes = gpu_mma_lanes (&properties);
  if (lanes == 0) {
    printf ("1..0 # SKIP %s has no matrix units that are used\n", properties.name);
    return 0;
  }
  printf ("1..6\n# %s, units of %d lanes\n", properties.name, lanes);
  srand (7);
  for (int i = 0; i < 3 * OPERAND; i++) {
    numbers[i / OPERAND][i % OPERAND] = (float)(rand () % 5 - 2) * (i < OPERAND && i % GPU_TILE_K > 5 ? 0.0f : 1.0f) + (i < OPERAND && i % 7 == 0 ? 1.0f : 0.0f);
    if (i / OPERAND == 2 && i % OPERAND / GPU_TILE_K == ROWS - 1)
      numbers[2][i % OPERAND] = 0.0f;
    narrow[i] = gpu_narrow (numbers[i / OPERAND][i % OPERAND]);
  }
  for (int r = 0; r < ROWS; r++) {
    most[r] = -INFINITY;
    for (int c = 0; c < ROWS; c++) {
      for (int k = 0; k < GPU_TILE_K; k++)
        xy[r * ROWS + c] += numbers[0][r * GPU_TILE_K + k] * numbers[1][c * GPU_TILE_K + k];
      for (int k = 0; k < ROWS; k++)
        xz[r * ROWS + c] += numbers[0][r * GPU_TILE_K + k] * numbers[2][k * GPU_TILE_K + c];
      most[r] = fmaxf (most[r], xy[r * ROWS + c]);
      sum[r] += xy[r * ROWS + c];
    }
    for (int c = 0; c < ROWS; c++)
      for (int k = 0; k < ROWS; k++)
        xyz[r * ROWS + c] += gpu_widen (gpu_narrow (xy[r * ROWS + k])) * numbers[2][k * GPU_TILE_K + c];
  }
  check (GPU (Malloc) (&in, sizeof narrow));
  check (GPU (Malloc) (&out, sizeof got));
  check (GPU (Memcpy) (in, narrow, sizeof narrow, GPU (MemcpyHostToDevice)));
  check (GPU (Memset) (out, 0, sizeof got));
  Units a = {in, in + OPERAND, in + 2 * OPERAND, out, out + ORDER, out + 2 * ORDER, out + 3 * ORDER, out + 3 * ORDER + ROWS, (int *)(out + 3 * ORDER + 2 * ROWS)};
  GPU_LAUNCH (units, 1, UNITS * lanes, sizeof narrow, 0, a);
  check (GPU (GetLastError) ());
  check (GPU (DeviceSynchronize) ());
  check (GPU (Memcpy) (got, out, sizeof got, GPU (MemcpyDeviceToHost)));
  report ("x·yT", got, xy, ORDER);
  report ("x·z", got + ORDER, xz, ORDER);
  report ("(x·yT)·z", got + 2 * ORDER, xyz, ORDER);
  report ("the rows' maxima", got + 3 * ORDER, most, ROWS);
  report ("the rows' sums", got + 3 * ORDER + ROWS, sum, ROWS);
  report ("any of a unit", got + 3 * ORDER + 2 * ROWS, expected + 3 * ORDER + 2 * ROWS, ROWS);
  check (GPU (Free) (in));
  check (GPU (Free) (out));
  return wrong != 0;
}
