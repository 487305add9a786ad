/* test-backend.c: the backend is found, chosen and refused as it should be.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fake-backend.c is built once for every way in which a module can be wrong; a link of the right
 * name in a folder of its own makes it "the" module. */
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
assert_refused (const char *name, const KrnOptions *options, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemBackend) backend = gem_backend_open (name, options, &error);

  g_assert_null (backend);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_DEVICE);
  g_test_message ("%s", error->message);
  if (strstr (error->message, message) == NULL)
    g_error ("“%s” does not say “%s”", error->message, message);
}

static void
assert_opens (const char *name, const KrnOptions *options, const char *description)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemBackend) backend = gem_backend_open (name, options, &error);

  g_assert_no_error (error);
  g_test_message ("%s", gem_backend_get_description (backend));
  g_assert_true (g_str_has_prefix (gem_backend_get_description (backend), description));
  g_assert_nonnull (gem_backend_get_device (backend));
}

static void
test_cpu (void)
{
  char *folder = install (NULL);

  assert_opens ("cpu", &one_thread, "CPU, ");
  assert_opens ("auto", &one_thread, "CPU, ");
  assert_opens (NULL, &one_thread, "CPU, ");
  /* --device counts GPUs; where "auto" ends at the CPU it means nothing. */
  assert_opens ("auto", &(KrnOptions){.threads = 1, .index = 3}, "CPU, ");
  assert_refused ("cpu", &(KrnOptions){.threads = 1, .index = 3},
                  "there is no device 3 (there are 1");
  assert_refused ("cpu", &(KrnOptions){.threads = 1, .index = -1}, "there is no device -1");
  remove_folder (folder);
}

static void
test_unknown (void)
{
  assert_refused ("metal", &one_thread, "There is no backend “metal”");
  assert_refused ("", &one_thread, "There is no backend");
  assert_refused ("../cuda", &one_thread, "There is no backend");
}

static void
test_missing (void)
{
  char *folder = install (NULL);

  assert_refused ("cuda", &one_thread, "libkrn-cuda.so is not installed");
  assert_refused ("hip", &one_thread, "libkrn-hip.so is not installed");
  remove_folder (folder);
}

static void
test_module (void)
{
  char *folder = install ("fake-good.so");

  assert_opens ("cuda", &one_thread, "CUDA, ");
  assert_opens ("auto", &one_thread, "CUDA, ");
  assert_refused ("hip", &one_thread, "not installed");
  assert_refused ("cuda", &(KrnOptions){.threads = 1, .index = 1},
                  "there is no device 1 (there are 1, counted from 0)");
  remove_folder (folder);
}

static void
test_wrong_modules (void)
{
  static const struct {
    const char *file, *message;
  } modules[] = {
      {"fake-abi.so", "built for another version of Facet"},
      {"fake-no-device.so", "There is no GPU in this machine.  Choose"},
      {"fake-name.so", "says it is “hip”"},
      {"fake-null.so", "built for another version of Facet"},
      {"fake-open.so", "the driver is too old"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (modules); i++) {
    char *folder = install (modules[i].file);

    assert_refused ("cuda", &one_thread, modules[i].message);
    assert_opens ("auto", &one_thread, "CPU, ");
    remove_folder (folder);
  }
}

static void
test_no_module (void)
{
  char            *folder = install (NULL);
  g_autofree char *link = g_build_filename (folder, "libkrn-cuda.so", NULL);

  write_text (folder, "libkrn-cuda.so", "no module");
  assert_refused ("cuda", &one_thread, "CUDA cannot be used: ");
  assert_opens ("auto", &one_thread, "CPU, ");
  g_unlink (link);
  g_mkdir (link, 0700);
  assert_refused ("cuda", &one_thread, "CUDA cannot be used: ");
  remove_folder (folder);
}

/* What was stored can be read back, and is freed with the backend (LeakSanitizer looks). */
static void
test_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemBackend) backend = gem_backend_open ("cpu", &one_thread, &error);
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
  g_test_add_func ("/backend/wrong-modules", test_wrong_modules);
  g_test_add_func ("/backend/no-module", test_no_module);
  g_test_add_func ("/backend/memory", test_memory);
  return g_test_run ();
}
