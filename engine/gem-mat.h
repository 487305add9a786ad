/* gem-mat.h: views of matrices: rows of one, and places in a buffer that is being laid out.
 * Internal to the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure functions. */
#pragma once

#include <glib.h>

#include "kernels/krn.h"

G_BEGIN_DECLS

/* @n_rows rows of @mat, F32, I32 or BF16, from @row on. */
KrnMat gem_mat_rows (KrnMat mat, guint row, guint n_rows);

/* Cuts a matrix of four-byte elements off the buffer that is being laid out, at *@offset.  Its buf
 * is not set. */
KrnMat gem_mat_take (gsize *offset, KrnType type, guint rows, gint32 cols);

G_END_DECLS
