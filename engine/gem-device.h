/* gem-device.h: what this machine has to compute with, and how a person names one of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Making a list opens the backends' modules and asks their drivers, which can take seconds: any
 * thread that may wait, never the main one.  A list does not change; every thread may read it.  No
 * device is opened.
 *
 * A device is named by
 *   "cuda:1"   its backend and its number, counted from 0;
 *   "cpu"      its backend, and means the first one;
 *   "H100"     its name, or a part of it that fits no other, in capital or small letters. */
#pragma once

#include "gem-error.h"

G_BEGIN_DECLS

typedef struct {
  const char *backend; /* "cpu", "cuda", "hip" */
  int         index;   /* −1: the backend cannot be used, `problem` says why */
  char       *name;    /* "NVIDIA H100 80GB HBM3"; "NVIDIA GPU" of one that cannot be used */
  char       *isa;     /* "sm_90", "avx2"; may be "" */
  int         threads; /* of a CPU that computes with as many as it has; 0: none of its own */
  guint64     memory_total, memory_free; /* bytes; 0: not known */
  gboolean    has_module;             /* its module is there and was opened */
  char       *problem; /* half a sentence, after "cannot be used: "; NULL: it can */
  gboolean    is_here; /* the machine has such a device, whether or not it can be used */
} GemDevice;

/* The devices of all backends, or of @backend (one of gem_module_names): GPUs first, in the order
 * in which "auto" tries them, the CPU last.  A backend that cannot be used stands there once.
 * (transfer full), of GemDevice. */
GPtrArray       *gem_device_list (const char *backend) G_GNUC_WARN_UNUSED_RESULT;
/* The device of @devices that @choice names; borrowed from it.  NULL with GEM_ERROR_DEVICE: there
 * is no such device, which says those that there are; it cannot be used; or several fit. */
const GemDevice *gem_device_find (const GPtrArray *devices, const char *choice, GError **error);
/* What names @device, now and after the next start: its name, or where several have the same one,
 * backend and number; "cpu" for the CPU.  (transfer full) */
char            *gem_device_dup_choice (const GPtrArray *devices, const GemDevice *device);
/* The backend that "cpu", "cuda:1", … begins with; NULL: @choice is a device's name. */
const char      *gem_device_get_backend (const char *choice);

/* Whether a GPU of the maker that @backend is for is plugged in, driver or not.  Reads
 * /sys/bus/pci/devices, or the folder that $FACET_PCI_FOLDER names (for tests). */
gboolean    gem_device_is_plugged_in (const char *backend);
/* "NVIDIA GPU", "AMD GPU", "CPU" */
const char *gem_device_get_kind (const char *backend);

G_END_DECLS
