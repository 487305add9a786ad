/* device.cu: opening a device, its memory, and the table of operations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Computes nothing.  Memory is counted against a share of what the device has, so that "no memory" is an answer before it is a
 * failure of something else. */
#include "kernels/gpu/copiers.h"
#include "kernels/gpu/device.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(GPU_EMU)
#define GPU_NAME "emu"
#elif defined(GPU_HIP)
#define GPU_NAME "hip"
#else
#define GPU_NAME "cuda"
#endif

#define GPU_DEFAULT_SHARE 0.9
/* A product of 2,048 rows has tiles enough for every processor of the largest GPUs. */
#define GPU_PASS_ROWS 2048

/* ---- failures ------------------------------------------------------------------------------------------- */

void
gpu_fail (KrnDevice *dev, const char *format, ...)
{
  va_list args;

  if (dev->failed)
    return;
  dev->failed = true;
  va_start (args, format);
  vsnprintf (dev->error, sizeof dev->error, format, args);
  va_end (args);
}

bool
gpu_check (KrnDevice *dev, GPU (Error_t) status, const char *what)
{
  if (status == GPU (Success))
    return true;
  (void)GPU (GetLastError) (); /* said once */
  gpu_fail (dev, "%s: %s.", what, GPU (GetErrorString) (status));
  return false;
}

static int
gpu_sync (KrnDevice *dev, char *err, size_t err_len)
{
  gpu_send (dev);
  gpu_check (dev, GPU (StreamSynchronize) (dev->stream), "computing");
  if (!dev->failed)
    return 0;
  snprintf (err, err_len, "%s", dev->error);
  dev->failed = false;
  return -1;
}

/* ---- which devices there are ------------------------------------------------------------------------------ */

static int
gpu_probe (char *why, size_t why_len)
{
  int             n = 0;
  GPU (Error_t)   status = GPU (GetDeviceCount) (&n);

  if (status == GPU (Success) && n > 0)
    return n;
  (void)GPU (GetLastError) ();
  if (why_len > 0)
    snprintf (why, why_len, "%s", status == GPU (Success) ? "there is no such GPU" : GPU (GetErrorString) (status));
  return 0;
}

static void
describe (const GPU (DeviceProp) * p, KrnDeviceInfo *info)
{
  memset (info, 0, sizeof *info);
  snprintf (info->name, sizeof info->name, "%.95s", p->name);
#if defined(GPU_HIP) && !defined(GPU_HIP_SHIM)
  snprintf (info->isa, sizeof info->isa, "%s", p->gcnArchName);
#elif defined(GPU_EMU)
  snprintf (info->isa, sizeof info->isa, "wave%d", p->warpSize);
#else
  snprintf (info->isa, sizeof info->isa, "sm_%d%d", p->major, p->minor);
#endif
  info->memory_total = p->totalGlobalMem;
  info->rows = GPU_PASS_ROWS;
}

static int
gpu_describe (int index, KrnDeviceInfo *info)
{
  GPU (DeviceProp) properties;

  if (index < 0 || GPU (GetDeviceProperties) (&properties, index) != GPU (Success)) {
    (void)GPU (GetLastError) ();
    return -1;
  }
  describe (&properties, info);
  return 0;
}

