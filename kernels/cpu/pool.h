/* pool.h: a fixed team of threads that runs one task at a time, all members together.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The thread that calls krn_pool_run () is member 0; the others belong to the pool.  A task is cut into
 * phases by krn_pool_barrier (); within a phase members claim work items with krn_pool_claim ().
 * Waiting spins for some tens of microseconds, which keeps a hot op at about a microsecond, and then sleeps
 * on a futex, so that an idle program burns no processor time.
 *
 * A pool is used by one thread at a time.  Nothing is allocated after krn_pool_init (). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define KRN_MAX_THREADS 256

typedef struct KrnPool KrnPool;

typedef void (*KrnTask) (void *context, int member);
typedef void (*KrnSerial) (void *context);

typedef struct {
  KrnPool  *pool;
  int       member;
  pthread_t thread;
} KrnMember;

/* The words that members write are a cache line apart from those that they only read. */
struct KrnPool {
  int       n_threads;
  int       spin_ns;
  KrnTask   task;
  void     *context;
  KrnMember members[KRN_MAX_THREADS];

  _Alignas (64) atomic_uint job; /* counts the tasks; sleeping members wait for a change */
  atomic_uint job_sleepers;
  atomic_bool quit;
  _Alignas (64) atomic_uint phase; /* counts the barriers */
  atomic_uint phase_sleepers;
  _Alignas (64) atomic_uint arrived; /* members at the current barrier */
  _Alignas (64) atomic_uint claimed; /* work items of the current phase */
};

/* False, with a sentence in err, when the threads cannot be made. */
bool krn_pool_init (KrnPool *pool, int n_threads, char *err, size_t err_len);
void krn_pool_clear (KrnPool *pool);

/* Runs task (context, member) on every member and returns when all have returned. */
void krn_pool_run (KrnPool *pool, KrnTask task, void *context);

/* Inside a task.  Waits until every member is here.  The last one to arrive first runs serial (context),
 * if there is one, while the others wait: a short serial step costs no second barrier. */
void krn_pool_barrier (KrnPool *pool, KrnSerial serial, void *context);

/* Inside a task.  The next item of this phase; the caller stops at its own upper bound. */
static inline unsigned
krn_pool_claim (KrnPool *pool)
{
  return atomic_fetch_add_explicit (&pool->claimed, 1, memory_order_relaxed);
}
