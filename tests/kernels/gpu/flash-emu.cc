/* flash-emu.cc: attention of many rows against double precision; on a GPU, its speed too.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stands alone: a device that is just enough for gpu_flash ().  In emulation (no GPU, a minute):
 *
 *   g++ -x c++ -std=c++17 -O2 -DGPU_EMU -I. tests/kernels/gpu/flash-emu.cc kernels/gpu/flash.cu kernels/gpu/gpu-emu.cc -o flash-emu
 *
 * on a GPU, where `flash-emu speed` prints a table of rates:
 *
 *   nvcc -x cu -std=c++17 -O3 -arch=sm_90 -I. tests/kernels/gpu/flash-emu.cc kernels/gpu/flash.cu -o flash-emu */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vector>

#include "kernels/gpu/device.h"

#define TOLERANCE 6e-3

/* ---- a device ---- */

void
gpu_fail (KrnDevice *dev, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (!dev->failed)
    vsnprintf (dev->error, sizeof dev->error, format, args);
  va_end (args);
  dev->failed = true;
}

bool
gpu_check (KrnDevice *dev, GPU (Error_t) status, const char *what)
{
  if (status != GPU (Success))
    gpu_fail (dev, "%s: %s", what, GPU (GetErrorString) (status));
  return status == GPU (Success);
}

void
gpu_send (KrnDevice *)
{
}

static KrnBuffer *
upload (const void *from, size_t bytes)
{
  KrnBuffer *b = new KrnBuffer ();

  if (GPU (Malloc) (&b->data, bytes) != GPU (Success))
    abort ();
  GPU (Memcpy) (b->data, from, bytes, GPU (MemcpyHostToDevice));
  return b;
}

static void
release (KrnMat m)
{
  GPU (Free) (m.buf->data);
  delete m.buf;
}

/* ---- numbers ---- */

static float
draw (void)
{
  static uint64_t state = 88172645463325252u;

  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (float)((double)(state >> 11) * 0x1p-52 - 1.0);
}

/* A matrix on the device and what it means. */
typedef struct {
  KrnMat              mat;
  std::vector<double> at; /* (rows, cols) */
} Numbers;

/* @most: the numbers' size.  With @nan what lies between rows is not a number. */
static Numbers
numbers (KrnType type, int rows, int cols, int stride, float most)
{
  Numbers               n;
  int                   size = type == KRN_BF16 ? 2 : 4;
  std::vector<uint32_t> bytes ((size_t)rows * stride * size / 4 + 1, 0xffffffffu);

  n.at.resize ((size_t)rows * cols);
  for (size_t r = 0; r < (size_t)rows; r++)
    for (int c = 0; c < cols; c++) {
      float    x = draw () * most;
      gpu_bf16 b = gpu_narrow (x);

      n.at[r * cols + c] = type == KRN_BF16 ? gpu_widen (b) : x;
      if (type == KRN_BF16)
        ((gpu_bf16 *)bytes.data ())[r * stride + c] = b;
      else
        ((float *)bytes.data ())[r * stride + c] = x;
    }
  n.mat = {upload (bytes.data (), bytes.size () * 4), 0, type, rows, cols, stride};
  return n;
}

/* ---- cases ---- */

typedef struct {
  int head_dim, kv_heads, group, rows;
  int position, window, slots; /* slots 0: attention to all @keys */
  int keys, row;               /* @row: of the span within the matrices; > 0: with strides, too */
  KrnType type;
  bool    large; /* a device with many processors that have much shared memory */
} Case;

static void
reference (const Case *c, const Numbers *q, const Numbers *k, const Numbers *v, int row, int head, double *o)
{
  int                 hd = c->head_dim, q_cols = c->kv_heads * c->group * hd, kv_cols = c->kv_heads * hd, kv = head / c->group;
  int                 end = c->slots > 0 ? c->position + row + 1 : c->keys, begin = c->window > 0 && end > c->window ? end - c->window : 0;
  std::vector<double> weight (end);
  double              most = -INFINITY, total = 0.0;
  const double       *x = &q->at[(size_t)((c->slots > 0 ? c->row : 0) + row) * q_cols + head * hd];

  for (int j = begin; j < end; j++) {
    const double *y = &k->at[(size_t)(c->slots > 0 ? j % c->slots : j) * kv_cols + kv * hd];
    weight[j] = 0.0;
    for (int i = 0; i < hd; i++)
      weight[j] += x[i] * y[i];
    weight[j] *= 2.0 / sqrt (hd);
    most = fmax (most, weight[j]);
  }
  memset (o, 0, hd * sizeof *o);
  for (int j = begin; j < end; j++)
    total += weight[j] = exp (weight[j] - most);
  for (int j = begin; j < end; j++) {
    const double *y = &v->at[(size_t)(c->slots > 0 ? j % c->slots : j) * kv_cols + kv * hd];
    for (int i = 0; i < hd; i++)
      o[i] += weight[j] / total * y[i];
  }
}

