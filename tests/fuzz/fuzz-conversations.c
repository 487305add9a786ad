/* fuzz-conversations.c: hostile files of conversations for every importer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checked beyond "no crash": what is accepted is a tree (a parent comes before its children, the
 * head is in it, every text is UTF-8), and what is refused has a sentence.  Media are not decoded
 * here: they have targets of their own. */
#define G_LOG_DOMAIN "fuzz"

#include <stdint.h>
#include <string.h>

#include "app/facet-import-private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_text (const char *text)
{
  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
}

static void
check_message (const FacetMessageRow *row, guint number)
{
  g_assert_cmpint (row->id, ==, number);
  g_assert_cmpint (row->parent_id, >=, 0);
  g_assert_cmpint (row->parent_id, <, number);
  g_assert_cmpint (row->created, >=, 0);
  g_assert_cmpint (row->created, <=, MAX (FACET_IMPORT_MAX_TIME, g_get_real_time ()));
  g_assert_nonnull (row->text);
  g_assert_nonnull (row->thinking);
  check_text (row->text);
  check_text (row->thinking);
  check_text (row->tool_calls);
  check_text (row->tool_name);
}

static void
check_tree (FacetTree *tree)
{
  g_autoptr (GPtrArray) shown = NULL;

  g_assert_nonnull (tree->conversation->title);
  g_assert_nonnull (tree->conversation->draft);
  check_text (tree->conversation->title);
  g_assert_cmpuint (tree->deleted->len, ==, tree->messages->len);
  g_assert_cmpint (tree->conversation->head_id, <=, tree->messages->len);
  for (guint i = 0; i < tree->messages->len; i++)
    check_message (tree->messages->pdata[i], i + 1);
  shown = facet_tree_list_shown (tree);
  g_assert_cmpuint (shown->len, <=, tree->messages->len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_data (data, (gssize)size, NULL);
  g_autoptr (GError) error = NULL;
  FacetImport import;

  facet_import_init (&import, "file", NULL, NULL);
  if (facet_import_read (&import, stream, (gint64)size, NULL, &error)) {
    g_assert_no_error (error);
    for (guint i = 0; i < import.trees->len; i++)
      check_tree (import.trees->pdata[i]);
  } else {
    g_assert_nonnull (error);
    check_text (error->message);
  }
  facet_import_clear (&import);
  return 0;
}
