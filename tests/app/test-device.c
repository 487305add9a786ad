/* test-device.c: the devices that a person can choose from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-device"

#include "facet-device.h"
#include "fake-gpu.h"

#include <string.h>

typedef struct {
  gboolean     ended;
  GPtrArray   *devices;
  FacetDevice *chosen;
  GError      *error;
} Listing;

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Listing *listing = user_data;

  listing->devices = facet_device_list_finish (result, &listing->chosen, &listing->error);
  listing->ended = TRUE;
}

static void
list (Listing *listing, const char *choice, GCancellable *cancellable)
{
  *listing = (Listing){FALSE};
  facet_device_list_async (choice, cancellable, listed_cb, listing);
  g_assert_false (listing->ended);
  while (!listing->ended)
    g_main_context_iteration (NULL, TRUE);
}

static FacetDevice *
get (Listing *listing, guint i)
{
  g_assert_cmpuint (i, <, listing->devices->len);
  return g_ptr_array_index (listing->devices, i);
}

static void
test_list (void)
{
  const FakeGpu gpu = {.names = {"NVIDIA A2", "NVIDIA H100", "NVIDIA H100"}, .memory = 80000000000};
  char         *pci = fake_pci_new ("0x1002", "0x030000");
  Listing       listing;

  fake_gpu_plug_in (&gpu);
  list (&listing, "cuda:2", NULL);
  g_assert_no_error (listing.error);
  g_assert_cmpuint (listing.devices->len, ==, 5);
  g_assert_cmpstr (facet_device_get_choice (get (&listing, 0)), ==, "NVIDIA A2");
  g_assert_cmpstr (facet_device_get_name (get (&listing, 0)), ==, "NVIDIA A2");
  g_assert_cmpstr (facet_device_get_detail (get (&listing, 0)), ==, "CUDA, 80.0 GB of memory");
  g_assert_true (facet_device_is_gpu (get (&listing, 0)));
  g_assert_true (facet_device_is_usable (get (&listing, 0)));
  g_assert_cmpstr (facet_device_get_choice (get (&listing, 1)), ==, "cuda:1");
  g_assert_cmpstr (facet_device_get_name (get (&listing, 1)), ==, "NVIDIA H100");
  g_assert_cmpstr (facet_device_get_detail (get (&listing, 1)), ==, "cuda:1, 80.0 GB of memory");
  g_assert_true (listing.chosen == get (&listing, 2));

  g_assert_cmpstr (facet_device_get_name (get (&listing, 3)), ==, "AMD GPU");
  g_assert_false (facet_device_is_usable (get (&listing, 3)));
  g_assert_cmpstr (facet_device_get_detail (get (&listing, 3)), ==,
                   "Cannot be used: its module libkrn-hip.so is not installed.");

  g_assert_cmpstr (facet_device_get_choice (get (&listing, 4)), ==, "cpu");
  g_assert_false (facet_device_is_gpu (get (&listing, 4)));
  g_assert_true (g_str_has_prefix (facet_device_get_detail (get (&listing, 4)), "Processor, "));
  g_ptr_array_unref (listing.devices);
  fake_gpu_take_out ();
  fake_pci_free (pci);
}

/* Whatever the setting says, by hand or from another day. */
static void
test_chosen (void)
{
  static const struct {
    const char *choice, *name;
  } cases[] = {
      {"auto", NULL},
      {"a2", "NVIDIA A2"},
      {"NVIDIA A2", "NVIDIA A2"},
      {"cuda", "NVIDIA A2"},
      {"NVIDIA", NULL}, /* two fit */
      {"NVIDIA GeForce RTX 3060", NULL},
      {"hip", NULL},
      {"", NULL},
  };
  const FakeGpu gpu = {.names = {"NVIDIA A2", "NVIDIA H100"}};

  fake_gpu_plug_in (&gpu);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Listing listing;

    list (&listing, cases[i].choice, NULL);
    g_assert_cmpstr (listing.chosen != NULL ? facet_device_get_name (listing.chosen) : NULL, ==,
                     cases[i].name);
    g_assert_cmpuint (listing.devices->len, ==, 3); /* no AMD GPU is here, and none is missed */
    g_ptr_array_unref (listing.devices);
  }
  fake_gpu_take_out ();
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Listing listing;

  g_cancellable_cancel (cancellable);
  list (&listing, "auto", cancellable);
  g_assert_null (listing.devices);
  g_assert_error (listing.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&listing.error);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/list", test_list);
  g_test_add_func ("/device/chosen", test_chosen);
  g_test_add_func ("/device/cancelled", test_cancelled);
  return g_test_run ();
}
