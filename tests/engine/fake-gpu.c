/* fake-gpu.c: a GPU that computes with the CPU's operations and has as much memory as a test wants.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Buffers are counted in one table, under a lock: the device belongs to an engine thread. */
#include "fake-gpu.h"

#include "gem-module.h"

#include <glib/gstdio.h>

static const FakeGpu *gpu;
static KrnOps         ops;
static GMutex         lock;
static GHashTable    *sizes; /* KrnBuffer → GSIZE_TO_POINTER (bytes), under lock */
static guint64        used;  /* under lock */
static float          share;
static int            opened; /* the device's index */

static int
count_devices (void)
{
  int n = 0;

  while (n < FAKE_GPU_MAX && gpu->names[n] != NULL)
    n++;
  return n;
}

static int
fake_probe (char *why, size_t why_len)
{
  if (count_devices () == 0)
    g_strlcpy (why, gpu->probe_error, why_len);
  return count_devices ();
}

static int
fake_describe (int index, KrnDeviceInfo *info)
{
  if (index < 0 || index >= count_devices ())
    return -1;
  *info = (KrnDeviceInfo){.memory_total = gpu->memory};
  g_strlcpy (info->name, gpu->names[index], sizeof info->name);
  g_strlcpy (info->isa, "fake_1", sizeof info->isa);
  return 0;
}

static KrnDevice *
fake_open (const KrnOptions *options, char *err, size_t err_len)
{
  KrnOptions of_cpu = *options;

  if (gpu->open_error != NULL) {
    g_strlcpy (err, gpu->open_error, err_len);
    return NULL;
  }
  opened = options->index;
  share = options->memory_share;
  of_cpu.index = 0;
  return krn_cpu_ops ()->open (&of_cpu, err, err_len);
}

static void
fake_info (KrnDevice *dev, KrnDeviceInfo *info)
{
  fake_describe (opened, info);
  info->memory_free = gpu->memory > 0 ? gpu->memory - fake_gpu_get_used () : (guint64)1 << 50;
}

static KrnBuffer *
count (KrnBuffer *buffer, size_t bytes)
{
  gboolean fits;

  if (buffer == NULL)
    return NULL;
  g_mutex_lock (&lock);
  fits = gpu->memory == 0 || used + bytes <= gpu->memory;
  if (fits) {
    used += bytes;
    g_hash_table_insert (sizes, buffer, GSIZE_TO_POINTER (bytes));
  }
  g_mutex_unlock (&lock);
  if (fits)
    return buffer;
  krn_cpu_ops ()->free (NULL, buffer);
  return NULL;
}

static KrnBuffer *
fake_alloc (KrnDevice *dev, size_t bytes)
{
  return count (krn_cpu_ops ()->alloc (dev, bytes), bytes);
}

static KrnBuffer *
fake_wrap (KrnDevice *dev, const void *memory, size_t bytes, bool host)
{
  return count (krn_cpu_ops ()->wrap (dev, memory, bytes, host), host ? 0 : bytes);
}

static void
fake_free (KrnDevice *dev, KrnBuffer *buffer)
{
  if (buffer != NULL) {
    g_mutex_lock (&lock);
    used -= GPOINTER_TO_SIZE (g_hash_table_lookup (sizes, buffer));
    g_hash_table_remove (sizes, buffer);
    g_mutex_unlock (&lock);
  }
  krn_cpu_ops ()->free (dev, buffer);
}

static int
fake_sync (KrnDevice *dev, char *err, size_t err_len)
{
  if (gpu->sync_error == NULL)
    return krn_cpu_ops ()->sync (dev, err, err_len);
  g_strlcpy (err, gpu->sync_error, err_len);
  return -1;
}

void
fake_gpu_plug_in (const FakeGpu *fake)
{
  gpu = fake;
  sizes = g_hash_table_new (NULL, NULL);
  ops = *krn_cpu_ops ();
  ops.name = "cuda";
  ops.probe = fake_probe;
  ops.describe = fake_describe;
  ops.open = fake_open;
  ops.info = fake_info;
  ops.alloc = fake_alloc;
  ops.wrap = fake_wrap;
  ops.free = fake_free;
  ops.sync = fake_sync;
  gem_module_replace ("cuda", &ops);
}

void
fake_gpu_take_out (void)
{
  gem_module_replace ("cuda", NULL);
  g_assert_cmpuint (g_hash_table_size (sizes), ==, 0);
  g_assert_cmpuint (used, ==, 0);
  g_clear_pointer (&sizes, g_hash_table_unref);
}

guint64
fake_gpu_get_used (void)
{
  guint64 bytes;

  g_mutex_lock (&lock);
  bytes = used;
  g_mutex_unlock (&lock);
  return bytes;
}

float
fake_gpu_get_share (void)
{
  return share;
}

/* ---- what is plugged in ---- */

#define DEVICE "0000:01:00.0"

static char *
file_in (const char *folder, const char *file)
{
  return g_build_filename (folder, DEVICE, file, NULL);
}

static void
write_line (const char *folder, const char *file, const char *line)
{
  g_autofree char *path = file_in (folder, file);
  g_autofree char *text = g_strconcat (line, "\n", NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

char *
fake_pci_new (const char *vendor, const char *pci_class)
{
  char            *folder = g_dir_make_tmp ("facet-pci-XXXXXX", NULL);
  g_autofree char *device = file_in (folder, NULL);

  g_assert_nonnull (folder);
  if (vendor != NULL) {
    g_assert_cmpint (g_mkdir (device, 0700), ==, 0);
    write_line (folder, "vendor", vendor);
    write_line (folder, "class", pci_class);
  }
  g_setenv ("FACET_PCI_FOLDER", folder, TRUE);
  return folder;
}

void
fake_pci_free (char *folder)
{
  static const char *const names[] = {"vendor", "class", NULL};

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = file_in (folder, names[i]);

    g_remove (path);
  }
  g_rmdir (folder);
  g_setenv ("FACET_PCI_FOLDER", "/nonexistent", TRUE);
  g_free (folder);
}
