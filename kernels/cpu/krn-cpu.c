/* krn-cpu.c: the CPU backend's table, its devices and their buffers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Operations run at once on the calling thread and the device's pool, so that there is nothing to
 * wait for in read () and sync ().  The instruction set is chosen here, once per device; every
 * operation goes through its table. */
#include "kernels/cpu/device.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Larger buffers are mapped: zero pages for free, and huge pages where the system has them. */
#define MAP_FROM_BYTES ((size_t)4 << 20)

void
krn_device_fail (KrnDevice *dev, const char *format, ...)
{
  va_list args;

  if (dev->failed)
    return;
  dev->failed = true;
  va_start (args, format);
  vsnprintf (dev->error, sizeof dev->error, format, args);
  va_end (args);
}

/* ---- devices ---- */

static int
cpu_probe (char *why, size_t why_len)
{
  return 1;
}

static void *
map_memory (size_t bytes)
{
  void *p = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (p == MAP_FAILED)
    return NULL;
  madvise (p, bytes, MADV_HUGEPAGE);
  return p;
}

static void
cpu_close (KrnDevice *dev)
{
  if (!dev)
    return;
  if (dev->scratch)
    munmap (dev->scratch, (size_t)dev->pool.n_threads * KRN_SCRATCH_BYTES);
  if (dev->arena)
    munmap (dev->arena, KRN_ARENA_BYTES);
  krn_pool_clear (&dev->pool);
  free (dev);
}

static KrnDevice *
cpu_open (const KrnOptions *options, char *err, size_t err_len)
{
  const KrnIsa *isa = krn_isa_choose (err, err_len);
  KrnDevice    *dev;

  if (!isa)
    return NULL;
  if (options->index != 0) {
    snprintf (err, err_len, "There is no CPU device %d; the only one is 0.", options->index);
    return NULL;
  }
  dev = aligned_alloc (_Alignof(KrnDevice), sizeof *dev);
  if (!dev) {
    snprintf (err, err_len, "Not enough memory to open the CPU device.");
    return NULL;
  }
  memset (dev, 0, sizeof *dev);
  if (!krn_pool_init (&dev->pool, options->threads, err, err_len)) {
    free (dev);
    return NULL;
  }
  dev->isa = isa;
  dev->fast = options->fast;
  dev->arena = map_memory (KRN_ARENA_BYTES);
  dev->scratch = map_memory ((size_t)dev->pool.n_threads * KRN_SCRATCH_BYTES);
  if (!dev->arena || !dev->scratch) {
    snprintf (err, err_len, "Not enough memory for the working space of the CPU device.");
    cpu_close (dev);
    return NULL;
  }
  return dev;
}

/* The value of the first "key : value" line of a file of /proc. */
static void
read_proc (const char *path, const char *key, char *value, size_t value_len)
{
  FILE  *file = fopen (path, "re");
  char   line[256];
  size_t key_len = strlen (key);

  value[0] = '\0';
  while (file && fgets (line, sizeof line, file)) {
    const char *colon = strchr (line, ':');

    if (strncmp (line, key, key_len) != 0 || !colon)
      continue;
    colon += 1 + strspn (colon + 1, " \t");
    snprintf (value, value_len, "%.*s", (int)strcspn (colon, "\n"), colon);
    break;
  }
  if (file)
    fclose (file);
}

