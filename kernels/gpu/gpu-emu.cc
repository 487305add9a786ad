/* gpu-emu.cc: the scheduler of the emulated device.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "kernels/gpu/gpu.h"

namespace gpu_emu
{
ucontext_t             scheduler;
Fiber                 *current;
std::function<void ()> body;
dim3                   grid, block_dim;

enum { STACK = 64 * 1024 };

static void
entry (void)
{
  body ();
  current->done = true;
  swapcontext (&current->context, &scheduler);
}

void
yield (void)
{
  swapcontext (&current->context, &scheduler);
}

static void
wait (Barrier *b, int n)
{
  int times = b->times;

  if (++b->come == n) {
    b->come = 0;
    b->times++;
    return;
  }
  while (b->times == times)
    yield ();
}

void
wait_block (void)
{
  wait (&current->block->all, (int)current->block->fibers.size ());
}

void
wait_lanes (void)
{
  Block *b = current->block;
  int    first = current->linear / 32 * 32, n = (int)b->fibers.size () - first;

  wait (&b->lanes[first / 32], n < 32 ? n : 32);
}

static void
prepare (Block *b, dim3 index, size_t shared)
{
  int n = (int)(block_dim.x * block_dim.y * block_dim.z);

  b->index = index;
  b->fibers.resize (n);
  b->stacks.resize ((size_t)n * STACK);
  b->shared.assign (shared + 64, 0xa5); /* nothing may rely on zeros */
  b->all = {0, 0};
  b->lanes.assign ((n + 31) / 32, {0, 0});
  b->exchange.assign (n, 0);
  for (int i = 0; i < n; i++) {
    Fiber *f = &b->fibers[i];

    f->block = b;
    f->linear = i;
    f->thread = dim3 (i % block_dim.x, i / block_dim.x % block_dim.y, i / (block_dim.x * block_dim.y));
    f->done = false;
    getcontext (&f->context);
    f->context.uc_stack.ss_sp = &b->stacks[(size_t)i * STACK];
    f->context.uc_stack.ss_size = STACK;
    f->context.uc_link = &scheduler;
    makecontext (&f->context, entry, 0);
  }
}

/* Round and round over all threads until all are done. */
static void
run (std::vector<Block> &blocks, int n)
{
  for (int left = 1; left > 0;) {
    left = 0;
    for (int i = 0; i < n; i++)
      for (Fiber &f : blocks[i].fibers) {
        if (f.done)
          continue;
        current = &f;
        swapcontext (&scheduler, &f.context);
        left += !f.done;
      }
  }
}

void
launch (dim3 g, dim3 b, size_t shared, bool together, std::function<void ()> f)
{
  static std::vector<Block> blocks;
  size_t                    n = together ? (size_t)g.x * g.y * g.z : 1, i = 0;

  grid = g;
  block_dim = b;
  body = f;
  if (blocks.size () < n)
    blocks.resize (n);
  for (unsigned z = 0; z < g.z; z++)
    for (unsigned y = 0; y < g.y; y++)
      for (unsigned x = 0; x < g.x; x++) {
        prepare (&blocks[i], dim3 (x, y, z), shared);
        if (++i == n) {
          run (blocks, (int)n);
          i = 0;
        }
      }
}
} /* namespace gpu_emu */
