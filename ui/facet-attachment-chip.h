/* facet-attachment-chip.h: one attachment of the message that is being written.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Shows an import that still runs, or what has become of it.
 *
 * Signals: ::removed (); ::opened () (a picture, to be seen large, or a video);
 * ::detail (guint): another detail was chosen for the picture. */
#pragma once

#include "facet-compat.h"
#include "facet-import-queue.h"

G_BEGIN_DECLS

#define FACET_TYPE_ATTACHMENT_CHIP (facet_attachment_chip_get_type ())
G_DECLARE_FINAL_TYPE (FacetAttachmentChip, facet_attachment_chip, FACET, ATTACHMENT_CHIP, GtkWidget)

GtkWidget   *facet_attachment_chip_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* NULL: it shows media. */
FacetImport *facet_attachment_chip_get_import (FacetAttachmentChip *self);
void         facet_attachment_chip_set_import (FacetAttachmentChip *self, FacetImport *import);
/* NULL: it shows an import. */
FacetMedia  *facet_attachment_chip_get_media (FacetAttachmentChip *self);
void         facet_attachment_chip_set_media (FacetAttachmentChip *self, FacetMedia *media);

/* The focus goes to the button that removes it. */
void facet_attachment_chip_focus_remove (FacetAttachmentChip *self);

G_END_DECLS
