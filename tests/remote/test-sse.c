/* test-sse.c: the event stream's lines and fields, at every split, and its bounds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facet-sse.h"

#include <string.h>

static gboolean
collect_cb (const char *data, gsize length, gpointer user_data)
{
  GString *all = user_data;

  g_assert_cmpuint (strlen (data), ==, length);
  g_string_append_printf (all, "[%s]", data);
  return strcmp (data, "stop") != 0;
}

/* In pieces of @piece bytes. */
static char *
parse (const char *text, gsize length, gsize piece)
{
  GString *all = g_string_new (NULL);
  g_autoptr (FacetSse) sse = facet_sse_new (collect_cb, all);
  g_autoptr (GError) error = NULL;

  for (gsize at = 0; at < length; at += piece)
    if (!facet_sse_push (sse, text + at, MIN (piece, length - at), &error))
      break;
  g_assert_no_error (error);
  facet_sse_finish (sse, &error);
  g_assert_no_error (error);
  return g_string_free (all, FALSE);
}

static void
assert_parsed (const char *text, const char *wanted)
{
  gsize length = strlen (text);

  for (gsize piece = 1; piece <= length; piece++) {
    g_autofree char *got = parse (text, length, piece);

    g_assert_cmpstr (got, ==, wanted);
  }
}

static void
test_fields (void)
{
  assert_parsed ("data: a\n\ndata: b\n\n", "[a][b]");
  assert_parsed ("data:a\r\n\r\ndata:b\r\n\r\n", "[a][b]");
  assert_parsed ("data:a\r\rdata:b\r\r", "[a][b]");
  assert_parsed ("data: a\ndata: b\n\n", "[a\nb]");
  assert_parsed ("data\n\n", "[]");
  assert_parsed ("data:  two\n\n", "[ two]");
  assert_parsed ("\357\273\277data: a\n\n", "[a]");
  assert_parsed (": ping\n\nevent: x\nid: 3\nretry: 9\ndata: a\n\n", "[a]");
  assert_parsed ("database: no\n\n\n\ndata: a\n\n", "[a]");
  assert_parsed ("data: last without an end", "[last without an end]");
  assert_parsed ("data: last\n", "[last]");
  assert_parsed ("data: a\n\ndata: stop\n\ndata: b\n\n", "[a][stop]");
  assert_parsed ("", "");
}

static void
test_hostile (void)
{
  g_autofree char *broken = parse ("data: a\xff\xfe\n\n", 11, 3);
  g_autofree char *zero = parse ("data: a\0b\n\n", 11, 11);

  g_assert_cmpstr (broken, ==, "[a\357\277\275\357\277\275]");
  g_assert_cmpstr (zero, ==, "[a\357\277\275b]");
}

/* Neither one line nor many of one event may grow for ever. */
static void
assert_bounded (const char *piece)
{
  GString *all = g_string_new (NULL);
  g_autoptr (FacetSse) sse = facet_sse_new (collect_cb, all);
  g_autoptr (GError) error = NULL;
  gsize length = strlen (piece), pushed = 0;

  while (facet_sse_push (sse, piece, length, &error))
    pushed += length;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpuint (pushed, <=, 2 * FACET_SSE_MAX_EVENT);
  g_assert_cmpuint (pushed, >, FACET_SSE_MAX_EVENT / 2);
  g_assert_false (facet_sse_push (sse, "data: a\n\n", 9, NULL));
  g_assert_cmpuint (all->len, ==, 0);
  g_string_free (all, TRUE);
}

static void
test_bounds (void)
{
  g_autofree char *word = g_strnfill (4095, 'x');
  g_autofree char *line = g_strconcat ("data: ", word, "\n", NULL);

  assert_bounded (word);
  assert_bounded (line);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sse/fields", test_fields);
  g_test_add_func ("/sse/hostile", test_hostile);
  g_test_add_func ("/sse/bounds", test_bounds);
  return g_test_run ();
}
