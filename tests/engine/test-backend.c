/* test-backend.c: the backend is found, chosen and refused as it should be.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fake-backend.c is built once for every way in which a module can be wrong; a link of the right
 * name in a folder of its own makes it "the" module. */
#include "fake-gpu.h"
#include "gem-backend.h"
#include "write-safetensors.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const KrnOptions one_thread = {.threads = 1};

/* A folder in which @module (a file of the build folder, NULL for none) is libkrn-cuda.so; it is
 * where modules are looked for from now on. */
static char *
install (const char *module)
{
  char            *folder = make_folder ();
  g_autofree char *link = g_build_filename (folder, "libkrn-cuda.so", NULL);
  g_autofree char *target = NULL;

  if (module != NULL) {
    target = g_build_filename (g_getenv ("G_TEST_BUILDDIR"), "engine", module, NULL);
    g_assert_true (g_file_test (target, G_FILE_TEST_EXISTS));
    g_assert_cmpint (symlink (target, link), ==, 0);
  }
  g_setenv ("FACET_MODULE_PATH", folder, TRUE);
  return folder;
}

static void
assert_refused (const char *name, const char *device, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemBackend) backend = gem_backend_open (name, device, &one_thread, NULL, &error);

  g_assert_null (backend);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_DEVICE);
  g_test_message ("%s", error->message);
  if (strstr (error->message, message) == NULL)
    g_error ("“%s” does not say “%s”", error->message, message);
}

/* With @warning as the only one, or none. */
static void
assert_opens_warning (const char *name,
                      const char *device,
                      const char *description,
                      const char *warning)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemBackend) backend = gem_backend_open (name, device, &one_thread, warnings, &error);

  g_assert_no_error (error);
  g_test_message ("%s", gem_backend_get_description (backend));
  g_assert_true (g_str_has_prefix (gem_backend_get_description (backend), description));
  g_assert_nonnull (gem_backend_get_device (backend));
  g_assert_cmpuint (warnings->len, ==, warning != NULL);
  if (warning == NULL)
    return;
  g_test_message ("%s", (char *)warnings->pdata[0]);
  g_assert_nonnull (strstr (warnings->pdata[0], warning));
}

static void
assert_opens (const char *name, const char *device, const char *description)
{
  assert_opens_warning (name, device, description, NULL);
}

static void
test_cpu (void)
{
  char *folder = install (NULL);

  assert_opens ("cpu", NULL, "CPU, ");
  assert_opens ("auto", NULL, "CPU, ");
  assert_opens (NULL, NULL, "CPU, ");
  assert_opens (NULL, "", "CPU, ");
  assert_opens ("auto", "auto", "CPU, ");
  assert_opens (NULL, "cpu", "CPU, ");
  assert_opens ("cpu", "0", "CPU, ");
  assert_opens ("cpu", "cpu", "CPU, ");
  assert_refused ("cpu", "3", "there is no device 3 (there is 1");
  assert_refused ("cpu", "-1", "There is no device “-1”");
  assert_refused ("auto", "3", "There is no device “3”");
  remove_folder (folder);
}

static void
test_unknown (void)
{
  assert_refused ("metal", NULL, "There is no backend “metal”");
  assert_refused ("", NULL, "There is no backend");
  assert_refused ("../cuda", NULL, "There is no backend");
  assert_refused (NULL, "metal", "There is no device “metal”");
}

static void
test_missing (void)
{
  char *folder = install (NULL);

  assert_refused ("cuda", NULL, "libkrn-cuda.so is not installed");
  assert_refused ("hip", NULL, "libkrn-hip.so is not installed");
  assert_refused (NULL, "cuda:1", "libkrn-cuda.so is not installed");
  assert_refused ("cuda", "H100", "libkrn-cuda.so is not installed");
  remove_folder (folder);
}

static void
test_module (void)
{
  char *folder = install ("fake-good.so");

  assert_opens ("cuda", NULL, "CUDA, ");
  assert_opens ("cuda", "0", "CUDA, ");
  assert_opens ("auto", NULL, "CUDA, ");
  assert_opens (NULL, "cuda:0", "CUDA, ");
  assert_opens (NULL, "cpu", "CPU, ");
  assert_refused ("hip", NULL, "not installed");
  assert_refused ("cuda", "1", "there is no device 1 (there is 1, counted from 0)");
  assert_refused ("cpu", "cuda:0", "There is no device “cuda:0”");
  remove_folder (folder);
}

