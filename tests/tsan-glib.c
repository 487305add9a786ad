/* tsan-glib.c: tells ThreadSanitizer what GLib's own locks and queues order.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GLib is not compiled with the sanitizer: it locks with futexes, and what a mutex or a queue
 * passes from one thread to another looks like a race.  Linked into the test programs of a
 * thread-sanitised build, these functions stand before GLib's and say who waits for whom.  This
 * file itself must be compiled without the sanitizer.  Atomic integers need nothing: they are
 * compiled into the caller. */
#include <dlfcn.h>
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

/* GLib's function of the same name. */
#define NEXT(function)                                                                             \
  ({                                                                                               \
    static __typeof__ (&function) next_;                                                           \
    if (next_ == NULL)                                                                             \
      next_ = (__typeof__ (&function))dlsym (RTLD_NEXT, #function);                                \
    next_;                                                                                         \
  })

/* Locks */

void
g_mutex_lock (GMutex *mutex)
{
  NEXT (g_mutex_lock) (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked = NEXT (g_mutex_trylock) (mutex);

  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_release (mutex);
  NEXT (g_mutex_unlock) (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  NEXT (g_cond_wait) (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  __tsan_release (mutex);
  signalled = NEXT (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return signalled;
}

/* Queues: what was done before pushing is seen after popping. */

void
g_async_queue_lock (GAsyncQueue *queue)
{
  NEXT (g_async_queue_lock) (queue);
  __tsan_acquire (queue);
}

void
g_async_queue_unlock (GAsyncQueue *queue)
{
  __tsan_release (queue);
  NEXT (g_async_queue_unlock) (queue);
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  __tsan_release (queue);
  NEXT (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = NEXT (g_async_queue_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  gpointer data = NEXT (g_async_queue_timeout_pop) (queue, timeout);

  if (data != NULL)
    __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = NEXT (g_async_queue_try_pop) (queue);

  if (data != NULL)
    __tsan_acquire (queue);
  return data;
}

/* The last reference frees what earlier holders wrote. */

void
g_async_queue_unref (GAsyncQueue *queue)
{
  __tsan_release (queue);
  NEXT (g_async_queue_unref) (queue);
}

gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  gboolean last;

  __tsan_release (count);
  last = NEXT (g_atomic_ref_count_dec) (count);
  if (last)
    __tsan_acquire (count);
  return last;
}

/* Tasks: to their thread and back. */

static const char task_func_key[] = "tsan-glib-task-func";

static void
run_task (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GTaskThreadFunc func;

  __tsan_acquire (task);
  func = (GTaskThreadFunc)g_object_get_data (G_OBJECT (task), task_func_key);
  func (task, source, task_data, cancellable);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc func)
{
  g_object_set_data (G_OBJECT (task), task_func_key, (gpointer)func);
  __tsan_release (task);
  NEXT (g_task_run_in_thread) (task, run_task);
}

void
g_task_return_int (GTask *task, gssize result)
{
  __tsan_release (task);
  NEXT (g_task_return_int) (task, result);
}

gssize
g_task_propagate_int (GTask *task, GError **error)
{
  __tsan_acquire (task);
  return NEXT (g_task_propagate_int) (task, error);
}

void
g_task_return_pointer (GTask *task, gpointer result, GDestroyNotify result_destroy)
{
  __tsan_release (task);
  NEXT (g_task_return_pointer) (task, result, result_destroy);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  __tsan_acquire (task);
  return NEXT (g_task_propagate_pointer) (task, error);
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  __tsan_release (task);
  NEXT (g_task_return_boolean) (task, result);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  __tsan_acquire (task);
  return NEXT (g_task_propagate_boolean) (task, error);
}

void
g_task_return_error (GTask *task, GError *error)
{
  __tsan_release (task);
  NEXT (g_task_return_error) (task, error);
}
