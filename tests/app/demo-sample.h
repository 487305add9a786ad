/* demo-sample.h: what the demonstration model was shown with: files with their questions and right
 * answers, from data/demo/samples.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Found by what they are, not by name: a newer model comes with samples of the same kinds. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *path;     /* of the picture or the sound */
  char *question; /* what stands beside it; "" for none */
  char *answer;   /* right, and what the model answers */
} DemoSample;

/* The first sample with a @medium ("image" or "audio") of @kind that the model answers right; a
 * picture is one at the usual detail.  None is a failed test. */
void demo_sample_find (DemoSample *self, const char *medium, const char *kind);
void demo_sample_clear (DemoSample *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DemoSample, demo_sample_clear)

G_END_DECLS
