/* facet-perception.c: attachments, decoded and encoded, and kept.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread.  A view is what is known of an attachment without its soft tokens; it is small and
 * stays as long as the model does.  Soft tokens are kept in a cache with a bound, and those of the
 * request at hand are held besides. */
#define G_LOG_DOMAIN "facet-perception"

#include "facet-perception.h"

/* Of soft tokens, whatever the context. */
#define LEAST_CACHE ((gsize)64 << 20)
/* Tokens of the longest clip. */
#define CLIP_TOKENS 750

typedef struct {
  char    *key;      /* content and detail */
  GArray  *n_tokens; /* of guint: of each part */
  GArray  *seconds;  /* of double: of each part */
  gboolean exact;    /* it was decoded */
} View;

struct _FacetPerception {
  GemModel     *model;
  GemSoftCache *cache;
  GHashTable   *views; /* key → View */
  GHashTable   *held;  /* key of a part → GemSoft: of the request at hand */
};

/* One call of facet_perception_prepare (). */
typedef struct {
  FacetPerception  *perception;
  FacetPerceiveFunc func;
  gpointer          user_data;
  FacetPhase        phase;
  double            begin, step; /* of the part at hand, of everything */
} Progress;

/* ---- views ----------------------------------------------------------------------------------- */

static void
view_free (gpointer data)
{
  View *self = data;

  g_free (self->key);
  g_array_unref (self->n_tokens);
  g_array_unref (self->seconds);
  g_free (self);
}

static char *
key_of (FacetMedia *media)
{
  return g_strdup_printf ("%s:%u", facet_media_get_content_hash (media),
                          facet_media_get_detail (media));
}

static char *
part_key (const View *view, guint part)
{
  return g_strdup_printf ("%s:%u", view->key, part);
}

static void
add_part (View *view, guint n_tokens, double seconds)
{
  g_array_append_val (view->n_tokens, n_tokens);
  g_array_append_val (view->seconds, seconds);
}

/* What is to be expected of what was not yet decoded. */
static void
expect_parts (View *view, FacetMedia *media)
{
  guint  left = facet_media_get_n_tokens (media), n_frames, n;
  double fps = facet_media_get_fps (media);

  switch (facet_media_get_kind (media)) {
  case FACET_MEDIA_IMAGE:
    add_part (view, left, 0);
    break;
  case FACET_MEDIA_AUDIO:
    for (; left > 0; left -= MIN (left, CLIP_TOKENS))
      add_part (view, MIN (left, CLIP_TOKENS), 0);
    break;
  case FACET_MEDIA_VIDEO:
    n_frames = facet_media_get_n_frames (media);
    n = MIN (n_frames, FACET_MEDIA_VIDEO_FRAMES);
    for (guint i = 0; i < n; i++)
      add_part (view, left / n, (double)((guint64)i * n_frames / n) / (fps > 0 ? fps : 24));
    break;
  }
}

static View *
ensure_view (FacetPerception *self, FacetMedia *media)
{
  g_autofree char *key = key_of (media);
  View            *view = g_hash_table_lookup (self->views, key);

  if (view != NULL)
    return view;
  view = g_new0 (View, 1);
  view->key = g_steal_pointer (&key);
  view->n_tokens = g_array_new (FALSE, FALSE, sizeof (guint));
  view->seconds = g_array_new (FALSE, FALSE, sizeof (double));
  expect_parts (view, media);
  g_hash_table_insert (self->views, view->key, view);
  return view;
}

FacetPercept
facet_perception_look_up (FacetPerception *self, FacetMedia *media)
{
  const View *view = ensure_view (self, media);
  guint       n = facet_media_is_missing (media) ? 0 : view->n_tokens->len;

  return (FacetPercept){facet_media_get_kind (media), n,
                        (const guint *)(gpointer)view->n_tokens->data,
                        (const double *)(gpointer)view->seconds->data};
}

/* ---- encoding -------------------------------------------------------------------------------- */

static gboolean
encode_cb (double fraction, gpointer user_data)
{
  Progress *p = user_data;

  return p->func == NULL || p->func (p->phase, p->begin + fraction * p->step, p->user_data);
}

/* Keeps @soft as part @part, and notes how large it is.  Takes @soft; FALSE if it is NULL. */
static gboolean
keep (FacetPerception *self, View *view, guint part, double seconds, GemSoft *soft)
{
  if (soft == NULL)
    return FALSE;
  if (part < view->n_tokens->len) {
    g_array_index (view->n_tokens, guint, part) = soft->n;
    g_array_index (view->seconds, double, part) = seconds;
  } else {
    add_part (view, soft->n, seconds);
  }
  gem_soft_cache_insert (self->cache, soft);
  g_hash_table_replace (self->held, g_strdup (soft->key), soft);
  return TRUE;
}

static gboolean
encode_picture (Progress           *p,
                View               *view,
                guint               part,
                double              seconds,
                const FacetPicture *picture,
                guint               detail,
                GError            **error)
{
  g_autofree char *key = part_key (view, part);
  GemPixels        pixels = {picture->pixels, picture->n_bytes, picture->width, picture->height,
                             picture->rowstride};

  return keep (p->perception, view, part, seconds,
               gem_media_encode_picture (p->perception->model, &pixels, detail, key, encode_cb, p,
                                         error));
}

static gboolean
look (Progress *p, View *view, FacetMedia *media, GError **error)
{
  g_autoptr (FacetPicture) picture = facet_media_load_picture (media, NULL, error);

  return picture != NULL &&
         encode_picture (p, view, 0, 0, picture, facet_media_get_detail (media), error);
}

