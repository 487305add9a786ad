/* pool.c: the team of threads; see pool.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The gate is one word, (task number, open, how many pool threads are inside).  A pool thread
 * enters an open gate that shows a task it does not know yet, and only what happens inside may
 * touch the task's context.  While it waits for a phase it is outside, so that the task can end
 * without it.  The caller shuts the gate when the last phase is over and waits for those who are
 * still inside; they have no items and leave at once.
 *
 * Claims carry the number of their phase, so that a member that comes late cannot take an item of a
 * later phase for one of its own: it finds the phase over and goes on to the next.
 *
 * A waiter spins, then announces itself in the word's sleeper count and sleeps on the word with a
 * futex.  Whoever changes the word looks at the count afterwards.  Both sides are sequentially
 * consistent, so that either the changer sees the sleeper or the futex call sees the change. */
#include "kernels/cpu/pool.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Long enough to bridge the serial steps between two ops of a token, short enough not to be
 * noticed. */
#define SPIN_NS      60000
#define SPINS_A_LOOK 64 /* how often the clock is looked at */
#define STACK_BYTES  (1u << 20)

#define GATE_INSIDE 0xffu
#define GATE_OPEN   0x100u
#define GATE_TASK   0x200u /* one task further */

_Static_assert(KRN_MAX_THREADS <= GATE_INSIDE, "all pool threads can be inside");

/* ---- waiting ---- */

