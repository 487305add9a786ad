/* test-export.c: what is written, that it is read back the same, and that nothing half is left.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-export"

#include "app/facet-export-markup.h"
#include "app/facet-export.h"
#include "app/facet-import-conversations.h"
#include "app/facet-store-schema.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <sqlite3.h>

#include <string.h>
#include <sys/stat.h>

#define PICTURE "A picture: the bytes are not looked at by an export."

typedef struct {
  TestLibrary   base;
  char         *out;  /* a folder for exports */
  char         *hash; /* of PICTURE */
  GAsyncResult *result;
} Fixture;

/* Every column of both tables has a value that is not its default; what was taken out goes for good
 * after 30 days. */
static const char content[] =
    "INSERT INTO folders (id, name, created) VALUES (1, 'Journeys', 5);"
    "INSERT INTO conversations (id, title, title_is_own, created, updated, pinned, archived,"
    "  folder_id, thinking, draft, head_id)"
    "  VALUES (70, 'A/B: <b>\"Träume\"</b>?', 1, 1000, 2000, 1, 1, 1, 1, 'half', 704);"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, created)"
    "  VALUES (701, 70, NULL, 0, 0, 'Where <script>alert(1)</script> & \"why\"?', 1001);"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, thinking, error,"
    "  model, created, deleted_at, cut_off, tool_calls, tool_call_id, tool_name, prompt_tokens,"
    "  reused_tokens, thinking_tokens, answer_tokens, first_token_s, thinking_s, tokens_per_s,"
    "  context_used, context_size, overflow_needed, overflow_available, overflow_messages)"
    "  VALUES (702, 70, 701, 1, 4, 'First.', 'Hm\n\n*so*', 'It <broke>.', 'm1', 1002,"
    "  CAST (strftime ('%s', 'now') AS INTEGER) * 1000000, 1,"
    "  '[{\"function\": {}}]', 'call', 'tool', 1, 2, 3, 4, 0.1, 0.25, 33.3, 7, 8, 9, 10, 11);"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, created)"
    "  VALUES (703, 70, 701, 2, 3, 'Rules', 1003);"
    "INSERT INTO messages (id, conversation_id, parent_id, role, state, text, thinking, model,"
    "  created) VALUES (704, 70, 703, 1, 0, 'Round the **corner**.', 'They ask.', 'm2', 1004);";

static void
exec (sqlite3 *db, const char *sql)
{
  char *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
}

static sqlite3 *
open_raw (Fixture *f)
{
  sqlite3 *db = test_folder_open_db (f->base.folder);

  return db;
}

static void
fill (Fixture *f)
{
  sqlite3         *db = open_raw (f);
  g_autofree char *attach =
      g_strdup_printf ("INSERT INTO attachments (message_id, position, kind, name, media_type, "
                       "content_hash, size,"
                       "  soft_tokens, details) VALUES (701, 0, 'image', '../a b(1).png', "
                       "'image/png', '%s', %u, 266,"
                       "  '{\"width\":64,\"height\":48,\"detail\":280}');"
                       "INSERT INTO attachments (message_id, position, kind, name, media_type, "
                       "content_hash, size,"
                       "  soft_tokens, details) VALUES (701, 1, 'audio', 'gone.wav', "
                       "'audio/x-wav', '%064u', 5, 12,"
                       "  '{\"seconds\":0.5,\"note\":\"cut\"}');"
                       "INSERT INTO draft_attachments (conversation_id, position, kind, name, "
                       "media_type,"
                       "  content_hash, size, soft_tokens, details) VALUES (70, 0, 'image', "
                       "'draft', 'image/png',"
                       "  '%s', %u, 0, '{\"width\":1,\"height\":1,\"detail\":70}');",
                       f->hash, (guint)strlen (PICTURE), 7u, f->hash, (guint)strlen (PICTURE));
  g_autofree char *media = g_build_filename (f->base.folder, "media", NULL);
  g_autofree char *path = g_build_filename (media, f->hash, NULL);

  g_assert_cmpint (g_mkdir_with_parents (media, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, PICTURE, -1, NULL));
  exec (db, content);
  exec (db, attach);
  sqlite3_close (db);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_library_set_up (&f->base);
  test_library_close (&f->base);
  f->out = test_folder_new ();
  f->hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, PICTURE, -1);
  fill (f);
  test_library_open (&f->base);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_library_tear_down (&f->base);
  test_folder_remove (f->out);
  g_free (f->out);
  g_free (f->hash);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Fixture *)user_data)->result = g_object_ref (result);
}

/* (transfer full) */
static FacetExportResult *export(Fixture                  *f,
                                 const FacetExportRequest *request,
                                 GCancellable             *cancellable,
                                 GError                  **error)
{
  FacetExportResult *result;

  facet_export_async (f->base.library, request, NULL, cancellable, done_cb, f);
  wait_until (f->result != NULL);
  result = facet_export_finish (f->result, error);
  g_clear_object (&f->result);
  return result;
}

