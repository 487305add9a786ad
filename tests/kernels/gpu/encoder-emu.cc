/* encoder-emu.cc: encoder.cu, sound.cu and sample.cu on the emulated device: the encoders' operations against double precision,
 * the choice of tokens against the CPU backend, which has to draw the same.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program of its own, with as much of a device as these files need.  From the top of the source:
 *
 *   for f in kernels/gpu/{encoder,sound,sample}.cu kernels/gpu/gpu-emu.cc tests/kernels/gpu/encoder-emu.cc; do
 *     g++ -x c++ -std=c++17 -O2 -DGPU_EMU -I. -c $f -o /tmp/$(basename $f).o; done
 *   g++ /tmp/{encoder,sound,sample}.cu.o /tmp/{gpu-emu,encoder-emu}.cc.o BUILD/kernels/libkrn{,-c,-avx2,-avx512}.a -lpthread -lm -o /tmp/encoder-emu
 *   /tmp/encoder-emu [cases of sampling]
 */
#include <random>
#include <stdarg.h>
#include <stdio.h>
#include <vector>

#include "kernels/gpu/device.h"
#include "kernels/gpu/sample.h"

/* The header has it as a function of C++ here; the library is C. */
extern const KrnOps *cpu_ops (void) __asm__ ("krn_cpu_ops");

static std::mt19937 chance (12345);
static int          n_checks, n_wrong;

/* ---- as much of a device ------------------------------------------------------------------------------------- */

#define N_BLOCKS 3

static std::vector<GpuStep> list;
static unsigned             barrier;
static KrnDevice            device;

void
gpu_fail (KrnDevice *dev, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vsnprintf (dev->error, sizeof dev->error, format, args);
  va_end (args);
}

bool
gpu_check (KrnDevice *, GPU (Error_t) status, const char *what)
{
  if (status != GPU (Success))
    printf ("failed: %s\n", what), exit (1);
  return true;
}

KrnBuffer *
gpu_alloc (KrnDevice *, size_t bytes)
{
  return new KrnBuffer{(unsigned char *)aligned_alloc (64, (bytes + 63) / 64 * 64), NULL, bytes};
}

void
gpu_free (KrnDevice *, KrnBuffer *buf)
{
  free (buf->data);
  delete buf;
}

void
gpu_settle (KrnDevice *)
{
}

void
gpu_append (KrnDevice *, const GpuStep *step)
{
  list.push_back (*step);
}

static void
list_kernel (const GpuStep *steps, int n)
{
  GPU_SHARED (unsigned char, shared);
  GpuTurn turn = {(int)blockIdx.x, (int)gridDim.x, &barrier, 0};

  for (int i = 0; i < n; i++) {
    gpu_step_sample (&steps[i].u.sample, &turn, shared);
    gpu_turn_arrive (&turn);
    turn.target += gridDim.x;
  }
}

void
gpu_send (KrnDevice *)
{
  const GpuStep *steps = list.data ();
  int            n = (int)list.size ();

  barrier = 0;
  if (n > 0)
    gpu_emu::launch (N_BLOCKS, GPU_STEP_THREADS, GPU_STEP_SHARED, true, [=] { list_kernel (steps, n); });
  list.clear ();
}

/* ---- matrices -------------------------------------------------------------------------------------------------- */

typedef struct {
  KrnMat              mat;
  std::vector<double> v;
} Mat;

static double
uniform (double scale)
{
  return std::uniform_real_distribution<double> (-scale, scale) (chance);
}

