/* fake-gpu.h: a GPU that computes with the CPU's operations and has as much memory as a test wants.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One at a time, in the place of the backend "cuda" of this program; and folders as the kernel
 * writes them about what is plugged in. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FAKE_GPU_MAX 4

typedef struct {
  const char *names[FAKE_GPU_MAX]; /* of its devices; none: it cannot be used */
  const char *probe_error;         /* then this is why */
  const char *open_error;          /* NULL: devices can be opened */
  const char *sync_error;          /* NULL: the device works */
  guint64     memory;              /* bytes of each; 0: no end of it */
} FakeGpu;

/* @gpu is borrowed until it is taken out, and may be changed. */
void    fake_gpu_plug_in (const FakeGpu *gpu);
void    fake_gpu_take_out (void);
/* Bytes that are in use, on all of its devices; the share that its last device was opened with. */
guint64 fake_gpu_get_used (void);
float   fake_gpu_get_share (void);

/* $FACET_PCI_FOLDER is a new folder with one device of this vendor and class, in hexadecimal, as
 * the kernel writes them ("0x10de"); NULL: with none.  (transfer full) its path. */
char *fake_pci_new (const char *vendor, const char *pci_class);
void  fake_pci_free (char *folder);

G_END_DECLS
