/* frame-times.h: how long the frames of a window take, while something is done in it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A frame's time is what passes between the frame clock's before-paint and after-paint: reading
 * what has arrived, layout, drawing, and handing the picture to the display.  The time that the
 * processor worked for it is shown beside it: on a machine that is busy otherwise, the difference
 * is waiting. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

typedef struct _FrameTimes FrameTimes;

/* Called before every frame; @frame counts from 1. */
typedef void (*FrameFunc) (gpointer data, guint frame);

/* @window is shown, and outlives it. */
FrameTimes *frame_times_new (GtkWidget *window) G_GNUC_WARN_UNUSED_RESULT;
void        frame_times_free (FrameTimes *self);
void        frame_times_print_head (void);
void        frame_times_reset (FrameTimes *self);
/* Prints a line about the frames since the last one. */
void        frame_times_report (FrameTimes *self, const char *what);
/* Does @func (NULL: nothing) before every frame for so long, and reports. */
void        frame_times_measure (FrameTimes *self,
                                 const char *what,
                                 double      seconds,
                                 FrameFunc   func,
                                 gpointer    data);

G_END_DECLS