/* Gaps between rows, and @skew elements before the first, are not a number. */
static Mat
make (KrnType type, int rows, int cols, int extra, int skew, double scale)
{
  size_t size = type == KRN_BF16 ? 2 : 4, n = (size_t)rows * (size_t)(cols + extra) + (size_t)skew;
  Mat    m = {{gpu_alloc (&device, n * size + 64), (size_t)skew * size, type, rows, cols, extra > 0 ? cols + extra : 0}, {}};

  memset (m.mat.buf->data, 0xff, n * size + 64);
  for (int i = 0; i < rows * cols; i++) {
    size_t at = (size_t)skew + (size_t)(i / cols) * (size_t)(cols + extra) + (size_t)(i % cols);
    float  x = (float)uniform (scale);

    if (type == KRN_BF16)
      x = gpu_widen (((gpu_bf16 *)(void *)m.mat.buf->data)[at] = gpu_narrow (x));
    else
      ((float *)(void *)m.mat.buf->data)[at] = x;
    m.v.push_back (x);
  }
  return m;
}

static float *
at (KrnMat m, int row, int col)
{
  return gpu_f32 (m) + (size_t)row * (size_t)gpu_stride (m) + col;
}

static void
wrong (const char *what, int a, int b, const char *how)
{
  if (n_wrong++ < 20)
    printf ("WRONG %s (%d, %d): %s\n", what, a, b, how);
}

static void
close_to (const char *what, KrnMat m, const std::vector<double> &e, double tolerance)
{
  double off = 0.0, all = 0.0;

  for (int r = 0; r < m.rows; r++) {
    for (int c = 0; c < m.cols; c++) {
      double d = *at (m, r, c) - e[(size_t)r * (size_t)m.cols + (size_t)c];

      off += d * d;
      all += e[(size_t)r * (size_t)m.cols + (size_t)c] * e[(size_t)r * (size_t)m.cols + (size_t)c];
    }
    for (int c = m.cols; c < gpu_stride (m); c++)
      if (*at (m, r, c) == *at (m, r, c))
        wrong (what, m.rows, m.cols, "a gap was written");
  }
  n_checks++;
  if (!(sqrt (off) <= tolerance * sqrt (all)))
    wrong (what, m.rows, m.cols, std::to_string (sqrt (off / all)).c_str ());
}

/* ---- row by row ------------------------------------------------------------------------------------------------ */

static double
sigmoid (double x)
{
  return 1.0 / (1.0 + exp (-x));
}

