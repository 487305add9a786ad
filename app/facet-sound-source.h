/* facet-sound-source.h: where sound comes from: a microphone, or a test.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Nothing blocks: devices are opened and listed elsewhere, and what came of it is
 * said by a signal.  After open () exactly one of ::opened and ::lost follows, unless close ()
 * comes first, after which nothing does. */
#pragma once

#include "facet-sound-ring.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define FACET_SOUND_ERROR (facet_sound_error_quark ())

typedef enum {
  FACET_SOUND_ERROR_NO_DEVICE, /* none at all, or not the one that was asked for */
  FACET_SOUND_ERROR_OPEN,      /* it is there and does not open */
  FACET_SOUND_ERROR_LOST,      /* it was open, and nothing comes any more */
} FacetSoundError;

GQuark facet_sound_error_quark (void);

/* A microphone as a person chooses it. */
typedef struct {
  char    *id; /* the same the next time the program runs, as far as the system says */
  char    *name;
  gboolean is_default;
} FacetSoundDevice;

FacetSoundDevice *facet_sound_device_new (const char *id,
                                          const char *name,
                                          gboolean    is_default) G_GNUC_WARN_UNUSED_RESULT;
void              facet_sound_device_free (FacetSoundDevice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetSoundDevice, facet_sound_device_free)

#define FACET_TYPE_SOUND_SOURCE (facet_sound_source_get_type ())
G_DECLARE_INTERFACE (FacetSoundSource, facet_sound_source, FACET, SOUND_SOURCE, GObject)

/* Signals: ::opened (guint rate in Hz, guint64: position in the ring of its first sample);
 * ::lost (GError: one sentence), when it would not open, or is gone: it is closed then;
 * ::devices-changed. */
struct _FacetSoundSourceInterface {
  GTypeInterface parent_iface;

  void (*open) (FacetSoundSource *self, const char *device, FacetSoundRing *ring);
  void (*close) (FacetSoundSource *self);
  void (*refresh) (FacetSoundSource *self);
  GPtrArray *(*get_devices) (FacetSoundSource *self);
  gint64 (*get_time) (FacetSoundSource *self); /* (optional) */
};

/* Begins to open @device (an id; NULL: the default one), mono, and to write into @ring, of which it
 * is the only producer and keeps a reference.  It must be closed. */
void facet_sound_source_open (FacetSoundSource *self, const char *device, FacetSoundRing *ring);
void facet_sound_source_close (FacetSoundSource *self);
/* Looks for devices that came or went; ::devices-changed follows in any case.  While one is open,
 * what is known is as it was before. */
void facet_sound_source_refresh (FacetSoundSource *self);
/* Borrowed, of FacetSoundDevice: as last found, maybe empty. */
GPtrArray *facet_sound_source_get_devices (FacetSoundSource *self);
/* µs on the clock of whoever presses buttons: g_get_monotonic_time (), but in tests. */
gint64     facet_sound_source_get_time (FacetSoundSource *self);

G_END_DECLS
