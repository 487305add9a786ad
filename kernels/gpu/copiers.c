/* copiers.c: threads of the host that gather rows of a table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A job is a piece of work and a number; who sees a new number takes rows until there are none.  The caller takes rows, too, and waits
 * for the threads that have begun some. */
#include "kernels/gpu/copiers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_THREADS 7
/* Rows that are taken at once; and less than this is not worth waking anyone. */
#define ROWS_AT_ONCE 8
#define WORTH_BYTES  ((size_t)512 << 10)

typedef struct {
  unsigned char       *to;
  const unsigned char *from;
  const int32_t       *id;
  int                  n;
  size_t               bytes, stride;
} Job;

struct GpuCopiers {
  pthread_t       threads[MOST_THREADS];
  int             n_threads;
  pthread_mutex_t lock; /* of what follows, but `next` */
  pthread_cond_t  wake, done;
  Job             job;
  unsigned        number; /* of the job */
  int             busy;   /* threads that look at the job */
  bool            quit;
  atomic_int      next; /* the first row that nobody has taken */
};

static void
take_rows (const Job *job, atomic_int *next)
{
  for (;;) {
    int first = atomic_fetch_add (next, ROWS_AT_ONCE);
    int end = job->n - first < ROWS_AT_ONCE ? job->n : first + ROWS_AT_ONCE;

    if (first >= job->n)
      return;
    for (int i = first; i < end; i++)
      memcpy (job->to + (size_t)i * job->bytes, job->from + (size_t)job->id[i] * job->stride, job->bytes);
  }
}

static void *
work (void *data)
{
  GpuCopiers *self = data;
  unsigned    seen = 0;

  pthread_mutex_lock (&self->lock);
  for (;;) {
    while (self->number == seen && !self->quit)
      pthread_cond_wait (&self->wake, &self->lock);
    if (self->quit)
      break;
    seen = self->number;
    Job job = self->job;
    self->busy++;
    pthread_mutex_unlock (&self->lock);
    take_rows (&job, &self->next);
    pthread_mutex_lock (&self->lock);
    if (--self->busy == 0)
      pthread_cond_signal (&self->done);
  }
  pthread_mutex_unlock (&self->lock);
  return NULL;
}

GpuCopiers *
gpu_copiers_new (void)
{
  GpuCopiers *self = calloc (1, sizeof *self);
  long        wanted = sysconf (_SC_NPROCESSORS_ONLN) - 1;

  if (self == NULL)
    return NULL;
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->wake, NULL);
  pthread_cond_init (&self->done, NULL);
  while (self->n_threads < wanted && self->n_threads < MOST_THREADS &&
         pthread_create (&self->threads[self->n_threads], NULL, work, self) == 0)
    self->n_threads++;
  return self;
}

void
gpu_copiers_free (GpuCopiers *self)
{
  if (self == NULL)
    return;
  pthread_mutex_lock (&self->lock);
  self->quit = true;
  pthread_cond_broadcast (&self->wake);
  pthread_mutex_unlock (&self->lock);
  for (int i = 0; i < self->n_threads; i++)
    pthread_join (self->threads[i], NULL);
  pthread_cond_destroy (&self->done);
  pthread_cond_destroy (&self->wake);
  pthread_mutex_destroy (&self->lock);
  free (self);
}

void
gpu_copiers_gather (GpuCopiers          *self,
                    unsigned char       *to,
                    const unsigned char *from,
                    const int32_t       *id,
                    int                  n,
                    size_t               bytes,
                    size_t               stride)
{
  Job        job = {to, from, id, n, bytes, stride};
  atomic_int alone = 0;

  if (self == NULL || self->n_threads == 0 || (size_t)n * bytes < WORTH_BYTES) {
    take_rows (&job, &alone);
    return;
  }
  pthread_mutex_lock (&self->lock);
  while (self->busy > 0) /* woken too late for the last job, of which nothing was left */
    pthread_cond_wait (&self->done, &self->lock);
  self->job = job;
  self->number++;
  atomic_store (&self->next, 0);
  pthread_cond_broadcast (&self->wake);
  pthread_mutex_unlock (&self->lock);
  take_rows (&job, &self->next);
  pthread_mutex_lock (&self->lock);
  while (self->busy > 0)
    pthread_cond_wait (&self->done, &self->lock);
  pthread_mutex_unlock (&self->lock);
}