static inline void
relax (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
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
wake (atomic_uint *word, atomic_uint *sleepers)
{
  if (atomic_load (sleepers) > 0)
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

/* ---- the gate ---- */

static uint32_t
gate_task (unsigned gate)
{
  return gate / GATE_TASK;
}

/* Steps inside the task m->task.  False if that task has ended. */
static bool
enter (KrnMember *m)
{
  KrnPool *pool = m->pool;
  unsigned gate = atomic_load_explicit (&pool->gate, memory_order_relaxed);

  do {
    if (!(gate & GATE_OPEN) || gate_task (gate) != m->task)
      return false;
  } while (!atomic_compare_exchange_weak_explicit (&pool->gate, &gate, gate + 1,
                                                   memory_order_acquire, memory_order_relaxed));
  m->inside = true;
  return true;
}

static void
leave (KrnMember *m)
{
  unsigned before = atomic_fetch_sub (&m->pool->gate, 1);

  m->inside = false;
  /* The caller waits for the last one behind a gate that is shut. */
  if (!(before & GATE_OPEN))
    wake (&m->pool->gate, &m->pool->gate_sleepers);
}

static void
open_gate (KrnPool *pool)
{
  unsigned gate = atomic_load_explicit (&pool->gate, memory_order_relaxed);

  atomic_store (&pool->gate, (gate + GATE_TASK) | GATE_OPEN);
  wake (&pool->gate, &pool->gate_sleepers);
}

static void
shut_gate (KrnPool *pool)
{
  unsigned gate = atomic_fetch_and (&pool->gate, ~GATE_OPEN) & ~GATE_OPEN;

  while (gate & GATE_INSIDE) {
    wait_for_change (&pool->gate, &pool->gate_sleepers, gate, pool->spin_ns);
    gate = atomic_load_explicit (&pool->gate, memory_order_acquire);
  }
}

/* ---- phases ---- */

static void
finish_item (KrnMember *m)
{
  if (!m->holds_item)
    return;
  m->holds_item = false;
  m->finishes_phase =
      atomic_fetch_add_explicit (&m->pool->done, 1, memory_order_acq_rel) + 1 == m->total;
}

bool
krn_pool_next (KrnMember *m, unsigned total, unsigned *item)
{
  unsigned long long claim;

  m->total = total;
  finish_item (m);
  claim = atomic_load_explicit (&m->pool->claimed, memory_order_relaxed);
  do {
    if (claim >> 32 != m->phase || (unsigned)claim >= total)
      return false;
  } while (!atomic_compare_exchange_weak_explicit (&m->pool->claimed, &claim, claim + 1,
                                                   memory_order_relaxed, memory_order_relaxed));
  *item = (unsigned)claim;
  m->holds_item = true;
  return true;
}

/* Ends the phase whose last item m has done. */
static void
end_phase (KrnMember *m)
{
  KrnPool *pool = m->pool;
  uint32_t next = m->phase + 1;

  m->finishes_phase = false;
  atomic_store_explicit (&pool->done, 0, memory_order_relaxed);
  atomic_store_explicit (&pool->claimed, (unsigned long long)next << 32, memory_order_relaxed);
  atomic_store (&pool->phase, next);
  wake (&pool->phase, &pool->phase_sleepers);
}

bool
krn_pool_barrier (KrnMember *m, KrnSerial serial, void *context)
{
  KrnPool *pool = m->pool;

  if (m->finishes_phase) {
    if (serial)
      serial (context);
    end_phase (m);
  } else if (atomic_load_explicit (&pool->phase, memory_order_acquire) == m->phase) {
    bool is_caller = m->index == 0; /* the task cannot end without it */

    if (!is_caller)
      leave (m);
    wait_for_change (&pool->phase, &pool->phase_sleepers, m->phase, pool->spin_ns);
    if (!is_caller && !enter (m))
      return false;
  }
  m->phase++;
  return true;
}

void
krn_pool_run (KrnPool *pool, KrnTask task, void *context)
{
  KrnMember *m = &pool->members[0];

  pool->run = task;
  pool->context = context;
  pool->first_phase = atomic_load_explicit (&pool->phase, memory_order_relaxed);
  m->phase = pool->first_phase;
  if (pool->n_threads > 1)
    open_gate (pool);
  task (context, m);
  krn_pool_barrier (m, NULL, NULL);
  if (pool->n_threads > 1)
    shut_gate (pool);
}

/* ---- threads ---- */

static void
take_part (KrnMember *m)
{
  KrnPool *pool = m->pool;

  m->phase = pool->first_phase;
  pool->run (pool->context, m);
  if (m->finishes_phase)
    end_phase (m);
}

static void *
member_main (void *data)
{
  KrnMember *m = data;
  KrnPool   *pool = m->pool;

  for (;;) {
    unsigned gate = atomic_load_explicit (&pool->gate, memory_order_acquire);

    if (atomic_load_explicit (&pool->quit, memory_order_relaxed))
      return NULL;
    if ((gate & GATE_OPEN) && gate_task (gate) != m->task) {
      m->task = gate_task (gate);
      if (enter (m)) {
        take_part (m);
        if (m->inside)
          leave (m);
      }
    } else {
      wait_for_change (&pool->gate, &pool->gate_sleepers, gate, pool->spin_ns);
    }
  }
}

/* Signals are for the program's own threads. */
static int
start_member (KrnMember *m, const pthread_attr_t *attributes)
{
  sigset_t all, before;
  char     name[16];
  int      error;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  error = pthread_create (&m->thread, attributes, member_main, m);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (error == 0) {
    snprintf (name, sizeof name, "krn-%d", m->index);
    pthread_setname_np (m->thread, name);
  }
  return error;
}

static int
count_cores (void)
{
  cpu_set_t set;

  if (sched_getaffinity (0, sizeof set, &set) == 0)
    return CPU_COUNT (&set);
  return (int)sysconf (_SC_NPROCESSORS_ONLN);
}

int
krn_pool_usual_threads (void)
{
  int cores = count_cores ();

  return cores < 1 ? 1 : cores > KRN_MAX_THREADS ? KRN_MAX_THREADS : cores;
}

bool
krn_pool_init (KrnPool *pool, int n_threads, char *err, size_t err_len)
{
  int            cores = count_cores ();
  pthread_attr_t attributes;
  int            error = 0;

  memset (pool, 0, sizeof *pool);
  if (n_threads <= 0)
    n_threads = krn_pool_usual_threads ();
  if (n_threads > KRN_MAX_THREADS)
    n_threads = KRN_MAX_THREADS;
  /* With more members than cores a spinning one would keep another from running. */
  pool->spin_ns = n_threads <= cores ? SPIN_NS : 0;
  for (int i = 0; i < n_threads; i++) {
    pool->members[i].pool = pool;
    pool->members[i].index = i;
  }

  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, STACK_BYTES);
  for (pool->n_threads = 1; pool->n_threads < n_threads; pool->n_threads++) {
    error = start_member (&pool->members[pool->n_threads], &attributes);
    if (error != 0)
      break;
  }
  pthread_attr_destroy (&attributes);
  if (error != 0) {
    snprintf (err, err_len, "Could not start computing thread %d of %d: %s.", pool->n_threads + 1,
              n_threads, strerror (error));
    krn_pool_clear (pool);
    return false;
  }
  return true;
}

void
krn_pool_clear (KrnPool *pool)
{
  atomic_store (&pool->quit, true);
  atomic_fetch_add (&pool->gate, GATE_TASK);
  wake (&pool->gate, &pool->gate_sleepers);
  for (int i = 1; i < pool->n_threads; i++)
    pthread_join (pool->members[i].thread, NULL);
  pool->n_threads = 0;
}
