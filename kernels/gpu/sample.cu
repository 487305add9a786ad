/* sample.cu: the host's side of the choice of a token: which phases of sample.h the options need.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nothing comes back: the id stays on the device, where the next pass looks it up.  The ids to penalise and to suppress are
 * the caller's until gpu_sample () returns; they are copied to a ring of two halves in pinned memory, and from there, behind what
 * was sent off before, to the same place of a ring on the device.  Before a half is written again, all steps that look into it have
 * been sent off and its copies are done; with a ring of this size, a hundred answers later. */
#include <stdlib.h>
#include <string.h>

#include "kernels/gpu/device.h"
#include "kernels/gpu/sample.h"

/* A temperature below this is greedy: dividing by it could overflow. */
#define COLD 1e-6f
/* Ids in each half of the ring: the penalty for a window of a whole context. */
#define HALF (1 << 17)

struct GpuSampler {
  KrnBuffer    *memory, *ring; /* on the device */
  int32_t      *pinned;        /* the ring's other end */
  GPU (Event_t) copied[2];     /* what was in a half is on the device, and nobody waits for it */
  int           half, used;
};

bool
gpu_sample_open (KrnDevice *dev)
{
  struct GpuSampler *r = (struct GpuSampler *)calloc (1, sizeof *r);

  dev->sampler = r;
  if (r == NULL)
    return false;
  r->memory = gpu_alloc (dev, sizeof (GpuSampleMemory));
  r->ring = gpu_alloc (dev, 2 * HALF * sizeof (int32_t));
  if (r->memory == NULL || r->ring == NULL)
    return false;
  for (int i = 0; i < 2; i++)
    if (!gpu_check (dev, GPU (EventCreateWithFlags) (&r->copied[i], GPU (EventDisableTiming)), "a mark for ids"))
      return false;
  return gpu_check (dev, GPU (HostAlloc) ((void **)&r->pinned, 2 * HALF * sizeof (int32_t), GPU (HostAllocDefault)), "memory for ids");
}

void
gpu_sample_close (KrnDevice *dev)
{
  struct GpuSampler *r = dev->sampler;

  if (r == NULL)
    return;
  for (int i = 0; i < 2; i++)
    if (r->copied[i] != NULL)
      (void)GPU (EventDestroy) (r->copied[i]);
  if (r->pinned != NULL)
    (void)GPU (FreeHost) (r->pinned);
  gpu_free (dev, r->ring);
  gpu_free (dev, r->memory);
  free (r);
  dev->sampler = NULL;
}

static void
next_half (KrnDevice *dev)
{
  struct GpuSampler *r = dev->sampler;

  gpu_send (dev);
  gpu_check (dev, GPU (EventRecord) (r->copied[r->half], dev->stream), "marking ids");
  r->half = !r->half;
  r->used = 0;
  gpu_check (dev, GPU (EventSynchronize) (r->copied[r->half]), "waiting for ids");
}

/* Where they are on the device.  There is room for them in this half. */
static const int32_t *
copy_ids (KrnDevice *dev, const int32_t *ids, int n)
{
  struct GpuSampler *r = dev->sampler;
  size_t             at = (size_t)r->half * HALF + (size_t)r->used;
  int32_t           *to = (int32_t *)(void *)r->ring->data + at;

  if (n == 0)
    return NULL;
  memcpy (r->pinned + at, ids, (size_t)n * sizeof *ids);
  gpu_check (dev, GPU (MemcpyAsync) (to, r->pinned + at, (size_t)n * sizeof *ids, GPU (MemcpyHostToDevice), dev->stream), "sending ids");
  r->used += n;
  return to;
}

/* False, and a failure, if there are too many. */
static bool
copy_both (KrnDevice *dev, GpuSample *step, const KrnSampling *s)
{
  int n_recent = s->repetition_penalty != 1.0f ? s->n_recent : 0;

  if (n_recent > HALF || s->n_suppress > HALF - n_recent) {
    gpu_fail (dev, "%d tokens to penalise and %d to suppress are too many for the GPU backend.", n_recent, s->n_suppress);
    return false;
  }
  if (n_recent + s->n_suppress > HALF - dev->sampler->used)
    next_half (dev);
  step->n_recent = n_recent;
  step->n_suppress = s->n_suppress;
  step->recent = copy_ids (dev, s->recent, n_recent);
  step->suppress = copy_ids (dev, s->suppress, s->n_suppress);
  return true;
}

static void
append (KrnDevice *dev, GpuSample *sample, int phase)
{
  GpuStep step = {};

  sample->phase = phase;
  step.kind = GPU_STEP_SAMPLE;
  step.u.sample = *sample;
  gpu_append (dev, &step);
}

static void
append_phases (KrnDevice *dev, GpuSample *s)
{
  append (dev, s, GPU_SAMPLE_CONDITION);
  if (gpu_sample_is_small (s)) {
    append (dev, s, GPU_SAMPLE_GATHER);
    append (dev, s, GPU_SAMPLE_CHOOSE);
  } else {
    for (int stage = 0; stage < GPU_SAMPLE_STAGES; stage++)
      if (gpu_sample_has_stage (s, stage))
        append (dev, s, GPU_SAMPLE_COUNT + stage);
    if (s->temperature != 0.0f)
      append (dev, s, GPU_SAMPLE_TALLY);
    append (dev, s, GPU_SAMPLE_DRAW);
  }
  if (s->probs != NULL)
    append (dev, s, GPU_SAMPLE_SPREAD);
}

void
gpu_sample (KrnDevice *dev, KrnMat ids, KrnMat logits, KrnMat probs, const KrnSampling *sampling)
{
  GpuSample s = {};

  gpu_settle (dev);
  if (logits.cols > GPU_SAMPLE_MOST) {
    gpu_fail (dev, "A vocabulary of %d is too large for the GPU backend.", logits.cols);
    return;
  }
  if (logits.rows == 0 || logits.cols == 0 || !copy_both (dev, &s, sampling))
    return;
  s.n = logits.cols;
  s.top_k = sampling->top_k > 0 && sampling->top_k < s.n ? sampling->top_k : 0;
  s.temperature = sampling->temperature >= COLD ? sampling->temperature : 0.0f; /* not a number: 0, too */
  s.top_p = sampling->top_p;
  s.min_p = fminf (sampling->min_p, 1.0f);
  s.penalty = sampling->repetition_penalty;
  s.seed = sampling->seed;
  s.number = sampling->step;
  s.memory = dev->sampler->memory->data;
  for (int r = 0; r < logits.rows; r++) {
    s.row = r;
    s.id = (int32_t *)(void *)gpu_at (ids) + (size_t)r * (size_t)gpu_stride (ids);
    s.logits = gpu_f32 (logits) + (size_t)r * (size_t)gpu_stride (logits);
    s.probs = probs.buf != NULL ? gpu_f32 (probs) + (size_t)r * (size_t)gpu_stride (probs) : NULL;
    append_phases (dev, &s);
  }
}
