/* gem-backend.h: which arithmetic runs: opens and closes one device, and keeps what lies on it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to the engine; loading thread, then the engine thread. */
#pragma once

#include "gem-error.h"
#include "kernels/krn.h"

G_BEGIN_DECLS

typedef struct _GemBackend GemBackend;

/* @backend: "cpu", "cuda", "hip", or "auto" (and NULL) for any.  @device: what names one
 * (gem-device.h), a plain number if @backend is given, or "auto" (and NULL, ""): the backend's
 * first one; of any backend, the first GPU that opens, else the CPU, and then a sentence for every
 * GPU of this machine that cannot be used is appended to @warnings (of char *, may be NULL).
 * @options as in krn.h, but for its index. */
GemBackend *gem_backend_open (const char       *backend,
                              const char       *device,
                              const KrnOptions *options,
                              GPtrArray        *warnings,
                              GError          **error) G_GNUC_WARN_UNUSED_RESULT;
/* Frees what was stored, then the device. */
void        gem_backend_close (GemBackend *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GemBackend, gem_backend_close)

const KrnOps *gem_backend_get_ops (GemBackend *self);
KrnDevice    *gem_backend_get_device (GemBackend *self);
/* "CPU, AMD EPYC 9B45, 2 threads, avx512" */
const char   *gem_backend_get_description (GemBackend *self);
/* Whether it is a GPU that "auto" chose: nobody asked for it by name. */
gboolean      gem_backend_is_automatic_gpu (GemBackend *self);

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

G_END_DECLS
