/* gem-tensor.h: one tensor of a file, as it is stored, and its numbers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A GemTensor borrows mapped bytes that were checked: @data points at exactly as many as the type
 * and the shape need. The numbers of a tensor in blocks, or with factors beside it, are those of
 * the format's definition, computed in F32: F8_E4M3 with scales   w = scale of the row · q
 * (compressed-tensors) PACKED4               w = scale of the row's group of 32 · (nibble − 8),
 * eight to 4 bytes, the lowest first Q4_0, Q8_0            w = d · (nibble − 8), d · q;  blocks of
 * 32, d in F16           (GGUF) Q4_K                  w = (d · sc) · q − (dmin · m);  blocks of
 * 256, eight sc and m of 6 bits Q6_K                  w = (d · sc) · (q − 32);  blocks of 256,
 * sixteen sc of 8 bits Immutable; any thread. */
#pragma once

#include "gem-error.h"
#include "kernels/krn.h"

G_BEGIN_DECLS

#define GEM_TENSOR_MAX_DIMS 8

typedef enum {
  GEM_DTYPE_BOOL,
  GEM_DTYPE_U8,
  GEM_DTYPE_I8,
  GEM_DTYPE_F8_E4M3,
  GEM_DTYPE_F8_E5M2,
  GEM_DTYPE_I16,
  GEM_DTYPE_U16,
  GEM_DTYPE_F16,
  GEM_DTYPE_BF16,
  GEM_DTYPE_I32,
  GEM_DTYPE_U32,
  GEM_DTYPE_F32,
  GEM_DTYPE_I64,
  GEM_DTYPE_U64,
  GEM_DTYPE_F64, /* the last one of safetensors */
  GEM_DTYPE_PACKED4,
  GEM_DTYPE_Q4_0,
  GEM_DTYPE_Q8_0,
  GEM_DTYPE_Q4_K,
  GEM_DTYPE_Q6_K,
} GemDtype;

typedef struct _GemTensor GemTensor;
struct _GemTensor {
  const char *name;
  GemDtype    dtype;
  int         n_dims; /* 0: a scalar */
  gint64      shape[GEM_TENSOR_MAX_DIMS];
  const guint8
       *data; /* row-major, little-endian; aligned to nothing: see gem_tensor_is_aligned () */
  gsize n_bytes;
  const GemTensor *scales; /* BF16, F16 or F32, of PACKED4 and F8_E4M3: (rows, groups), (rows, 1),
                              or one for all */
};

const char *gem_dtype_get_name (GemDtype dtype);  /* "BF16" */
gsize       gem_dtype_get_size (GemDtype dtype);  /* bytes of an element, or of a block */
gsize       gem_dtype_get_block (GemDtype dtype); /* elements of a block, which lie in one row; 1 */

/* Whether the data may be read as elements of its type in place. */
gboolean gem_tensor_is_aligned (const GemTensor *self);
/* "[4096, 128]" (transfer full) */
char    *gem_tensor_dup_shape (const GemTensor *self) G_GNUC_WARN_UNUSED_RESULT;
/* Asks the kernel to read the tensor ahead, or lets it drop the pages again. */
void     gem_tensor_will_need (const GemTensor *self);
void     gem_tensor_done (const GemTensor *self);

/* Below, a tensor is a matrix: rows of its last dimension. */

/* Whether it holds weights that can be read: floating point of 16 or 32 bits, or one of the forms
 * above. */
gboolean gem_tensor_has_numbers (const GemTensor *self);
/* The numbers of @n_rows rows from @row on, as F32, or to the nearest BF16 (ties to even). */
void     gem_tensor_read (const GemTensor *self, gsize row, gsize n_rows, float *numbers);
void     gem_tensor_read_bf16 (const GemTensor *self, gsize row, gsize n_rows, guint16 *numbers);

/* KRN_Q4 or KRN_Q8 if blocks of krn-quant.h hold these very numbers: Q4_0 and Q8_0, and PACKED4 if
 * every scale is a number that F16 has, too, which takes a look at all of them.  Else KRN_BF16. */
KrnType gem_tensor_get_block_type (const GemTensor *self);
/* Writes the row of tiles that begins with @row, a multiple of 16, as that type. */
void    gem_tensor_read_tiles (const GemTensor *self, gsize row, guint8 *tiles);

G_END_DECLS
