/* test-media.c: pictures, sound and video in a conversation: the ids of their prompts, a timeline
 * that reuses them, encoders that are missing, damaged or left out, and encoding that is stopped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The values that the encoders compute are compared with the reference's by `./check golden`. */
#include "gem-chat.h"
#include "gem-media.h"
#include "gem-session.h"
#include "golden-model.h"
#include "write-model.h"
#include "write-safetensors.h"

#include <math.h>
#include <string.h>

static GemModel *model;

/* ---- prompts --------------------------------------------------------------------------------- */

/* The ids of @request, a conversation as JSON, are those of the golden @name. */
static void
assert_prompt (const char *request, const char *name, const GemPromptMedia *media)
{
  json_t *json = json_loads (request, 0, NULL);
  g_autoptr (GemPrompt) prompt = NULL;
  g_autoptr (GemSafetensors) golden = golden_open (name);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;
  const gint32 *expected;
  guint         n;

  g_assert_nonnull (json);
  prompt = gem_chat_render (json, GEM_TEMPLATE_E2B, &error);
  g_assert_no_error (error);
  g_assert_true (gem_prompt_tokenize (prompt, gem_model_get_tokenizer (model), media, ids, &error));
  g_assert_no_error (error);
  expected = golden_ids (golden, &n);
  g_assert_cmpmem (ids->data, ids->len * sizeof (gint32), expected, n * sizeof (gint32));
  json_decref (json);
}

static GArray *
counts (guint first, guint second)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (guint));

  g_array_append_val (array, first);
  if (second > 0)
    g_array_append_val (array, second);
  return array;
}

static void
test_prompt_picture (void)
{
  g_autoptr (GArray) images = counts (51, 0);

  assert_prompt ("{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image\"}, "
                 "{\"type\": \"text\", \"text\": \"What is this?\"}]}], "
                 "\"add_generation_prompt\": true}",
                 "image_tall", &(GemPromptMedia){.images = images});
}

static void
test_prompt_sound (void)
{
  g_autoptr (GArray) audio = counts (gem_media_count_sound_tokens (4800), 0);

  assert_prompt ("{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"audio\"}, "
                 "{\"type\": \"text\", \"text\": \"Transcribe.\"}]}], "
                 "\"add_generation_prompt\": true}",
                 "audio_0.3s", &(GemPromptMedia){.audio = audio});
}

static void
test_prompt_video (void)
{
  const double   seconds[] = {0, 12 / 24.0, 24 / 24.0, 36 / 24.0, 48 / 24.0};
  GemPromptVideo video = {60, G_N_ELEMENTS (seconds), seconds};
  g_autoptr (GArray) videos = g_array_new (FALSE, FALSE, sizeof (GemPromptVideo));

  g_array_append_val (videos, video);
  assert_prompt ("{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"video\"}, "
                 "{\"type\": \"text\", \"text\": \"Summarise.\"}]}], "
                 "\"add_generation_prompt\": true}",
                 "video", &(GemPromptMedia){.videos = videos});
}

