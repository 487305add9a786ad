/* fake-sound-source.c: a microphone for tests.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "fake-sound-source"

#include "fake-sound-source.h"

struct _FakeSoundSource {
  GObject         parent_instance;
  FacetSoundRing *ring; /* NULL: closed */
  GPtrArray      *devices;
  char           *device;
  guint           rate;
  guint           n_opened;
  gboolean        waits;
  double          now; /* µs */
};

static void fake_sound_source_iface_init (FacetSoundSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeSoundSource,
                               fake_sound_source,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (FACET_TYPE_SOUND_SOURCE,
                                                      fake_sound_source_iface_init))

static void
fake_open (FacetSoundSource *source, const char *device, FacetSoundRing *ring)
{
  FakeSoundSource *self = FAKE_SOUND_SOURCE (source);

  g_assert_null (self->ring);
  self->ring = facet_sound_ring_ref (ring);
  self->n_opened++;
  g_free (self->device);
  self->device = g_strdup (device);
  if (!self->waits)
    fake_sound_source_answer (self);
}

static void
fake_close (FacetSoundSource *source)
{
  FakeSoundSource *self = FAKE_SOUND_SOURCE (source);

  g_assert_nonnull (self->ring);
  g_clear_pointer (&self->ring, facet_sound_ring_unref);
}

static void
fake_refresh (FacetSoundSource *source)
{
  FakeSoundSource *self = FAKE_SOUND_SOURCE (source);

  g_ptr_array_set_size (self->devices, 0);
  g_ptr_array_add (self->devices, facet_sound_device_new ("one", "Built-in", TRUE));
  g_ptr_array_add (self->devices, facet_sound_device_new ("two", "Headset", FALSE));
  g_signal_emit_by_name (self, "devices-changed");
}

static GPtrArray *
fake_get_devices (FacetSoundSource *source)
{
  return FAKE_SOUND_SOURCE (source)->devices;
}

static gint64
fake_get_time (FacetSoundSource *source)
{
  return (gint64)FAKE_SOUND_SOURCE (source)->now;
}

static void
fake_sound_source_iface_init (FacetSoundSourceInterface *iface)
{
  iface->open = fake_open;
  iface->close = fake_close;
  iface->refresh = fake_refresh;
  iface->get_devices = fake_get_devices;
  iface->get_time = fake_get_time;
}

static void
fake_sound_source_finalize (GObject *object)
{
  FakeSoundSource *self = FAKE_SOUND_SOURCE (object);

  g_clear_pointer (&self->ring, facet_sound_ring_unref);
  g_ptr_array_unref (self->devices);
  g_free (self->device);
  G_OBJECT_CLASS (fake_sound_source_parent_class)->finalize (object);
}

static void
fake_sound_source_class_init (FakeSoundSourceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = fake_sound_source_finalize;
}

static void
fake_sound_source_init (FakeSoundSource *self)
{
  self->devices = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_sound_device_free);
}

FakeSoundSource *
fake_sound_source_new (guint rate)
{
  FakeSoundSource *self = g_object_new (FAKE_TYPE_SOUND_SOURCE, NULL);

  self->rate = rate;
  return self;
}

void
fake_sound_source_wait (FakeSoundSource *self)
{
  self->waits = TRUE;
}

void
fake_sound_source_answer (FakeSoundSource *self)
{
  g_signal_emit_by_name (self, "opened", self->rate, facet_sound_ring_get_written (self->ring));
}

void
fake_sound_source_lose (FakeSoundSource *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (FACET_SOUND_ERROR, FACET_SOUND_ERROR_LOST, "The headset was unplugged.");

  g_clear_pointer (&self->ring, facet_sound_ring_unref);
  g_signal_emit_by_name (self, "lost", error);
}

void
fake_sound_source_push (FakeSoundSource *self, const float *samples, gsize n)
{
  gsize done = 0;

  self->now += (double)n * G_USEC_PER_SEC / self->rate;
  while (done < n && self->ring != NULL) {
    /* Never more than fits: nothing may count as lost. */
    guint64 waiting =
        facet_sound_ring_get_written (self->ring) - facet_sound_ring_get_read (self->ring);
    gsize block = MIN (n - done, 16384);

    if (waiting < 100000)
      done += facet_sound_ring_write (self->ring, samples + done, block);
    else if (!g_main_context_iteration (NULL, FALSE))
      g_thread_yield ();
  }
}

void
fake_sound_source_pass (FakeSoundSource *self, double seconds)
{
  self->now += seconds * G_USEC_PER_SEC;
}

gboolean
fake_sound_source_get_open (FakeSoundSource *self)
{
  return self->ring != NULL;
}

const char *
fake_sound_source_get_device (FakeSoundSource *self)
{
  return self->device;
}

guint
fake_sound_source_get_n_opened (FakeSoundSource *self)
{
  return self->n_opened;
}
