/* facet-hardware.h: whether this computer can compute, step by step, and what helps where it
 * cannot.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For each maker of GPUs and for the processor a list of checks, each of which rests on the one
 * before: what comes after a failed one is not looked at.  Looking takes seconds: any thread that
 * may wait.  What was found does not change. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  FACET_CHECK_GOOD,
  FACET_CHECK_ABSENT, /* there is nothing of this kind */
  FACET_CHECK_POOR,   /* it computes, but not as it could */
  FACET_CHECK_FAILED, /* it does not compute */
} FacetCheckState;

typedef struct {
  const char     *title; /* "Driver"; translated */
  FacetCheckState state;
  char           *result; /* a sentence */
  char           *cure;   /* what helps, in a sentence or two; NULL: nothing has to */
} FacetCheck;

typedef struct {
  const char *backend; /* "cuda", "hip", "cpu" */
  const char *name;    /* "NVIDIA GPU"; translated */
  GPtrArray  *checks;  /* of FacetCheck, at least one */
} FacetHardware;

/* What is looked at; tests put a machine of their own in its place. */
typedef struct {
  const char *root; /* before /proc, /sys, /dev and /lib; "": this computer's */
  /* NULL: the shared library @name can be opened; else why not, (transfer full). */
  char *(*open_library) (const char *name, gpointer user_data);
  /* Whether this process may read and write the device node. */
  gboolean (*may_open) (const char *path, gpointer user_data);
  gpointer         user_data;
  const GPtrArray *devices;            /* of GemDevice, all backends */
  guint64          gpu_need, cpu_need; /* bytes that the chosen model takes there; 0: not known */
  double           memory_share;       /* of a GPU's */
} FacetMachineView;

/* (transfer full), of FacetHardware: NVIDIA, AMD, the processor. */
GPtrArray *facet_hardware_check (const FacetMachineView *view) G_GNUC_WARN_UNUSED_RESULT;
/* Of this computer.  @devices, @gpu_need, @cpu_need, @memory_share: as above. */
GPtrArray *facet_hardware_check_here (const GPtrArray *devices,
                                      guint64          gpu_need,
                                      guint64          cpu_need,
                                      double           memory_share) G_GNUC_WARN_UNUSED_RESULT;

/* The worst of its checks. */
FacetCheckState facet_hardware_get_state (const FacetHardware *self);
/* Everything as lines of text, for who is asked to help.  (transfer full) */
char           *facet_hardware_dup_text (const GPtrArray *hardware) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
