/* isa.c: which instruction set this machine gets.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernels/cpu/isa/isa.h"

#ifdef KRN_HAVE_AVX2
#include <cpuid.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef KRN_HAVE_AVX2
/* Not every compiler knows "f16c" as a name. */
static bool
has_f16c (void)
{
  unsigned a, b, c, d;

  return __get_cpuid (1, &a, &b, &c, &d) && (c & bit_F16C);
}

static bool
has_avx2 (void)
{
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma") && has_f16c ();
}
#endif

#ifdef KRN_HAVE_AVX512
static bool
has_avx512 (void)
{
  return has_avx2 () && __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") &&
         __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl") &&
         __builtin_cpu_supports ("avx512vnni") && __builtin_cpu_supports ("avx512bf16");
}
#endif

static bool
has_c (void)
{
  return true;
}

const KrnIsa *
krn_isa_choose (char *err, size_t err_len)
{
  /* Best first. */
  static const struct {
    const KrnIsa *isa;
    bool (*has) (void);
  } sets[] = {
#ifdef KRN_HAVE_AVX512
      {&krn_avx512_table, has_avx512},
#endif
#ifdef KRN_HAVE_AVX2
      {&krn_avx2_table, has_avx2},
#endif
      {&krn_c_table, has_c},
  };
  const char *most = getenv ("KRN_ISA");
  bool        allowed = !most || !*most;

  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    allowed = allowed || strcmp (most, sets[i].isa->name) == 0;
    if (allowed && sets[i].has ())
      return sets[i].isa;
  }
  snprintf (err, err_len, "KRN_ISA=%s names no instruction set of this build.", most);
  return NULL;
}