static void
test_two (void)
{
  char *folder = install ("fake-two.so");

  assert_opens ("cuda", NULL, "CUDA, NVIDIA GeForce RTX 3060, ");
  assert_opens (NULL, NULL, "CUDA, NVIDIA GeForce RTX 3060, ");
  assert_opens (NULL, "h100", "CUDA, NVIDIA H100 80GB HBM3, ");
  assert_opens ("cuda", "h100", "CUDA, NVIDIA H100 80GB HBM3, ");
  assert_opens ("cuda", "1", "CUDA, NVIDIA H100 80GB HBM3, ");
  assert_refused (NULL, "nvidia", "fits 2 devices");
  assert_refused ("cpu", "h100", "There is no device “h100”");
  remove_folder (folder);
}

static void
test_wrong_modules (void)
{
  static const struct {
    const char *file, *message;
    gboolean    opens_late; /* it says that it has a device */
  } modules[] = {
      {"fake-abi.so", "built for another version of Facet", FALSE},
      {"fake-no-device.so", "There is no GPU in this machine.  ", FALSE},
      {"fake-name.so", "says it is “hip”", FALSE},
      {"fake-null.so", "built for another version of Facet", FALSE},
      {"fake-open.so", "the driver is too old", TRUE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (modules); i++) {
    char *folder = install (modules[i].file);
    char *pci;

    assert_refused ("cuda", NULL, modules[i].message);
    /* Where there is no GPU, nobody misses one. */
    assert_opens_warning ("auto", NULL, "CPU, ", modules[i].opens_late ? modules[i].message : NULL);
    assert_opens ("cpu", NULL, "CPU, ");

    pci = fake_pci_new ("0x10de", "0x030000");
    assert_opens_warning ("auto", NULL, "CPU, ", modules[i].message);
    assert_opens_warning ("auto", NULL, "CPU, ",
                          "The CPU computes, because the NVIDIA GPU cannot be used: ");
    assert_opens ("cpu", NULL, "CPU, ");
    fake_pci_free (pci);
    remove_folder (folder);
  }
}

static void
test_gpu_without_module (void)
{
  char *folder = install (NULL);
  char *pci = fake_pci_new ("0x1002", "0x030000");

  assert_opens_warning (NULL, NULL, "CPU, ",
                        "because the AMD GPU cannot be used: its module libkrn-hip.so is not "
                        "installed.  To have it so");
  fake_pci_free (pci);
  remove_folder (folder);
}

/* A GPU that fails does not keep the next one from being used. */
static void
test_next_device (void)
{
  FakeGpu gpu = {.names = {"First"}, .open_error = "it is busy"};
  char   *pci = fake_pci_new ("0x10de", "0x030000");

  fake_gpu_plug_in (&gpu);
  assert_opens_warning (NULL, NULL, "CPU, ", "cannot be used: it is busy.");
  assert_refused (NULL, "first", "First cannot be used: it is busy.  Choose another device");
  gpu.open_error = NULL;
  assert_opens (NULL, NULL, "CUDA, First, ");
  fake_gpu_take_out ();
  fake_pci_free (pci);
}

static void
test_no_module (void)
{
  char            *folder = install (NULL);
  g_autofree char *link = g_build_filename (folder, "libkrn-cuda.so", NULL);

  write_text (folder, "libkrn-cuda.so", "no module");
  assert_refused ("cuda", NULL, "CUDA cannot be used: ");
  assert_opens ("auto", NULL, "CPU, ");
  g_unlink (link);
  g_mkdir (link, 0700);
  assert_refused ("cuda", NULL, "CUDA cannot be used: ");
  remove_folder (folder);
}

/* What was stored can be read back, and is freed with the backend (LeakSanitizer looks). */
static void
test_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemBackend) backend = gem_backend_open ("cpu", NULL, &one_thread, NULL, &error);
  const guint8 data[] = {1, 2, 3, 4, 5};
  guint8       copy[5];
  KrnBuffer   *stored, *wrapped;

  stored = gem_backend_store (backend, data, sizeof data, "five bytes", &error);
  wrapped = gem_backend_wrap (backend, data, sizeof data, FALSE, "five bytes", &error);
  g_assert_no_error (error);
  gem_backend_get_ops (backend)->read (gem_backend_get_device (backend), stored, 0, copy, 5);
  g_assert_cmpmem (copy, 5, data, 5);
  gem_backend_get_ops (backend)->read (gem_backend_get_device (backend), wrapped, 1, copy, 4);
  g_assert_cmpmem (copy, 4, data + 1, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backend/cpu", test_cpu);
  g_test_add_func ("/backend/unknown", test_unknown);
  g_test_add_func ("/backend/missing", test_missing);
  g_test_add_func ("/backend/module", test_module);
  g_test_add_func ("/backend/two", test_two);
  g_test_add_func ("/backend/wrong-modules", test_wrong_modules);
  g_test_add_func ("/backend/gpu-without-module", test_gpu_without_module);
  g_test_add_func ("/backend/next-device", test_next_device);
  g_test_add_func ("/backend/no-module", test_no_module);
  g_test_add_func ("/backend/memory", test_memory);
  return g_test_run ();
}
