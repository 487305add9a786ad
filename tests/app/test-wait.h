/* test-wait.h: waiting in the main loop.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Runs the default main context until @condition; a test that waits for so long has hung. */
#define wait_at_most(seconds, condition)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 deadline_ = g_get_monotonic_time () + (seconds)*G_USEC_PER_SEC;                         \
                                                                                                   \
    while (!(condition)) {                                                                         \
      g_assert_cmpint (g_get_monotonic_time (), <, deadline_);                                     \
      if (!g_main_context_iteration (NULL, FALSE))                                                 \
        g_usleep (200);                                                                            \
    }                                                                                              \
  }                                                                                                \
  G_STMT_END

#define wait_until(condition) wait_at_most (20, condition)
