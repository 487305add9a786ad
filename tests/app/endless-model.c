/* endless-model.c: links to the demonstration model's files, beside a generation_config.json of its
 * own.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "endless-model"

#include "endless-model.h"

#include "app/facet-local-assistant.h"
#include "test-folder.h"

#include <unistd.h>

/* What ends a turn here is the padding token, which a model never has a reason to write. */
static const char generation[] =
    "{\"bos_token_id\": 2, \"do_sample\": false, \"eos_token_id\": [0], \"pad_token_id\": 0}";

char *
endless_model_new (void)
{
  g_autofree char *demo = facet_find_demo_model ();
  g_autofree char *own = NULL;
  char            *folder = test_folder_new ();
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  const char *name;

  g_assert_nonnull (demo);
  dir = g_dir_open (demo, 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *from = g_build_filename (demo, name, NULL);
    g_autofree char *to = g_build_filename (folder, name, NULL);

    if (!g_str_equal (name, "generation_config.json"))
      g_assert_cmpint (symlink (from, to), ==, 0);
  }
  own = g_build_filename (folder, "generation_config.json", NULL);
  g_file_set_contents (own, generation, -1, &error);
  g_assert_no_error (error);
  return folder;
}