/* Relative distance to the reference over all of o; infinite where something was written besides. */
static double
distance (const Case *c, const Numbers *q, const Numbers *k, const Numbers *v, KrnMat o)
{
  int                 hd = c->head_dim, heads = c->kv_heads * c->group, first = c->slots > 0 ? c->row : 0;
  std::vector<float>  got ((size_t)o.rows * o.stride);
  std::vector<double> want (hd);
  double              wrong = 0.0, all = 0.0;

  GPU (Memcpy) (got.data (), o.buf->data, got.size () * 4, GPU (MemcpyDeviceToHost));
  for (int r = 0; r < o.rows; r++)
    for (int col = 0; col < o.stride; col++)
      if ((r < first || r >= first + c->rows || col >= heads * hd) && gpu_bits_from_float (got[(size_t)r * o.stride + col]) != 0xffffffffu)
        return INFINITY;
  for (int r = 0; r < c->rows; r++)
    for (int h = 0; h < heads; h++) {
      reference (c, q, k, v, r, h, want.data ());
      for (int i = 0; i < hd; i++) {
        double d = got[(size_t)(first + r) * o.stride + h * hd + i] - want[i];
        wrong += d * d;
        all += want[i] * want[i];
      }
    }
  return sqrt (wrong / all);
}

static bool
check (KrnDevice *dev, const Case *c)
{
  int     hd = c->head_dim, q_cols = c->kv_heads * c->group * hd, kv_cols = c->kv_heads * hd, first = c->slots > 0 ? c->row : 0, rows = first + c->rows + (first > 0);
  int     kv_rows = c->slots > 0 ? c->slots : c->keys, kv_stride = kv_cols + (c->row > 0 ? 8 : 0);
  Numbers q = numbers (KRN_F32, rows, q_cols, q_cols + c->row * 4, 3.0f);
  Numbers k = numbers (c->type, kv_rows, kv_cols, kv_stride, 1.0f), v = numbers (c->type, kv_rows, kv_cols, kv_stride, 1.0f);
  std::vector<uint32_t> nothing ((size_t)rows * (q_cols + 4), 0xffffffffu);
  KrnMat  o = {upload (nothing.data (), nothing.size () * 4), 0, KRN_F32, rows, q_cols, q_cols + 4};
  KrnSpan span = {{k.mat, v.mat}, c->row, c->rows, c->position};
  double  d;
  bool    ran, good;

  dev->properties.sharedMemPerBlockOptin = c->large ? 227 * 1024 : 99 * 1024;
  dev->properties.multiProcessorCount = c->large ? 132 : 3; /* 132: keys in parts */
  ran = gpu_flash (dev, o, q.mat, k.mat, v.mat, c->slots > 0 ? &span : NULL, c->kv_heads * c->group, c->kv_heads, hd, c->window, (float)(2.0 / sqrt (hd)));
  gpu_check (dev, GPU (DeviceSynchronize) (), "attention");
  d = ran && !dev->failed ? distance (c, &q, &k, &v, o) : INFINITY;
  good = d < TOLERANCE;
  printf ("%s hd %3d, %d × %d heads, %4d rows at %6d, window %3d, slots %5d, keys %5d, %s, %s tiles: %.2e %s\n", good ? "ok  " : "FAIL", hd,
          c->kv_heads, c->group, c->rows, c->position, c->window, c->slots, c->keys, c->type == KRN_F32 ? "f32 " : "bf16", c->large ? "large" : "small", d,
          dev->failed ? dev->error : "");
  fflush (stdout);
  dev->failed = false;
  release (q.mat);
  release (k.mat);
  release (v.mat);
  release (o);
  return good;
}