static gboolean
listen (Progress *p, View *view, FacetMedia *media, GError **error)
{
  g_autoptr (FacetSound) sound = facet_media_load_sound (media, NULL, error);

  if (sound == NULL)
    return FALSE;
  p->step /= sound->n_clips;
  for (guint i = 0; i < sound->n_clips; i++, p->begin += p->step) {
    g_autofree char *key = part_key (view, i);
    gsize            n;
    const float     *clip = facet_sound_get_clip (sound, i, &n);

    if (!keep (p->perception, view, i, 0,
               gem_media_encode_sound (p->perception->model, clip, n, key, encode_cb, p, error)))
      return FALSE;
  }
  g_array_set_size (view->n_tokens, sound->n_clips);
  g_array_set_size (view->seconds, sound->n_clips);
  return TRUE;
}

static gboolean
watch (Progress *p, View *view, FacetMedia *media, GError **error)
{
  g_autoptr (FacetVideo) video = facet_media_load_video (media, NULL, error);
  guint n;

  if (video == NULL)
    return FALSE;
  n = video->frames->len;
  p->step /= MAX (n, 1);
  for (guint i = 0; i < n; i++, p->begin += p->step) {
    const FacetVideoFrame *frame = video->frames->pdata[i];

    if (!encode_picture (p, view, i, frame->seconds, frame->picture, FACET_MEDIA_VIDEO_DETAIL,
                         error))
      return FALSE;
  }
  g_array_set_size (view->n_tokens, n);
  g_array_set_size (view->seconds, n);
  return TRUE;
}

/* ---- a request ------------------------------------------------------------------------------- */

/* Holds every part that is kept; TRUE if these are all. */
static gboolean
hold_kept (FacetPerception *self, const View *view)
{
  gboolean all = view->exact;

  for (guint i = 0; all && i < view->n_tokens->len; i++) {
    g_autofree char *key = part_key (view, i);
    GemSoft         *soft = gem_soft_cache_lookup (self->cache, key);

    if (soft != NULL)
      g_hash_table_replace (self->held, g_steal_pointer (&key), soft);
    all = soft != NULL;
  }
  return all;
}

static guint
total_tokens (const View *view)
{
  guint n = view->n_tokens->len;

  for (guint i = 0; i < view->n_tokens->len; i++)
    n += g_array_index (view->n_tokens, guint, i);
  return n;
}

static gboolean
perceive (Progress *p, View *view, FacetMedia *media, GError **error)
{
  FacetMediaKind kind = facet_media_get_kind (media);

  p->phase = kind == FACET_MEDIA_AUDIO ? FACET_PHASE_LISTENING : FACET_PHASE_LOOKING;
  if (!encode_cb (0, p)) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_CANCELLED, "The computation was stopped.");
    return FALSE;
  }
  switch (kind) {
  case FACET_MEDIA_IMAGE:
    view->exact = look (p, view, media, error);
    break;
  case FACET_MEDIA_AUDIO:
    view->exact = listen (p, view, media, error);
    break;
  case FACET_MEDIA_VIDEO:
    view->exact = watch (p, view, media, error);
    break;
  }
  return view->exact;
}

gboolean
facet_perception_prepare (FacetPerception  *self,
                          GPtrArray        *media,
                          gboolean         *changed,
                          FacetPerceiveFunc func,
                          gpointer          user_data,
                          GError          **error)
{
  *changed = FALSE;
  g_hash_table_remove_all (self->held);
  for (guint i = 0; i < media->len; i++) {
    FacetMedia *item = media->pdata[i];
    View       *view = ensure_view (self, item);
    guint       before = total_tokens (view);
    Progress    progress = {.perception = self,
                            .func = func,
                            .user_data = user_data,
                            .begin = (double)i / media->len,
                            .step = 1.0 / media->len};

    if (facet_media_is_missing (item) || hold_kept (self, view))
      continue;
    if (!perceive (&progress, view, item, error))
      return FALSE;
    *changed |= total_tokens (view) != before;
  }
  return TRUE;
}

GArray *
facet_perception_place (FacetPerception *self, GPtrArray *media, const GArray *ids, GError **error)
{
  g_autoptr (GPtrArray) images = g_ptr_array_new ();
  g_autoptr (GPtrArray) sounds = g_ptr_array_new ();
  g_autoptr (GPtrArray) frames = g_ptr_array_new ();
  GPtrArray *lists[] =
      {[FACET_MEDIA_IMAGE] = images, [FACET_MEDIA_AUDIO] = sounds, [FACET_MEDIA_VIDEO] = frames};

  for (guint i = 0; i < media->len; i++) {
    FacetMedia  *item = media->pdata[i];
    const View  *view = ensure_view (self, item);
    FacetPercept percept = facet_perception_look_up (self, item);

    for (guint part = 0; part < percept.n_parts; part++) {
      g_autofree char *key = part_key (view, part);

      g_ptr_array_add (lists[percept.kind], g_hash_table_lookup (self->held, key));
    }
  }
  return gem_soft_place ((const gint32 *)(gpointer)ids->data, ids->len,
                         gem_model_get_config (self->model), images, sounds, frames, error);
}

/* ---- making one ------------------------------------------------------------------------------ */

FacetPerception *
facet_perception_new (GemModel *model, guint context_size)
{
  FacetPerception *self = g_new0 (FacetPerception, 1);
  gsize            row = (gsize)gem_model_get_config (model)->text.hidden_size * sizeof (float);

  self->model = gem_model_ref (model);
  self->cache = gem_soft_cache_new (MAX (context_size * row, LEAST_CACHE));
  self->views = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, view_free);
  self->held =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)gem_soft_unref);
  return self;
}

void
facet_perception_free (FacetPerception *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->held);
  g_hash_table_unref (self->views);
  gem_soft_cache_free (self->cache);
  gem_model_unref (self->model);
  g_free (self);
}