static void
describe_machine (const KrnIsa *isa, int n_threads, KrnDeviceInfo *info)
{
  char available[64];

  memset (info, 0, sizeof *info);
  read_proc ("/proc/cpuinfo", "model name", info->name, sizeof info->name);
  if (!info->name[0])
    snprintf (info->name, sizeof info->name, "CPU");
  snprintf (info->isa, sizeof info->isa, "%s%s%s", isa->name, isa->bf16_dot ? "-bf16" : "",
            isa->int8_dot ? "-vnni" : "");
  info->threads = n_threads;
  info->memory_total = (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
  read_proc ("/proc/meminfo", "MemAvailable", available, sizeof available);
  info->rows = 512; /* a cancelled pass is short, and a picture's MLP stays in a cache */
  info->memory_free = strtoull (available, NULL, 10) * 1024;
}

static void
cpu_info (KrnDevice *dev, KrnDeviceInfo *info)
{
  describe_machine (dev->isa, dev->pool.n_threads, info);
}

static int
cpu_describe (int index, KrnDeviceInfo *info)
{
  char          why[200];
  const KrnIsa *isa = index == 0 ? krn_isa_choose (why, sizeof why) : NULL;

  if (!isa)
    return -1;
  describe_machine (isa, krn_pool_usual_threads (), info);
  return 0;
}

/* ---- buffers ---- */

static KrnBuffer *
cpu_alloc (KrnDevice *dev, size_t bytes)
{
  KrnBuffer *buf = malloc (sizeof *buf);

  if (!buf)
    return NULL;
  buf->bytes = bytes;
  if (bytes >= MAP_FROM_BYTES) {
    buf->kind = KRN_BUFFER_MAPPED;
    buf->data = map_memory (bytes);
  } else {
    /* A multiple of the alignment and never 0. */
    size_t size = bytes / 64 * 64 + 64;

    buf->kind = KRN_BUFFER_HEAP;
    buf->data = aligned_alloc (64, size);
    if (buf->data)
      memset (buf->data, 0, size);
  }
  if (!buf->data) {
    free (buf);
    return NULL;
  }
  return buf;
}

static KrnBuffer *
cpu_wrap (KrnDevice *dev, const void *host_memory, size_t bytes, bool host)
{
  KrnBuffer *buf = malloc (sizeof *buf);

  if (buf)
    *buf = (KrnBuffer){(unsigned char *)host_memory, bytes, KRN_BUFFER_BORROWED};
  return buf;
}

static void
cpu_free (KrnDevice *dev, KrnBuffer *buf)
{
  if (!buf)
    return;
  if (buf->kind == KRN_BUFFER_MAPPED)
    munmap (buf->data, buf->bytes);
  else if (buf->kind == KRN_BUFFER_HEAP)
    free (buf->data);
  free (buf);
}

static bool
is_inside (const KrnBuffer *buf, size_t offset, size_t bytes)
{
  return offset <= buf->bytes && bytes <= buf->bytes - offset;
}

static void
cpu_write (KrnDevice *dev, KrnBuffer *buf, size_t offset, const void *src, size_t bytes)
{
  if (buf->kind == KRN_BUFFER_BORROWED)
    krn_device_fail (dev, "A buffer over borrowed memory cannot be written.");
  else if (!is_inside (buf, offset, bytes))
    krn_device_fail (dev, "Writing %zu bytes at %zu of a buffer of %zu.", bytes, offset,
                     buf->bytes);
  else
    memcpy (buf->data + offset, src, bytes);
}

static void
cpu_read (KrnDevice *dev, const KrnBuffer *buf, size_t offset, void *dst, size_t bytes)
{
  if (!is_inside (buf, offset, bytes))
    krn_device_fail (dev, "Reading %zu bytes at %zu of a buffer of %zu.", bytes, offset,
                     buf->bytes);
  else
    memcpy (dst, buf->data + offset, bytes);
}

static int
cpu_sync (KrnDevice *dev, char *err, size_t err_len)
{
  if (!dev->failed)
    return 0;
  snprintf (err, err_len, "%s", dev->error);
  dev->failed = false;
  return -1;
}

/* ---- the table ---- */

const KrnOps *
krn_cpu_ops (void)
{
  static const KrnOps ops = {
      .abi = KRN_ABI,
      .name = "cpu",

      .probe = cpu_probe,
      .describe = cpu_describe,
      .open = cpu_open,
      .close = cpu_close,
      .info = cpu_info,
      .limits = krn_cpu_limits,
      .read_rate = krn_cpu_read_rate,

      .alloc = cpu_alloc,
      .wrap = cpu_wrap,
      .free = cpu_free,
      .write = cpu_write,
      .read = cpu_read,
      .sync = cpu_sync,

      .embed = krn_cpu_embed,
      .copy = krn_cpu_copy,
      .rms_norm = krn_cpu_rms_norm,
      .linear = krn_cpu_linear,
      .softcap = krn_cpu_softcap,

      .project_qkv = krn_cpu_project_qkv,
      .rope_angles = krn_cpu_rope_angles,
      .rope_store = krn_cpu_rope_store,
      .attention = krn_cpu_attention,
      .project_add = krn_cpu_project_add,

      .gated_mlp = krn_cpu_gated_mlp,

      .ple_inputs = krn_cpu_ple_inputs,
      .ple_block = krn_cpu_ple_block,

      .clamp = krn_cpu_clamp,
      .add_scaled = krn_cpu_add_scaled,
      .gelu_mul = krn_cpu_gelu_mul,
      .silu = krn_cpu_silu,
      .glu = krn_cpu_glu,
      .layer_norm_relu = krn_cpu_layer_norm_relu,

      .clipped = krn_cpu_clipped,
      .norm_clipped = krn_cpu_norm_clipped,
      .clipped_add = krn_cpu_clipped_add,
      .clipped_mlp = krn_cpu_clipped_mlp,

      .attention_all = krn_cpu_attention_all,
      .grid_patches = krn_cpu_grid_patches,
      .grid_angles = krn_cpu_grid_angles,
      .grid_rotate = krn_cpu_grid_rotate,
      .grid_heads = krn_cpu_grid_heads,
      .grid_pool = krn_cpu_grid_pool,

      .conv_2d = krn_cpu_conv_2d,
      .conv_causal = krn_cpu_conv_causal,
      .attention_band = krn_cpu_attention_band,

      .sample = krn_cpu_sample,
  };

  return &ops;
}
