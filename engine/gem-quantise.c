/* gem-quantise.c: makes weights of another form with several threads, matrix by matrix.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the memory of all matrices: one region, whose layout is that of the cache file
 * (gem-quantise-cache.c).  As soon as a matrix is in the file its pages are replaced by the file's,
 * so that the peak is one matrix of memory that cannot be paged out, not all of them.  The loading
 * thread works with the others and alone reports progress. */
#define G_LOG_DOMAIN "gem"

#include "gem-quantise.h"
#include "gem-quantise-cache.h"

#include <string.h>
#include <sys/mman.h>

/* What one thread does between two looks at the cancel flag: a few milliseconds. */
#define SLICE_WEIGHTS (1 << 18)
#define MAX_THREADS   256

struct _GemQuantised {
  guint8 *region;
  gsize   length;
};

/* One matrix while the threads are at it. */
typedef struct {
  const GemQuantJob *job;
  guint8            *dst;
  gsize              tile_bytes; /* of one row of tiles */
  int                n_tiles;    /* rows of tiles */
  int                slice;      /* tile rows of one slice */
  gint               next;       /* atomic: first tile row nobody has taken */
  gint               stop;       /* atomic */
} Work;

static void
set_no_memory (gsize length, GError **error)
{
  g_autofree char *size = g_format_size (length);

  g_set_error (error, GEM_ERROR, GEM_ERROR_NO_MEMORY,
               "There is no memory to quantise the weights (%s).  Close other programs, or choose "
               "smaller weights (q4).",
               size);
}

/* ---- one slice ---- */

/* Matrices that are made in one go, row of tiles by row of tiles: @copy has room for one. */
static void
quantise_tile_row (const Work *w, int tile, guint16 *copy)
{
  const GemQuantJob *job = w->job;
  int                first = tile * KRN_TILE_ROWS;
  int                rows = MIN (KRN_TILE_ROWS, job->rows - first);
  guint8            *dst = w->dst + (gsize)tile * w->tile_bytes;

  if (job->exact)
    gem_tensor_read_tiles (job->source, (gsize)first, dst);
  else if (job->type == KRN_BF16)
    gem_tensor_read_bf16 (job->source, (gsize)first, (gsize)rows, (guint16 *)(gpointer)dst);
  else {
    gem_tensor_read_bf16 (job->source, (gsize)first, (gsize)rows, copy);
    krn_quantise (job->type, dst, copy, rows, job->cols, 0, 1);
  }
}

/* The kernel reads aligned BF16 in place. */
static gboolean
is_in_place (const GemQuantJob *job)
{
  return job->type != KRN_BF16 && job->source->dtype == GEM_DTYPE_BF16 &&
         gem_tensor_is_aligned (job->source);
}

static void
quantise_slice (const Work *w, int begin, int end, guint16 *copy)
{
  const GemQuantJob *job = w->job;

  if (is_in_place (job)) {
    krn_quantise (job->type, w->dst, (const guint16 *)(gconstpointer)job->source->data, job->rows,
                  job->cols, begin, end);
    return;
  }
  for (int tile = begin; tile < end; tile++)
    quantise_tile_row (w, tile, copy);
}

/* ---- one matrix ---- */

gsize
gem_quant_job_bytes (KrnType type, int rows, int cols)
{
  gsize bytes;

  if (type != KRN_BF16)
    return krn_quant_bytes (type, rows, cols);
  if (rows <= 0 || cols <= 0 || !g_size_checked_mul (&bytes, (gsize)rows, (gsize)cols) ||
      !g_size_checked_mul (&bytes, bytes, 2))
    return 0;
  return bytes;
}

static gboolean
needs_copy (const GemQuantJob *job)
{
  return !job->exact && job->type != KRN_BF16 && !is_in_place (job);
}

/* Takes the next slice; FALSE when there is none. */
static gboolean
work_once (Work *w, guint16 *copy)
{
  int begin = g_atomic_int_get (&w->stop) ? w->n_tiles : g_atomic_int_add (&w->next, w->slice);

  if (begin >= w->n_tiles)
    return FALSE;
  quantise_slice (w, begin, MIN (begin + w->slice, w->n_tiles), copy);
  return TRUE;
}

/* FALSE: no memory. */
static gboolean
new_copy (const GemQuantJob *job, guint16 **copy)
{
  *copy = NULL;
  if (needs_copy (job))
    *copy = g_try_new (guint16, (gsize)KRN_TILE_ROWS * (gsize)job->cols);
  return *copy != NULL || !needs_copy (job);
}

/* Without memory of its own a helper leaves the work to the others. */
static gpointer
worker (gpointer data)
{
  Work               *w = data;
  g_autofree guint16 *copy = NULL;

  if (new_copy (w->job, &copy))
    while (work_once (w, copy))
      ;
  return NULL;
}

/* How far all matrices are, for the person who waits. */
typedef struct {
  GemProgressFunc func;
  gpointer        user_data;
  guint64         done, total; /* bytes of result */
} Progress;

