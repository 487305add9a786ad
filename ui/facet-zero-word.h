/* facet-zero-word.h: a spin button of which 0 reads as a word: "Automatic", "No limit".
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"

G_BEGIN_DECLS

/* Once, before it is shown.  What is written into it and is no number means 0, too. */
void facet_spin_button_set_zero_word (GtkSpinButton *spin, const char *word);

G_END_DECLS
