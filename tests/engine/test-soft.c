/* test-soft.c: soft tokens: their places in a prompt, timelines that share a prefix of them, and
 * keeping them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-error.h"
#include "gem-media.h"

#include <string.h>

#define IMAGE 10
#define AUDIO 11
#define VIDEO 12

static const GemConfig config = {.image_token_id = IMAGE,
                                 .audio_token_id = AUDIO,
                                 .video_token_id = VIDEO};

static GemSoft *
soft_new (const char *key, guint n)
{
  return gem_soft_new (key, n, 2, g_new0 (float, 2 * n));
}

static GPtrArray *
list_of (GemSoft *first, ...)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)gem_soft_unref);
  va_list    args;

  va_start (args, first);
  for (GemSoft *soft = first; soft != NULL; soft = va_arg (args, GemSoft *))
    g_ptr_array_add (list, soft);
  va_end (args);
  return list;
}

static void
assert_span (const GArray *spans, guint i, guint position, guint row, guint n, const char *key)
{
  const GemSoftSpan *span = &g_array_index (spans, GemSoftSpan, i);

  g_assert_cmpuint (i, <, spans->len);
  g_assert_cmpuint (span->position, ==, position);
  g_assert_cmpuint (span->row, ==, row);
  g_assert_cmpuint (span->n, ==, n);
  g_assert_cmpstr (span->soft->key, ==, key);
}

/* ---- places ---- */

static void
test_place (void)
{
  const gint32 ids[] = {1, IMAGE, IMAGE, 5, AUDIO, IMAGE, IMAGE, IMAGE, VIDEO, 7, VIDEO};
  g_autoptr (GPtrArray) images = list_of (soft_new ("a", 2), soft_new ("b", 3), NULL);
  g_autoptr (GPtrArray) audio = list_of (soft_new ("s", 1), NULL);
  g_autoptr (GPtrArray) frames = list_of (soft_new ("f", 1), soft_new ("g", 1), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) spans =
      gem_soft_place (ids, G_N_ELEMENTS (ids), &config, images, audio, frames, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (spans->len, ==, 5);
  assert_span (spans, 0, 1, 0, 2, "a");
  assert_span (spans, 1, 4, 0, 1, "s");
  assert_span (spans, 2, 5, 0, 3, "b");
  assert_span (spans, 3, 8, 0, 1, "f");
  assert_span (spans, 4, 10, 0, 1, "g");
}

/* Two pictures may stand next to each other, and one may be torn apart. */
static void
test_place_odd (void)
{
  const gint32 ids[] = {IMAGE, IMAGE, 3, IMAGE, IMAGE};
  g_autoptr (GPtrArray) images = list_of (soft_new ("a", 1), soft_new ("b", 3), NULL);
  g_autoptr (GArray) spans =
      gem_soft_place (ids, G_N_ELEMENTS (ids), &config, images, NULL, NULL, NULL);

  g_assert_cmpuint (spans->len, ==, 3);
  assert_span (spans, 0, 0, 0, 1, "a");
  assert_span (spans, 1, 1, 0, 1, "b");
  assert_span (spans, 2, 3, 1, 2, "b");
}

static void
test_place_refused (void)
{
  const gint32 ids[] = {IMAGE, IMAGE, AUDIO};
  const struct {
    guint       images, audio;
    const char *message;
  } cases[] = {
      {1, 1, "2 places for pictures, which take 1"},
      {3, 1, "2 places for pictures, which take 3"},
      {2, 2, "1 places for sound, which take 2"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) images = list_of (soft_new ("a", cases[i].images), NULL);
    g_autoptr (GPtrArray) audio = list_of (soft_new ("s", cases[i].audio), NULL);
    g_autoptr (GError) error = NULL;

    g_assert_null (gem_soft_place (ids, 3, &config, images, audio, NULL, &error));
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT);
    g_assert_nonnull (strstr (error->message, cases[i].message));
  }
}

/* ---- timelines ---- */

static GArray *
spans_of (GemSoft *a, guint at_a, GemSoft *b, guint at_b)
{
  GArray     *spans = gem_soft_spans_new ();
  GemSoftSpan first = {at_a, 0, a->n, gem_soft_ref (a)}, second = {at_b, 0, b->n, gem_soft_ref (b)};

  g_array_append_val (spans, first);
  g_array_append_val (spans, second);
  return spans;
}

