/* facet-message-answer.h: an answer: thought, text, where it stands, what it cost.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-message-row.h"

G_BEGIN_DECLS

#define FACET_TYPE_MESSAGE_ANSWER (facet_message_answer_get_type ())
G_DECLARE_FINAL_TYPE (FacetMessageAnswer,
                      facet_message_answer,
                      FACET,
                      MESSAGE_ANSWER,
                      FacetMessageRow)

G_END_DECLS
