/* facet-tool-cards.h: the tools that an answer asks for, one card each.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  A card says which tool, and with which arguments, as labelled rows whose texts can
 * be selected.  Not visible when there is nothing. */
#pragma once

#include "facet-compat.h"
#include "facet-message.h"

G_BEGIN_DECLS

#define FACET_TYPE_TOOL_CARDS (facet_tool_cards_get_type ())
G_DECLARE_FINAL_TYPE (FacetToolCards, facet_tool_cards, FACET, TOOL_CARDS, GtkWidget)

/* @message NULL: nothing. */
void facet_tool_cards_set_message (FacetToolCards *self, FacetMessage *message);

G_END_DECLS
