/* test-hardware.c: every way in which a machine cannot compute has its sentence and its cure.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The machines are folders with the files that the kernel would write; what their drivers would
 * say is said here. */
#include "config.h"

#include "engine/gem-device.h"
#include "facet-hardware.h"
#include "test-folder.h"

#include <glib/gstdio.h>
#include <string.h>

#define GB G_GUINT64_CONSTANT (1000000000)

typedef struct {
  char            *root;
  GPtrArray       *devices; /* of GemDevice, the structs below */
  GemDevice        cuda, hip, cpu;
  const char      *closed;  /* a node that may not be opened */
  const char      *missing; /* libraries whose names begin so cannot be opened */
  FacetMachineView view;
  GPtrArray       *hardware;
} Machine;

static void
put (Machine *m, const char *path, const char *text)
{
  g_autofree char *whole = g_strconcat (m->root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (whole);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (whole, text, -1, NULL));
}

static void
take (Machine *m, const char *path)
{
  g_autofree char *whole = g_strconcat (m->root, path, NULL);

  g_assert_cmpint (g_remove (whole), ==, 0);
}

static char *
open_library (const char *name, gpointer user_data)
{
  Machine *m = user_data;

  if (m->missing == NULL || strstr (name, m->missing) == NULL)
    return NULL;
  return g_strdup_printf ("%s: cannot open shared object file: No such file or directory", name);
}

static gboolean
may_open (const char *path, gpointer user_data)
{
  Machine *m = user_data;

  return m->closed == NULL || !g_str_has_suffix (path, m->closed);
}

