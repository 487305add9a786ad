/* facet-model-chooser.h: asks for the folder of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

/* Opens the desktop's folder chooser over @parent; what is chosen becomes the setting model-folder.
 */
void facet_choose_model_folder (GtkWindow *parent, GSettings *settings);

G_END_DECLS
