/* facet-zero-word.c: writes and reads a spin button's 0 as a word.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-zero-word"

#include "config.h"

#include "facet-zero-word.h"

static int
input_cb (GtkSpinButton *spin, double *value, gpointer data)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (spin));
  char       *end;

  *value = g_strtod (text, &end);
  if (end == text)
    *value = 0;
  return TRUE;
}

static gboolean
output_cb (GtkSpinButton *spin, const char *word)
{
  double           value = gtk_spin_button_get_value (spin);
  g_autofree char *text = value > 0 ? g_strdup_printf ("%.0f", value) : g_strdup (word);

  if (g_strcmp0 (text, gtk_editable_get_text (GTK_EDITABLE (spin))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  return TRUE;
}

static void
free_word (gpointer word, GClosure *closure)
{
  g_free (word);
}

void
facet_spin_button_set_zero_word (GtkSpinButton *spin, const char *word)
{
  g_return_if_fail (GTK_IS_SPIN_BUTTON (spin));

  g_signal_connect (spin, "input", G_CALLBACK (input_cb), NULL);
  g_signal_connect_data (spin, "output", G_CALLBACK (output_cb), g_strdup (word), free_word, 0);
  gtk_editable_set_width_chars (GTK_EDITABLE (spin), MAX (9, (int)g_utf8_strlen (word, -1)));
  output_cb (spin, word);
}