/* A machine with both GPUs, everything in order but that their drivers are not asked. */
static void
put_gpus (Machine *m)
{
  put (m, "/sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n");
  put (m, "/sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n");
  put (m, "/sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
  put (m, "/sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n");
  put (m, "/sys/bus/pci/devices/0000:03:00.0/vendor", "0x1002\n");
  put (m, "/sys/bus/pci/devices/0000:03:00.0/class", "0x038000\n");
  put (m, "/proc/driver/nvidia/version",
       "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (x)\n");
  put (m, "/dev/nvidiactl", "");
  put (m, "/dev/nvidia0", "");
  put (m, "/dev/nvidia-uvm", "");
  put (m, "/sys/module/amdgpu/version", "1\n");
  put (m, "/dev/kfd", "");
  put (m, "/dev/dri/renderD129", "");
  put (m, "/sys/class/kfd/kfd/topology/nodes/0/properties",
       "cpu_cores_count 16\n"
       "gfx_target_version 0\n");
  put (m, "/sys/class/kfd/kfd/topology/nodes/1/properties", "gfx_target_version 110001\n");
  put (m, "/proc/cmdline", "quiet splash\n");
  put (m, "/proc/sys/kernel/osrelease", "6.12.1-amd64\n");
}

static void
set_up (Machine *m, gconstpointer data)
{
  *m = (Machine){.root = test_folder_new ()};
  m->cuda = (GemDevice){.backend = "cuda",
                        .index = 0,
                        .name = (char *)"NVIDIA GeForce RTX 3060",
                        .isa = (char *)"sm_86",
                        .memory_total = 12 * GB,
                        .has_module = TRUE,
                        .is_here = TRUE};
  m->hip = (GemDevice){.backend = "hip",
                       .index = 0,
                       .name = (char *)"AMD Radeon RX 7800 XT",
                       .isa = (char *)"gfx1101",
                       .memory_total = 16 * GB,
                       .has_module = TRUE,
                       .is_here = TRUE};
  m->cpu = (GemDevice){.backend = "cpu",
                       .name = (char *)"AMD Ryzen 7",
                       .isa = (char *)"avx2",
                       .threads = 16,
                       .has_module = TRUE,
                       .is_here = TRUE};
  m->devices = g_ptr_array_new ();
  g_ptr_array_add (m->devices, &m->cuda);
  g_ptr_array_add (m->devices, &m->hip);
  g_ptr_array_add (m->devices, &m->cpu);
  put_gpus (m);
  put (m, "/proc/meminfo",
       "MemTotal:       32000000 kB\nMemFree: 1 kB\n"
       "MemAvailable:   16000000 kB\n");
  m->view = (FacetMachineView){.root = m->root,
                               .open_library = open_library,
                               .may_open = may_open,
                               .user_data = m,
                               .devices = m->devices,
                               .gpu_need = 10 * GB,
                               .cpu_need = 10 * GB,
                               .memory_share = 0.9};
}

static void
tear_down (Machine *m, gconstpointer data)
{
  g_clear_pointer (&m->hardware, g_ptr_array_unref);
  g_ptr_array_unref (m->devices);
  test_folder_remove (m->root);
  g_free (m->root);
}

static const FacetHardware *
check (Machine *m, const char *backend)
{
  g_clear_pointer (&m->hardware, g_ptr_array_unref);
  m->hardware = facet_hardware_check (&m->view);
  g_assert_cmpuint (m->hardware->len, ==, 3);
  for (guint i = 0; i < m->hardware->len; i++) {
    const FacetHardware *hardware = g_ptr_array_index (m->hardware, i);

    if (g_str_equal (hardware->backend, backend))
      return hardware;
  }
  g_assert_not_reached ();
}

static const FacetCheck *
find (const FacetHardware *hardware, const char *title)
{
  for (guint i = 0; i < hardware->checks->len; i++) {
    const FacetCheck *found = g_ptr_array_index (hardware->checks, i);

    if (g_str_equal (found->title, title))
      return found;
  }
  return NULL;
}

static void
assert_says (const char *sentence, const char *words)
{
  if (sentence == NULL || strstr (sentence, words) == NULL)
    g_error ("“%s” does not say “%s”", sentence, words);
}

/* The last check of @backend is this one, and nothing after it was looked at. */
static void
assert_last (Machine        *m,
             const char     *backend,
             const char     *title,
             FacetCheckState state,
             const char     *result,
             const char     *cure)
{
  const FacetHardware *hardware = check (m, backend);
  const FacetCheck    *last = g_ptr_array_index (hardware->checks, hardware->checks->len - 1);

  g_test_message ("%s: %s  %s", last->title, last->result, last->cure);
  g_assert_cmpstr (last->title, ==, title);
  g_assert_cmpint (last->state, ==, state);
  g_assert_cmpint (facet_hardware_get_state (hardware), ==, state);
  assert_says (last->result, result);
  if (cure != NULL)
    assert_says (last->cure, cure);
  else
    g_assert_null (last->cure);
}

static void
assert_failed (Machine    *m,
               const char *backend,
               const char *title,
               const char *result,
               const char *cure)
{
  assert_last (m, backend, title, FACET_CHECK_FAILED, result, cure);
}

/* The driver does not answer: without that, what the files say is not believed. */
static void
silence (GemDevice *device, const char *problem)
{
  device->index = -1;
  device->problem = (char *)problem;
  device->isa = (char *)"";
  device->memory_total = 0;
}

static void
test_good (Machine *m, gconstpointer data)
{
  static const char *const titles[] = {"Graphics card",  "Driver",
                                       "Device node",    "Run-time library",
                                       "Facet’s module", "Architecture",
                                       "Memory"};
  static const char *const backends[] = {"cuda", "hip"};

  for (gsize i = 0; i < G_N_ELEMENTS (backends); i++) {
    const FacetHardware *hardware = check (m, backends[i]);

    g_assert_cmpint (facet_hardware_get_state (hardware), ==, FACET_CHECK_GOOD);
    g_assert_cmpuint (hardware->checks->len, ==, G_N_ELEMENTS (titles));
    for (gsize j = 0; j < G_N_ELEMENTS (titles); j++) {
      const FacetCheck *found = find (hardware, titles[j]);

      g_assert_nonnull (found);
      g_assert_null (found->cure);
    }
  }
  assert_says (find (check (m, "cuda"), "Graphics card")->result, "0000:01:00.0");
  assert_says (find (check (m, "cuda"), "Driver")->result, "580.95.05");
  assert_says (find (check (m, "cuda"), "Architecture")->result, "RTX 3060 (sm_86)");
  assert_says (find (check (m, "cuda"), "Memory")->result, "10.8");
  assert_says (find (check (m, "hip"), "Device node")->result, "/dev/dri/renderD129");
  assert_says (find (check (m, "hip"), "Architecture")->result, "gfx1101");
  g_assert_cmpint (facet_hardware_get_state (check (m, "cpu")), ==, FACET_CHECK_GOOD);
}

static void
test_nvidia (Machine *m, gconstpointer data)
{
  silence (&m->cuda, "CUDA driver version is insufficient for CUDA runtime version");
  assert_failed (m, "cuda", "Architecture", "version is insufficient", "newer driver");
  m->cuda.has_module = FALSE;
  m->cuda.problem = (char *)"its module libkrn-cuda.so is not installed";
  assert_failed (m, "cuda", "Facet’s module", "libkrn-cuda.so is not installed", "-Dcuda=enabled");
  m->missing = "libcuda.so.1";
  assert_failed (m, "cuda", "Run-time library", "libcuda.so.1 cannot be opened: cannot open", "libcuda1");
  m->closed = "/dev/nvidia-uvm";
  assert_failed (m, "cuda", "Device node", "You may not use /dev/nvidia-uvm", "usermod");
  take (m, "/dev/nvidia-uvm");
  assert_failed (m, "cuda", "Device node", "/dev/nvidia-uvm is missing", "nvidia-modprobe");
  put (m, "/.flatpak-info", "");
  assert_failed (m, "cuda", "Device node", "is missing", "flatpak override");
  take (m, "/proc/driver/nvidia/version");
  assert_failed (m, "cuda", "Driver", "is not installed", "nvidia-driver");
  put (m, "/sys/module/nouveau/refcnt", "1");
  assert_failed (m, "cuda", "Driver", "nouveau", "akmod-nvidia");
  put (m, "/lib/modules/6.12.1-amd64/modules.dep", "updates/dkms/nvidia.ko: updates/x.ko\n");
  assert_failed (m, "cuda", "Driver", "installed and not loaded", "modprobe nvidia");
  put (m, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
       "\6\1\1\1\1");
  assert_failed (m, "cuda", "Driver", "installed and not loaded", "Secure Boot");
  take (m, "/sys/bus/pci/devices/0000:01:00.0/vendor");
  assert_last (m, "cuda", "Graphics card", FACET_CHECK_ABSENT, "has none", NULL);
}

static void
test_amd (Machine *m, gconstpointer data)
{
  silence (&m->hip, "no ROCm-capable device is detected");
  assert_failed (m, "hip", "Architecture", "no ROCm-capable device", "newer driver");
  m->hip.has_module = FALSE;
  m->hip.problem = (char *)"its module was built for another version of Facet (interface 1, not 2)";
  assert_failed (m, "hip", "Facet’s module", "another version", "-Dhip=enabled");
  m->missing = "libamdhip64";
  assert_failed (m, "hip", "Run-time library", "libamdhip64.so.7", "ROCm");
  put (m, "/sys/class/kfd/kfd/topology/nodes/1/properties", "gfx_target_version 80003\n");
  assert_failed (m, "hip", "Architecture", "gfx803", "Choose the processor");
  take (m, "/sys/class/kfd/kfd/topology/nodes/1/properties");
  assert_failed (m, "hip", "Architecture", "lists no GPU", "newer kernel");
  m->closed = "/dev/kfd";
  assert_failed (m, "hip", "Device node", "You may not use /dev/kfd", "render");
  take (m, "/dev/dri/renderD129");
  m->closed = NULL;
  assert_failed (m, "hip", "Device node", "/dev/dri/renderD128 is missing", "firmware");
  take (m, "/dev/kfd");
  assert_failed (m, "hip", "Device node", "/dev/kfd is missing", "--device /dev/kfd");
  take (m, "/sys/module/amdgpu/version");
  take (m, "/sys/module/amdgpu");
  assert_failed (m, "hip", "Driver", "amdgpu is not loaded", "modprobe amdgpu");
  put (m, "/sys/module/radeon/refcnt", "1");
  assert_failed (m, "hip", "Driver", "radeon", "Choose the processor");
  put (m, "/proc/cmdline", "quiet nomodeset\n");
  assert_failed (m, "hip", "Driver", "nomodeset", "boot loader");
  take (m, "/sys/bus/pci/devices/0000:03:00.0/class");
  assert_last (m, "hip", "Graphics card", FACET_CHECK_ABSENT, "has none", NULL);
}

/* gfx90a is written 90010. */
static void
test_old_and_small (Machine *m, gconstpointer data)
{
  put (m, "/sys/class/kfd/kfd/topology/nodes/1/properties", "gfx_target_version 90010\n");
  assert_says (find (check (m, "hip"), "Architecture")->result, "gfx90a");

  m->view.gpu_need = 11 * GB;
  assert_last (m, "cuda", "Memory", FACET_CHECK_POOR, "needs 11.0", "fewer bits");
  m->view.gpu_need = 0;
  g_assert_cmpint (facet_hardware_get_state (check (m, "cuda")), ==, FACET_CHECK_GOOD);
  m->cuda.isa = (char *)"sm_61";
  g_assert_cmpint (find (check (m, "cuda"), "Architecture")->state, ==, FACET_CHECK_FAILED);
}

/* A driver that answers is believed, whatever the files look like: WSL has none of them. */
static void
test_driver_answers (Machine *m, gconstpointer data)
{
  take (m, "/sys/bus/pci/devices/0000:01:00.0/vendor");
  take (m, "/proc/driver/nvidia/version");
  take (m, "/dev/nvidia0");
  g_assert_cmpint (facet_hardware_get_state (check (m, "cuda")), ==, FACET_CHECK_GOOD);
}

static void
test_processor (Machine *m, gconstpointer data)
{
  assert_says (find (check (m, "cpu"), "Processor")->result, "AMD Ryzen 7, 16 threads");
  assert_says (find (check (m, "cpu"), "Memory")->result, "16.4");

  m->view.cpu_need = 20 * GB;
  assert_last (m, "cpu", "Memory", FACET_CHECK_POOR, "needs 20.0", "Close other programs");
  m->view.cpu_need = 10 * GB;
  put (m, "/sys/fs/cgroup/memory.max", "max\n");
  g_assert_cmpint (facet_hardware_get_state (check (m, "cpu")), ==, FACET_CHECK_GOOD);
  put (m, "/sys/fs/cgroup/memory.max", "8000000000\n");
  assert_last (m, "cpu", "Memory", FACET_CHECK_POOR, "8.0", "Close other programs");
  take (m, "/proc/meminfo");
  put (m, "/proc/meminfo", "nothing of use\n");
  assert_last (m, "cpu", "Memory", FACET_CHECK_POOR, "cannot be read", "/proc");
  m->cpu.isa = (char *)"c";
  g_assert_cmpint (find (check (m, "cpu"), "Architecture")->state, ==, FACET_CHECK_POOR);
}

static void
test_text (Machine *m, gconstpointer data)
{
  g_autofree char *text = NULL;

  m->missing = "libcuda";
  check (m, "cuda");
  text = facet_hardware_dup_text (m->hardware);
  g_test_message ("%s", text);
  assert_says (text, "NVIDIA GPU\n  Graphics card (good): ");
  assert_says (text, "  Run-time library (failed): libcuda.so.1 cannot be opened");
  assert_says (text, "\n    Install the driver’s library");
  assert_says (text, "\n\nProcessor\n");
}

/* Files of any content do no harm. */
static void
test_garbage (Machine *m, gconstpointer data)
{
  put (m, "/proc/driver/nvidia/version", "\377\376\001");
  put (m, "/proc/meminfo", "MemTotal: 99999999999999999999999 kB\nMemAvailable:");
  put (m, "/sys/fs/cgroup/memory.max", "-1");
  put (m, "/sys/class/kfd/kfd/topology/nodes/1/properties",
       "gfx_target_version 18446744073709551615");
  put (m, "/sys/bus/pci/devices/0000:03:00.0/class", "");
  g_assert_nonnull (check (m, "cpu"));
}

#define add(path, func) g_test_add ("/hardware/" path, Machine, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("good", test_good);
  add ("nvidia", test_nvidia);
  add ("amd", test_amd);
  add ("old-and-small", test_old_and_small);
  add ("driver-answers", test_driver_answers);
  add ("processor", test_processor);
  add ("text", test_text);
  add ("garbage", test_garbage);
  return g_test_run ();
}
