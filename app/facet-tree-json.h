/* facet-tree-json.h: the names that a tree's enumerations have in JSON.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to export and import; docs/export.md is the format.  Constant strings, in the order of
 * the enumerations. */
#pragma once

#include <glib.h>

#define FACET_TREE_FORMAT  "facet-conversation"
#define FACET_TREE_VERSION 1

static const char *const facet_tree_roles[] = {"user", "assistant", "system", "tool"};

/* What still runs is written as what it will be when it is found: interrupted. */
static const char *const facet_tree_states[] = {"complete", "interrupted", "interrupted", "stopped",
                                                "failed",   "interrupted", "too-long"};
