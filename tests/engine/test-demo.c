/* test-demo.c: the demonstration model says what its own samples say it says.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every sample of data/demo/samples/samples.json that has neither sound nor picture: talk, sums
 * thought through, tool calls, several turns.  Greedy, to the end of the turn. */
#include "gem-session.h"
#include "golden-model.h"

#include <jansson.h>

#define MAX_TOKENS 300

typedef struct {
  GemModel   *model;
  GemSession *session; /* one for all: each sample starts by keeping the common prefix */
  json_t     *samples;
} Fixture;

static Fixture demo;

static char *
complete (const char *prompt)
{
  GemTokenizer *tokenizer = gem_model_get_tokenizer (demo.model);
  GemSampling   greedy;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) answer = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;

  gem_sampling_init (&greedy, demo.model);
  greedy.temperature = 0.0;
  gem_tokenizer_encode (tokenizer, prompt, -1, GEM_ENCODE_SPECIAL, ids, &error);
  g_assert_no_error (error);
  gem_session_sync (demo.session, (const gint32 *)ids->data, ids->len, NULL, NULL, &error);
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
  return gem_tokenizer_decode (tokenizer, (const gint32 *)answer->data, answer->len, FALSE);
}

static void
test_sample (gconstpointer data)
{
  const json_t    *sample = data;
  g_autofree char *got = complete (json_string_value (json_object_get (sample, "prompt")));

  g_assert_cmpstr (got, ==, json_string_value (json_object_get (sample, "output")));
}

static guint
add_samples (void)
{
  const json_t *sample;
  gsize         i;
  guint         n = 0;

  json_array_foreach (demo.samples, i, sample)
  {
    g_autofree char *path = NULL;

    if (json_object_get (sample, "audio") != NULL || json_object_get (sample, "image") != NULL)
      continue;
    path = g_strdup_printf ("/demo/%s/%" G_GSIZE_FORMAT,
                            json_string_value (json_object_get (sample, "kind")), i);
    g_test_add_data_func (path, sample, test_sample);
    n++;
  }
  return n;
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
  g_assert_cmpuint (add_samples (), >=, 18);
  demo.model = model_at (folder, GEM_WEIGHTS_BF16, FALSE, 2);
  demo.session = gem_session_new (demo.model, 2048, &error);
  g_assert_no_error (error);

  status = g_test_run ();
  gem_session_free (demo.session);
  gem_model_unref (demo.model);
  json_decref (demo.samples);
  return status;
}