static void
test_common (void)
{
  g_autoptr (GemSoft) a = soft_new ("a", 4), same = soft_new ("a", 4), b = soft_new ("b", 4);
  g_autoptr (GemSoft) nameless = soft_new (NULL, 4), other = soft_new (NULL, 4);
  g_autoptr (GArray) one = spans_of (a, 2, b, 10);
  g_autoptr (GArray) two = spans_of (same, 2, a, 10);
  g_autoptr (GArray) three = spans_of (a, 2, b, 11);
  g_autoptr (GArray) four = spans_of (nameless, 2, b, 10);
  g_autoptr (GArray) five = spans_of (other, 2, b, 10);
  g_autoptr (GArray) none = gem_soft_spans_new ();

  g_assert_cmpuint (gem_soft_spans_common (one, one, 20), ==, 20);
  g_assert_cmpuint (gem_soft_spans_common (one, two, 20), ==, 10);
  g_assert_cmpuint (gem_soft_spans_common (one, two, 7), ==, 7);
  g_assert_cmpuint (gem_soft_spans_common (one, three, 20), ==, 10);
  g_assert_cmpuint (gem_soft_spans_common (one, NULL, 20), ==, 2);
  g_assert_cmpuint (gem_soft_spans_common (none, one, 20), ==, 2);
  g_assert_cmpuint (gem_soft_spans_common (NULL, NULL, 20), ==, 20);
  g_assert_cmpuint (gem_soft_spans_common (four, four, 20), ==, 20);
  g_assert_cmpuint (gem_soft_spans_common (four, five, 20), ==, 2);
}

/* Whatever the chunks are, what was appended piece by piece is what the whole is. */
static void
test_append (void)
{
  g_autoptr (GemSoft) a = soft_new ("a", 4), b = soft_new ("b", 5);
  g_autoptr (GArray) whole = spans_of (a, 2, b, 6);

  for (guint chunk = 1; chunk < 14; chunk++) {
    g_autoptr (GArray) copy = gem_soft_spans_new ();

    for (guint at = 0; at < 13; at += chunk)
      gem_soft_spans_append (copy, whole, at, MIN (at + chunk, 13));
    g_assert_cmpuint (copy->len, ==, 2);
    g_assert_cmpuint (gem_soft_spans_common (whole, copy, 13), ==, 13);
    for (guint length = 12; length > 0; length--) {
      gem_soft_spans_truncate (copy, length);
      g_assert_cmpuint (gem_soft_spans_common (whole, copy, 13), ==,
                        length >= 11 ? 13 : MAX (length, 2));
      g_assert_cmpuint (copy->len, ==, length > 6 ? 2 : length > 2 ? 1 : 0);
    }
  }
}

/* ---- keeping ---- */

static void
test_cache (void)
{
  const gsize unit = 2 * sizeof (float);
  g_autoptr (GemSoftCache) cache = gem_soft_cache_new (10 * unit);
  const char *const keys[] = {"a", "b", "c"};
  g_autoptr (GemSoft) large = soft_new ("large", 11), nameless = soft_new (NULL, 1);

  for (gsize i = 0; i < 3; i++) {
    g_autoptr (GemSoft) soft = soft_new (keys[i], 4);

    gem_soft_cache_insert (cache, soft);
    if (i == 1) { /* a was used after b */
      g_autoptr (GemSoft) a = gem_soft_cache_lookup (cache, "a");

      g_assert_cmpstr (a->key, ==, "a");
    }
  }
  gem_soft_cache_insert (cache, large);
  gem_soft_cache_insert (cache, nameless);
  for (gsize i = 0; i < 3; i++) {
    g_autoptr (GemSoft) found = gem_soft_cache_lookup (cache, keys[i]);

    g_assert_true ((found != NULL) == (i != 1));
  }
  g_assert_null (gem_soft_cache_lookup (cache, "large"));
}

static void
test_cache_again (void)
{
  g_autoptr (GemSoftCache) cache = gem_soft_cache_new (1000);
  g_autoptr (GemSoft) old = soft_new ("a", 4), fresh = soft_new ("a", 5);
  g_autoptr (GemSoft) found = NULL;

  gem_soft_cache_insert (cache, old);
  gem_soft_cache_insert (cache, fresh);
  found = gem_soft_cache_lookup (cache, "a");
  g_assert_true (found == fresh);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/soft/place", test_place);
  g_test_add_func ("/soft/place/odd", test_place_odd);
  g_test_add_func ("/soft/place/refused", test_place_refused);
  g_test_add_func ("/soft/spans/common", test_common);
  g_test_add_func ("/soft/spans/append", test_append);
  g_test_add_func ("/soft/cache", test_cache);
  g_test_add_func ("/soft/cache/again", test_cache_again);
  return g_test_run ();
}
