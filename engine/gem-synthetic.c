/* gem-synthetic.c: random weights of a full-size shape, made at the speed of memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A benchmark reads the same bytes in the same order whatever they say, so the numbers need only be
 * plausible: linears near fan_in^−½ in size, norms near 1, keys scaled as in the published model,
 * so that activations stay finite through all layers. Quantised types are drawn directly as blocks,
 * never made from bf16.
 *
 * The per-layer table of E2B would be 4.7 GB, of which a token reads 18 kB.  It is one small piece
 * of random memory, mapped end to end as often as it takes: every row is there, at its own address,
 * at no cost.
 *
 * Owns all of that memory.  Loading thread, with threads of its own while it runs. */
#define G_LOG_DOMAIN "gem"

#include "gem-synthetic.h"
#include "kernels/krn-quant.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TABLE_PIECE  ((gsize)64 << 20)
#define LAYER_SCALAR 0.5f
#define SCALAR_BOUND 100.0f
#define MAX_THREADS  256

typedef struct {
  guint8 *begin;
  gsize   length;
} Region;

struct _GemSynthetic {
  GArray *regions; /* of Region */
  guint64 weight_bytes, table_bytes;
};

/* What one thread fills: a part of one matrix, in whole rows of tiles when quantised. */
typedef struct {
  KrnType type;
  guint8 *begin;
  gsize   bytes;
  float   std;
  guint64 seed;
} Fill;

/* ---- numbers ---- */

static inline guint64
next_random (guint64 *state)
{
  guint64 x = *state;

  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

/* Neighbouring seeds must not give neighbouring streams. */
static guint64
scramble (guint64 x)
{
  x = (x + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
  x ^= x >> 31;
  x *= 0x94d049bb133111ebu;
  return (x ^ x >> 29) | 1;
}

/* Four numbers from one draw: random signs and mantissas under one exponent.  The root mean square
 * of ±[1, 2)·2^e is 1.53·2^e, so that it comes within a factor of two below the wanted one. */
static void
fill_bf16 (const Fill *f)
{
  guint64 state = f->seed, exponent;
  int     e;
  gsize   i;

  frexpf (f->std / 1.53f, &e); /* 2^(e−1) <= std / 1.53 < 2^e */
  exponent = (guint64)(126 + e) << 7;
  exponent |= exponent << 16;
  exponent |= exponent << 32;
  for (i = 0; i + 8 <= f->bytes; i += 8) {
    guint64 bits = (next_random (&state) & 0x807f807f807f807fu) | exponent;

    memcpy (f->begin + i, &bits, sizeof bits);
  }
  if (i < f->bytes) {
    guint64 bits = (next_random (&state) & 0x807f807f807f807fu) | exponent;

    memcpy (f->begin + i, &bits, f->bytes - i);
  }
}

static guint16
f16_from_float (float value)
{
  guint32 bits;

  /* Scales of full-size weights are normal halves; no need for the general case. */
  memcpy (&bits, &value, sizeof bits);
  return (guint16)(((bits >> 23) - 112) << 10 | (bits >> 13 & 0x3ff));
}

/* Only odd codes are drawn, so that the mean is zero (there is one more negative code than positive
 * ones).  Their root mean square is 73.9 (8 bits) and 4.58 (4 bits); one scale serves. */
static void
fill_tiles (const Fill *f)
{
  gboolean q8 = f->type == KRN_Q8;
  gsize    tile = krn_quant_bytes (f->type, KRN_TILE_ROWS, KRN_TILE_COLS);
  guint16  scale = f16_from_float (f->std / (q8 ? 73.9f : 4.58f));
  guint64  odd = q8 ? 0x0101010101010101u : 0x1111111111111111u;
  guint64  state = f->seed;

  for (gsize at = 0; at < f->bytes; at += tile) {
    guint8 *p = f->begin + at;

    for (int i = 0; i < KRN_TILE_ROWS; i++)
      memcpy (p + 2 * i, &scale, sizeof scale);
    for (gsize i = 2 * KRN_TILE_ROWS; i < tile; i += 8) {
      guint64 bits = next_random (&state) | odd;

      memcpy (p + i, &bits, sizeof bits);
    }
  }
}

static gpointer
fill_thread (gpointer data)
{
  const Fill *f = data;

  if (f->type == KRN_BF16)
    fill_bf16 (f);
  else
    fill_tiles (f);
  return NULL;
}

/* Splits the matrix among the threads, at whole rows. */
static void
fill (const Fill *all, int rows, int threads)
{
  int   units = all->type == KRN_BF16 ? rows : (rows + KRN_TILE_ROWS - 1) / KRN_TILE_ROWS;
  gsize unit = all->bytes / (gsize)units;
  g_autofree Fill     *parts = g_new0 (Fill, threads);
  g_autofree GThread **helpers = g_new0 (GThread *, threads);

  for (int i = 0; i < threads; i++) {
    gsize begin = (gsize)((gint64)units * i / threads),
          end = (gsize)((gint64)units * (i + 1) / threads);

    parts[i] = *all;
    parts[i].begin = all->begin + begin * unit;
    parts[i].bytes = (end - begin) * unit;
    parts[i].seed = scramble (all->seed * 4096 + (guint64)i);
    if (i > 0)
      helpers[i] = g_thread_try_new ("synthetic", fill_thread, &parts[i], NULL);
    if (helpers[i] == NULL)
      fill_thread (&parts[i]);
  }
  for (int i = 0; i < threads; i++)
    if (helpers[i] != NULL)
      g_thread_join (helpers[i]);
}

/* ---- memory ---- */

static void
set_no_memory (const char *name, gsize bytes, GError **error)
{
  g_autofree char *size = g_format_size (bytes);

  g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
               "There is no memory for the random weights of %s (%s).  Close other programs, or "
               "choose smaller weights "
               "(q8 or q4).",
               name, size);
}

static guint8 *
new_region (GemSynthetic *self, gsize bytes, const char *name, GError **error)
{
  Region region = {.length = bytes};

  region.begin = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region.begin == MAP_FAILED) {
    set_no_memory (name, bytes, error);
    return NULL;
  }
  madvise (region.begin, bytes, MADV_HUGEPAGE);
  g_array_append_val (self->regions, region);
  return region.begin;
}