static double
gelu (double x)
{
  return 0.5 * x * (1.0 + tanh (0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}

static void
check_elements (int n, int cols, int extra, int skew)
{
  Mat                 x = make (KRN_F32, n, cols, extra, skew, 4.0), y = make (KRN_F32, n, cols, extra, 0, 4.0);
  Mat                 u = make (KRN_F32, n, cols, 2 * extra, 0, 2.0), row = make (KRN_F32, 1, cols, 0, skew, 2.0);
  std::vector<double> e = x.v;

  for (double &v : e)
    v = v < -1.5 ? -1.5 : v > 2.25 ? 2.25 : v;
  gpu_clamp (&device, y.mat, x.mat, -1.5f, 2.25f);
  close_to ("clamp", y.mat, e, 0.0);
  gpu_add_scaled (&device, y.mat, x.mat, 0.5f);
  for (size_t i = 0; i < e.size (); i++)
    e[i] += 0.5 * x.v[i];
  close_to ("add_scaled", y.mat, e, 2e-7);
  gpu_add_scaled (&device, y.mat, row.mat, -3.0f);
  for (size_t i = 0; i < e.size (); i++)
    e[i] -= 3.0 * row.v[i % (size_t)cols];
  close_to ("add_scaled, one row", y.mat, e, 3e-7);
  for (size_t i = 0; i < e.size (); i++)
    e[i] = x.v[i] * sigmoid (x.v[i]);
  gpu_silu (&device, y.mat, x.mat);
  close_to ("silu", y.mat, e, 1e-6);
  for (size_t i = 0; i < e.size (); i++)
    e[i] = gelu (x.v[i]) * u.v[i];
  gpu_gelu_mul (&device, x.mat, u.mat);
  close_to ("gelu_mul", x.mat, e, 1e-6);
}

static void
check_gate_and_norm (KrnType type, int n, int cols, int extra, int skew)
{
  Mat                 x = make (KRN_F32, n, 2 * cols, extra, skew, 8.0), y = make (KRN_F32, n, cols, extra, 0, 1.0);
  Mat                 w = make (type, 1, cols, 0, skew, 2.0);
  std::vector<double> e ((size_t)n * (size_t)cols), norm = e;
  KrnMat              left = x.mat;

  left.cols = cols;
  left.stride = gpu_stride (x.mat);
  for (int r = 0; r < n; r++) {
    double *v = &x.v[(size_t)r * 2 * (size_t)cols], mean = 0.0, variance = 0.0;

    for (int c = 0; c < cols; c++)
      e[(size_t)(r * cols + c)] = v[c] * sigmoid (v[cols + c]), mean += v[c] / cols;
    for (int c = 0; c < cols; c++)
      variance += (v[c] - mean) * (v[c] - mean) / cols;
    for (int c = 0; c < cols; c++)
      norm[(size_t)(r * cols + c)] = fmax (0.0, (v[c] - mean) / sqrt (variance + 1e-6) * w.v[(size_t)c]);
  }
  gpu_layer_norm_relu (&device, y.mat, left, w.mat, 1e-6f);
  close_to ("layer_norm_relu", y.mat, norm, 1e-6);
  gpu_glu (&device, y.mat, x.mat);
  close_to ("glu", y.mat, e, 1e-6);
  gpu_glu (&device, left, x.mat);
  for (int i = 0; i < n * cols; i++)
    if (*at (left, i / cols, i % cols) != *at (y.mat, i / cols, i % cols))
      wrong ("glu in place", n, cols, "differs");
}

static void
check_special (void)
{
  Mat                x = make (KRN_F32, 1, 8, 0, 0, 1.0), y = make (KRN_F32, 1, 4, 0, 0, 1.0);
  static const float v[] = {INFINITY, -INFINITY, 7, NAN, 1, 1, -1000, 1000};
  KrnMat             none = x.mat;

  memcpy (x.mat.buf->data, v, sizeof v);
  gpu_glu (&device, y.mat, x.mat);
  if (*at (y.mat, 0, 0) != INFINITY || *at (y.mat, 0, 1) != -INFINITY || *at (y.mat, 0, 2) != 0.0f || *at (y.mat, 0, 3) == *at (y.mat, 0, 3))
    wrong ("glu", 1, 8, "special values");
  gpu_clamp (&device, x.mat, x.mat, -2.0f, 3.0f);
  if (*at (x.mat, 0, 0) != 3.0f || *at (x.mat, 0, 1) != -2.0f || *at (x.mat, 0, 3) == *at (x.mat, 0, 3))
    wrong ("clamp", 1, 8, "special values");
  gpu_layer_norm_relu (&device, x.mat, x.mat, x.mat, 1.0f);
  if (*at (x.mat, 0, 0) == *at (x.mat, 0, 0))
    wrong ("layer_norm_relu", 1, 8, "not a number is lost");
  for (int i = 0; i < 2; i++) {
    none.rows = i;
    none.cols = i ? 0 : 4;
    gpu_clamp (&device, none, none, 4.0f, 5.0f);
    gpu_add_scaled (&device, none, none, 1.0f);
    gpu_gelu_mul (&device, none, none);
    gpu_silu (&device, none, none);
    gpu_glu (&device, none, none);
    gpu_layer_norm_relu (&device, none, none, y.mat, 1.0f);
    if (i == 0) {
      gpu_grid_angles (&device, none, x.mat, 3);
      gpu_grid_rotate (&device, none, none, 4);
      gpu_grid_pool (&device, none, none, 3, 3, 1.0f);
      gpu_conv_2d (&device, none, none, x.mat, 8);
      gpu_conv_causal (&device, none, none, x.mat);
      gpu_attention_band (&device, none, none, none, none, x.mat, x.mat, 1.0f, 4, 50.0f);
    }
  }
}

static void
check_rowwise (void)
{
  static const int shapes[][4] = {{1, 1, 3, 0}, {1, 3, 3, 1}, {3, 7, 3, 0}, {2, 16, 4, 0}, {5, 33, 3, 0}, {1, 130, 0, 0}, {70, 301, 3, 0},
                                  {9, 64, 0, 0}, {9, 64, 4, 4}, {9, 64, 4, 1}, {9, 64, 2, 0}, {3, 2000, 0, 0}, {40, 128, 0, 0}};

  for (auto &s : shapes) {
    check_elements (s[0], s[1], s[2], s[3]);
    check_gate_and_norm (KRN_F32, s[0], s[1], s[2], s[3]);
    check_gate_and_norm (KRN_BF16, s[0], s[1], s[2], s[3]);
  }
  check_special ();
}

/* ---- the grid --------------------------------------------------------------------------------------------------- */

static void
turn_pairs (double *x, int position, const double *freq, int n)
{
  for (int i = 0; i < n; i++) {
    double angle = (float)position * (float)freq[i], a = x[i], b = x[i + n];

    x[i] = a * cos (angle) - b * sin (angle);
    x[i + n] = b * cos (angle) + a * sin (angle);
  }
}

static void
check_rotate (int width, int height, int heads, int hd, int extra, int skew)
{
  int n = width * height, quarter = hd / 4;
  Mat freq = make (KRN_F32, 1, quarter, 0, skew, 1.0), cs = make (KRN_F32, n, hd, extra, skew, 1.0);
  Mat x = make (KRN_F32, n, heads * hd, extra, 0, 1.0);

  gpu_grid_angles (&device, cs.mat, freq.mat, width);
  gpu_grid_rotate (&device, x.mat, cs.mat, hd);
  for (int r = 0; r < n; r++) {
    for (int half = 0; half < 2; half++)
      for (int i = 0; i < quarter; i++) {
        double angle = (float)(half ? r / width : r % width) * (float)freq.v[(size_t)i];

        cs.v[(size_t)(r * hd + half * hd / 2 + i)] = cos (angle);
        cs.v[(size_t)(r * hd + half * hd / 2 + quarter + i)] = sin (angle);
      }
    for (int h = 0; h < heads; h++) {
      double *head = &x.v[((size_t)r * (size_t)heads + (size_t)h) * (size_t)hd];

      turn_pairs (head, r % width, freq.v.data (), quarter);
      turn_pairs (head + hd / 2, r / width, freq.v.data (), quarter);
    }
  }
  close_to ("grid_angles", cs.mat, cs.v, 3e-7);
  close_to ("grid_rotate", x.mat, x.v, 1e-6);
}

static void
check_pool (int width, int height, int k, int cols, int extra)
{
  int                 across = width / k, n = across * (height / k);
  Mat                 x = make (KRN_F32, width * height, cols, extra, 0, 1.0), y = make (KRN_F32, n, cols, extra, 0, 1.0);
  std::vector<double> e ((size_t)n * (size_t)cols);

  for (int r = 0; r < width * height; r++)
    for (int c = 0; c < cols; c++)
      e[(size_t)((r / width / k * across + r % width / k) * cols + c)] += 27.5 * x.v[(size_t)(r * cols + c)] / (k * k);
  gpu_grid_pool (&device, y.mat, x.mat, width, k, 27.5f);
  close_to ("grid_pool", y.mat, e, 5e-7);
}

static void
check_grid (void)
{
  check_rotate (1, 1, 1, 4, 1, 0);
  check_rotate (7, 1, 2, 12, 3, 0);
  check_rotate (1, 9, 2, 16, 0, 0);
  check_rotate (5, 3, 3, 64, 0, 0);
  check_rotate (5, 3, 3, 64, 4, 1);
  check_rotate (13, 11, 2, 64, 4, 0);
  check_rotate (3, 5, 2, 24, 4, 0);
  check_pool (1, 1, 1, 1, 0);
  check_pool (5, 4, 1, 9, 1);
  check_pool (3, 3, 3, 17, 2);
  check_pool (6, 3, 3, 8, 0);
  check_pool (3, 12, 3, 33, 0);
  check_pool (4, 6, 2, 5, 2);
  check_pool (57, 42, 3, 96, 4);
}

/* ---- sound ------------------------------------------------------------------------------------------------------- */

static void
check_conv (KrnType type, int height, int width, int channels, int out, int extra)
{
  int                 lines = (height + 1) / 2, columns = (width + 1) / 2;
  Mat                 x = make (KRN_F32, height * width, channels, extra, 0, 1.0), w = make (type, out, channels * 9, 0, 0, 0.5);
  Mat                 y = make (KRN_F32, lines * columns, out, extra, 0, 1.0);
  std::vector<double> e;

  for (int r = 0; r < lines * columns; r++)
    for (int o = 0; o < out; o++) {
      double sum = 0.0;

      for (int i = 0; i < channels * 9; i++) {
        int line = r / columns * 2 - 1 + i / 3 % 3, column = r % columns * 2 - 1 + i % 3;

        if (line >= 0 && line < height && column >= 0 && column < width)
          sum += w.v[(size_t)(o * channels * 9 + i)] * x.v[(size_t)((line * width + column) * channels + i / 9)];
      }
      e.push_back (sum);
    }
  gpu_conv_2d (&device, y.mat, x.mat, w.mat, width);
  close_to ("conv_2d", y.mat, e, 1e-6);
}

static void
check_causal (KrnType type, int n, int cols, int taps)
{
  Mat                 x = make (KRN_F32, n, cols, 3, 0, 1.0), y = make (KRN_F32, n, cols, 2, 0, 1.0), w = make (type, cols, taps, 0, 0, 1.0);
  std::vector<double> e ((size_t)n * (size_t)cols);

  for (int i = 0; i < n; i++)
    for (int c = 0; c < cols; c++)
      for (int k = 0; k < taps; k++)
        if (i - taps + 1 + k >= 0)
          e[(size_t)(i * cols + c)] += w.v[(size_t)(c * taps + k)] * x.v[(size_t)((i - taps + 1 + k) * cols + c)];
  gpu_conv_causal (&device, y.mat, x.mat, w.mat);
  close_to ("conv_causal", y.mat, e, 3e-7);
}

static void
check_band (int n, int heads, int hd, int reach, int extra, double size, float cap)
{
  int                 width = heads * hd;
  Mat                 q = make (KRN_F32, n, width, extra, 0, size), k = make (KRN_F32, n, width, 2 * extra, 0, 1.0);
  Mat                 v = make (KRN_F32, n, width, 3 * extra, 0, 1.0), rel = make (KRN_F32, reach, width, extra, 0, 1.0);
  Mat                 scale = make (KRN_F32, 1, hd, 0, 0, 1.0), o = make (KRN_F32, n, width, extra, 0, 1.0);
  std::vector<double> e ((size_t)n * (size_t)width);

  for (int at = 0; at < n * width; at += hd) {
    int    row = at / width;
    double weight[KRN_MAX_REACH], total = 0.0;

    for (int d = 0; d < reach && d <= row; d++) {
      double score = 0.0;

      for (int i = 0; i < hd; i++)
        score += q.v[(size_t)(at + i)] * scale.v[(size_t)i] * (1.5 * k.v[(size_t)(at - d * width + i)] + rel.v[(size_t)(d * width + at % width + i)]);
      total += weight[d] = exp (cap * tanh (score / cap));
    }
    for (int d = 0; d < reach && d <= row; d++)
      for (int i = 0; i < hd; i++)
        e[(size_t)(at + i)] += weight[d] / total * v.v[(size_t)(at - d * width + i)];
  }
  gpu_attention_band (&device, o.mat, q.mat, k.mat, v.mat, rel.mat, scale.mat, 1.5f, hd, cap);
  close_to ("attention_band", o.mat, e, 3e-6);
  gpu_attention_band (&device, q.mat, q.mat, k.mat, v.mat, rel.mat, scale.mat, 1.5f, hd, cap);
  close_to ("attention_band in place", q.mat, e, 3e-6);
}

static void
check_sound (void)
{
  static const int grids[][5] = {{1, 1, 1, 1, 2},  {1, 128, 1, 16, 3}, {7, 1, 3, 2, 2},   {2, 2, 2, 5, 3},     {5, 4, 1, 7, 0},     {4, 5, 3, 8, 1},
                                 {9, 16, 8, 33, 0}, {9, 16, 12, 36, 4}, {9, 6, 11, 64, 0}, {50, 128, 1, 128, 0}, {25, 64, 128, 32, 0}, {83, 128, 2, 3, 0}};
  static const int causal[][3] = {{1, 1, 1}, {1, 9, 5}, {3, 16, 5}, {4, 17, 5}, {5, 3, 5}, {2, 8, 1}, {30, 33, 3}, {75, 300, 5}};
  static const int bands[][5] = {{1, 1, 1, 1, 0},   {1, 8, 128, 12, 0}, {5, 2, 7, 12, 3},              {12, 3, 16, 12, 0},
                                 {13, 2, 20, 13, 1}, {40, 2, 33, 1, 0},  {100, 1, 24, KRN_MAX_REACH, 2}, {75, 8, 128, 12, 4}};
  Mat              x = make (KRN_F32, KRN_MAX_REACH + 1, 4, 0, 0, 1.0);

  for (auto &g : grids)
    for (KrnType type : {KRN_F32, KRN_BF16})
      check_conv (type, g[0], g[1], g[2], g[3], g[4]);
  for (auto &c : causal)
    for (KrnType type : {KRN_F32, KRN_BF16})
      check_causal (type, c[0], c[1], c[2]);
  for (auto &b : bands)
    check_band (b[0], b[1], b[2], b[3], b[4], 1.0, 50.0f);
  check_band (30, 2, 64, 12, 0, 10.0, 5.0f);
  gpu_attention_band (&device, x.mat, x.mat, x.mat, x.mat, x.mat, x.mat, 1.0f, 4, 50.0f);
  if (strstr (device.error, "65 rows") == NULL)
    wrong ("attention_band", 65, 4, "no failure");
}

/* ---- sampling ---------------------------------------------------------------------------------------------------- */

template <class T>
static T
one_of (std::initializer_list<T> of)
{
  return of.begin ()[chance () % of.size ()];
}

static void
fill_logits (float *x, int n, int kind)
{
  for (int i = 0; i < n; i++) {
    double u = uniform (1.0);

    x[i] = kind == 0   ? (float)(8.0 * u)
           : kind == 1 ? roundf ((float)(4.0 * u)) + 0.0f
           : kind == 2 ? 1.5f
           : kind == 3 ? (float)(30.0 * tanh (4.0 * u))
           : kind == 4 ? (float)(200.0 * u)
                       : (float)-fabs (log (fabs (u) + 1e-9)) * 3.0f;
  }
  if (chance () % 8 == 0)
    for (int j = 0; j < 5; j++)
      x[chance () % (unsigned)n] = one_of ({NAN, -INFINITY, -INFINITY, NAN, -NAN});
  if (chance () % 30 == 0)
    x[chance () % (unsigned)n] = INFINITY;
  if (chance () % 40 == 0)
    for (int i = 0; i < n; i++)
      x[i] = one_of ({NAN, -INFINITY});
}

static KrnSampling
random_options (int n, int32_t *ids)
{
  KrnSampling s = {};

  s.temperature = one_of ({0.0f, 1e-30f, 0.3f, 0.8f, 1.0f, 1.0f, 1.0f, 3.0f});
  s.top_k = one_of ({0, 0, 1, 2, 5, 40, 64, 64, 64, 256, 257, 300, n, 1 << 20});
  s.top_p = one_of ({1.0f, 0.95f, 0.95f, 0.9f, 0.3f, 0.0f, 0.5f});
  s.min_p = one_of ({0.0f, 0.0f, 0.0f, 0.07f, 0.5f, 1.0f, 2.0f});
  s.repetition_penalty = one_of ({1.0f, 1.0f, 1.3f, 0.5f});
  s.n_recent = one_of ({0, 1, 7, 64, 600});
  s.n_suppress = one_of ({0, 0, 3, 20});
  s.recent = ids;
  s.suppress = ids + 600;
  for (int i = 0; i < 620; i++)
    ids[i] = one_of ({(int)(chance () % (unsigned)n), (int)(chance () % (unsigned)n), (int)(chance () % 8), -1, 99999});
  s.seed = chance ();
  s.step = chance () % 1000;
  return s;
}

typedef struct {
  int                n, rows, stride;
  bool               want_probs;
  std::vector<float> logits, probs;
  std::vector<int>   ids;
} Draw;

/* On a device: the emulated one, or the CPU's where @cpu is given. */
static void
draw (Draw *d, const KrnSampling *s, KrnDevice *cpu)
{
  const KrnOps *k = cpu_ops ();
  size_t        bytes = d->logits.size () * 4;
  KrnBuffer    *b[3];

  for (int i = 0; i < 3; i++)
    b[i] = cpu ? k->alloc (cpu, bytes) : gpu_alloc (&device, bytes);
  KrnMat ids = {b[0], 0, KRN_I32, d->rows, 1, 2}, x = {b[1], 0, KRN_F32, d->rows, d->n, d->stride};
  KrnMat probs = {d->want_probs ? b[2] : NULL, 0, KRN_F32, d->rows, d->n, d->stride};

  d->probs.resize (d->logits.size ());
  d->ids.resize (2 * (size_t)d->rows);
  if (cpu) {
    k->write (cpu, b[1], 0, d->logits.data (), bytes);
    k->sample (cpu, ids, x, probs, s);
    k->read (cpu, b[0], 0, d->ids.data (), d->ids.size () * 4);
    k->read (cpu, b[2], 0, d->probs.data (), bytes);
  } else {
    memcpy (b[1]->data, d->logits.data (), bytes);
    gpu_sample (&device, ids, x, probs, s);
    gpu_send (&device);
    memcpy (d->ids.data (), b[0]->data, d->ids.size () * 4);
    memcpy (d->probs.data (), b[2]->data, bytes);
  }
  for (int i = 0; i < 3; i++)
    if (cpu)
      k->free (cpu, b[i]);
    else
      gpu_free (&device, b[i]);
}

static void
compare_draws (const Draw *a, const Draw *b, const KrnSampling *s, int kind)
{
  char how[200];

  for (int r = 0; r < a->rows; r++) {
    double most = 0.0;

    for (int i = 0; i < a->n && a->want_probs; i++)
      most = fmax (most, fabs (a->probs[(size_t)(r * a->stride + i)] - b->probs[(size_t)(r * a->stride + i)]));
    n_checks++;
    snprintf (how, sizeof how, "kind %d, row %d, t %g, k %d, p %g, min-p %g, penalty %g of %d, without %d: %d and %d, %g", kind, r, s->temperature, s->top_k,
              s->top_p, s->min_p, s->repetition_penalty, s->n_recent, s->n_suppress, a->ids[2 * (size_t)r], b->ids[2 * (size_t)r], most);
    if (a->ids[2 * (size_t)r] != b->ids[2 * (size_t)r] || !(most <= 1e-6))
      wrong ("sample", a->n, a->rows, how);
  }
}

static void
check_sample (KrnDevice *cpu, int n_cases)
{
  std::vector<int32_t> ids (620);

  for (int i = 0; i < n_cases; i++) {
    int         n = one_of ({1, 2, 3, 63, 64, 65, 100, 513, 1000, 2048, 2049, 4097, 5000}), kind = (int)(chance () % 6);
    Draw        a = {n, one_of ({1, 1, 1, 3}), n + one_of ({0, 2}), chance () % 2 == 0, {}, {}, {}}, b;
    KrnSampling s = random_options (n, ids.data ());

    a.logits.resize ((size_t)(a.rows * a.stride), NAN);
    for (int r = 0; r < a.rows; r++)
      fill_logits (&a.logits[(size_t)(r * a.stride)], n, kind);
    b = a;
    draw (&a, &s, NULL);
    draw (&b, &s, cpu);
    compare_draws (&a, &b, &s, kind);
  }
}

/* Zeros of both signs are equal: the same draws as from zeros of one. */
static void
check_zeros (void)
{
  for (int i = 0; i < 24; i++) {
    KrnSampling s = {};
    Draw        a = {700, 1, 700, true, {}, {}, {}}, b;

    s.temperature = s.repetition_penalty = 1.0f;
    s.top_k = (int[]){0, 50, 400}[i % 3];
    s.top_p = (float[]){1.0f, 0.5f}[i / 3 % 2];
    s.seed = (uint64_t)i;
    for (int j = 0; j < 700; j++)
      a.logits.push_back (one_of ({0.0f, -1.0f}));
    b = a;
    for (float &x : a.logits)
      x = x == 0.0f && chance () % 2 ? -0.0f : x;
    draw (&a, &s, NULL);
    draw (&b, &s, NULL);
    compare_draws (&a, &b, &s, -1);
  }
}

static void
check_sample_limits (void)
{
  std::vector<int32_t> many (100000, 1);
  Draw                 d = {GPU_SAMPLE_MOST + 1, 1, GPU_SAMPLE_MOST + 1, false, std::vector<float> (GPU_SAMPLE_MOST + 1), {}, {}};
  KrnSampling          s = {};

  draw (&d, &s, NULL);
  if (strstr (device.error, "vocabulary of 524289") == NULL)
    wrong ("sample", d.n, 1, "no failure");
  /* Around the ring. */
  for (int i = 0; i < 5; i++) {
    d = {100, 1, 100, false, std::vector<float> (100), {}, {}};
    d.logits[1] = 1.0f;
    d.logits[2 + (size_t)i] = 0.9f;
    s.repetition_penalty = 2.0f;
    s.recent = many.data ();
    s.n_recent = (int)many.size ();
    draw (&d, &s, NULL);
    if (d.ids[0] != 2 + i)
      wrong ("sample", i, d.ids[0], "around the ring");
  }
  s.n_recent = 1 << 20;
  gpu_sample (&device, {}, {NULL, 0, KRN_F32, 1, 1, 1}, {}, &s);
  if (strstr (device.error, "1048576 tokens") == NULL)
    wrong ("sample", 1, 1, "no failure for too many ids");
}

int
main (int argc, char **argv)
{
  KrnOptions options = {0, 1, false};
  char       err[256];
  KrnDevice *cpu = cpu_ops ()->open (&options, err, sizeof err);

  check_rowwise ();
  check_grid ();
  check_sound ();
  printf ("encoders: %d checks, %d wrong\n", n_checks, n_wrong);
  if (!gpu_sample_open (&device))
    return 1;
  check_sample (cpu, argc > 1 ? atoi (argv[1]) : 300);
  printf ("sampling: %d checks, %d wrong\n", n_checks, n_wrong);
  check_zeros ();
  check_sample_limits ();
  gpu_sample_close (&device);
  cpu_ops ()->close (cpu);
  printf ("%d checks, %d wrong\n", n_checks, n_wrong);
  return n_wrong > 0;
}
