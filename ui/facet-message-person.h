/* facet-message-person.h: what the person wrote: a bubble at the right.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-message-row.h"

G_BEGIN_DECLS

#define FACET_TYPE_MESSAGE_PERSON (facet_message_person_get_type ())
G_DECLARE_FINAL_TYPE (FacetMessagePerson,
                      facet_message_person,
                      FACET,
                      MESSAGE_PERSON,
                      FacetMessageRow)

G_END_DECLS
