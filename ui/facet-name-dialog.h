/* facet-name-dialog.h: asks for the title of a conversation, or the name of a folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Each opens a dialog over @parent and does what it is named after when the person
 * accepts. */
#pragma once

#include "facet-compat.h"
#include "facet-library.h"

G_BEGIN_DECLS

void facet_rename_conversation (GtkWindow *parent, FacetConversation *conversation);
void facet_rename_folder (GtkWindow *parent, FacetLibrary *library, FacetFolder *folder);
/* @conversation is put into it; NULL: it stays empty. */
void facet_make_folder (GtkWindow *parent, FacetLibrary *library, FacetConversation *conversation);
/* A folder with something in it is deleted only when the person has agreed. */
void facet_delete_folder (GtkWindow *parent, FacetLibrary *library, FacetFolder *folder);

G_END_DECLS
