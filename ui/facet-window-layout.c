/* facet-window-layout.c: how a window divides its width, and what it remembers of its size.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  AdwFlap can fold by itself only where the minimum or natural sizes stop fitting,
 * which would be far below or above the width at which a conversation gets cramped; so the window
 * decides when it is given its width.  What the person chose for a wide window (F9) is remembered
 * apart from whether the sidebar happens to be open over a narrow one. */
#define G_LOG_DOMAIN "facet-window"

#include "config.h"

#include "facet-settings.h"
#include "facet-window-private.h"

/* Below, the sidebar slides over the conversation. */
#define NARROW_WIDTH 860
/* Below, where words go is told by an icon alone. */
#define SHORT_PLACE_WIDTH 560

static gboolean
wide_sidebar_visible (void)
{
  return g_settings_get_boolean (facet_settings_get_default (), "sidebar-visible");
}

static void
set_narrow (FacetWindow *self, gboolean narrow)
{
  self->narrow = narrow;
  /* Automatic, since only a flap that may fold does not keep the window from getting narrower. */
  adw_flap_set_fold_policy (self->flap,
                            narrow ? ADW_FLAP_FOLD_POLICY_ALWAYS : ADW_FLAP_FOLD_POLICY_AUTO);
  adw_flap_set_reveal_flap (self->flap, !narrow && wide_sidebar_visible ());
}

static void
set_short_place (FacetWindow *self, gboolean short_place)
{
  self->short_place = short_place;
  gtk_widget_set_visible (GTK_WIDGET (self->place_label), !short_place);
  gtk_menu_button_set_always_show_arrow (self->place_button, !short_place);
  facet_window_update_header (self);
}

/* The header of the content takes the buttons that the sidebar's would have; where there is no
 * room, a new conversation is in the menu. */
void
facet_window_update_header (FacetWindow *self)
{
  gboolean beside = adw_flap_get_reveal_flap (self->flap) && !self->narrow;

  adw_header_bar_set_show_start_title_buttons (self->header, !beside);
  gtk_widget_set_visible (self->new_button, !beside && !self->short_place);
}

/* Called while the window is being allocated, hence only on a change. */
void
facet_window_arrange (FacetWindow *self, int width)
{
  gboolean narrow = width < NARROW_WIDTH;

  if (narrow != self->narrow)
    set_narrow (self, narrow);
  if ((width < SHORT_PLACE_WIDTH) != self->short_place)
    set_short_place (self, width < SHORT_PLACE_WIDTH);
}

void
facet_window_set_sidebar_visible (FacetWindow *self, gboolean visible)
{
  adw_flap_set_reveal_flap (self->flap, visible);
  if (!self->narrow)
    g_settings_set_boolean (facet_settings_get_default (), "sidebar-visible", visible);
}

void
facet_window_restore_size (FacetWindow *self)
{
  GSettings *settings = facet_settings_get_default ();
  int        width = g_settings_get_int (settings, "window-width");

  gtk_window_set_default_size (GTK_WINDOW (self), width,
                               g_settings_get_int (settings, "window-height"));
  if (g_settings_get_boolean (settings, "window-maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  set_narrow (self, width < NARROW_WIDTH);
  set_short_place (self, width < SHORT_PLACE_WIDTH);
}

void
facet_window_save_size (FacetWindow *self)
{
  GSettings *settings = facet_settings_get_default ();
  int        width, height;

  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  g_settings_delay (settings);
  if (width >= 360 && height >= 294) {
    g_settings_set_int (settings, "window-width", width);
    g_settings_set_int (settings, "window-height", height);
  }
  g_settings_set_boolean (settings, "window-maximized",
                          gtk_window_is_maximized (GTK_WINDOW (self)));
  g_settings_apply (settings);
}
