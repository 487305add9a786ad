/* gem-module.h: the kernel backends of this installation: linked in, or modules that are opened
 * when they are first asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "cpu" is linked in.  "cuda" and "hip" are modules, libkrn-NAME.so, which export one function
 * `krn_ops` of the type of krn_cpu_ops (); they are looked for in $FACET_MODULE_PATH (for
 * developers) and then where Facet is installed.  A sound module stays open until the program ends:
 * drivers do not like to be unloaded.
 *
 * Internal to the engine.  Any thread that may wait: opening a module and asking a driver can take
 * seconds, and only one of these calls runs at a time, as krn.h wants it.
 *
 * A reason (*why, transfer full) is half a sentence without its full stop, which follows "cannot be
 * used: ". */
#pragma once

#include "kernels/krn.h"

#include <glib.h>

G_BEGIN_DECLS

/* In the order in which "auto" tries them; the last is the CPU.  NULL-terminated. */
extern const char *const gem_module_names[];

/* The table of one of these; NULL with a reason. */
const KrnOps *gem_module_find (const char *name, char **why);

/* How many devices it can use; 0 with a reason. */
int        gem_module_probe (const KrnOps *ops, char **why);
/* FALSE: there is no such device. */
gboolean   gem_module_describe (const KrnOps *ops, int index, KrnDeviceInfo *info);
/* NULL with a reason. */
KrnDevice *gem_module_open (const KrnOps *ops, const KrnOptions *options, char **why);

/* For tests: @ops takes the place of the backend @name until it is set back with NULL. */
void gem_module_replace (const char *name, const KrnOps *ops);

G_END_DECLS
