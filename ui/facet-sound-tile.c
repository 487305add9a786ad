/* facet-sound-tile.c: a sound of a message: play and pause, waveform, time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-sound-tile"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-announcer.h"
#include "facet-attachment-words.h"
#include "facet-sound-tile.h"
#include "facet-waveform.h"

struct _FacetSoundTile {
  GtkWidget parent_instance;

  GtkWidget      *box;
  GtkWidget      *button;
  GtkWidget      *waveform;
  GtkWidget      *time;
  GtkWidget      *failure;
  FacetAnnouncer *announcer;

  FacetMedia  *media;
  FacetPlayer *player;
};

G_DEFINE_FINAL_TYPE (FacetSoundTile, facet_sound_tile, GTK_TYPE_WIDGET)

static gboolean
is_mine (FacetSoundTile *self)
{
  return facet_player_get_media (self->player) == self->media;
}

static void
show (FacetSoundTile *self)
{
  double           seconds = facet_media_get_seconds (self->media);
  double           position = is_mine (self) ? facet_player_get_position (self->player) : 0;
  gboolean         playing = is_mine (self) && facet_player_get_playing (self->player);
  const char      *words = playing ? _ ("Pause") : _ ("Play");
  g_autofree char *name = g_strdup_printf ("%s %s", words, facet_media_get_name (self->media));
  g_autofree char *at = facet_attachment_dup_time (is_mine (self) ? position : seconds);

  gtk_button_set_icon_name (GTK_BUTTON (self->button), playing ? "media-playback-pause-symbolic"
                                                               : "media-playback-start-symbolic");
  gtk_widget_set_tooltip_text (self->button, words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  name, -1);
  facet_waveform_set_played (FACET_WAVEFORM (self->waveform), seconds > 0 ? position / seconds : 0);
  gtk_label_set_label (GTK_LABEL (self->time), at);
}

static void
failed_cb (FacetSoundTile *self, FacetMedia *media, const char *sentence)
{
  if (media != self->media)
    return;
  gtk_label_set_label (GTK_LABEL (self->failure), sentence);
  gtk_widget_set_visible (self->failure, TRUE);
  facet_announcer_say (self->announcer, sentence);
}

static void
clicked_cb (FacetSoundTile *self)
{
  gtk_widget_set_visible (self->failure, FALSE);
  if (is_mine (self) && facet_player_get_playing (self->player))
    facet_player_pause (self->player);
  else
    facet_player_play (self->player, self->media);
}

static void
waveform_pressed_cb (FacetSoundTile *self, int n_press, double x)
{
  int width = gtk_widget_get_width (self->waveform);

  if (width <= 0)
    return;
  if (!is_mine (self))
    facet_player_play (self->player, self->media);
  facet_player_seek (self->player, x / width * facet_media_get_seconds (self->media));
}

static void
facet_sound_tile_dispose (GObject *object)
{
  FacetSoundTile *self = FACET_SOUND_TILE (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->media);
  g_clear_object (&self->player);
  G_OBJECT_CLASS (facet_sound_tile_parent_class)->dispose (object);
}

static void
facet_sound_tile_class_init (FacetSoundTileClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = facet_sound_tile_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "sound-tile");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static GtkWidget *
make_line (FacetSoundTile *self)
{
  GtkWidget  *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkGesture *click = gtk_gesture_click_new ();

  self->button = gtk_button_new ();
  gtk_widget_add_css_class (self->button, "circular");
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  g_signal_connect_object (self->button, "clicked", G_CALLBACK (clicked_cb), self,
                           G_CONNECT_SWAPPED);
  self->waveform = facet_waveform_new ();
  gtk_widget_set_hexpand (self->waveform, TRUE);
  gtk_widget_set_size_request (self->waveform, 96, 28);
  gtk_widget_set_valign (self->waveform, GTK_ALIGN_CENTER);
  gtk_widget_add_controller (self->waveform, GTK_EVENT_CONTROLLER (click));
  g_signal_connect_object (click, "pressed", G_CALLBACK (waveform_pressed_cb), self,
                           G_CONNECT_SWAPPED);
  self->time = gtk_label_new (NULL);
  gtk_label_set_width_chars (GTK_LABEL (self->time), 4);
  gtk_widget_add_css_class (self->time, "caption");
  gtk_widget_add_css_class (self->time, "numeric");
  gtk_box_append (GTK_BOX (line), self->button);
  gtk_box_append (GTK_BOX (line), self->waveform);
  gtk_box_append (GTK_BOX (line), self->time);
  return line;
}

static void
facet_sound_tile_init (FacetSoundTile *self)
{
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  gtk_widget_add_css_class (self->box, "sound");
  gtk_box_append (GTK_BOX (self->box), make_line (self));
  self->failure = g_object_new (GTK_TYPE_LABEL, "visible", FALSE, "wrap", TRUE, "xalign", 0.0,
                                "max-width-chars", 28, NULL);
  gtk_widget_add_css_class (self->failure, "caption");
  gtk_widget_add_css_class (self->failure, "error");
  gtk_box_append (GTK_BOX (self->box), self->failure);
  self->announcer = g_object_new (FACET_TYPE_ANNOUNCER, NULL);
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->announcer));
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
}

GtkWidget *
facet_sound_tile_new (FacetMedia *media, FacetPlayer *player)
{
  FacetSoundTile  *self = g_object_new (FACET_TYPE_SOUND_TILE, NULL);
  g_autofree char *alternative = facet_attachment_dup_alternative (media);
  const char      *note = facet_media_get_note (media);

  self->media = g_object_ref (media);
  self->player = g_object_ref (player != NULL ? player : facet_player_get_default ());
  facet_waveform_set_peaks (FACET_WAVEFORM (self->waveform), facet_media_get_peaks (media));
  gtk_widget_set_tooltip_text (self->waveform, note != NULL ? note : facet_media_get_name (media));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, alternative,
                                  -1);
  g_signal_connect_object (self->player, "changed", G_CALLBACK (show), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->player, "failed", G_CALLBACK (failed_cb), self, G_CONNECT_SWAPPED);
  show (self);
  return GTK_WIDGET (self);
}
