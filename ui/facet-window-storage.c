/* facet-window-storage.c: what a window does when the file of the conversations changes: a backup
 * is offered, or everything was deleted.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-window-private.h"

gboolean
facet_window_offer_backup (FacetWindow *self)
{
  if (self->library == NULL || facet_library_get_offer (self->library) == 0)
    return FALSE;
  facet_banner_set_buttons (self->banner, _ ("Restore Backup"), "win.restore-backup",
                            _ ("Begin Empty"), "win.begin-empty");
  facet_banner_set_text (self->banner, facet_library_get_warning (self->library));
  return TRUE;
}

void
facet_window_decide (FacetWindow *self, gboolean restore)
{
  if (self->library != NULL)
    facet_library_decide (self->library, restore);
}

void
facet_window_library_reset (FacetWindow *self, gboolean forgotten)
{
  /* What could not be read or saved was of the other file. */
  g_clear_pointer (&self->failure, g_free);
  facet_window_update_assistant (self);
  if (self->conversation != NULL && facet_conversation_is_private (self->conversation))
    return;
  if (forgotten)
    g_clear_object (&self->fresh);
  if (self->conversation != self->fresh)
    facet_window_begin_conversation (self);
}