static void
test_prompt_without (void)
{
  static const char *const kinds[] = {"image", "audio", "video"};

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *request = g_strdup_printf ("{\"messages\": [{\"role\": \"user\", \"content\": "
                                                "[{\"type\": \"%s\"}]}]}",
                                                kinds[i]);
    json_t          *json = json_loads (request, 0, NULL);
    g_autoptr (GemPrompt) prompt = gem_chat_render (json, GEM_TEMPLATE_E2B, NULL);
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
    g_autoptr (GError) error = NULL;

    g_assert_false (gem_prompt_tokenize (prompt, gem_model_get_tokenizer (model),
                                         &(GemPromptMedia){0}, ids, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
    json_decref (json);
  }
}

/* ---- a timeline ------------------------------------------------------------------------------ */

static GemSoft *
encode (guint8 grey, const char *key, GError **error)
{
  guint8    data[3 * 40 * 30];
  GemPixels pixels = {data, sizeof data, 40, 30, 3 * 40};

  for (gsize i = 0; i < sizeof data; i++)
    data[i] = (guint8)(grey + i % 7 * 20);
  return gem_media_encode_picture (model, &pixels, 70, key, NULL, NULL, error);
}

typedef struct {
  GArray *ids, *spans;
} Turn;

/* "A picture, and what about it": 5 tokens, the picture, 10 tokens, and @more of them. */
static Turn
turn_of (GemSoft *soft, guint more)
{
  const GemConfig   *c = gem_model_get_config (model);
  g_autofree gint32 *text = random_tokens (model, 7, 15 + more);
  g_autoptr (GPtrArray) images = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Turn turn = {.ids = g_array_new (FALSE, FALSE, sizeof (gint32))};

  g_ptr_array_add (images, soft);
  g_array_append_vals (turn.ids, text, 5);
  for (guint i = 0; i < soft->n; i++)
    g_array_append_val (turn.ids, c->image_token_id);
  g_array_append_vals (turn.ids, text + 5, 10 + more);
  turn.spans =
      gem_soft_place ((const gint32 *)turn.ids->data, turn.ids->len, c, images, NULL, NULL, &error);
  g_assert_no_error (error);
  return turn;
}

static void
turn_clear (Turn *turn)
{
  g_array_unref (turn->ids);
  g_array_unref (turn->spans);
}

static void
take_turn (GemSession *session, GemSoft *soft, guint more, float *logits)
{
  Turn turn = turn_of (soft, more);
  g_autoptr (GError) error = NULL;

  gem_session_sync (session, (const gint32 *)turn.ids->data, turn.ids->len, turn.spans, NULL, NULL,
                    &error);
  g_assert_no_error (error);
  memcpy (logits, gem_session_get_logits (session),
          (gsize)gem_model_get_config (model)->text.vocab_size * sizeof (float));
  turn_clear (&turn);
}

static void
test_reuse (void)
{
  gsize             vocabulary = (gsize)gem_model_get_config (model)->text.vocab_size;
  g_autofree float *first = g_new (float, vocabulary), *second = g_new (float, vocabulary);
  g_autofree float *fresh = g_new (float, vocabulary);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSoft) grey = encode (20, "grey", &error), again = encode (20, "grey", &error);
  g_autoptr (GemSoft) light = encode (90, "light", &error);
  g_autoptr (GemSession) session = gem_session_new (model, 512, &error);
  g_autoptr (GemSession) other = gem_session_new (model, 512, &error);

  g_assert_no_error (error);
  take_turn (session, grey, 0, first);
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 0);
  take_turn (session, again, 6,
             second); /* another object, the same picture: only new text is read */
  g_assert_cmpuint (gem_session_get_n_prefilled (session), ==, 6);
  take_turn (other, grey, 6, fresh);
  g_assert_cmpfloat (rel_l2 (fresh, second, vocabulary), <, 1e-5);

  take_turn (session, light, 6, second); /* the same ids, another picture */
  g_assert_cmpuint (gem_session_get_n_reused (session), ==, 5);
  g_assert_cmpfloat (rel_l2 (fresh, second, vocabulary), >, 1e-3);
  take_turn (other, light, 6, fresh);
  g_assert_cmpuint (gem_session_get_n_reused (other), ==, 5);
  g_assert_cmpfloat (rel_l2 (fresh, second, vocabulary), <, 1e-5);
}

/* Chunks that cut a picture give what one pass gives. */
static void
test_chunks (void)
{
  gsize             vocabulary = (gsize)gem_model_get_config (model)->text.vocab_size;
  g_autofree float *whole = g_new (float, vocabulary);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSoft) grey = encode (20, "grey", &error);
  g_autoptr (GemSession) session = gem_session_new (model, 512, &error);
  Turn turn = turn_of (grey, 0);

  g_assert_no_error (error);
  take_turn (session, grey, 0, whole);
  for (guint cut = 4; cut < turn.ids->len; cut += 9) {
    g_autoptr (GemSession) parts = gem_session_new (model, 512, &error);
    const gint32 *ids = (const gint32 *)turn.ids->data;

    g_assert_no_error (error);
    gem_session_sync (parts, ids, cut, turn.spans, NULL, NULL, &error);
    g_assert_no_error (error);
    gem_session_sync (parts, ids, turn.ids->len, turn.spans, NULL, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (gem_session_get_n_reused (parts), ==, cut);
    g_assert_cmpfloat (rel_l2 (whole, gem_session_get_logits (parts), vocabulary), <, 1e-5);
  }
  turn_clear (&turn);
}

/* ---- stopping and refusing ------------------------------------------------------------------- */

static gboolean
stop_cb (double fraction, gpointer user_data)
{
  int *left = user_data;

  g_assert_cmpfloat (fraction, >=, 0);
  g_assert_cmpfloat (fraction, <, 1);
  return (*left)-- > 0;
}

