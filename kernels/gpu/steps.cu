/* steps.cu: computes lists of steps, and single ones.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gpu_list_kernel is one launch for a whole token: every block goes through the list, and gpu_turn_wait () in every step keeps
 * them together.  All blocks have to be on the device at once. */
#include "kernels/gpu/device.h"

#include <string.h>

#include "kernels/gpu/attend.h"
#include "kernels/gpu/matvec.h"
#include "kernels/gpu/rows.h"
#include "kernels/gpu/sample.h"
#include "kernels/gpu/thin.h"

static __device__ __forceinline__ void
gpu_do_step (const GpuStep *s, const GpuTurn *turn, float *shared)
{
  switch (s->kind) {
  case GPU_STEP_ROWS:
    gpu_step_rows (&s->u.rows, turn, shared);
    break;
  case GPU_STEP_HEADS:
    gpu_step_heads (&s->u.heads, s->spans, turn);
    break;
  case GPU_STEP_PLE:
    gpu_step_ple (&s->u.ple, turn);
    break;
  case GPU_STEP_COPY:
    gpu_step_copy (&s->u.copy, turn);
    break;
  case GPU_STEP_GELU:
    gpu_step_gelu (&s->u.gelu, turn);
    break;
  case GPU_STEP_GATHER:
    gpu_step_gather (&s->u.gather, turn);
    break;
  case GPU_STEP_ANGLES:
    gpu_step_angles (&s->u.angles, s->spans, turn);
    break;
  case GPU_STEP_MATVEC:
    gpu_step_matvec (&s->u.matvec, turn, shared);
    break;
  case GPU_STEP_PLAIN:
    gpu_step_plain (&s->u.matvec, turn);
    break;
  case GPU_STEP_THIN:
    gpu_step_thin (&s->u.matvec, turn, shared);
    break;
  case GPU_STEP_ATTEND:
    gpu_step_attend (&s->u.attend, s->spans, turn, shared);
    break;
  case GPU_STEP_JOIN:
    gpu_step_join (&s->u.attend, turn);
    break;
  case GPU_STEP_SAMPLE:
    gpu_step_sample (&s->u.sample, turn, (unsigned char *)shared);
    break;
  }
  if (s->finish.h != NULL && turn->block == turn->n_blocks - 1) {
    __syncthreads ();
    gpu_add_residual (&s->finish, 0, (int)threadIdx.x, (int)blockDim.x, shared);
  }
}

#define GPU_ROWS_THREADS 128

#define GPU_STEP_WORDS ((int)(sizeof (GpuStep) / 4))

/* @before: what the barrier shows when all that was sent off earlier is done. */
__global__ void __launch_bounds__ (GPU_STEP_THREADS, 1)
gpu_list_kernel (const GpuStep *list, int n, unsigned *barrier, unsigned before)
{
  GPU_SHARED (float, shared);
  GpuStep *slot = (GpuStep *)(void *)(shared + GPU_STEP_FLOATS); /* two: this step, and the next */
  GpuTurn  turn = {(int)blockIdx.x, (int)gridDim.x, barrier, before};

  static_assert (sizeof (GpuStep) / 4 <= GPU_STEP_THREADS, "a step is copied at once");
  if ((int)threadIdx.x < GPU_STEP_WORDS)
    ((uint32_t *)(void *)slot)[threadIdx.x] = ((const uint32_t *)(const void *)list)[threadIdx.x];
  __syncthreads ();
  for (int i = 0; i < n; i++) {
    if (i + 1 < n && (int)threadIdx.x < GPU_STEP_WORDS)
      ((uint32_t *)(void *)(slot + (i + 1) % 2))[threadIdx.x] = ((const uint32_t *)(const void *)(list + i + 1))[threadIdx.x];
    gpu_do_step (slot + i % 2, &turn, shared);
    gpu_turn_arrive (&turn);
    turn.target += gridDim.x;
  }
}

__global__ void __launch_bounds__ (GPU_STEP_THREADS, 1)
gpu_step_kernel (const __grid_constant__ GpuStep s)
{
  GPU_SHARED (float, shared);
  GpuTurn turn = {(int)blockIdx.x, (int)gridDim.x, NULL, 0};

  gpu_do_step (&s, &turn, shared);
}

/* Steps that go along rows, many of them: small blocks, many on a processor. */
__global__ void __launch_bounds__ (GPU_ROWS_THREADS, 8)
gpu_rows_kernel (const __grid_constant__ GpuStep s)
{
  GPU_SHARED (float, shared);
  GpuTurn turn = {(int)blockIdx.x, (int)gridDim.x, NULL, 0};

  switch (s.kind) {
  case GPU_STEP_ROWS:
    gpu_step_rows (&s.u.rows, &turn, shared);
    break;
  case GPU_STEP_HEADS:
    gpu_step_heads (&s.u.heads, s.spans, &turn);
    break;
  case GPU_STEP_PLE:
    gpu_step_ple (&s.u.ple, &turn);
    break;
  case GPU_STEP_COPY:
    gpu_step_copy (&s.u.copy, &turn);
    break;
  case GPU_STEP_GELU:
    gpu_step_gelu (&s.u.gelu, &turn);
    break;
  case GPU_STEP_GATHER:
    gpu_step_gather (&s.u.gather, &turn);
    break;
  case GPU_STEP_ANGLES:
    gpu_step_angles (&s.u.angles, s.spans, &turn);
    break;
  }
}

/* ---- the host's side ------------------------------------------------------------------------------------ */