static char *
export_one (Fixture *f, FacetExportFormat format, gint64 id, const char *folder)
{
  FacetExportRequest request = {.format = format, .ids = &id, .n_ids = 1, .folder = folder};
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetExportResult) result = export(f, &request, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (result->n_conversations, ==, 1);
  return g_steal_pointer (&result->path);
}

/* (transfer full) */
static FacetImportResult *
import (Fixture *f, const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  FacetImportResult *result;

  facet_import_conversations_async (f->base.library, file, NULL, NULL, done_cb, f);
  wait_until (f->result != NULL);
  result = facet_import_conversations_finish (f->result, error);
  g_clear_object (&f->result);
  return result;
}

static char *
read_all (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Everything of a conversation but its ids, as text. */
static char *
dump (Fixture *f, gint64 id)
{
  static const char *const queries[] = {
      "SELECT quote (title), title_is_own, created, updated, pinned, archived, folder_id, thinking,"
      "  quote (draft), head_id - (SELECT min (id) FROM messages WHERE conversation_id = c.id)"
      "  FROM conversations c WHERE id = ?1",
      "SELECT parent_id - (SELECT min (id) FROM messages WHERE conversation_id = ?1), role, state,"
      "  quote (text), quote (thinking), quote (error), quote (model), created, deleted_at, "
      "cut_off,"
      "  quote (tool_calls), tool_call_id, tool_name, prompt_tokens, reused_tokens,"
      "  thinking_tokens, answer_tokens, first_token_s, thinking_s, tokens_per_s, context_used,"
      "  context_size, overflow_needed, overflow_available, overflow_messages"
      "  FROM messages WHERE conversation_id = ?1 ORDER BY id",
      "SELECT position, kind, quote (name), media_type, content_hash, size, soft_tokens"
      "  FROM attachments WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = ?1)"
      "  ORDER BY message_id, position",
      "SELECT position, kind, quote (name), media_type, content_hash, size"
      "  FROM draft_attachments WHERE conversation_id = ?1 ORDER BY position",
      "SELECT count (*) FROM message_fts WHERE rowid IN"
      "  (SELECT id FROM messages WHERE conversation_id = ?1)",
  };
  sqlite3 *db = open_raw (f);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (queries); i++) {
    sqlite3_stmt *statement = NULL;

    g_assert_cmpint (sqlite3_prepare_v2 (db, queries[i], -1, &statement, NULL), ==, SQLITE_OK);
    sqlite3_bind_int64 (statement, 1, id);
    while (sqlite3_step (statement) == SQLITE_ROW) {
      for (int column = 0; column < sqlite3_column_count (statement); column++)
        g_string_append_printf (text, "%s|", (const char *)sqlite3_column_text (statement, column));
      g_string_append_c (text, '\n');
    }
    sqlite3_finalize (statement);
  }
  sqlite3_close (db);
  return g_string_free (text, FALSE);
}

static void
test_json_again (Fixture *f, gconstpointer data)
{
  g_autofree char *second = g_build_filename (f->out, "second", NULL);
  g_autofree char *path = export_one (f, FACET_EXPORT_JSON, 70, f->out);
  g_autofree char *text = read_all (path);
  g_autofree char *before = dump (f, 70);
  g_autofree char *other_path = NULL, *other_text = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetImportResult) result = import (f, path, &error);
  gint64 id;

  g_assert_no_error (error);
  g_assert_cmpuint (result->ids->len, ==, 1);
  g_assert_cmpuint (result->n_messages, ==, 4);
  g_assert_cmpuint (result->n_missing, ==, 1);
  g_assert_cmpuint (result->n_converted, ==, 0);
  id = g_array_index (result->ids, gint64, 0);
  g_assert_cmpint (id, !=, 70);
  after = dump (f, id);
  g_assert_cmpstr (after, ==, before);

  g_assert_cmpint (g_mkdir (second, 0700), ==, 0);
  other_path = export_one (f, FACET_EXPORT_JSON, id, second);
  other_text = read_all (other_path);
  g_assert_cmpstr (other_text, ==, text);
}

/* Which server answers is of this computer, and left out on purpose.
 * A column that is added to the tables has to be exported, or to be left out on purpose. */
