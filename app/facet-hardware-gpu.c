/* facet-hardware-gpu.c: from the slot to the first kernel: what a GPU needs to compute.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kernel's files say what no driver can say that is not there.  Any thread that may wait. */
#define G_LOG_DOMAIN "facet-hardware"

#include "config.h"

#include "facet-hardware-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* The oldest that the kernels are made for. */
#define OLDEST_SM      75
#define OLDEST_GFX     90006
#define OLDEST_GFX_ISA "gfx906"

/* The card */

/* Where the first one of @vendor is plugged in; NULL: nowhere.  (transfer full) */
static char *
find_card (const FacetMachineView *view, const char *vendor)
{
  g_autofree char *folder = g_strconcat (view->root, "/sys/bus/pci/devices", NULL);
  GDir            *dir = g_dir_open (folder, 0, NULL);
  char            *found = NULL;
  const char      *name;

  while (dir != NULL && found == NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *vendor_path = g_strdup_printf ("/sys/bus/pci/devices/%s/vendor", name);
    g_autofree char *class_path = g_strdup_printf ("/sys/bus/pci/devices/%s/class", name);
    g_autofree char *its_vendor = facet_machine_dup_text (view, vendor_path);
    g_autofree char *its_class = facet_machine_dup_text (view, class_path);

    /* Display controllers and processing accelerators. */
    if (g_str_has_prefix (its_vendor, vendor) &&
        (g_str_has_prefix (its_class, "0x03") || g_str_has_prefix (its_class, "0x12")))
      found = g_strdup (name);
  }
  g_clear_pointer (&dir, g_dir_close);
  return found;
}

/* The entry of its devices that says most: one that can be used, else that of the backend. */
static const GemDevice *
find_device (const FacetMachineView *view, const char *backend)
{
  for (guint i = 0; i < view->devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (view->devices, i);

    if (g_str_equal (device->backend, backend))
      return device;
  }
  return NULL;
}

/* One that computes though no slot has it: a virtual machine may pass it on in its own way. */
static gboolean
check_card (FacetHardware *self, const FacetMachineView *view, const char *vendor)
{
  g_autofree char *slot = find_card (view, vendor);
  const GemDevice *device = find_device (view, self->backend);

  if (slot != NULL)
    return facet_hardware_add (self, _ ("Graphics card"), FACET_CHECK_GOOD,
                               /* Translators: the address of a slot, such as “0000:01:00.0”. */
                               g_strdup_printf (_ ("One is plugged in (%s)."), slot), NULL);
  if (device != NULL && device->problem == NULL)
    return facet_hardware_add (self, _ ("Graphics card"), FACET_CHECK_GOOD,
                               g_strdup_printf (_ ("%s."), device->name), NULL);
  return facet_hardware_add (self, _ ("Graphics card"), FACET_CHECK_ABSENT,
                             g_strdup (_ ("This computer has none.")), NULL);
}

/* The driver */

static gboolean
has_secure_boot (const FacetMachineView *view)
{
  g_autofree char *path = g_strconcat (view->root, SECURE_BOOT, NULL);
  g_autofree char *bytes = NULL;
  gsize            length = 0;

  return g_file_get_contents (path, &bytes, &length, NULL) && length > 0 && bytes[length - 1] == 1;
}

/* Whether a kernel module lies on the disk, for the kernel that runs. */
static gboolean
is_module_installed (const FacetMachineView *view, const char *file)
{
  g_autofree char *release = facet_machine_dup_text (view, "/proc/sys/kernel/osrelease");
  g_autofree char *path = g_strdup_printf ("/lib/modules/%s/modules.dep", g_strstrip (release));
  g_autofree char *list = facet_machine_dup_text (view, path);

  return strstr (list, file) != NULL;
}

/* "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  …": the first number with a point. */
static char *
find_version (const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\n", -1);

  for (char **word = words; *word != NULL; word++)
    if (g_ascii_isdigit (**word) && strchr (*word, '.') != NULL)
      return g_strdup (*word);
  return NULL;
}

static gboolean
add_driver_failure (FacetHardware *self, const char *result, const char *cure)
{
  return facet_hardware_add (self, _ ("Driver"), FACET_CHECK_FAILED, g_strdup (result),
                             g_strdup (cure));
}

