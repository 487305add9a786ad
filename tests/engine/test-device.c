/* test-device.c: the list of devices, and how one is named.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-gpu.h"
#include "gem-device.h"
#include "gem-module.h"

#include <string.h>

static const FakeGpu three = {.names = {"NVIDIA GeForce RTX 3060", "NVIDIA GeForce RTX 3060 Ti",
                                        "NVIDIA H100 80GB HBM3"},
                              .memory = 1000};
static const FakeGpu twins = {.names = {"NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"}};
static const FakeGpu old = {.probe_error = "The driver is too old (1.0; 2.0 is needed)."};

static const GemDevice *
get (GPtrArray *devices, guint i)
{
  g_assert_cmpuint (i, <, devices->len);
  return g_ptr_array_index (devices, i);
}

static void
assert_found (GPtrArray *devices, const char *choice, guint expected)
{
  g_autoptr (GError) error = NULL;
  const GemDevice *device = gem_device_find (devices, choice, &error);

  g_assert_no_error (error);
  g_assert_true (device == get (devices, expected));
}

static void
assert_not_found (GPtrArray *devices, const char *choice, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gem_device_find (devices, choice, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_DEVICE);
  g_test_message ("%s", error->message);
  if (strstr (error->message, message) == NULL)
    g_error ("“%s” does not say “%s”", error->message, message);
}

static void
test_list (void)
{
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GPtrArray) of_cpu = NULL;
  const GemDevice *device;

  fake_gpu_plug_in (&three);
  devices = gem_device_list (NULL);
  g_assert_cmpuint (devices->len, ==, 5); /* three, hip, cpu */
  device = get (devices, 2);
  g_assert_cmpstr (device->backend, ==, "cuda");
  g_assert_cmpint (device->index, ==, 2);
  g_assert_cmpstr (device->name, ==, "NVIDIA H100 80GB HBM3");
  g_assert_cmpstr (device->isa, ==, "fake_1");
  g_assert_cmpuint (device->memory_total, ==, 1000);
  g_assert_null (device->problem);
  g_assert_true (device->is_here);

  device = get (devices, 3);
  g_assert_cmpstr (device->backend, ==, "hip");
  g_assert_cmpint (device->index, ==, -1);
  g_assert_cmpstr (device->name, ==, "AMD GPU");
  g_assert_nonnull (strstr (device->problem, "libkrn-hip.so is not installed"));
  g_assert_false (device->is_here);

  device = get (devices, 4);
  g_assert_cmpstr (device->backend, ==, "cpu");
  g_assert_cmpint (device->index, ==, 0);
  g_assert_cmpstr (device->name, !=, "");
  g_assert_cmpint (device->threads, >, 0);
  g_assert_cmpuint (device->memory_total, >, 0);

  of_cpu = gem_device_list ("cpu");
  g_assert_cmpuint (of_cpu->len, ==, 1);
  fake_gpu_take_out ();
}

static void
test_find (void)
{
  g_autoptr (GPtrArray) devices = NULL;

  fake_gpu_plug_in (&three);
  devices = gem_device_list (NULL);
  assert_found (devices, "h100", 2);
  assert_found (devices, " H100 80gb", 2);
  assert_found (devices, "nvidia geforce rtx 3060", 0); /* all of one, a part of another */
  assert_found (devices, "3060 Ti", 1);
  assert_found (devices, "cuda", 0);
  assert_found (devices, "cuda:1", 1);
  assert_found (devices, "CUDA:2", 2);
  assert_found (devices, "cpu", 4);
  assert_found (devices, get (devices, 4)->name, 4);

  assert_not_found (devices, "3060",
                    "“3060” fits 2 devices: “cuda:0” (NVIDIA GeForce RTX 3060) "
                    "and “cuda:1” (NVIDIA GeForce RTX 3060 Ti).  Choose one");
  assert_not_found (devices, "nvidia", "fits 3 devices");
  assert_not_found (devices, "Radeon",
                    "There is no device “Radeon”.  There are “cuda:0” (NVIDIA GeForce RTX 3060), ");
  assert_not_found (devices, "Radeon", "and “auto”.");
  assert_not_found (devices, "", "There is no device “”");
  assert_not_found (devices, "\xff", "There is no device");
  assert_not_found (devices, "cuda:3", "there is no device 3 (there are 3, counted from 0)");
  assert_not_found (devices, "cuda:-1", "There is no device “cuda:-1”");
  assert_not_found (devices, "cuda:x", "There is no device “cuda:x”");
  assert_not_found (devices, "cpu:1", "there is no device 1 (there is 1, counted from 0)");
  assert_not_found (devices, "hip", "HIP cannot be used: its module libkrn-hip.so");
  assert_not_found (devices, "amd gpu", "HIP cannot be used");
  fake_gpu_take_out ();
}