static gboolean
report (const Progress *p, guint64 more)
{
  double part = (double)(p->done + more) / (double)p->total;

  /* Reading the small files came before: gem-model.c counts that as 5 %. */
  return p->func == NULL || p->func (0.05 + 0.94 * part, "Quantising the weights", p->user_data);
}

static gboolean
quantise_matrix (const GemQuantJob *job,
                 guint8            *dst,
                 int                threads,
                 const Progress    *progress,
                 GError           **error)
{
  int  n_tiles = (job->rows + KRN_TILE_ROWS - 1) / KRN_TILE_ROWS;
  Work w = {
      .job = job,
      .dst = dst,
      .tile_bytes = gem_quant_job_bytes (job->type, KRN_TILE_ROWS, job->cols),
      .n_tiles = n_tiles,
      .slice = MAX (SLICE_WEIGHTS / (KRN_TILE_ROWS * job->cols), 1),
  };
  g_autoptr (GPtrArray) helpers = g_ptr_array_new ();
  g_autofree guint16 *copy = NULL;

  if (!new_copy (job, &copy)) {
    set_no_memory (job->bytes, error);
    return FALSE;
  }
  for (int i = 1; i < threads && i * w.slice < n_tiles; i++) {
    /* NULL when the system has no thread left: then fewer work. */
    GThread *helper = g_thread_try_new ("quantise", worker, &w, NULL);

    if (helper != NULL)
      g_ptr_array_add (helpers, helper);
  }
  while (work_once (&w, copy)) {
    gsize taken = (gsize)MIN (g_atomic_int_get (&w.next), n_tiles);

    if (!report (progress, taken * w.tile_bytes))
      g_atomic_int_set (&w.stop, 1);
  }
  for (guint i = 0; i < helpers->len; i++)
    g_thread_join (g_ptr_array_index (helpers, i));
  if (!g_atomic_int_get (&w.stop))
    return TRUE;
  g_set_error (error, GEM_ERROR, GEM_ERROR_CANCELLED, "Loading the model was cancelled.");
  return FALSE;
}

/* ---- all of them ---- */

static GemQuantised *
quantised_new (guint8 *region, gsize length)
{
  GemQuantised *self = g_new0 (GemQuantised, 1);

  self->region = region;
  self->length = length;
  return self;
}

static GemQuantised *
allocate (gsize length, GError **error)
{
  void *region = mmap (NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (region == MAP_FAILED) {
    set_no_memory (length, error);
    return NULL;
  }
  /* Fewer misses of the address cache while the weights are streamed; a hint. */
  madvise (region, length, MADV_HUGEPAGE);
  return quantised_new (region, length);
}

static gboolean
quantise_all (GemQuantised   *self,
              GArray         *jobs,
              GemQuantLayout *layout,
              GemCacheWriter *writer,
              int             threads,
              Progress       *progress,
              GError        **error)
{
  for (guint i = 0; i < jobs->len; i++) {
    GemQuantJob *job = &g_array_index (jobs, GemQuantJob, i);
    guint8      *dst = self->region + layout->offsets[i];

    gem_tensor_will_need (job->source);
    if (!quantise_matrix (job, dst, threads, progress, error))
      return FALSE;
    gem_tensor_done (job->source);
    job->data = dst;
    progress->done += job->bytes;
    if (!gem_cache_writer_put (writer, self->region, layout->offsets[i], layout->ends[i])) {
      set_no_memory (self->length, error);
      return FALSE;
    }
  }
  return TRUE;
}

static void
set_data (GArray *jobs, const GemQuantLayout *layout, const guint8 *region)
{
  for (guint i = 0; i < jobs->len; i++)
    g_array_index (jobs, GemQuantJob, i).data = region + layout->offsets[i];
}

GemQuantised *
gem_quantise (GArray         *jobs,
              const char     *identity,
              const char     *cache_dir,
              int             threads,
              GPtrArray      *warnings,
              GemProgressFunc progress,
              gpointer        user_data,
              GError        **error)
{
  g_autoptr (GemQuantLayout) layout = gem_quant_layout_new (jobs, identity);
  g_autoptr (GemQuantised) self = NULL;
  g_autoptr (GemCacheWriter) writer = NULL;
  Progress state = {.func = progress, .user_data = user_data};
  guint8  *region;

  region = gem_cache_map (layout, cache_dir);
  if (region != NULL) {
    set_data (jobs, layout, region);
    return quantised_new (region, layout->length);
  }
  self = allocate (layout->length, error);
  if (self == NULL)
    return NULL;
  for (guint i = 0; i < jobs->len; i++)
    state.total += g_array_index (jobs, GemQuantJob, i).bytes;
  writer = gem_cache_writer_new (layout, cache_dir);
  threads = threads > 0 ? MIN (threads, MAX_THREADS) : (int)g_get_num_processors ();
  if (!quantise_all (self, jobs, layout, writer, threads, &state, error))
    return NULL;
  gem_cache_writer_finish (writer, warnings);
  return g_steal_pointer (&self);
}

void
gem_quantised_free (GemQuantised *self)
{
  if (self == NULL)
    return;
  munmap (self->region, self->length);
  g_free (self);
}