static gboolean
check_nvidia_driver (FacetHardware *self, const FacetMachineView *view)
{
  g_autofree char *text = facet_machine_dup_text (view, "/proc/driver/nvidia/version");
  g_autofree char *version = find_version (text);
  const GemDevice *device = find_device (view, "cuda");

  if (version != NULL)
    return facet_hardware_add (self, _ ("Driver"), FACET_CHECK_GOOD,
                               g_strdup_printf (_ ("NVIDIA’s driver %s is loaded."), version),
                               NULL);
  if (device != NULL && device->problem == NULL)
    return facet_hardware_add (self, _ ("Driver"), FACET_CHECK_GOOD, g_strdup (_ ("It answers.")),
                               NULL);
  if (is_module_installed (view, "/nvidia.ko"))
    return add_driver_failure (self, _ ("NVIDIA’s driver is installed and not loaded."),
                               has_secure_boot (view)
                                   ? _ ("Secure Boot lets only signed drivers in: enroll the "
                                        "driver’s key (“sudo mokutil "
                                        "--import” with the key that your system made for it), and "
                                        "restart.")
                                   : _ ("Restart the computer, or run “sudo modprobe nvidia”."));
  if (facet_machine_has (view, "/sys/module/nouveau"))
    return add_driver_failure (self, _ ("The GPU is run by nouveau, which cannot compute."),
                               _ ("Install NVIDIA’s own driver (package nvidia-driver on Debian, "
                                  "akmod-nvidia on Fedora), and restart."));
  return add_driver_failure (self, _ ("NVIDIA’s driver is not installed."),
                             _ ("Install it (package nvidia-driver on Debian, akmod-nvidia on "
                                "Fedora), and restart."));
}

static gboolean
check_amd_driver (FacetHardware *self, const FacetMachineView *view)
{
  g_autofree char *arguments = facet_machine_dup_text (view, "/proc/cmdline");

  if (facet_machine_has (view, "/sys/module/amdgpu"))
    return facet_hardware_add (self, _ ("Driver"), FACET_CHECK_GOOD,
                               g_strdup (_ ("The kernel’s driver amdgpu is loaded.")), NULL);
  if (strstr (arguments, "nomodeset") != NULL)
    return add_driver_failure (self,
                               _ ("The kernel was started with “nomodeset”, which keeps its "
                                  "graphics drivers out."),
                               _ ("Remove it from the boot loader’s settings, and restart."));
  if (facet_machine_has (view, "/sys/module/radeon"))
    return add_driver_failure (
        self, _ ("The GPU is run by the driver radeon: it is older than what Facet computes on."),
        _ ("Choose the processor under “Compute on”."));
  return add_driver_failure (self, _ ("The kernel’s driver amdgpu is not loaded."),
                             _ ("Run “sudo modprobe amdgpu”.  If there is none, install a newer "
                                "kernel and the firmware (package firmware-amd-graphics on Debian, "
                                "amd-gpu-firmware on Fedora), and restart."));
}

/* The device nodes */

static gboolean
is_in_flatpak (const FacetMachineView *view)
{
  return facet_machine_has (view, "/.flatpak-info");
}

/* @cure: what makes it appear. */
static gboolean
check_node (FacetHardware *self, const FacetMachineView *view, const char *path, const char *cure)
{
  g_autofree char *whole = g_strconcat (view->root, path, NULL);

  if (!g_file_test (whole, G_FILE_TEST_EXISTS))
    return facet_hardware_add (self, _ ("Device node"), FACET_CHECK_FAILED,
                               g_strdup_printf (_ ("%s is missing."), path),
                               is_in_flatpak (view)
                                   ? g_strdup_printf (_ ("Let Facet see it: “flatpak override "
                                                         "--user --device=all %s”."),
                                                      FACET_APP_ID)
                                   : g_strdup (cure));
  if (!view->may_open (whole, view->user_data))
    return facet_hardware_add (self, _ ("Device node"), FACET_CHECK_FAILED,
                               g_strdup_printf (_ ("You may not use %s."), path),
                               g_strdup (_ ("Join the groups that may (“sudo usermod -aG "
                                            "render,video $USER”), log out and "
                                            "in again.")));
  return TRUE;
}

static gboolean
check_nvidia_nodes (FacetHardware *self, const FacetMachineView *view)
{
  const GemDevice *device = find_device (view, "cuda");
  const char *cure = _ ("Run “sudo nvidia-modprobe -u -c 0”, or restart.  In a container, pass "
                        "the GPU on (“--gpus all”).");

  if (device != NULL && device->problem == NULL)
    return facet_hardware_add (self, _ ("Device node"), FACET_CHECK_GOOD,
                               g_strdup (_ ("It can be used.")), NULL);
  if (!check_node (self, view, "/dev/nvidiactl", cure) ||
      !check_node (self, view, "/dev/nvidia0", cure) ||
      !check_node (self, view, "/dev/nvidia-uvm", cure))
    return FALSE;
  return facet_hardware_add (self, _ ("Device node"), FACET_CHECK_GOOD,
                             g_strdup (_ ("/dev/nvidia0 and its companions can be used.")), NULL);
}