static void
test_choice (void)
{
  for (int same = 0; same < 2; same++) {
    g_autoptr (GPtrArray) devices = NULL;
    g_autofree char *first = NULL, *second = NULL, *hip = NULL, *cpu = NULL;

    fake_gpu_plug_in (same ? &twins : &three);
    devices = gem_device_list (NULL);
    first = gem_device_dup_choice (devices, get (devices, 0));
    second = gem_device_dup_choice (devices, get (devices, 1));
    hip = gem_device_dup_choice (devices, get (devices, devices->len - 2));
    cpu = gem_device_dup_choice (devices, get (devices, devices->len - 1));
    g_assert_cmpstr (first, ==, same ? "cuda:0" : "NVIDIA GeForce RTX 3060");
    g_assert_cmpstr (second, ==, same ? "cuda:1" : "NVIDIA GeForce RTX 3060 Ti");
    g_assert_cmpstr (hip, ==, "hip");
    g_assert_cmpstr (cpu, ==, "cpu");
    assert_found (devices, first, 0);
    assert_found (devices, second, 1);
    fake_gpu_take_out ();
  }
}

/* One that is there and does not work is told of where a device is looked for in vain. */
static void
test_unusable (void)
{
  char *pci = fake_pci_new ("0x10de", "0x030200");
  g_autoptr (GPtrArray) devices = NULL;

  fake_gpu_plug_in (&old);
  devices = gem_device_list (NULL);
  g_assert_cmpstr (get (devices, 0)->name, ==, "NVIDIA GPU");
  g_assert_cmpstr (get (devices, 0)->problem, ==, "The driver is too old (1.0; 2.0 is needed)");
  g_assert_true (get (devices, 0)->is_here);
  assert_not_found (devices, "H100", "“auto”.  The NVIDIA GPU cannot be used: The driver is too");
  assert_not_found (devices, "cuda", "CUDA cannot be used: The driver is too old");
  assert_not_found (devices, "nvidia", "CUDA cannot be used: The driver is too old");
  fake_gpu_take_out ();
  fake_pci_free (pci);
}

static void
test_backend_of_choice (void)
{
  g_assert_cmpstr (gem_device_get_backend ("cpu"), ==, "cpu");
  g_assert_cmpstr (gem_device_get_backend ("CUDA:7"), ==, "cuda");
  g_assert_cmpstr (gem_device_get_backend ("hip:0"), ==, "hip");
  g_assert_null (gem_device_get_backend ("hippo"));
  g_assert_null (gem_device_get_backend ("H100"));
  g_assert_null (gem_device_get_backend ("cuda:"));
  g_assert_null (gem_device_get_backend (""));
}

static void
test_plugged_in (void)
{
  static const struct {
    const char *vendor, *pci_class;
    gboolean    cuda, hip;
  } cases[] = {
      {NULL, NULL, FALSE, FALSE},
      {"0x10de", "0x030000", TRUE, FALSE},  /* drives a screen */
      {"0x10de", "0x030200", TRUE, FALSE},  /* only computes */
      {"0x10de", "0x040300", FALSE, FALSE}, /* the sound of a screen's cable */
      {"0x1002", "0x038000", FALSE, TRUE},
      {"0x1002", "0x120000", FALSE, TRUE}, /* a processing accelerator */
      {"0x8086", "0x030000", FALSE, FALSE},
      {"nonsense", "", FALSE, FALSE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    char *folder = fake_pci_new (cases[i].vendor, cases[i].pci_class);

    g_assert_cmpint (gem_device_is_plugged_in ("cuda"), ==, cases[i].cuda);
    g_assert_cmpint (gem_device_is_plugged_in ("hip"), ==, cases[i].hip);
    g_assert_false (gem_device_is_plugged_in ("cpu"));
    fake_pci_free (folder);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/list", test_list);
  g_test_add_func ("/device/find", test_find);
  g_test_add_func ("/device/choice", test_choice);
  g_test_add_func ("/device/unusable", test_unusable);
  g_test_add_func ("/device/backend-of-choice", test_backend_of_choice);
  g_test_add_func ("/device/plugged-in", test_plugged_in);
  return g_test_run ();
}
