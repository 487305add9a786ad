/* gpu-emu.cc: the scheduler of the emulated device.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <map>
#include <mutex>
#include <stdio.h>
#include <time.h>

#include "kernels/gpu/gpu.h"

/* What the emulated device can do: as little as any that is supported, so that what fits here fits everywhere.  The same
 * holds for gpu_emu::most_shared, which a test may raise. */
enum { PROCESSORS = 3, MOST_THREADS = 1024 };
static const size_t TOTAL_MEMORY = (size_t)4 << 30;

/* Devices may be used from different threads, and the fibers of one launch are all that runs. */
static std::mutex    running;
static gpuEmuError_t last_error;

namespace gpu_emu
{
ucontext_t             scheduler;
Fiber                 *current;
std::function<void ()> body;
dim3                   grid, block_dim;
size_t                 most_shared = 64 * 1024;

enum { STACK = 64 * 1024 };

static void
entry (void)
{
  body ();
  current->done = true;
  swapcontext (&current->context, &scheduler);
}

void
yield (void)
{
  swapcontext (&current->context, &scheduler);
}

static void
wait (Barrier *b, int n)
{
  int times = b->times;

  if (++b->come == n) {
    b->come = 0;
    b->times++;
    return;
  }
  while (b->times == times)
    yield ();
}

void
wait_block (void)
{
  wait (&current->block->all, (int)current->block->fibers.size ());
}

void
wait_lanes (void)
{
  Block *b = current->block;
  int    first = current->linear / 32 * 32, n = (int)b->fibers.size () - first;

  wait (&b->lanes[first / 32], n < 32 ? n : 32);
}

static void
prepare (Block *b, dim3 index, size_t shared)
{
  int n = (int)(block_dim.x * block_dim.y * block_dim.z);

  b->index = index;
  b->fibers.resize (n);
  b->stacks.resize ((size_t)n * STACK);
  b->shared.assign (shared + 64, 0xa5); /* nothing may rely on zeros */
  b->all = {0, 0};
  b->lanes.assign ((n + 31) / 32, {0, 0});
  b->exchange.assign (n, 0);
  for (int i = 0; i < n; i++) {
    Fiber *f = &b->fibers[i];

    f->block = b;
    f->linear = i;
    f->thread = dim3 (i % block_dim.x, i / block_dim.x % block_dim.y, i / (block_dim.x * block_dim.y));
    f->done = false;
    getcontext (&f->context);
    f->context.uc_stack.ss_sp = &b->stacks[(size_t)i * STACK];
    f->context.uc_stack.ss_size = STACK;
    f->context.uc_link = &scheduler;
    makecontext (&f->context, entry, 0);
  }
}

/* Round and round over all threads until all are done. */
static void
run (std::vector<Block> &blocks, int n)
{
  for (int left = 1; left > 0;) {
    left = 0;
    for (int i = 0; i < n; i++)
      for (Fiber &f : blocks[i].fibers) {
        if (f.done)
          continue;
        current = &f;
        swapcontext (&scheduler, &f.context);
        left += !f.done;
      }
  }
}

void
launch (dim3 g, dim3 b, size_t shared, bool together, std::function<void ()> f)
{
  static std::vector<Block> blocks;
  size_t                    n = together ? (size_t)g.x * g.y * g.z : 1, i = 0;
  std::lock_guard<std::mutex> alone (running);

  if (g.x * g.y * g.z == 0 || b.x * b.y * b.z == 0 || b.x * b.y * b.z > MOST_THREADS || shared > most_shared || (together && n > PROCESSORS)) {
    last_error = gpuEmuErrorInvalidConfiguration;
    return;
  }
  grid = g;
  block_dim = b;
  body = f;
  if (blocks.size () < n)
    blocks.resize (n);
  for (unsigned z = 0; z < g.z; z++)
    for (unsigned y = 0; y < g.y; y++)
      for (unsigned x = 0; x < g.x; x++) {
        prepare (&blocks[i], dim3 (x, y, z), shared);
        if (++i == n) {
          run (blocks, (int)n);
          i = 0;
        }
      }
}
} /* namespace gpu_emu */

/* ---- the run-time calls ---- */

static std::map<void *, size_t> sizes; /* of what is on the device */
static size_t                   used;

static gpuEmuError_t
latch (gpuEmuError_t error)
{
  if (error != gpuEmuSuccess)
    last_error = error;
  return error;
}

