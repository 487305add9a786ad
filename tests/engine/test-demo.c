/* test-demo.c: the demonstration model says what its own samples say it says.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every sample of data/demo/samples/samples.json: speech, pictures, talk, sums thought through,
 * tool calls, several turns.  Greedy, to the end of the turn. */
#include "gem-media.h"
#include "gem-session.h"
#include "gem-wav.h"
#include "golden-model.h"
#include "read-png.h"
#include "tests/test-brief.h"

#include <jansson.h>

#define MAX_TOKENS 300

typedef struct {
  GemModel   *model;
  GemSession *session; /* one for all: each sample starts by keeping the common prefix */
  json_t     *samples;
} Fixture;

static Fixture demo;

/* ---- media ---- */

static char *
sample_path (const json_t *sample, const char *key)
{
  g_autofree char *path =
      g_build_filename ("demo/samples", json_string_value (json_object_get (sample, key)), NULL);

  return data_path (path);
}

static GemSoft *
look (const json_t *sample)
{
  g_autofree char   *path = sample_path (sample, "image");
  guint32            width, height;
  g_autofree guint8 *data = read_png (path, &width, &height);
  GemPixels          pixels = {data, (gsize)width * height * 3, width, height, (gsize)width * 3};
  g_autoptr (GError) error = NULL;
  GemSoft *soft =
      gem_media_encode_picture (demo.model, &pixels,
                                (guint)json_integer_value (json_object_get (sample, "budget")),
                                NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return soft;
}

static GemSoft *
listen (const json_t *sample)
{
  g_autofree char  *path = sample_path (sample, "audio"), *data = NULL;
  g_autofree float *samples = NULL;
  gsize             length, n;
  g_autoptr (GError) error = NULL;
  GemSoft *soft;

  g_file_get_contents (path, &data, &length, &error);
  g_assert_no_error (error);
  samples = gem_wav_parse (data, length, path, &n, &error);
  g_assert_no_error (error);
  soft = gem_media_encode_sound (demo.model, samples, n, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return soft;
}

/* The one placeholder becomes @soft's, between the tokens that open and close it. */
static GArray *
expand (GArray *ids, const GemSoft *soft, gint32 open, gint32 placeholder, gint32 close)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (gint32));

  for (guint i = 0; i < ids->len; i++) {
    gint32 id = g_array_index (ids, gint32, i);

    if (id == placeholder)
      g_array_append_val (all, open);
    for (guint n = id == placeholder ? soft->n : 1; n > 0; n--)
      g_array_append_val (all, id);
    if (id == placeholder)
      g_array_append_val (all, close);
  }
  g_array_unref (ids);
  return all;
}

/* The soft tokens of the sample's picture or speech in their places; NULL if it has neither. */
static GArray *
place_media (const json_t *sample, GArray **ids)
{
  const GemConfig *c = gem_model_get_config (demo.model);
  gboolean         picture = json_object_get (sample, "image") != NULL;
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify)gem_soft_unref);
  g_autoptr (GError) error = NULL;
  GArray *spans;

  if (!picture && json_object_get (sample, "audio") == NULL)
    return NULL;
  g_ptr_array_add (list, picture ? look (sample) : listen (sample));
  *ids = picture
             ? expand (*ids, list->pdata[0], c->boi_token_id, c->image_token_id, c->eoi_token_id)
             : expand (*ids, list->pdata[0], c->boa_token_id, c->audio_token_id, c->eoa_token_id);
  spans = gem_soft_place ((const gint32 *)(*ids)->data, (*ids)->len, c, picture ? list : NULL,
                          picture ? NULL : list, NULL, &error);
  g_assert_no_error (error);
  return spans;
}

/* ---- samples ---- */

static char *
complete (const json_t *sample)
{
  const char   *prompt = json_string_value (json_object_get (sample, "prompt"));
  GemTokenizer *tokenizer = gem_model_get_tokenizer (demo.model);
  GemSampling   greedy;
  GArray       *ids = g_array_new (FALSE, FALSE, sizeof (gint32)), *soft;
  g_autoptr (GArray) answer = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;

  gem_sampling_init (&greedy, demo.model);
  greedy.temperature = 0.0;
  gem_tokenizer_encode (tokenizer, prompt, -1, GEM_ENCODE_SPECIAL, ids, &error);
  g_assert_no_error (error);
  soft = place_media (sample, &ids);
  gem_session_sync (demo.session, (const gint32 *)ids->data, ids->len, soft, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < MAX_TOKENS; i++) {
    gint32 id = gem_session_sample (demo.session, &greedy, &error);

    g_assert_no_error (error);
    g_array_append_val (answer, id);
    if (gem_model_is_stop (demo.model, id))
      break;
    gem_session_step (demo.session, id, &error);
    g_assert_no_error (error);
  }
  g_array_unref (ids);
  g_clear_pointer (&soft, g_array_unref);
  return gem_tokenizer_decode (tokenizer, (const gint32 *)answer->data, answer->len, FALSE);
}

static void
test_sample (gconstpointer data)
{
  const json_t    *sample = data;
  g_autofree char *got = complete (sample);

  g_assert_cmpstr (got, ==, json_string_value (json_object_get (sample, "output")));
}

static void
add_samples (void)
{
  guint n_all = (guint)json_array_size (demo.samples);
  guint n = test_brief (n_all, n_all / 2, "samples");

  for (guint k = 0; k < n; k++) {
    guint            i = k * n_all / n;
    const json_t    *sample = json_array_get (demo.samples, i);
    const char      *medium = json_object_get (sample, "audio") != NULL   ? "speech"
                              : json_object_get (sample, "image") != NULL ? "picture"
                                                                          : "text";
    g_autofree char *path =
        g_strdup_printf ("/demo/%s/%s/%u", medium,
                         json_string_value (json_object_get (sample, "kind")), i);

    g_test_add_data_func (path, sample, test_sample);
  }
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = data_path ("demo"), *samples = data_path ("demo/samples/samples.json");
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  demo.samples = json_load_file (samples, 0, NULL);
  g_assert_nonnull (demo.samples);
  g_assert_cmpuint (json_array_size (demo.samples), ==, 43);
  add_samples ();
  demo.model = model_at (folder, GEM_WEIGHTS_BF16, FALSE, 2);
  demo.session = gem_session_new (demo.model, 2048, &error);
  g_assert_no_error (error);

  status = g_test_run ();
  gem_session_free (demo.session);
  gem_model_unref (demo.model);
  json_decref (demo.samples);
  return status;
}
