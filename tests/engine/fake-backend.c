/* fake-backend.c: a loadable backend that is wrong in one way, which FAKE chooses; FAKE_GOOD and
 * FAKE_TWO lend the CPU's operations, the latter to two GPUs.
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
#define FAKE_TWO       6

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
#elif FAKE == FAKE_TWO
static const char *const names[] = {"NVIDIA GeForce RTX 3060", "NVIDIA H100 80GB HBM3"};
static int               opened;

static int
two_probe (char *why, size_t why_len)
{
  return 2;
}

static int
two_describe (int index, KrnDeviceInfo *info)
{
  if (index < 0 || index > 1)
    return -1;
  *info = (KrnDeviceInfo){.memory_total = (index == 0 ? 12ull : 80ull) << 30};
  snprintf (info->name, sizeof info->name, "%s", names[index]);
  snprintf (info->isa, sizeof info->isa, "sm_%d", index == 0 ? 86 : 90);
  return 0;
}

static KrnDevice *
two_open (const KrnOptions *options, char *err, size_t err_len)
{
  KrnOptions of_cpu = *options;

  opened = options->index;
  of_cpu.index = 0;
  return krn_cpu_ops ()->open (&of_cpu, err, err_len);
}

static void
two_info (KrnDevice *dev, KrnDeviceInfo *info)
{
  two_describe (opened, info);
  info->memory_free = info->memory_total;
}

const KrnOps *
krn_ops (void)
{
  static KrnOps ops;

  ops = *krn_cpu_ops ();
  ops.name = "cuda";
  ops.probe = two_probe;
  ops.describe = two_describe;
  ops.open = two_open;
  ops.info = two_info;
  return &ops;
}
#else
static int
probe (char *why, size_t why_len)
{
  snprintf (why, why_len, "There is no GPU in this machine");
  return FAKE == FAKE_OPEN;
}

static int
describe (int index, KrnDeviceInfo *info)
{
  *info = (KrnDeviceInfo){.name = "NVIDIA GeForce RTX 3060"};
  return 0;
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
      .describe = describe,
      .open = open_nothing,
  };

  return FAKE == FAKE_NULL ? NULL : &ops;
}
#endif
