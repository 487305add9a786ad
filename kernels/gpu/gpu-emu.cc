/* gpu-emu.cc: the scheduler of the emulated device.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <map>
#include <mutex>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "kernels/gpu/gpu.h"

/* What the emulated device can do: as little as any that is supported, so that what fits here fits everywhere.  The same
 * holds for gpu_emu::most_shared, which a test may raise. */
enum { PROCESSORS = 3, MOST_THREADS = 1024, PATTERN = 4 << 20 };
static const size_t TOTAL_MEMORY = (size_t)4 << 30;

/* Devices may be used from different threads, and the fibers of one launch are all that runs. */
static std::mutex    running;
static gpuEmuError_t last_error;

/* ---- changing from one fiber to another ----
 *
 * swapcontext () asks the kernel for the signal mask every time, which is most of what a shuffle would cost; so what has to be
 * kept across a call is kept by hand where that is a few lines, and by ucontext elsewhere (and with GPU_EMU_UCONTEXT). */

#if defined(GPU_EMU_UCONTEXT)
#define OWN_SWITCH 0
#include <ucontext.h>
#elif defined(__x86_64__) && !defined(__ILP32__)
#define OWN_SWITCH 1
/* System V ABI, x86-64, "Registers": rbx, rbp and r12 to r15 belong to the caller; the modes of the FPU are never changed here. */
asm (R"(
        .text
        .p2align 4
        .type gpu_emu_switch, @function
gpu_emu_switch:
        pushq %rbp
        pushq %rbx
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        movq %rsp, (%rdi)
        movq %rsi, %rsp
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbx
        popq %rbp
        ret
        .size gpu_emu_switch, . - gpu_emu_switch
)");
enum { KEPT = 6, ENTRY = 6, WORDS = 8 }; /* then the address to go on at; at a function's first instruction rsp is 8 more than a multiple of 16 */
#elif defined(__aarch64__) && defined(__LP64__)
#define OWN_SWITCH 1
/* Procedure Call Standard for the Arm 64-bit Architecture: x19 to x28, the frame pointer and the lower halves of v8 to v15. */
asm (R"(
        .text
        .p2align 4
        .type gpu_emu_switch, %function
gpu_emu_switch:
        sub sp, sp, #160
        stp x19, x20, [sp]
        stp x21, x22, [sp, #16]
        stp x23, x24, [sp, #32]
        stp x25, x26, [sp, #48]
        stp x27, x28, [sp, #64]
        stp x29, x30, [sp, #80]
        stp d8, d9, [sp, #96]
        stp d10, d11, [sp, #112]
        stp d12, d13, [sp, #128]
        stp d14, d15, [sp, #144]
        mov x2, sp
        str x2, [x0]
        mov sp, x1
        ldp x19, x20, [sp]
        ldp x21, x22, [sp, #16]
        ldp x23, x24, [sp, #32]
        ldp x25, x26, [sp, #48]
        ldp x27, x28, [sp, #64]
        ldp x29, x30, [sp, #80]
        ldp d8, d9, [sp, #96]
        ldp d10, d11, [sp, #112]
        ldp d12, d13, [sp, #128]
        ldp d14, d15, [sp, #144]
        add sp, sp, #160
        ret
        .size gpu_emu_switch, . - gpu_emu_switch
)");
enum { KEPT = 20, ENTRY = 11, WORDS = 20 };
#else
#define OWN_SWITCH 0
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifdef ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
enum { STACK = 256 * 1024 };
#else
enum { STACK = 64 * 1024 };
#endif

#if OWN_SWITCH
extern "C" void gpu_emu_switch (void **from, void *to) __attribute__ ((visibility ("hidden")));
#endif

namespace gpu_emu
{
Fiber                 *current;
std::function<void ()> body;
dim3                   grid, block_dim;
size_t                 most_shared = 64 * 1024;

#if OWN_SWITCH
struct Context { void *sp; };
#else
struct Context { ucontext_t u; };
#endif

static Context scheduler;
#ifdef ASAN
static void       *scheduler_fake;
static const void *scheduler_stack;
static size_t      scheduler_size;
#endif

static void
change (Context *from, Context *to)
{
#if OWN_SWITCH
  gpu_emu_switch (&from->sp, to->sp);
#else
  swapcontext (&from->u, &to->u);
#endif
}

/* To the scheduler, for good if the fiber is done. */
static void
leave (bool done)
{
  Fiber *self = current;
#ifdef ASAN
  __sanitizer_start_switch_fiber (done ? NULL : &self->fake, scheduler_stack, scheduler_size);
#endif
  self->done = done;
  change (self->context, &scheduler);
#ifdef ASAN
  __sanitizer_finish_switch_fiber (self->fake, NULL, NULL);
#endif
}

static void
entry (void)
{
#ifdef ASAN
  __sanitizer_finish_switch_fiber (NULL, &scheduler_stack, &scheduler_size);
#endif
  body ();
  leave (true);
  abort ();
}

static void
resume (Fiber *f)
{
  current = f;
#ifdef ASAN
  __sanitizer_start_switch_fiber (&scheduler_fake, f->stack, STACK);
#endif
  change (&scheduler, f->context);
#ifdef ASAN
  __sanitizer_finish_switch_fiber (scheduler_fake, NULL, NULL);
#endif
}

static void
make_ready (Fiber *f)
{
#ifdef ASAN
  __asan_unpoison_memory_region (f->stack, STACK); /* the last fiber never returned from there */
#endif
#if OWN_SWITCH
  void **top = (void **)(f->stack + STACK) - WORDS;

  memset (top, 0, WORDS * sizeof *top);
  top[ENTRY] = (void *)entry;
  f->context->sp = top;
#else
  getcontext (&f->context->u);
  f->context->u.uc_stack.ss_sp = f->stack;
  f->context->u.uc_stack.ss_size = STACK;
  f->context->u.uc_link = &scheduler.u;
  makecontext (&f->context->u, entry, 0);
#endif
}

void
yield (void)
{
  leave (false);
}

/* A fiber that waits is passed over until all have come. */
static void
wait (Barrier *b, int n)
{
  Fiber *self = current;

  if (++b->come == n) {
    b->come = 0;
    b->times++;
    return;
  }
  self->waits_for = b;
  self->times = b->times;
  leave (false);
  self->waits_for = NULL;
}

void
wait_block (void)
{
  wait (&current->block->all, current->block->n);
}

void
wait_unit (int lanes)
{
  Block *b = current->block;
  int    unit = current->linear / lanes, left = b->n - unit * lanes;

  wait (&(lanes == 32 ? b->lanes : b->waves)[unit], left < lanes ? left : lanes);
}

/* Memory of this very size, so that a checker sees what is written behind it. */
static void
resize (unsigned char **p, size_t *size, size_t wanted)
{
  void *memory = NULL;

  if (*p != NULL && *size == wanted)
    return;
  free (*p);
  if (posix_memalign (&memory, 128, wanted + (wanted == 0)) != 0)
    abort ();
  *p = (unsigned char *)memory;
  *size = wanted;
}

static void
prepare (Block *b, dim3 index, size_t shared)
{
  int n = (int)(block_dim.x * block_dim.y * block_dim.z);

  b->index = index;
  b->n = n;
  while ((int)b->fibers.size () < n) {
    Fiber f = {};

    f.stack = (char *)mmap (NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (f.stack == MAP_FAILED)
      abort ();
    f.context = new Context;
    f.linear = (int)b->fibers.size ();
    b->fibers.push_back (f);
  }
  resize (&b->shared, &b->shared_size, shared);
  memset (b->shared, 0xa5, shared); /* nothing may rely on zeros */
  b->all = {0, 0};
  b->lanes.assign ((n + 31) / 32, {0, 0});
  b->waves.assign ((n + 63) / 64, {0, 0});
  for (int i = 0; i < n; i++) {
    Fiber *f = &b->fibers[i];

    f->block = b;
    f->thread = dim3 (i % block_dim.x, i / block_dim.x % block_dim.y, i / (block_dim.x * block_dim.y));
    f->done = false;
    f->waits_for = NULL;
    f->turn = 0;
    make_ready (f);
  }
}

/* Round and round over all threads until all are done.  A round in which none could go on would be the last: some wait at a
 * barrier that others never come to. */
static void
run (std::vector<Block> &blocks, int n)
{
  for (int left = 1; left > 0;) {
    int moved = 0;

    left = 0;
    for (int i = 0; i < n; i++)
      for (int j = 0; j < blocks[i].n; j++) {
        Fiber *f = &blocks[i].fibers[j];

        if (f->done)
          continue;
        left++;
        if (f->waits_for != NULL && f->waits_for->times == f->times)
          continue;
        moved++;
        resume (f);
      }
    if (left > 0 && moved == 0) {
      fprintf (stderr, "emulated GPU: %d threads wait at a barrier to which others of their group never come\n", left);
      abort ();
    }
  }
}

void
launch (dim3 g, dim3 b, size_t shared, bool together, std::function<void ()> f)
{
  static std::vector<Block>  *blocks = new std::vector<Block>; /* kept: fibers point there */
  size_t                      n = together ? (size_t)g.x * g.y * g.z : 1, i = 0;
  std::lock_guard<std::mutex> alone (running);

  if (g.x * g.y * g.z == 0 || b.x * b.y * b.z == 0 || b.x * b.y * b.z > MOST_THREADS || shared > gpu_emu::most_shared || (together && n > PROCESSORS)) {
    last_error = gpuEmuErrorInvalidConfiguration;
    return;
  }
  grid = g;
  block_dim = b;
  body = f;
  if (blocks->size () < n)
    blocks->resize (n);
  for (unsigned z = 0; z < g.z; z++)
    for (unsigned y = 0; y < g.y; y++)
      for (unsigned x = 0; x < g.x; x++) {
        prepare (&(*blocks)[i], dim3 (x, y, z), shared);
        if (++i == n) {
          run (*blocks, (int)n);
          i = 0;
        }
      }
  body = nullptr;
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
  memset (*p, 0xa5, bytes < PATTERN ? bytes : PATTERN); /* large ones are not touched as a whole */
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