static void
test_every_column (Fixture *f, gconstpointer data)
{
  sqlite3      *db = open_raw (f);
  sqlite3_stmt *statement = NULL;
  g_autoptr (GString) columns = g_string_new (NULL);

  g_assert_cmpint (sqlite3_prepare_v2 (db,
                                       "SELECT name FROM pragma_table_info ('conversations')"
                                       " UNION ALL SELECT name FROM pragma_table_info ('messages')"
                                       " UNION ALL SELECT name FROM pragma_table_info "
                                       "('attachments')",
                                       -1, &statement, NULL),
                   ==, SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_string_append_printf (columns, "%s ", (const char *)sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  sqlite3_close (db);
  g_assert_cmpstr (columns->str, ==,
                   "id title title_is_own created updated pinned archived deleted_at folder_id "
                   "thinking draft head_id server servers_agreed "
                   "id conversation_id parent_id role state text thinking error model created "
                   "deleted_at cut_off tool_calls tool_call_id tool_name prompt_tokens "
                   "reused_tokens thinking_tokens answer_tokens first_token_s thinking_s "
                   "tokens_per_s context_used context_size overflow_needed overflow_available "
                   "overflow_messages "
                   "id message_id position kind name media_type content_hash size soft_tokens "
                   "details ");
}

static void
test_markdown (Fixture *f, gconstpointer data)
{
  g_autofree char *path = export_one (f, FACET_EXPORT_MARKDOWN, 70, f->out);
  g_autofree char *text = read_all (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *media = g_build_filename (f->out, "A B b Träume b media", "a b(1).png", NULL);
  g_autofree char *bytes = read_all (media);
  g_autofree char *again = NULL, *again_base = NULL;

  g_assert_cmpstr (base, ==, "A B b Träume b.md");
  g_assert_cmpstr (bytes, ==, PICTURE);
  g_assert_nonnull (strstr (text, "# A/B: \\<b\\>\"Träume\"\\</b\\>?\n"));
  g_assert_nonnull (strstr (text, "](A%20B%20b%20Tr%C3%A4ume%20b%20media/a%20b%281%29.png)\n"));
  g_assert_nonnull (strstr (text, "- gone.wav (the file is missing)\n"));
  g_assert_nonnull (strstr (text, "## m2\n\n> They ask.\n\nRound the **corner**.\n"));
  g_assert_null (strstr (text, "First.")); /* another branch */

  again = export_one (f, FACET_EXPORT_MARKDOWN, 70, f->out);
  again_base = g_path_get_basename (again);
  g_assert_cmpstr (again_base, ==, "A B b Träume b 2.md");
  g_assert_cmpuint (count_entries (f->out), ==, 4);
}

/* The elements and attributes that may be in a file; everything else is somebody's text that got
 * loose. */
static void
element_cb (GMarkupParseContext *context,
            const char          *name,
            const char         **keys,
            const char         **values,
            gpointer             user_data,
            GError             **error)
{
  static const char *const names[] = {"html",    "head",       "meta",       "title",   "style",
                                      "body",    "header",     "h1",         "h2",      "h3",
                                      "p",       "main",       "a",          "article", "em",
                                      "strong",  "code",       "pre",        "ul",      "ol",
                                      "li",      "br",         "hr",         "table",   "thead",
                                      "tbody",   "tr",         "th",         "td",      "figure",
                                      "img",     "figcaption", "audio",      "video",   "del",
                                      "details", "summary",    "blockquote", NULL};

  g_assert_true (g_strv_contains (names, name));
  for (guint i = 0; keys[i] != NULL; i++) {
    g_assert_false (g_str_has_prefix (keys[i], "on"));
    if (g_str_equal (keys[i], "href"))
      g_assert_true (g_str_has_prefix (values[i], "https://") ||
                     g_str_has_prefix (values[i], "http://") ||
                     g_str_has_prefix (values[i], "mailto:"));
    if (g_str_equal (keys[i], "src"))
      g_assert_true (g_str_has_prefix (values[i], "data:"));
    if (g_str_equal (keys[i], "style"))
      g_assert_not_reached ();
  }
}

static void
check_markup (const char *markup)
{
  static const GMarkupParser parser = {.start_element = element_cb};
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_markup_parse_context_parse (context, markup, -1, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
}

static void
test_html (Fixture *f, gconstpointer data)
{
  g_autofree char *path = export_one (f, FACET_EXPORT_HTML, 70, f->out);
  g_autofree char *text = read_all (path);
  g_autofree char *base64 = g_base64_encode ((const guchar *)PICTURE, strlen (PICTURE));

  g_assert_true (g_str_has_prefix (text, "<!DOCTYPE html>\n"));
  check_markup (text + strlen ("<!DOCTYPE html>\n"));
  g_assert_nonnull (strstr (text, "default-src 'none'"));
  g_assert_nonnull (strstr (text, base64));
  g_assert_nonnull (strstr (text, "Where &lt;script&gt;alert(1)&lt;/script&gt; &amp; "));
  g_assert_nonnull (strstr (text, "<summary>Thought</summary>\n<p>They ask.</p>"));
  g_assert_nonnull (strstr (text, "Round the <strong>corner</strong>."));
  g_assert_cmpuint (count_entries (f->out), ==, 1);
}

static void
test_hostile_markup (void)
{
  static const char *const texts[] = {
      "<script>alert(1)</script>",
      "<img src=x onerror=alert(1)>",
      "<div>\n\n</div>\n\n<style>*{}</style><iframe src='//x'>",
      "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](java&#115;cript:alert(1))",
      "[d](data:text/html,<script>1</script>) [e](vbscript:x) [f](//host/x) "
      "[g](file:///etc/passwd)",
      "[h](<javascript:alert(1)> \"t\") <javascript:alert(1)> [i](\x01javascript:x)",
      "![j](https://tracker.example/x.png \"on\\\"load=1\") ![k](javascript:x)",
      "[l](https://x.example/\"onclick=alert(1) 'y') [m](https://x.example/?a=1&b=<i>)",
      "[![n](https://a.example/\">)](https://b.example/<)",
      "```\"><script>\n</code></pre><script>alert(1)</script>\n```",
      "```c onload=x\"><b>\n1\n```",
      "| <script> | [x](javascript:1) |\n|---|:-:|\n| </td><script> | `<b>` |",
      "# <b>x</b>\n> <i>\n- <u>\n1. </li><script>",
      "&lt;script&gt; &#60;script&#62; \\<script> &#0; &#x1F600; \x0b\x1b[2J",
      "https://x.example/<script> www.x.example a@b.example",
      "~~<del onclick=1>~~ **<b>** *<i>* ` `` <code> `` `",
      "![](x)![](y)\n[]()\n[](javascript:)\n![alt <b> \"q\" > x](https://p.example/q>r)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) out = g_string_new ("<body>");

    facet_export_append_markdown (out, texts[i]);
    g_string_append (out, "</body>");
    check_markup (out->str);
  }
}

static void
test_all (Fixture *f, gconstpointer data)
{
  FacetExportRequest request = {.format = FACET_EXPORT_JSON, .folder = f->out, .name = "All of it"};
  g_autofree char   *expected = g_build_filename (f->out, "All of it", NULL);
  g_autofree char   *numbered = g_build_filename (f->out, "All of it 2", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetExportResult) first = NULL;
  g_autoptr (FacetExportResult) second = NULL;
  struct stat info;

  first = export(f, &request, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (first->path, ==, expected);
  g_assert_cmpuint (first->n_conversations, ==, 1);
  g_assert_cmpuint (first->n_missing, ==, 1);
  g_assert_cmpuint (count_entries (expected), ==, 2);
  g_assert_cmpint (g_stat (expected, &info), ==, 0);
  second = export(f, &request, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (second->path, ==, numbered);
  g_assert_cmpuint (count_entries (f->out), ==, 2);
}

/* Whatever ends an export, nothing of it lies there. */
static void
test_nothing_half (Fixture *f, gconstpointer data)
{
  gint64             ids[] = {70, 99};
  FacetExportRequest request = {.format = FACET_EXPORT_MARKDOWN,
                                .ids = ids,
                                .n_ids = 2,
                                .folder = f->out};
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (export(f, &request, NULL, &error));
  g_assert_nonnull (strstr (error->message, "99"));
  g_clear_error (&error);
  g_assert_cmpuint (count_entries (f->out), ==, 0);

  g_cancellable_cancel (cancellable);
  request.n_ids = 1;
  g_assert_null (export(f, &request, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (count_entries (f->out), ==, 0);

  request.folder = "/nonexistent/folder";
  g_assert_null (export(f, &request, NULL, &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent/folder"));
}

/* A name that was given is taken, and what had it is replaced as a whole. */
static void
test_replace (Fixture *f, gconstpointer data)
{
  gint64             id = 70;
  FacetExportRequest request = {.format = FACET_EXPORT_HTML,
                                .ids = &id,
                                .n_ids = 1,
                                .folder = f->out,
                                .name = "mine.html"};
  g_autofree char   *path = g_build_filename (f->out, "mine.html", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetExportResult) result = NULL;
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (path, "before", -1, NULL));
  result = export(f, &request, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (result->path, ==, path);
  text = read_all (path);
  g_assert_true (g_str_has_prefix (text, "<!DOCTYPE html>"));
  g_assert_cmpuint (count_entries (f->out), ==, 1);
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/export/json-again", test_json_again},
      {"/export/every-column", test_every_column},
      {"/export/markdown", test_markdown},
      {"/export/html", test_html},
      {"/export/all", test_all},
      {"/export/nothing-half", test_nothing_half},
      {"/export/replace", test_replace},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func ("/export/hostile-markup", test_hostile_markup);
  return g_test_run ();
}
