/* gem-tensor.c: the types that a tensor may be stored in, and where it lies.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns nothing.  What the bytes mean is gem-tensor-read.c. */
#define G_LOG_DOMAIN "gem"

#include "gem-tensor.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct {
  const char *name;
  gsize       size, block;
} dtypes[] = {
    [GEM_DTYPE_BOOL] = {"BOOL", 1, 1},       [GEM_DTYPE_U8] = {"U8", 1, 1},
    [GEM_DTYPE_I8] = {"I8", 1, 1},           [GEM_DTYPE_F8_E4M3] = {"F8_E4M3", 1, 1},
    [GEM_DTYPE_F8_E5M2] = {"F8_E5M2", 1, 1}, [GEM_DTYPE_I16] = {"I16", 2, 1},
    [GEM_DTYPE_U16] = {"U16", 2, 1},         [GEM_DTYPE_F16] = {"F16", 2, 1},
    [GEM_DTYPE_BF16] = {"BF16", 2, 1},       [GEM_DTYPE_I32] = {"I32", 4, 1},
    [GEM_DTYPE_U32] = {"U32", 4, 1},         [GEM_DTYPE_F32] = {"F32", 4, 1},
    [GEM_DTYPE_I64] = {"I64", 8, 1},         [GEM_DTYPE_U64] = {"U64", 8, 1},
    [GEM_DTYPE_F64] = {"F64", 8, 1},         [GEM_DTYPE_PACKED4] = {"packed 4 bits", 16, 32},
    [GEM_DTYPE_Q4_0] = {"Q4_0", 18, 32},     [GEM_DTYPE_Q8_0] = {"Q8_0", 34, 32},
    [GEM_DTYPE_Q4_K] = {"Q4_K", 144, 256},   [GEM_DTYPE_Q6_K] = {"Q6_K", 210, 256},
};

const char *
gem_dtype_get_name (GemDtype dtype)
{
  return dtypes[dtype].name;
}

gsize
gem_dtype_get_size (GemDtype dtype)
{
  return dtypes[dtype].size;
}

gsize
gem_dtype_get_block (GemDtype dtype)
{
  return dtypes[dtype].block;
}

gboolean
gem_tensor_is_aligned (const GemTensor *self)
{
  return (guintptr)self->data % dtypes[self->dtype].size == 0;
}

char *
gem_tensor_dup_shape (const GemTensor *self)
{
  GString *text = g_string_new ("[");

  for (int i = 0; i < self->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", self->shape[i]);
  return g_string_free (g_string_append_c (text, ']'), FALSE);
}

/* The pages that hold the tensor; a hint, so that failure means nothing. */
static void
advise (const GemTensor *self, int advice)
{
  guintptr page = (guintptr)sysconf (_SC_PAGESIZE);
  guintptr begin = (guintptr)self->data & ~(page - 1);

  madvise ((void *)begin, (guintptr)self->data + self->n_bytes - begin, advice);
}

void
gem_tensor_will_need (const GemTensor *self)
{
  advise (self, MADV_WILLNEED);
}

void
gem_tensor_done (const GemTensor *self)
{
  advise (self, MADV_DONTNEED);
}
