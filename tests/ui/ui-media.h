/* ui-media.h: pictures and sounds for tests of widgets, and adding them to a draft.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-import-queue.h"
#include "ui-fixture.h"

G_BEGIN_DECLS

/* (transfer full) */
GdkPixbuf *ui_media_make_pixels (int width, int height) G_GNUC_WARN_UNUSED_RESULT;
/* Files in @folder.  (transfer full) */
GFile     *ui_media_make_picture (const char *folder, const char *name, int width, int height)
    G_GNUC_WARN_UNUSED_RESULT;
GFile *ui_media_make_sound (const char *folder,
                            const char *name,
                            double      seconds) G_GNUC_WARN_UNUSED_RESULT;
/* Adds @file, which it takes, to the draft of @conversation, and lets it be. */
void   ui_media_add (FacetConversation *conversation, GFile *file);
/* Until nothing is being added any more. */
void   ui_media_wait (FacetConversation *conversation);

/* As ui_picture (), also when nothing has changed since the last frame. */
void ui_media_picture (GtkWidget *window, const char *name);

G_END_DECLS
