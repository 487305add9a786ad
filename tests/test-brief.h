/* test-brief.h: less of the same in builds that a sanitizer watches.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a test repeats, or makes something large, a sanitizer sees in a few repeats what it would
 * see in many, at ten times the cost of each.  ./check sets FACET_TEST_BRIEF for asan and tsan,
 * never for the plain build; what is left out is said in the test's output. */
#pragma once

#include <glib.h>

/* @usual, or with FACET_TEST_BRIEF @brief. */
static inline guint
test_brief (guint usual, guint brief, const char *of_what)
{
  if (g_getenv ("FACET_TEST_BRIEF") == NULL)
    return usual;
  g_test_message ("FACET_TEST_BRIEF: %u instead of %u %s", brief, usual, of_what);
  return brief;
}