/* One piece of memory at every multiple of its length. */
static gboolean
map_repeatedly (guint8 *begin, gsize bytes, int fd)
{
  for (gsize at = 0; at < bytes; at += TABLE_PIECE) {
    gsize length = MIN (TABLE_PIECE, bytes - at);

    if (mmap (begin + at, length, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
      return FALSE;
  }
  return TRUE;
}

static gboolean
fill_piece (int fd, float std, int threads)
{
  Fill f = {.type = KRN_BF16, .bytes = TABLE_PIECE, .std = std, .seed = 1};

  if (ftruncate (fd, (off_t)TABLE_PIECE) != 0)
    return FALSE;
  f.begin = mmap (NULL, TABLE_PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (f.begin == MAP_FAILED)
    return FALSE;
  fill (&f, 4096, threads);
  munmap (f.begin, TABLE_PIECE);
  return TRUE;
}

static guint8 *
new_table (GemSynthetic *self,
           gsize         bytes,
           float         std,
           const char   *name,
           int           threads,
           GError      **error)
{
  guint8  *region = new_region (self, bytes, name, error);
  int      fd;
  gboolean ok;

  if (region == NULL)
    return NULL;
  fd = memfd_create ("facet-table", MFD_CLOEXEC);
  ok = fd >= 0 && fill_piece (fd, std, threads) && map_repeatedly (region, bytes, fd);
  if (fd >= 0)
    close (fd);
  if (ok)
    return region;
  set_no_memory (name, TABLE_PIECE, error);
  return NULL;
}

/* ---- the decoder's tensors ---- */

/* Keys carry the softmax scale: hd^−½ in the published model.  Rows that are gathered are
 * multiplied by the root of their length when they are read: √H, and √P for the table, of which a
 * row holds one P for each layer. */
static float
choose_std (const GemWeightSlot *slot)
{
  gboolean key = g_str_has_suffix (slot->name, "k_norm.weight");

  if (slot->kind == GEM_SLOT_NORM && !key)
    return 1;
  return slot->kind == GEM_SLOT_TABLE ? 1.0f / 16 : 1 / sqrtf ((float)slot->cols);
}

static void
fill_norm (guint8 *data, int n, float value)
{
  guint32 bits;
  guint16 bf16;

  memcpy (&bits, &value, sizeof bits);
  bf16 = (guint16)(bits >> 16);
  for (int i = 0; i < n; i++)
    memcpy (data + 2 * i, &bf16, sizeof bf16);
}

static guint8 *
make_numbers (GemSynthetic        *self,
              const GemWeightSlot *slot,
              KrnType              type,
              gsize                bytes,
              int                  threads,
              guint64              seed,
              GError             **error)
{
  Fill f = {.type = type, .bytes = bytes, .std = choose_std (slot), .seed = seed};

  f.begin = new_region (self, bytes, slot->name, error);
  if (f.begin == NULL)
    return NULL;
  if (slot->kind == GEM_SLOT_NORM)
    fill_norm (f.begin, slot->cols, f.std);
  else
    fill (&f, slot->rows, threads);
  return f.begin;
}

static gboolean
make (GemSynthetic        *self,
      const GemWeightSlot *slot,
      GemBackend          *backend,
      GemWeights           weights,
      int                  threads,
      guint64              seed,
      GError             **error)
{
  KrnMat   view = {.type = gem_weight_slot_get_type (slot, weights),
                   .rows = slot->rows,
                   .cols = slot->cols};
  gboolean gathered =
      slot->kind == GEM_SLOT_TABLE || (slot->kind == GEM_SLOT_EMBED && weights != GEM_WEIGHTS_BF16);
  gsize   bytes = view.type == KRN_BF16 ? 2 * (gsize)slot->rows * (gsize)slot->cols
                                        : krn_quant_bytes (view.type, slot->rows, slot->cols);
  guint8 *data = gathered ? new_table (self, bytes, choose_std (slot), slot->name, threads, error)
                          : make_numbers (self, slot, view.type, bytes, threads, seed, error);

  if (data == NULL)
    return FALSE;
  view.buf = gem_backend_wrap (backend, data, bytes, gathered, slot->name, error);
  if (view.buf == NULL)
    return FALSE;
  *slot->mat = view;
  self->weight_bytes += bytes;
  if (gathered)
    self->table_bytes += bytes;
  return TRUE;
}

GemSynthetic *
gem_synthetic_new (void)
{
  GemSynthetic *self = g_new0 (GemSynthetic, 1);

  self->regions = g_array_new (FALSE, FALSE, sizeof (Region));
  return self;
}

gboolean
gem_synthetic_fill (GemSynthetic    *self,
                    GemTextWeights  *weights,
                    const GemConfig *config,
                    GemBackend      *backend,
                    GemWeights       type,
                    int              threads,
                    GError         **error)
{
  g_autoptr (GArray) slots = gem_text_weights_init (weights, &config->text);

  threads = threads > 0 ? MIN (threads, MAX_THREADS) : (int)g_get_num_processors ();
  for (guint i = 0; i < slots->len; i++) {
    const GemWeightSlot *slot = &g_array_index (slots, GemWeightSlot, i);

    if (slot->kind == GEM_SLOT_SCALAR)
      *slot->scalar = LAYER_SCALAR;
    else if (slot->kind == GEM_SLOT_HEAD && type == GEM_WEIGHTS_BF16)
      weights->head = weights->embed_tokens;
    else if (!make (self, slot, backend, type, threads, i + 2, error))
      return FALSE;
  }
  return gem_text_weights_bind_rope (weights, &config->text, backend, error);
}

/* The bounds of an encoder's layers are so wide that random activations stay within. */
static void
set_scalar (const GemWeightSlot *slot)
{
  *slot->scalar = g_str_has_suffix (slot->name, "_min") ? -SCALAR_BOUND : SCALAR_BOUND;
}

gboolean
gem_synthetic_fill_encoder (GemSynthetic *self, GArray *slots, GemBackend *backend, GError **error)
{
  guint64 decoder = self->weight_bytes;
  int     threads = (int)MIN (g_get_num_processors (), MAX_THREADS);

  for (guint i = 0; i < slots->len; i++) {
    const GemWeightSlot *slot = &g_array_index (slots, GemWeightSlot, i);

    if (slot->kind == GEM_SLOT_SCALAR)
      set_scalar (slot);
    else if (!make (self, slot, backend, GEM_WEIGHTS_BF16, threads, i + 2, error))
      return FALSE;
  }
  self->weight_bytes = decoder;
  return TRUE;
}

void
gem_synthetic_free (GemSynthetic *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->regions->len; i++) {
    Region *region = &g_array_index (self->regions, Region, i);

    munmap (region->begin, region->length);
  }
  g_array_unref (self->regions);
  g_free (self);
}

guint64
gem_synthetic_get_weight_bytes (const GemSynthetic *self)
{
  return self->weight_bytes;
}

guint64
gem_synthetic_get_table_bytes (const GemSynthetic *self)
{
  return self->table_bytes;
}