/* (transfer full); NULL: there is none. */
static char *
find_render_node (const FacetMachineView *view)
{
  g_autofree char *folder = g_strconcat (view->root, "/dev/dri", NULL);
  GDir            *dir = g_dir_open (folder, 0, NULL);
  char            *found = NULL;
  const char      *name;

  while (dir != NULL && found == NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "renderD"))
      found = g_strconcat ("/dev/dri/", name, NULL);
  g_clear_pointer (&dir, g_dir_close);
  return found;
}

static gboolean
check_amd_nodes (FacetHardware *self, const FacetMachineView *view)
{
  g_autofree char *render = find_render_node (view);
  const char *cure = _ ("Install the GPU’s firmware (package firmware-amd-graphics on Debian, "
                        "amd-gpu-firmware on Fedora), and restart.  In a container, pass the "
                        "GPU on (“--device /dev/kfd --device /dev/dri”).");

  if (!check_node (self, view, "/dev/kfd", cure) ||
      !check_node (self, view, render != NULL ? render : "/dev/dri/renderD128", cure))
    return FALSE;
  return facet_hardware_add (self, _ ("Device node"), FACET_CHECK_GOOD,
                             g_strdup_printf (_ ("/dev/kfd and %s can be used."), render), NULL);
}

/* The run-time library */

/* @names: those that will do, NULL-terminated. */
static gboolean
check_library (FacetHardware          *self,
               const FacetMachineView *view,
               const char *const      *names,
               const char             *cure)
{
  g_autofree char *why = NULL;

  for (gsize i = 0; names[i] != NULL; i++) {
    g_autofree char *problem = view->open_library (names[i], view->user_data);

    if (problem == NULL)
      return facet_hardware_add (self, _ ("Run-time library"), FACET_CHECK_GOOD,
                                 g_strdup_printf (_ ("%s was opened."), names[i]), NULL);
    /* The system begins its sentence with the name, too. */
    if (why == NULL && g_str_has_prefix (problem, names[i]) && problem[strlen (names[i])] == ':')
      why = g_strstrip (g_strdup (problem + strlen (names[i]) + 1));
    else if (why == NULL)
      why = g_steal_pointer (&problem);
  }
  return facet_hardware_add (self, _ ("Run-time library"), FACET_CHECK_FAILED,
                             /* Translators: a file, and what the system says about it. */
                             g_strdup_printf (_ ("%s cannot be opened: %s."), names[0], why),
                             g_strdup (cure));
}

/* Facet's own module */

static gboolean
check_module (FacetHardware *self, const GemDevice *device, const char *option)
{
  if (device != NULL && device->has_module)
    return facet_hardware_add (self, _ ("Facet’s module"), FACET_CHECK_GOOD,
                               g_strdup_printf (_ ("libkrn-%s.so is loaded."), self->backend),
                               NULL);
  return facet_hardware_add (self, _ ("Facet’s module"), FACET_CHECK_FAILED,
                             g_strdup_printf (_ ("The GPU cannot be used: %s."),
                                              device != NULL ? device->problem : self->backend),
                             /* Translators: %s is an option of the build. */
                             g_strdup_printf (_ ("Install Facet’s module for this GPU, of the same "
                                                 "version as Facet; who "
                                                 "builds Facet adds it with “-D%s=enabled”."),
                                              option));
}

/* The architecture */

static gboolean
check_device (FacetHardware *self, const GemDevice *device)
{
  if (device->problem == NULL)
    return TRUE;
  return facet_hardware_add (self, _ ("Architecture"), FACET_CHECK_FAILED,
                             g_strdup_printf (_ ("The driver gives no GPU to compute with: %s."),
                                              device->problem),
                             g_strdup (_ ("Install a newer driver, and restart.")));
}

static void
add_architecture (FacetHardware *self, const char *name, const char *isa, gboolean is_old)
{
  facet_hardware_add (self, _ ("Architecture"), is_old ? FACET_CHECK_FAILED : FACET_CHECK_GOOD,
                      is_old ? g_strdup_printf (_ ("%s (%s) is older than what Facet computes on."),
                                                name, isa)
                             : g_strdup_printf (_ ("%s (%s)."), name, isa),
                      is_old ? g_strdup (_ ("Choose the processor under “Compute on”.")) : NULL);
}

