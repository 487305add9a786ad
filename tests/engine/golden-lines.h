/* golden-lines.h: reading the golden data in JSON Lines.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For tests only: a file that is missing or damaged ends the test. */
#pragma once

#include "gem-json.h"

#include <string.h>

/* tests/golden/NAME.  (transfer full) */
static inline char *
golden_path (const char *name)
{
  return g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "tests", "golden", name, NULL);
}

/* All lines of tests/golden/NAME, as one array.  (transfer full) */
static inline json_t *
golden_read_lines (const char *name)
{
  g_autofree char *path = golden_path (name), *text = NULL;
  json_t          *lines = json_array ();
  GError          *error = NULL;
  gsize            length;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  for (char *line = text, *end; line < text + length; line = end + 1) {
    end = strchr (line, '\n');
    if (end == NULL)
      end = text + length;
    json_array_append_new (lines, gem_json_loads (line, (gsize)(end - line), &error));
    g_assert_no_error (error);
  }
  g_assert_cmpuint (json_array_size (lines), >, 0);
  return lines;
}

/* The text of a member that must be there. */
static inline const char *
golden_string (const json_t *object, const char *name)
{
  const char *text = json_string_value (json_object_get (object, name));

  g_assert_nonnull (text);
  return text;
}