#define GPU_LIST_SHARED (GPU_STEP_SHARED + 2 * sizeof (GpuStep))

bool
gpu_steps_open (KrnDevice *dev)
{
  return gpu_check (dev, GPU (FuncSetAttribute) ((const void *)gpu_list_kernel, GPU (FuncAttributeMaxDynamicSharedMemorySize), (int)GPU_LIST_SHARED),
                    "shared memory for lists") &&
         gpu_check (dev, GPU (FuncSetAttribute) ((const void *)gpu_step_kernel, GPU (FuncAttributeMaxDynamicSharedMemorySize), GPU_STEP_SHARED),
                    "shared memory for steps");
}

const GpuSpan *
gpu_spans (KrnDevice *dev, const KrnSpan *spans, int n_spans)
{
  GpuSpan *to;
  int      at;

  if (dev->n_spans + n_spans > GPU_LIST_SPANS)
    gpu_send (dev);
  at = dev->list_turn * GPU_LIST_SPANS + dev->n_spans;
  to = dev->spans + at;
  for (int i = 0; i < n_spans; i++) {
    const KrnCache *c = &spans[i].cache;

    to[i].k = gpu_at (c->k);
    to[i].v = gpu_at (c->v);
    to[i].row = spans[i].row;
    to[i].n_rows = spans[i].n_rows;
    to[i].position = spans[i].position;
    to[i].slots = c->k.rows;
    to[i].k_stride = gpu_stride (c->k);
    to[i].v_stride = gpu_stride (c->v);
  }
  dev->n_spans += n_spans;
  return dev->spans_on_device + at;
}

void
gpu_append (KrnDevice *dev, const GpuStep *step)
{
  if (dev->n_steps == GPU_LIST_STEPS)
    gpu_send (dev);
  dev->list[dev->list_turn * GPU_LIST_STEPS + dev->n_steps++] = *step;
}

/* The spans that were written since the list was sent off have to be there before anything looks at them. */
static void
upload_spans (KrnDevice *dev)
{
  size_t at = (size_t)dev->list_turn * GPU_LIST_SPANS;

  if (dev->n_spans > 0)
    gpu_check (dev,
               GPU (MemcpyAsync) (dev->spans_on_device + at, dev->spans + at, (size_t)dev->n_spans * sizeof (GpuSpan),
                                  GPU (MemcpyHostToDevice), dev->stream),
               "sending spans");
}

static void
next_list (KrnDevice *dev)
{
  dev->n_steps = dev->n_spans = 0;
  gpu_check (dev, GPU (EventRecord) (dev->list_free[dev->list_turn], dev->stream), "marking a list");
  dev->list_turn = (dev->list_turn + 1) % GPU_LIST_RING;
  /* The list that is filled next may still be on its way. */
  gpu_check (dev, GPU (EventSynchronize) (dev->list_free[dev->list_turn]), "waiting for a list");
}

static void
send_list (KrnDevice *dev)
{
  size_t at = (size_t)dev->list_turn * GPU_LIST_STEPS;

  if (dev->failed) {
    dev->n_steps = dev->n_spans = 0;
    return;
  }
  upload_spans (dev);
  gpu_check (dev,
             GPU (MemcpyAsync) (dev->list_on_device + at, dev->list + at, (size_t)dev->n_steps * sizeof (GpuStep), GPU (MemcpyHostToDevice),
                                dev->stream),
             "sending steps");
  GPU_LAUNCH_TOGETHER (gpu_list_kernel, dev->n_blocks, GPU_STEP_THREADS, GPU_LIST_SHARED, dev->stream, (const GpuStep *)(dev->list_on_device + at),
                       dev->n_steps, dev->barrier, dev->arrived);
  gpu_check (dev, GPU (GetLastError) (), "computing steps");
  dev->arrived += (unsigned)dev->n_steps * (unsigned)dev->n_blocks;
  next_list (dev);
}

void
gpu_send_steps (KrnDevice *dev)
{
  if (dev->n_steps > 0) {
    send_list (dev);
  } else if (dev->n_spans > 0 && !dev->failed) {
    upload_spans (dev);
    next_list (dev);
  }
}

void
gpu_send (KrnDevice *dev)
{
  gpu_settle (dev);
  gpu_send_steps (dev);
}

void
gpu_run_alone (KrnDevice *dev, const GpuStep *step, int n_blocks)
{
  int blocks = step->kind == GPU_STEP_ROWS ? step->u.rows.rows : n_blocks * (GPU_STEP_THREADS / GPU_ROWS_THREADS);

  gpu_send_steps (dev);
  if (step->kind == GPU_STEP_ROWS && gpu_rows_many (dev, &step->u.rows))
    return;
  if (step->kind <= GPU_STEP_ANGLES)
    gpu_run (dev, gpu_rows_kernel, blocks, GPU_ROWS_THREADS, 256, *step);
  else
    gpu_run (dev, gpu_step_kernel, n_blocks, GPU_STEP_THREADS, GPU_STEP_SHARED, *step);
}

void
gpu_do (KrnDevice *dev, const GpuStep *step, int rows, long items)
{
  long blocks = (items + GPU_STEP_THREADS / GPU_LANES - 1) / (GPU_STEP_THREADS / GPU_LANES);

  if (rows <= GPU_FEW_ROWS)
    gpu_append (dev, step);
  else if (items > 0)
    gpu_run_alone (dev, step, blocks < 65535 ? (int)blocks : 65535);
}
