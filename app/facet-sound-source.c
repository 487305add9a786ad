/* facet-sound-source.c: the interface's signals and calls.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-sound-source"

#include "facet-sound-source.h"

G_DEFINE_QUARK (facet - sound - error - quark, facet_sound_error)

G_DEFINE_INTERFACE (FacetSoundSource, facet_sound_source, G_TYPE_OBJECT)

static void
facet_sound_source_default_init (FacetSoundSourceInterface *iface)
{
  g_signal_new ("opened", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT64);
  g_signal_new ("lost", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
  g_signal_new ("devices-changed", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                NULL, G_TYPE_NONE, 0);
}

FacetSoundDevice *
facet_sound_device_new (const char *id, const char *name, gboolean is_default)
{
  FacetSoundDevice *self = g_new (FacetSoundDevice, 1);

  self->id = g_strdup (id);
  self->name = g_strdup (name);
  self->is_default = is_default;
  return self;
}

void
facet_sound_device_free (FacetSoundDevice *self)
{
  g_free (self->id);
  g_free (self->name);
  g_free (self);
}

void
facet_sound_source_open (FacetSoundSource *self, const char *device, FacetSoundRing *ring)
{
  FACET_SOUND_SOURCE_GET_IFACE (self)->open (self, device, ring);
}

void
facet_sound_source_close (FacetSoundSource *self)
{
  FACET_SOUND_SOURCE_GET_IFACE (self)->close (self);
}

void
facet_sound_source_refresh (FacetSoundSource *self)
{
  FACET_SOUND_SOURCE_GET_IFACE (self)->refresh (self);
}

GPtrArray *
facet_sound_source_get_devices (FacetSoundSource *self)
{
  return FACET_SOUND_SOURCE_GET_IFACE (self)->get_devices (self);
}

gint64
facet_sound_source_get_time (FacetSoundSource *self)
{
  FacetSoundSourceInterface *iface = FACET_SOUND_SOURCE_GET_IFACE (self);

  return iface->get_time != NULL ? iface->get_time (self) : g_get_monotonic_time ();
}