/* What gpu_flash () cannot do it leaves alone; and o may be q. */
static bool
check_refusals (KrnDevice *dev)
{
  Numbers q = numbers (KRN_F32, 20, 256, 260, 1.0f), k = numbers (KRN_F32, 70, 256, 256, 1.0f), b = numbers (KRN_BF16, 70, 256, 256, 1.0f);
  KrnMat  odd = q.mat, shifted = b.mat;
  KrnSpan span = {{k.mat, k.mat}, 0, 20, 0};
  Case    c = {64, 4, 1, 20, 0, 0, 0, 70, 0, KRN_BF16, true};
  bool    good;

  odd.stride = 258;
  shifted.offset = 8;
  dev->properties.sharedMemPerBlockOptin = 227 * 1024;
  good = !gpu_flash (dev, q.mat, q.mat, k.mat, k.mat, NULL, 8, 8, 32, 0, 0.1f) && !gpu_flash (dev, odd, odd, k.mat, k.mat, NULL, 4, 4, 64, 0, 0.1f) &&
         !gpu_flash (dev, q.mat, q.mat, shifted, shifted, NULL, 4, 4, 64, 0, 0.1f) && !gpu_flash (dev, q.mat, q.mat, k.mat, k.mat, &span, 4, 4, 64, 0, 0.1f);
  dev->fast = false;
  good = good && !gpu_flash (dev, q.mat, q.mat, b.mat, b.mat, NULL, 4, 4, 64, 0, 0.1f);
  dev->fast = true;
  good = good && gpu_flash (dev, q.mat, q.mat, b.mat, b.mat, NULL, 4, 4, 64, 0, (float)(2.0 / sqrt (64)));
  gpu_check (dev, GPU (DeviceSynchronize) (), "attention in place");
  good = good && distance (&c, &q, &b, &b, q.mat) < TOLERANCE;
  printf ("%s refusals, and in place\n", good ? "ok  " : "FAIL");
  release (q.mat);
  release (k.mat);
  release (b.mat);
  return good;
}

static int
check_all (KrnDevice *dev)
{
  static const Case cases[] = {
      /* head_dim, kv_heads, group, rows, position, window, slots, keys, row, type, large */
      {64, 1, 1, 17, 0, 0, 17, 0, 0, KRN_BF16, true},
      {64, 2, 4, 33, 100, 20, 61, 0, 3, KRN_BF16, true},
      {64, 1, 8, 100, 1000, 0, 1100, 0, 0, KRN_BF16, true},
      {64, 3, 1, 100, 0, 0, 0, 1, 0, KRN_F32, true},
      {64, 3, 1, 150, 0, 0, 0, 333, 1, KRN_F32, true},
      {64, 3, 2, 33, 0, 0, 0, 130, 1, KRN_BF16, true},
      {64, 1, 1, 300, 200, 40, 400, 0, 0, KRN_BF16, true}, /* tiles that some rows see nothing of */
      {64, 1, 3, 100, 37, 0, 200, 0, 2, KRN_BF16, true},   /* a token's heads in two tiles */
      {128, 1, 1, 17, 0, 0, 100, 0, 0, KRN_BF16, true},
      {128, 2, 4, 100, 77, 20, 130, 0, 1, KRN_BF16, true},
      {128, 2, 2, 40, 0, 0, 0, 100, 0, KRN_F32, true},
      {256, 1, 8, 17, 0, 512, 528, 0, 0, KRN_BF16, true},
      {256, 1, 8, 33, 2000, 512, 555, 0, 2, KRN_BF16, true},
      {256, 1, 8, 33, 2000, 512, 555, 0, 0, KRN_BF16, false},
      {256, 2, 4, 100, 30, 20, 121, 0, 0, KRN_BF16, true},
      {256, 1, 1, 200, 100, 20, 225, 0, 0, KRN_BF16, false},
      {256, 1, 2, 33, 0, 0, 0, 70, 0, KRN_BF16, true},
      {512, 1, 8, 17, 0, 0, 17, 0, 0, KRN_BF16, true},
      {512, 1, 8, 33, 700, 0, 733, 0, 1, KRN_BF16, true},
      {512, 1, 8, 33, 300, 0, 400, 0, 0, KRN_BF16, false},
      {512, 2, 1, 100, 90, 20, 131, 0, 0, KRN_BF16, true},
      {512, 1, 1, 33, 0, 0, 0, 70, 0, KRN_F32, false},
  };
  int failed = 0;

  for (const Case &c : cases)
    failed += !check (dev, &c);
  failed += !check_refusals (dev);
  printf ("%d failed\n", failed);
  return failed > 0;
}