/* What the kernel knows of it, without any library: the newest; 0: nothing. */
static guint64
find_gfx_version (const FacetMachineView *view)
{
  g_autofree char *folder = g_strconcat (view->root, "/sys/class/kfd/kfd/topology/nodes", NULL);
  GDir            *dir = g_dir_open (folder, 0, NULL);
  guint64          version = 0;
  const char      *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path =
        g_strdup_printf ("/sys/class/kfd/kfd/topology/nodes/%s/properties", name);
    g_autofree char *text = facet_machine_dup_text (view, path);
    const char      *line = strstr (text, "gfx_target_version ");

    if (line != NULL)
      version = MAX (version, g_ascii_strtoull (line + strlen ("gfx_target_version "), NULL, 10));
  }
  g_clear_pointer (&dir, g_dir_close);
  return version;
}

/* 90010 is gfx90a, 110001 is gfx1101. */
static gboolean
check_gfx (FacetHardware *self, const FacetMachineView *view)
{
  guint64          version = find_gfx_version (view);
  g_autofree char *isa = g_strdup_printf ("gfx%d%x%x", (int)(version / 10000 % 1000),
                                          (guint)(version / 100 % 100), (guint)(version % 100));

  if (version == 0)
    return facet_hardware_add (self, _ ("Architecture"), FACET_CHECK_FAILED,
                               g_strdup (_ (
                                   "The driver lists no GPU that can compute (/sys/class/kfd).")),
                               g_strdup (_ ("Choose the processor under “Compute on”; a newer "
                                            "kernel may know the GPU.")));
  add_architecture (self, _ ("AMD GPU"), isa, version < OLDEST_GFX);
  return version >= OLDEST_GFX;
}

/* Its memory */

static void
check_memory (FacetHardware *self, const FacetMachineView *view, const GemDevice *device)
{
  guint64          have = (guint64)((double)device->memory_total * view->memory_share);
  g_autofree char *all = g_format_size (device->memory_total);
  g_autofree char *part = g_format_size (have);

  facet_hardware_add_memory (self,
                             /* Translators: how much memory a GPU has, and how much of it the
                                settings let Facet use. */
                             g_strdup_printf (_ ("%s, of which Facet may use %s."), all, part),
                             have, view->gpu_need);
}

/* A line of each for every GPU that there is. */
static void
check_devices (FacetHardware *self, const FacetMachineView *view, gboolean with_architecture)
{
  for (guint i = 0; i < view->devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (view->devices, i);

    if (!g_str_equal (device->backend, self->backend))
      continue;
    if (with_architecture)
      add_architecture (self, device->name, device->isa,
                        g_str_has_prefix (device->isa, "sm_") &&
                            g_ascii_strtoull (device->isa + 3, NULL, 10) < OLDEST_SM);
    check_memory (self, view, device);
  }
}

void
facet_hardware_check_nvidia (FacetHardware *self, const FacetMachineView *view)
{
  static const char *const libraries[] = {"libcuda.so.1", NULL};
  const GemDevice         *device = find_device (view, "cuda");

  if (check_card (self, view, "0x10de") && check_nvidia_driver (self, view) &&
      check_nvidia_nodes (self, view) &&
      check_library (self, view, libraries,
                     _ ("Install the driver’s library for computing (package libcuda1 on Debian, "
                        "xorg-x11-drv-nvidia-cuda on Fedora).")) &&
      check_module (self, device, "cuda") && check_device (self, device))
    check_devices (self, view, TRUE);
}

void
facet_hardware_check_amd (FacetHardware *self, const FacetMachineView *view)
{
  static const char *const libraries[] = {"libamdhip64.so.7", "libamdhip64.so.6",
                                          "libamdhip64.so.5", "/opt/rocm/lib/libamdhip64.so", NULL};
  const GemDevice         *device = find_device (view, "hip");

  if (check_card (self, view, "0x1002") && check_amd_driver (self, view) &&
      check_amd_nodes (self, view) && check_gfx (self, view) &&
      check_library (self, view, libraries,
                     _ ("Install ROCm’s run-time library (package libamdhip64-5 on Debian, "
                        "rocm-hip on Fedora).")) &&
      check_module (self, device, "hip") && check_device (self, device))
    check_devices (self, view, FALSE);
}
