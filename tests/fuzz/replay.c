/* replay.c: runs a fuzz target over the files of a folder, without libFuzzer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Linked with each target in ordinary builds, so that every seed and every input that once failed
 * is tried in every test run, under whatever sanitizer the build has.  One thread.  Prints TAP: one
 * point a file; a crash is the failure. */
#define G_LOG_DOMAIN "fuzz"

#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
list_folder (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  GPtrArray  *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (dir == NULL)
    g_error ("The seed corpus cannot be read: %s", error->message);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) names = NULL;

  if (argc != 2) {
    g_printerr ("usage: %s CORPUS-FOLDER\n", argv[0]);
    return 2;
  }
  names = list_folder (argv[1]);
  if (names->len == 0)
    g_error ("The seed corpus %s is empty", argv[1]);

  g_print ("1..%u\n", names->len);
  for (guint i = 0; i < names->len; i++) {
    const char      *name = g_ptr_array_index (names, i);
    g_autofree char *path = g_build_filename (argv[1], name, NULL);
    g_autofree char *data = NULL;
    gsize            length = 0;
    g_autoptr (GError) error = NULL;

    if (!g_file_get_contents (path, &data, &length, &error))
      g_error ("%s", error->message);
    LLVMFuzzerTestOneInput ((const uint8_t *)data, length);
    g_print ("ok %u - %s\n", i + 1, name);
  }
  return 0;
}
