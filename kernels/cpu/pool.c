/* pool.c: the team of threads; see pool.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two words are waited for: `job` (a new task) and `phase` (all members have arrived).  A waiter spins on
 * the word, then announces itself in the word's sleeper count and sleeps on the word with a futex.  Whoever changes the word
 * looks at the count afterwards.  Both sides are sequentially consistent, so that either the changer sees
 * the sleeper or the futex call sees the change. */
#include "kernels/cpu/pool.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Long enough to bridge the serial steps between two ops of a token, short enough not to be noticed. */
#define SPIN_NS      60000
#define STACK_BYTES  (1u << 20)
#define SPINS_A_LOOK 64 /* how often the clock is looked at */

static inline void
relax (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__)
  __asm__ volatile ("yield");
#endif
}

static long long
now_ns (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void
futex_wait (atomic_uint *word, unsigned value)
{
  syscall (SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void
futex_wake_all (atomic_uint *word)
{
  syscall (SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Returns when *word is no longer `old`. */
static void
wait_for_change (atomic_uint *word, atomic_uint *sleepers, unsigned old, int spin_ns)
{
  long long deadline = 0;

  for (unsigned i = 1; spin_ns > 0; i++) {
    if (atomic_load_explicit (word, memory_order_acquire) != old)
      return;
    relax ();
    if (i % SPINS_A_LOOK == 0) {
      long long now = now_ns ();

      if (deadline == 0)
        deadline = now + spin_ns;
      else if (now > deadline)
        break;
    }
  }

  atomic_fetch_add (sleepers, 1);
  while (atomic_load (word) == old)
    futex_wait (word, old);
  atomic_fetch_sub (sleepers, 1);
}

static void
change (atomic_uint *word, atomic_uint *sleepers)
{
  atomic_fetch_add (word, 1);
  if (atomic_load (sleepers) > 0)
    futex_wake_all (word);
}

/* Counts the caller in.  True for the last member, which has then run `serial` and opened the barrier. */
static bool
arrive (KrnPool *pool, KrnSerial serial, void *context)
{
  unsigned before = atomic_fetch_add_explicit (&pool->arrived, 1, memory_order_acq_rel);

  if (before + 1 < (unsigned) pool->n_threads)
    return false;
  if (serial)
    serial (context);
  atomic_store_explicit (&pool->arrived, 0, memory_order_relaxed);
  atomic_store_explicit (&pool->claimed, 0, memory_order_relaxed);
  change (&pool->phase, &pool->phase_sleepers);
  return true;
}

void
krn_pool_barrier (KrnPool *pool, KrnSerial serial, void *context)
{
  /* Read before arriving: the phase cannot change until this member has arrived. */
  unsigned phase = atomic_load_explicit (&pool->phase, memory_order_relaxed);

  if (!arrive (pool, serial, context))
    wait_for_change (&pool->phase, &pool->phase_sleepers, phase, pool->spin_ns);
}

void
krn_pool_run (KrnPool *pool, KrnTask task, void *context)
{
  pool->task = task;
  pool->context = context;
  if (pool->n_threads > 1)
    change (&pool->job, &pool->job_sleepers);
  task (context, 0);
  krn_pool_barrier (pool, NULL, NULL);
}

static void *
member_main (void *data)
{
  KrnMember *self = data;
  KrnPool   *pool = self->pool;
  unsigned   job = 0;

  for (;;) {
    wait_for_change (&pool->job, &pool->job_sleepers, job, pool->spin_ns);
    job++;
    if (atomic_load_explicit (&pool->quit, memory_order_relaxed))
      return NULL;
    pool->task (pool->context, self->member);
    arrive (pool, NULL, NULL);
  }
}

/* Signals are for the program's own threads. */
static int
start_member (KrnMember *member, const pthread_attr_t *attributes)
{
  sigset_t all, before;
  char     name[16];
  int      error;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  error = pthread_create (&member->thread, attributes, member_main, member);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (error == 0) {
    snprintf (name, sizeof name, "krn-%d", member->member);
    pthread_setname_np (member->thread, name);
  }
  return error;
}

static int
count_cores (void)
{
  cpu_set_t set;

  if (sched_getaffinity (0, sizeof set, &set) == 0)
    return CPU_COUNT (&set);
  return (int) sysconf (_SC_NPROCESSORS_ONLN);
}

bool
krn_pool_init (KrnPool *pool, int n_threads, char *err, size_t err_len)
{
  int            cores = count_cores ();
  pthread_attr_t attributes;

  memset (pool, 0, sizeof *pool);
  if (n_threads <= 0)
    n_threads = cores > 0 ? cores : 1;
  if (n_threads > KRN_MAX_THREADS)
    n_threads = KRN_MAX_THREADS;
  /* With more members than cores a spinning one would keep another from running. */
  pool->spin_ns = n_threads <= cores ? SPIN_NS : 0;
  pool->n_threads = 1;

  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, STACK_BYTES);
  for (int i = 1; i < n_threads; i++) {
    KrnMember *member = &pool->members[i];
    int        error;

    member->pool = pool;
    member->member = i;
    error = start_member (member, &attributes);
    if (error != 0) {
      snprintf (err,
                err_len,
                "Could not start computing thread %d of %d: %s.",
                i + 1,
                n_threads,
                strerror (error));
      pthread_attr_destroy (&attributes);
      krn_pool_clear (pool);
      return false;
    }
    pool->n_threads = i + 1;
  }
  pthread_attr_destroy (&attributes);
  return true;
}

void
krn_pool_clear (KrnPool *pool)
{
  atomic_store (&pool->quit, true);
  if (pool->n_threads > 1)
    change (&pool->job, &pool->job_sleepers);
  for (int i = 1; i < pool->n_threads; i++)
    pthread_join (pool->members[i].thread, NULL);
  pool->n_threads = 0;
}
