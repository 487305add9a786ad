/* facet-welcome.h: the page of a conversation that has not begun: what Facet is, how far the model
 * is, examples.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.
 *
 * Property (notify): assistant (FacetAssistant, nullable).
 *
 * Signal ::example (FacetExample as int, const char *text): the person chose an example.
 *
 * Actions used: app.models, win.choose-model-folder, app.use-demo-model, app.preferences. */
#pragma once

#include "facet-assistant.h"
#include "facet-compat.h"

G_BEGIN_DECLS

typedef enum {
  FACET_EXAMPLE_PICTURE, /* the text is asked about FACET_EXAMPLE_PICTURE_RESOURCE */
  FACET_EXAMPLE_SPEECH,  /* the text is to be said */
  FACET_EXAMPLE_SUM,     /* the text is thought about */
} FacetExample;

#define FACET_EXAMPLE_PICTURE_RESOURCE "/org/facet/Facet/examples/drawing.png"

#define FACET_TYPE_WELCOME (facet_welcome_get_type ())
G_DECLARE_FINAL_TYPE (FacetWelcome, facet_welcome, FACET, WELCOME, GtkWidget)

FacetWelcome *facet_welcome_new (void) G_GNUC_WARN_UNUSED_RESULT;

void facet_welcome_set_assistant (FacetWelcome *self, FacetAssistant *assistant);

G_END_DECLS