#if !defined(GPU_EMU)
/* TFLOP/s of products that count: 4·hd per visible pair. */
static void
time_one (KrnDevice *dev, const Case *c)
{
  int     hd = c->head_dim, q_cols = c->kv_heads * c->group * hd, kv_cols = c->kv_heads * hd, kv_rows = c->slots > 0 ? c->slots : c->keys;
  Numbers q = numbers (KRN_F32, c->rows, q_cols, q_cols, 3.0f), o = numbers (KRN_F32, c->rows, q_cols, q_cols, 3.0f);
  Numbers k = numbers (c->type, kv_rows, kv_cols, kv_cols, 1.0f), v = numbers (c->type, kv_rows, kv_cols, kv_cols, 1.0f);
  KrnSpan span = {{k.mat, v.mat}, 0, c->rows, c->position};
  double  pairs = 0.0;
  float   best = INFINITY;
  GPU (Event_t) from, to;

  GPU (EventCreate) (&from);
  GPU (EventCreate) (&to);
  for (int r = 0; r < c->rows; r++) {
    int seen = c->slots > 0 ? c->position + r + 1 : c->keys;
    pairs += c->window > 0 && seen > c->window ? c->window : seen;
  }
  for (int i = 0; i < 20; i++) {
    float ms;
    GPU (EventRecord) (from, dev->stream);
    gpu_flash (dev, o.mat, q.mat, k.mat, v.mat, c->slots > 0 ? &span : NULL, c->kv_heads * c->group, c->kv_heads, hd, c->window, 0.1f);
    GPU (EventRecord) (to, dev->stream);
    gpu_check (dev, GPU (EventSynchronize) (to), "attention");
    GPU (EventElapsedTime) (&ms, from, to);
    best = i > 2 && ms < best ? ms : best;
  }
  printf ("hd %3d, %2d × %d heads, %5d rows at %6d, window %3d, keys %5d, %s tiles: %8.3f ms, %6.1f TFLOP/s %s\n", hd, c->kv_heads, c->group, c->rows,
          c->position, c->window, c->keys, dev->properties.sharedMemPerBlockOptin > 100 * 1024 ? "large" : "small", best,
          pairs * c->kv_heads * c->group * 4 * hd / best * 1e-9, dev->failed ? dev->error : "");
  fflush (stdout);
  release (q.mat);
  release (k.mat);
  release (v.mat);
  release (o.mat);
}

static void
time_all (KrnDevice *dev)
{
  static const Case cases[] = {
      {512, 1, 8, 512, 0, 0, 33280, 0, 0, KRN_BF16, true},
      {512, 1, 8, 512, 4096, 0, 33280, 0, 0, KRN_BF16, true},
      {512, 1, 8, 512, 32000, 0, 33280, 0, 0, KRN_BF16, true},
      {512, 1, 8, 2048, 30000, 0, 33280, 0, 0, KRN_BF16, true},
      {512, 1, 8, 17, 32000, 0, 33280, 0, 0, KRN_BF16, true},
      {256, 1, 8, 512, 32000, 512, 1024, 0, 0, KRN_BF16, true},
      {256, 1, 8, 2048, 30000, 512, 2560, 0, 0, KRN_BF16, true},
      {256, 1, 8, 8192, 0, 0, 8192, 0, 0, KRN_BF16, true},
      {128, 1, 8, 8192, 0, 0, 8192, 0, 0, KRN_BF16, true},
      {64, 12, 1, 2520, 0, 0, 0, 2520, 0, KRN_F32, true},
      {64, 12, 1, 10080, 0, 0, 0, 10080, 0, KRN_F32, true},
      {64, 12, 1, 10080, 0, 0, 0, 10080, 0, KRN_BF16, true},
  };

  for (int large = 1; large >= 0; large--)
    for (const Case &c : cases) {
      dev->properties.sharedMemPerBlockOptin = large ? 227 * 1024 : 99 * 1024;
      if (large || c.head_dim > 128)
        time_one (dev, &c);
    }
}
#endif

int
main (int argc, char **argv)
{
  static KrnDevice dev;
  int              failed;

#if defined(GPU_EMU)
  (void)argv;
  gpu_emu::most_shared = 227 * 1024;
#endif
  GPU (GetDeviceProperties) (&dev.properties, 0);
  dev.fast = true;
  if (GPU (Malloc) (&dev.arena, GPU_ARENA_BYTES) != GPU (Success)) {
    printf ("skipped: there is no GPU, or no memory on it\n");
    return 77;
  }
  failed = argc < 2 ? check_all (&dev) : 0;
#if !defined(GPU_EMU)
  if (argc >= 2 && strcmp (argv[1], "speed") == 0)
    time_all (&dev);
#endif
  return failed || dev.failed;
}
