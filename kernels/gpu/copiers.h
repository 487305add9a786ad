/* copiers.h: threads of the host that gather rows of a table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Internal to this folder.  A pass of 2,048 tokens wants 37 MB of rows from all over a table of gigabytes: one thread takes longer to
 * fetch them than the device to compute with them.  One caller at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GpuCopiers GpuCopiers;

/* NULL: no memory, or no threads; then the caller gathers alone. */
GpuCopiers *gpu_copiers_new (void);
/* NULL is allowed. */
void        gpu_copiers_free (GpuCopiers *self);

/* Row i of @to = row id[i] of @from, i < n, @bytes of it; rows of @from lie @stride bytes apart.  Returns when all are there.  @self may be NULL. */
void gpu_copiers_gather (GpuCopiers *self, unsigned char *to, const unsigned char *from, const int32_t *id, int n, size_t bytes, size_t stride);

#ifdef __cplusplus
}
#endif
