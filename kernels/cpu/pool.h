/* pool.h: a fixed team of threads that runs one task at a time, in phases of work items.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The thread that calls krn_pool_run () is member 0; the others belong to the pool.  Every member
 * that finds the time runs the same task, which is a sequence of phases:
 *
 *   while (krn_pool_next (m, n_items, &item))
 *     …                                         what is independent of the phase's other items
 *   if (!krn_pool_barrier (m, serial, context))
 *     return;                                   the task ended without this member
 *   while (krn_pool_next (m, …                  the next phase; the task ends with the items of its
 * last one
 *
 * Only inside an item may a member read what earlier phases and serial steps computed, or write
 * anything.  A phase is over when all its items are done, not when all members have arrived: a
 * member that the system gives no processor holds up the others only if it has an item in hand.
 * Waiting spins for some tens of microseconds, which keeps a hot operation at about a microsecond,
 * and then sleeps on a futex, so that an idle program burns no processor time.
 *
 * A pool is used by one thread at a time.  Nothing is allocated after krn_pool_init (). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KRN_MAX_THREADS 128

typedef struct KrnPool KrnPool;

typedef struct {
  _Alignas(64) KrnPool *pool;
  int       index; /* 0 … n_threads − 1 */
  pthread_t thread;

  uint32_t task;   /* the task that this thread is in, or was last in */
  bool     inside; /* pool.c */
  uint32_t phase;  /* where it is in the task */
  unsigned total;  /* items of this phase */
  bool     holds_item;
  bool     finishes_phase; /* it did the last item of the phase */
} KrnMember;

typedef void (*KrnTask) (void *context, KrnMember *m);
typedef void (*KrnSerial) (void *context);

/* Words that members write often have a cache line to themselves. */
struct KrnPool {
  int       n_threads;
  int       spin_ns;
  KrnTask   run;
  void     *context;
  uint32_t  first_phase; /* of the task */
  KrnMember members[KRN_MAX_THREADS];

  _Alignas(64) atomic_uint gate; /* pool.c */
  atomic_uint gate_sleepers;
  atomic_bool quit;
  _Alignas(64) atomic_uint phase; /* counts phases, of all tasks */
  atomic_uint phase_sleepers;
  _Alignas(64) atomic_ullong claimed; /* phase · 2^32 + its next item */
  _Alignas(64) atomic_uint done;      /* items of the current phase */
};

/* One per core that this process may use, as far as a pool goes. */
int  krn_pool_usual_threads (void);
/* n_threads 0: the usual number.  False, with a sentence in err, when the threads cannot be made. */
bool krn_pool_init (KrnPool *pool, int n_threads, char *err, size_t err_len);
void krn_pool_clear (KrnPool *pool);

/* Runs task (context, member) and returns when all items of all its phases are done and no member
 * uses context any more. */
void krn_pool_run (KrnPool *pool, KrnTask task, void *context);

/* Inside a task.  The item taken before is done; takes the next of the phase's `total` (the same
 * for every member, not 0).  False when there are none left. */
bool krn_pool_next (KrnMember *m, unsigned total, unsigned *item);

/* Inside a task, after krn_pool_next () has said false.  Waits until all items of the phase are
 * done.  One member then runs serial (context), if there is one, before any goes on.  False: the
 * task has ended, return from it. */
bool krn_pool_barrier (KrnMember *m, KrnSerial serial, void *context);
