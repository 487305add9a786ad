/* demo-sample.c: a sample of the demonstration model, by what it is.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "demo-sample"

#include "demo-sample.h"

#include <jansson.h>
#include <string.h>

#define USUAL_DETAIL 280

static const char *
get (const json_t *sample, const char *key)
{
  return json_string_value (json_object_get (sample, key));
}

static gboolean
is_wanted (const json_t *sample, const char *medium, const char *kind)
{
  const json_t *budget = json_object_get (sample, "budget");

  return get (sample, medium) != NULL && g_strcmp0 (get (sample, "kind"), kind) == 0 &&
         g_strcmp0 (get (sample, "expected"), get (sample, "output")) == 0 &&
         (budget == NULL || json_integer_value (budget) == USUAL_DETAIL);
}

/* A turn of the prompt without its marks; an answer without the one that ends it. */
static char *
dup_words (const char *text, const char *begin)
{
  const char *from = begin != NULL ? strstr (text, begin) : text;
  const char *end;
  GString    *words;

  g_assert_nonnull (from);
  from += begin != NULL ? strlen (begin) : 0;
  end = strstr (from, "<turn|>");
  g_assert_nonnull (end);
  words = g_string_new_len (from, end - from);
  g_string_replace (words, "<|image|>", "", 0);
  g_string_replace (words, "<|audio|>", "", 0);
  return g_strstrip (g_string_free (words, FALSE));
}

void
demo_sample_find (DemoSample *self, const char *medium, const char *kind)
{
  g_autofree char *folder =
      g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "data", "demo", "samples", NULL);
  g_autofree char *path = g_build_filename (folder, "samples.json", NULL);
  json_t          *samples = json_load_file (path, 0, NULL);
  const json_t    *sample = NULL;

  for (gsize i = 0; i < json_array_size (samples) && sample == NULL; i++)
    if (is_wanted (json_array_get (samples, i), medium, kind))
      sample = json_array_get (samples, i);
  if (sample == NULL)
    g_error ("%s has no %s of the kind “%s” that the model answers right", path, medium, kind);
  *self = (DemoSample){
      .path = g_build_filename (folder, get (sample, medium), NULL),
      .question = dup_words (get (sample, "prompt"), "<|turn>user\n"),
      .answer = dup_words (get (sample, "expected"), NULL),
  };
  json_decref (samples);
}

void
demo_sample_clear (DemoSample *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->question, g_free);
  g_clear_pointer (&self->answer, g_free);
}
