/* gem-backend.h: which arithmetic runs: finds, opens and closes a kernel backend and one of its
 * devices.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "cpu" is linked in.  "cuda" and "hip" are modules, libkrn-NAME.so, which export one function
 * `krn_ops` of the type of krn_cpu_ops (); they are looked for in $FACET_MODULE_PATH (for
 * developers) and then where Facet is installed. Internal to the engine; loading thread, then the
 * engine thread. */
#pragma once

#include "gem-error.h"
#include "kernels/krn.h"

G_BEGIN_DECLS

typedef struct _GemBackend GemBackend;

/* @name: "cpu", "cuda", "hip", or "auto" (and NULL): the first GPU that works, else the CPU.
 * @options as in krn.h. */
GemBackend *gem_backend_open (const char       *name,
                              const KrnOptions *options,
                              GError          **error) G_GNUC_WARN_UNUSED_RESULT;
/* Frees what was stored, then the device. */
void        gem_backend_close (GemBackend *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemBackend, gem_backend_close)

const KrnOps *gem_backend_get_ops (GemBackend *self);
KrnDevice    *gem_backend_get_device (GemBackend *self);
/* "CPU, AMD EPYC 9B45, 2 threads, avx512" */
const char   *gem_backend_get_description (GemBackend *self);

/* Memory of the device that lives until the backend is closed; @what names it in the error
 * (GEM_ERROR_NO_MEMORY).  wrap: as in krn.h, @bytes of @memory stay valid and unchanged until then.
 * store: a copy. */
KrnBuffer *gem_backend_wrap (GemBackend *self,
                             const void *memory,
                             gsize       bytes,
                             gboolean    host,
                             const char *what,
                             GError    **error);
KrnBuffer *gem_backend_store (GemBackend *self,
                              const void *memory,
                              gsize       bytes,
                              const char *what,
                              GError    **error);

/* For tests: @ops takes the place of the linked-in "cpu" until it is set back with NULL. */
void gem_backend_replace_cpu (const KrnOps *ops);

G_END_DECLS
