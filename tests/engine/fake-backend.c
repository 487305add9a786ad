/* fake-backend.c: a loadable backend that is wrong in one way, which FAKE chooses; FAKE_GOOD lends
 * the CPU's operations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernels/krn.h"

#include <stdio.h>

#define FAKE_GOOD      0
#define FAKE_ABI       1
#define FAKE_NO_DEVICE 2
#define FAKE_NAME      3
#define FAKE_NULL      4
#define FAKE_OPEN      5

const KrnOps *krn_ops (void);

#if FAKE == FAKE_GOOD
const KrnOps *
krn_ops (void)
{
  static KrnOps ops;

  ops = *krn_cpu_ops ();
  ops.name = "cuda";
  return &ops;
}
#else
static int
probe (char *why, size_t why_len)
{
  snprintf (why, why_len, "There is no GPU in this machine");
  return FAKE == FAKE_OPEN;
}

static KrnDevice *
open_nothing (const KrnOptions *options, char *err, size_t err_len)
{
  snprintf (err, err_len, "the driver is too old (1.0; 2.0 is needed)");
  return NULL;
}

const KrnOps *
krn_ops (void)
{
  static const KrnOps ops = {
      .abi = FAKE == FAKE_ABI ? KRN_ABI + 1 : KRN_ABI,
      .name = FAKE == FAKE_NAME ? "hip" : "cuda",
      .probe = probe,
      .open = open_nothing,
  };

  return FAKE == FAKE_NULL ? NULL : &ops;
}
#endif