static gpuEmuError_t
take (void **p, size_t bytes)
{
  *p = bytes <= TOTAL_MEMORY ? aligned_alloc (256, (bytes + 256) / 256 * 256) : NULL;
  if (*p == NULL)
    return latch (gpuEmuErrorMemoryAllocation);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuMallocBytes (void **p, size_t bytes)
{
  std::lock_guard<std::mutex> alone (running);

  *p = NULL;
  if (bytes > TOTAL_MEMORY - used)
    return latch (gpuEmuErrorMemoryAllocation);
  if (take (p, bytes) != gpuEmuSuccess)
    return last_error;
  memset (*p, 0xa5, bytes);
  sizes[*p] = bytes;
  used += bytes;
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuFree (void *p)
{
  std::lock_guard<std::mutex> alone (running);

  if (p == NULL)
    return gpuEmuSuccess;
  if (sizes.count (p) == 0)
    return latch (gpuEmuErrorInvalidValue);
  used -= sizes[p];
  sizes.erase (p);
  free (p);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuHostAllocBytes (void **p, size_t bytes)
{
  return take (p, bytes);
}

gpuEmuError_t
gpuEmuFreeHost (void *p)
{
  free (p);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuMemGetInfo (size_t *free, size_t *total)
{
  *total = TOTAL_MEMORY;
  *free = TOTAL_MEMORY - used;
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuMemcpy (void *to, const void *from, size_t bytes, gpuEmuMemcpyKind)
{
  memmove (to, from, bytes);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuMemcpyAsync (void *to, const void *from, size_t bytes, gpuEmuMemcpyKind kind, gpuEmuStream_t)
{
  return gpuEmuMemcpy (to, from, bytes, kind);
}

gpuEmuError_t
gpuEmuMemset (void *to, int byte, size_t bytes)
{
  memset (to, byte, bytes);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuMemsetAsync (void *to, int byte, size_t bytes, gpuEmuStream_t)
{
  return gpuEmuMemset (to, byte, bytes);
}

gpuEmuError_t
gpuEmuGetDeviceCount (int *n)
{
  *n = 1;
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuGetDevice (int *device)
{
  *device = 0;
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuSetDevice (int device)
{
  return device == 0 ? gpuEmuSuccess : latch (gpuEmuErrorInvalidDevice);
}

gpuEmuError_t
gpuEmuGetDeviceProperties (gpuEmuDeviceProp *properties, int device)
{
  if (device != 0)
    return latch (gpuEmuErrorInvalidDevice);
  memset (properties, 0, sizeof *properties);
  snprintf (properties->name, sizeof properties->name, "Emulation with waves of %d", GPU_EMU_WAVE);
  properties->totalGlobalMem = TOTAL_MEMORY;
  properties->sharedMemPerBlock = properties->sharedMemPerBlockOptin = properties->sharedMemPerMultiprocessor = gpu_emu::most_shared;
  properties->multiProcessorCount = PROCESSORS;
  properties->warpSize = GPU_EMU_WAVE;
  properties->l2CacheSize = 1 << 20;
  properties->maxThreadsPerBlock = MOST_THREADS;
  properties->cooperativeLaunch = 1;
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuDeviceSynchronize (void)
{
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuGetLastError (void)
{
  gpuEmuError_t error = last_error;

  last_error = gpuEmuSuccess;
  return error;
}

gpuEmuError_t
gpuEmuPeekAtLastError (void)
{
  return last_error;
}

const char *
gpuEmuGetErrorString (gpuEmuError_t error)
{
  switch (error) {
  case gpuEmuSuccess: return "no error";
  case gpuEmuErrorInvalidValue: return "invalid argument";
  case gpuEmuErrorMemoryAllocation: return "out of memory";
  case gpuEmuErrorInvalidConfiguration: return "invalid configuration argument";
  case gpuEmuErrorNoDevice: return "no device";
  case gpuEmuErrorInvalidDevice: return "invalid device ordinal";
  case gpuEmuErrorNotReady: return "not ready";
  }
  return "unknown error";
}

const char *
gpuEmuGetErrorName (gpuEmuError_t error)
{
  return gpuEmuGetErrorString (error);
}

gpuEmuError_t
gpuEmuStreamCreateWithFlags (gpuEmuStream_t *stream, unsigned)
{
  *stream = (gpuEmuStream_t)calloc (1, 1);
  return *stream != NULL ? gpuEmuSuccess : latch (gpuEmuErrorMemoryAllocation);
}

gpuEmuError_t
gpuEmuStreamDestroy (gpuEmuStream_t stream)
{
  free (stream);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuStreamSynchronize (gpuEmuStream_t)
{
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuStreamQuery (gpuEmuStream_t)
{
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuStreamWaitEvent (gpuEmuStream_t, gpuEmuEvent_t, unsigned)
{
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuEventCreateWithFlags (gpuEmuEvent_t *event, unsigned)
{
  *event = (gpuEmuEvent_t)calloc (1, sizeof **event);
  return *event != NULL ? gpuEmuSuccess : latch (gpuEmuErrorMemoryAllocation);
}

gpuEmuError_t
gpuEmuEventDestroy (gpuEmuEvent_t event)
{
  free (event);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuEventRecord (gpuEmuEvent_t event, gpuEmuStream_t)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  event->at = now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuEventSynchronize (gpuEmuEvent_t)
{
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuEventQuery (gpuEmuEvent_t)
{
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuEventElapsedTime (float *ms, gpuEmuEvent_t from, gpuEmuEvent_t to)
{
  *ms = (float)(to->at - from->at);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuFuncSetAttribute (const void *, gpuEmuFuncAttribute, int value)
{
  return (size_t)value <= gpu_emu::most_shared ? gpuEmuSuccess : latch (gpuEmuErrorInvalidValue);
}

gpuEmuError_t
gpuEmuLaunchHostFunc (gpuEmuStream_t, gpuEmuHostFn_t f, void *data)
{
  f (data);
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuHostGetDevicePointer (void **device, void *host, unsigned)
{
  *device = host;
  return gpuEmuSuccess;
}

gpuEmuError_t
gpuEmuOccupancyMaxActiveBlocksPerMultiprocessor (int *n, const void *, int threads, size_t shared)
{
  *n = threads <= MOST_THREADS && shared <= gpu_emu::most_shared ? 1 : 0;
  return gpuEmuSuccess;
}