static void
gpu_info (KrnDevice *dev, KrnDeviceInfo *info)
{
  describe (&dev->properties, info);
  info->memory_total = dev->budget;
  info->memory_free = dev->budget - dev->used + (dev->spare.data != NULL ? dev->spare.bytes : 0);
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

#define ALIGNMENT 256

#define SPARE_MIN ((size_t)1 << 20)

static void
drop_spare (KrnDevice *dev)
{
  if (dev->spare.data == NULL)
    return;
  gpu_check (dev, GPU (StreamSynchronize) (dev->stream), "computing");
  gpu_check (dev, GPU (Free) (dev->spare.data), "giving memory back");
  dev->used -= dev->spare.bytes;
  dev->spare.data = NULL;
}

static bool
take (KrnDevice *dev, void **p, size_t bytes)
{
  if (bytes > dev->budget - dev->used)
    drop_spare (dev);
  if (bytes > dev->budget - dev->used)
    return false;
  if (GPU (Malloc) (p, bytes) != GPU (Success)) {
    (void)GPU (GetLastError) ();
    return false;
  }
  dev->used += bytes;
  return true;
}

/* The spare piece, if it is not much too large; *bytes becomes what it has. */
static bool
take_spare (KrnDevice *dev, void **p, size_t *bytes)
{
  if (dev->spare.data == NULL || dev->spare.bytes < *bytes || dev->spare.bytes / 2 > *bytes)
    return false;
  *p = dev->spare.data;
  *bytes = dev->spare.bytes;
  dev->spare.data = NULL;
  return true;
}

KrnBuffer *
gpu_alloc (KrnDevice *dev, size_t bytes)
{
  size_t     whole = (bytes / ALIGNMENT + 1) * ALIGNMENT;
  KrnBuffer *buf;

  if (whole < bytes || (buf = (KrnBuffer *)calloc (1, sizeof *buf)) == NULL)
    return NULL;
  if (!take_spare (dev, (void **)&buf->data, &whole) && !take (dev, (void **)&buf->data, whole)) {
    free (buf);
    return NULL;
  }
  buf->bytes = bytes;
  buf->taken = whole;
  gpu_check (dev, GPU (MemsetAsync) (buf->data, 0, whole, dev->stream), "clearing memory");
  return buf;
}

static KrnBuffer *
gpu_wrap (KrnDevice *dev, const void *host_memory, size_t bytes, bool host)
{
  KrnBuffer *buf;

  if (host) {
    buf = (KrnBuffer *)calloc (1, sizeof *buf);
    if (buf != NULL) {
      buf->host = (const unsigned char *)host_memory;
      buf->bytes = bytes;
    }
    return buf;
  }
  buf = gpu_alloc (dev, bytes);
  if (buf != NULL) {
    buf->borrowed = true;
    gpu_upload (dev, buf->data, host_memory, bytes);
  }
  return buf;
}

void
gpu_free (KrnDevice *dev, KrnBuffer *buf)
{
  if (buf == NULL)
    return;
  if (buf->data != NULL) {
    gpu_send (dev); /* who takes it next comes after all that was asked for, in the same stream */
    if (buf->taken >= SPARE_MIN && buf->taken > dev->spare.bytes * (dev->spare.data != NULL)) {
      drop_spare (dev);
      dev->spare.data = buf->data;
      dev->spare.bytes = buf->taken;
    } else {
      gpu_check (dev, GPU (StreamSynchronize) (dev->stream), "computing");
      gpu_check (dev, GPU (Free) (buf->data), "giving memory back");
      dev->used -= buf->taken;
    }
  }
  free (buf);
}

size_t
gpu_mat_bytes (KrnMat m)
{
  size_t numbers = (size_t)m.rows * (size_t)gpu_stride (m);

  switch (m.type) {
  case KRN_BF16:
    return numbers * 2;
  case KRN_Q8:
    return (size_t)((m.rows + 15) / 16) * (size_t)(m.cols / 32) * 544;
  case KRN_Q4:
    return (size_t)((m.rows + 15) / 16) * (size_t)(m.cols / 32) * 288;
  default:
    return numbers * 4;
  }
}

void
gpu_upload (KrnDevice *dev, void *to, const void *src, size_t bytes)
{
  /* From memory that is not pinned the call returns when the source has been copied. */
  gpu_check (dev, GPU (MemcpyAsync) (to, src, bytes, GPU (MemcpyHostToDevice), dev->stream), "sending data");
}

/* Small pieces are remembered: they are ids that a gather from a table on the host wants to know. */
static void
note (KrnDevice *dev, const unsigned char *at, const void *src, size_t bytes)
{
  for (int i = 0; i < 2; i++)
    if (dev->notes[i].at != NULL && at < dev->notes[i].at + dev->notes[i].bytes && dev->notes[i].at < at + bytes)
      dev->notes[i].at = NULL;
  if (bytes > GPU_NOTE_BYTES)
    return;
  dev->note_turn = 1 - dev->note_turn;
  dev->notes[dev->note_turn].at = at;
  dev->notes[dev->note_turn].bytes = bytes;
  memcpy (dev->notes[dev->note_turn].copy, src, bytes);
}

static bool
is_inside (const KrnBuffer *buf, size_t offset, size_t bytes)
{
  return buf->data != NULL && offset <= buf->bytes && bytes <= buf->bytes - offset;
}

static void
gpu_write (KrnDevice *dev, KrnBuffer *buf, size_t offset, const void *src, size_t bytes)
{
  if (buf->borrowed)
    gpu_fail (dev, "A buffer over borrowed memory cannot be written.");
  else if (!is_inside (buf, offset, bytes))
    gpu_fail (dev, "Writing %zu bytes at %zu of a buffer of %zu.", bytes, offset, buf->bytes);
  if (dev->failed)
    return;
  gpu_send (dev);
  note (dev, buf->data + offset, src, bytes);
  gpu_upload (dev, buf->data + offset, src, bytes);
}

static void
gpu_read (KrnDevice *dev, const KrnBuffer *buf, size_t offset, void *dst, size_t bytes)
{
  if (!is_inside (buf, offset, bytes))
    gpu_fail (dev, "Reading %zu bytes at %zu of a buffer of %zu.", bytes, offset, buf->bytes);
  if (dev->failed)
    return;
  gpu_send (dev);
  if (dev->failed)
    return;
  gpu_check (dev, GPU (MemcpyAsync) (dst, buf->data + offset, bytes, GPU (MemcpyDeviceToHost), dev->stream), "reading back");
  gpu_check (dev, GPU (StreamSynchronize) (dev->stream), "computing");
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static bool
pinned (void **p, size_t bytes)
{
  return GPU (HostAlloc) (p, bytes, GPU (HostAllocMapped)) == GPU (Success);
}

static bool
open_memory (KrnDevice *dev)
{
  bool ok = pinned ((void **)&dev->list, GPU_LIST_RING * GPU_LIST_STEPS * sizeof (GpuStep)) &&
            pinned ((void **)&dev->spans, GPU_LIST_RING * GPU_LIST_SPANS * sizeof (GpuSpan)) &&
            pinned ((void **)&dev->staging, 2 * GPU_STAGING_BYTES) &&
            GPU (HostGetDevicePointer) ((void **)&dev->staging_on_device, dev->staging, 0) == GPU (Success) &&
            take (dev, (void **)&dev->list_on_device, GPU_LIST_RING * GPU_LIST_STEPS * sizeof (GpuStep)) &&
            take (dev, (void **)&dev->spans_on_device, GPU_LIST_RING * GPU_LIST_SPANS * sizeof (GpuSpan)) &&
            take (dev, (void **)&dev->arena, GPU_ARENA_BYTES) && take (dev, (void **)&dev->widened, GPU_WIDENED_BYTES) &&
            take (dev, (void **)&dev->barrier, 256) && GPU (Memset) (dev->barrier, 0, 256) == GPU (Success);

  for (int i = 0; i < 2; i++) {
    ok = ok && GPU (EventCreateWithFlags) (&dev->staging_free[i], GPU (EventDisableTiming)) == GPU (Success);
    dev->notes[i].copy = (unsigned char *)malloc (GPU_NOTE_BYTES);
    ok = ok && dev->notes[i].copy != NULL;
  }
  for (int i = 0; i < GPU_LIST_RING; i++)
    ok = ok && GPU (EventCreateWithFlags) (&dev->list_free[i], GPU (EventDisableTiming)) == GPU (Success);
  dev->copiers = gpu_copiers_new ();
  return ok && gpu_sample_open (dev);
}

static void
gpu_close (KrnDevice *dev)
{
  if (dev->stream != NULL)
    (void)GPU (StreamSynchronize) (dev->stream);
  gpu_sample_close (dev);
  gpu_copiers_free (dev->copiers);
  (void)GPU (Free) (dev->spare.data);
  (void)GPU (Free) (dev->list_on_device);
  (void)GPU (Free) (dev->spans_on_device);
  (void)GPU (Free) (dev->arena);
  (void)GPU (Free) (dev->widened);
  (void)GPU (Free) (dev->barrier);
  if (dev->list != NULL)
    (void)GPU (FreeHost) (dev->list);
  if (dev->spans != NULL)
    (void)GPU (FreeHost) (dev->spans);
  if (dev->staging != NULL)
    (void)GPU (FreeHost) (dev->staging);
  for (int i = 0; i < 2; i++) {
    if (dev->staging_free[i] != NULL)
      (void)GPU (EventDestroy) (dev->staging_free[i]);
    free (dev->notes[i].copy);
  }
  for (int i = 0; i < GPU_LIST_RING; i++)
    if (dev->list_free[i] != NULL)
      (void)GPU (EventDestroy) (dev->list_free[i]);
  if (dev->stream != NULL)
    (void)GPU (StreamDestroy) (dev->stream);
  (void)GPU (GetLastError) ();
  free (dev);
}

/* How much may be used: the share of the whole, or what others have left of it. */
static bool
choose_budget (KrnDevice *dev, double share)
{
  size_t free_bytes = 0, total = 0;

  if (!gpu_check (dev, GPU (MemGetInfo) (&free_bytes, &total), "asking for memory"))
    return false;
  dev->budget = (size_t)((double)total * (share > 0.0 ? share : GPU_DEFAULT_SHARE));
  if (dev->budget > free_bytes)
    dev->budget = free_bytes;
  return true;
}

static KrnDevice *
gpu_open (const KrnOptions *options, char *err, size_t err_len)
{
  KrnDevice *dev = (KrnDevice *)calloc (1, sizeof *dev);

  if (dev == NULL) {
    snprintf (err, err_len, "there is no memory");
    return NULL;
  }
  dev->index = options->index;
  dev->fast = options->fast;
  if (gpu_check (dev, GPU (SetDevice) (dev->index), "choosing the GPU") &&
      gpu_check (dev, GPU (GetDeviceProperties) (&dev->properties, dev->index), "asking the GPU") &&
      gpu_check (dev, GPU (StreamCreateWithFlags) (&dev->stream, GPU (StreamNonBlocking)), "opening the GPU") && choose_budget (dev, (double)options->memory_share) &&
      gpu_steps_open (dev) && gpu_gemm_open (dev)) {
    dev->n_blocks = dev->properties.multiProcessorCount;
    if (open_memory (dev))
      return dev;
    gpu_fail (dev, "the GPU has too little memory left (%.1f GB).", (double)dev->budget / 1e9);
  }
  snprintf (err, err_len, "%s", dev->error);
  gpu_close (dev);
  return NULL;
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */

static const KrnOps ops = {
    KRN_ABI,          GPU_NAME,        gpu_probe, gpu_describe,        gpu_open,         gpu_close,       gpu_info,          gpu_limits,      gpu_read_rate,
    gpu_alloc,        gpu_wrap,        gpu_free,         gpu_write,        gpu_read,        gpu_sync,          gpu_embed,       gpu_copy,
    gpu_rms_norm,     gpu_linear,      gpu_softcap,      gpu_project_qkv,  gpu_rope_angles, gpu_rope_store,    gpu_attention,   gpu_project_add,
    gpu_gated_mlp,    gpu_ple_inputs,  gpu_ple_block,    gpu_clamp,        gpu_add_scaled,  gpu_gelu_mul,      gpu_silu,        gpu_glu,
    gpu_layer_norm_relu, gpu_clipped, gpu_norm_clipped, gpu_clipped_add, gpu_clipped_mlp, gpu_attention_all, gpu_grid_patches, gpu_grid_angles, gpu_grid_rotate, gpu_grid_heads, gpu_grid_pool, gpu_conv_2d,      gpu_conv_causal, gpu_attention_band,
    gpu_sample,
};

extern "C" __attribute__ ((visibility ("default"))) const KrnOps *
krn_ops (void)
{
  return &ops;
}