static void
test_stopped (void)
{
  guint8            data[3 * 16] = {0};
  GemPixels         pixels = {data, sizeof data, 4, 4, 3 * 4};
  g_autofree float *samples = g_new0 (float, 16000);

  for (int after = 0; after < 3; after++) {
    g_autoptr (GError) error = NULL;
    int left = after;

    g_assert_null (gem_media_encode_picture (model, &pixels, 70, NULL, stop_cb, &left, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
    g_clear_error (&error);
    left = after;
    g_assert_null (gem_media_encode_sound (model, samples, 16000, NULL, stop_cb, &left, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_CANCELLED);
  }
}

static void
test_refused (void)
{
  g_autofree guint8 *line = g_malloc0 (3 * 20000);
  GemPixels          thin = {line, 3 * 20000, 20000, 1, 3 * 20000};
  g_autofree float  *samples = g_new0 (float, 160);
  g_autoptr (GError) error = NULL;

  /* 1,120 soft tokens in a row are 3,360 patches: more than the small model has columns. */
  g_assert_null (gem_media_encode_picture (model, &thin, 1120, NULL, NULL, NULL, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
  g_assert_nonnull (strstr (error->message, "too long"));
  g_clear_error (&error);
  g_assert_null (gem_media_encode_sound (model, samples, 160, NULL, NULL, NULL, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
}

static void
test_odd_sounds (void)
{
  static const guint lengths[] = {161, 320, 1600, 15999, 480000, 500000};

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autofree float *samples = g_new (float, lengths[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (GemSoft) soft = NULL;

    for (guint j = 0; j < lengths[i]; j++)
      samples[j] = j % 2 == 0 ? 1 : -1; /* as loud as can be */
    soft = gem_media_encode_sound (model, samples, lengths[i], NULL, NULL, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (soft->n, ==, gem_media_count_sound_tokens (lengths[i]));
    for (guint j = 0; j < soft->n * soft->width; j++)
      g_assert_true (isfinite (soft->rows[j]));
  }
}

/* ---- encoders that are not there ------------------------------------------------------------- */

static GemModel *
load (const char *folder, const GemModelOptions *options, GError **error)
{
  return gem_model_load (folder, options, NULL, NULL, error);
}

static void
test_left_out (void)
{
  g_autofree char *folder = source_path ("tests/golden/tiny-model");
  GemModelOptions  options = {.backend = "cpu", .threads = 1, .without_vision = TRUE};
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) deaf = NULL, blind = load (folder, &options, &error);
  guint8            data[3] = {0};
  GemPixels         pixels = {data, sizeof data, 1, 1, 3};
  g_autofree float *samples = g_new0 (float, 1600);
  g_autoptr (GemSoft) heard = NULL;

  g_assert_no_error (error);
  g_assert_false (gem_model_get_config (blind)->has_vision);
  g_assert_true (gem_model_get_config (blind)->has_audio);
  g_assert_null (gem_model_get_warnings (blind)[0]);
  g_assert_null (gem_media_encode_picture (blind, &pixels, 70, NULL, NULL, NULL, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  heard = gem_media_encode_sound (blind, samples, 1600, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  options = (GemModelOptions){.backend = "cpu", .threads = 1, .without_audio = TRUE};
  deaf = load (folder, &options, &error);
  g_assert_no_error (error);
  g_assert_null (gem_media_encode_sound (deaf, samples, 1600, NULL, NULL, NULL, &error));
  g_assert_error (error, GEM_ERROR, GEM_ERROR_UNSUPPORTED);
}

/* The tiny model with one name in the header of its weights changed to another one of the same
 * length. */
static char *
changed_model (const char *from, const char *to)
{
  static const char *const files[] = {"config.json", "generation_config.json", "tokenizer.json"};
  char                    *folder = make_folder ();
  g_autofree char         *source = source_path ("tests/golden/tiny-model/model.safetensors");
  g_autofree char         *target = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char         *data = NULL;
  gsize                    length, n = strlen (from);

  g_assert_cmpuint (n, ==, strlen (to));
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *file = g_build_filename ("tests/golden/tiny-model", files[i], NULL);

    copy_file (file, folder, files[i]);
  }
  g_assert_true (g_file_get_contents (source, &data, &length, NULL));
  for (char *p = data; (p = memmem (p, length - (gsize)(p - data), from, n)) != NULL;)
    memcpy (p, to, n);
  g_assert_true (g_file_set_contents (target, data, (gssize)length, NULL));
  return folder;
}

/* Without any of its tensors an encoder is not there; without one of them the file is damaged. */
static void
test_missing (void)
{
  const GemModelOptions options = {.backend = "cpu", .threads = 1};
  char                 *without = changed_model ("vision_tower.", "vision_gone1.");
  char                 *damaged = changed_model ("layers.1.lconv1d.linear_end.input_min",
                                                 "layers.1.lconv1d.linear_end.input_moo");
  g_autoptr (GError) error = NULL;
  g_autoptr (GemModel) blind = load (without, &options, &error), none = NULL;

  g_assert_no_error (error);
  g_assert_false (gem_model_get_config (blind)->has_vision);
  g_assert_nonnull (strstr (gem_model_get_warnings (blind)[0], "no vision encoder"));
  none = load (damaged, &options, &error);
  g_assert_null (none);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  g_assert_nonnull (strstr (error->message, "linear_end.input_min"));
  remove_folder (without);
  remove_folder (damaged);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  model = golden_model (GEM_WEIGHTS_BF16, 2);
  g_test_add_func ("/media/prompt/picture", test_prompt_picture);
  g_test_add_func ("/media/prompt/sound", test_prompt_sound);
  g_test_add_func ("/media/prompt/video", test_prompt_video);
  g_test_add_func ("/media/prompt/without", test_prompt_without);
  g_test_add_func ("/media/reuse", test_reuse);
  g_test_add_func ("/media/chunks", test_chunks);
  g_test_add_func ("/media/stopped", test_stopped);
  g_test_add_func ("/media/refused", test_refused);
  g_test_add_func ("/media/odd-sounds", test_odd_sounds);
  g_test_add_func ("/media/left-out", test_left_out);
  g_test_add_func ("/media/missing", test_missing);
  status = g_test_run ();
  gem_model_unref (model);
  return status;
}
