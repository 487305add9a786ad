/* test-import-conversations.c: what other programs wrote, and what nobody should have written.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-import-conversations"

#include "app/facet-import-conversations.h"
#include "test-folder.h"
#include "test-library.h"
#include "test-wait.h"

#include <glib/gstdio.h>
#include <sqlite3.h>

#include <string.h>
#include <unistd.h>

/* A picture of 2 × 1 pixels, as PNG. */
#define PNG                                                                                        \
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGM4"                                   \
  "EaDBwPAfAAfmAkBoheuCAAAAAElFTkSuQmCC"

typedef struct {
  TestLibrary   base;
  char         *in; /* a folder for files */
  GAsyncResult *result;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_library_set_up (&f->base);
  f->in = test_folder_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_library_tear_down (&f->base);
  test_folder_remove (f->in);
  g_free (f->in);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Fixture *)user_data)->result = g_object_ref (result);
}

/* (transfer full) */
static FacetImportResult *
import (Fixture *f, const char *text, gssize length, GError **error)
{
  g_autofree char *path = g_build_filename (f->in, "file.txt", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  FacetImportResult *result;

  g_assert_true (g_file_set_contents (path, text, length, NULL));
  facet_import_conversations_async (f->base.library, file, NULL, NULL, done_cb, f);
  wait_until (f->result != NULL);
  result = facet_import_conversations_finish (f->result, error);
  g_clear_object (&f->result);
  return result;
}

static FacetImportResult *
import_well (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;
  FacetImportResult *result = import (f, text, -1, &error);

  g_assert_no_error (error);
  return result;
}

/* What is shown of conversation @index of @result: a line a message.  (transfer full) */
static char *
show (Fixture *f, const FacetImportResult *result, guint index)
{
  g_autoptr (FacetConversation) conversation =
      facet_library_find (f->base.library, g_array_index (result->ids, gint64, index));
  GString *text;

  g_assert_nonnull (conversation);
  facet_conversation_open (conversation);
  wait_until (facet_conversation_get_loaded (conversation));
  text = g_string_new (NULL);
  g_string_append_printf (text, "%s\n", facet_conversation_get_title (conversation));
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (conversation)); i++) {
    g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (conversation), i);
    GPtrArray *media = facet_message_get_attachments (message);

    g_string_append_printf (text, "%d: %s", facet_message_get_role (message),
                            facet_message_get_text (message));
    if (*facet_message_get_thinking (message) != '\0')
      g_string_append_printf (text, " {%s}", facet_message_get_thinking (message));
    for (guint n = 0; n < media->len; n++)
      g_string_append_printf (text, " [%s%s]", facet_media_get_name (media->pdata[n]),
                              facet_media_is_missing (media->pdata[n]) ? ", missing" : "");
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}

static void
assert_shown (Fixture *f, const FacetImportResult *result, guint index, const char *expected)
{
  g_autofree char *text = show (f, result, index);

  g_assert_cmpstr (text, ==, expected);
}

static gint64
query (Fixture *f, const char *sql)
{
  sqlite3      *db = test_folder_open_db (f->base.folder);
  sqlite3_stmt *statement = NULL;
  gint64        value;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return value;
}

static guint
count_media (Fixture *f)
{
  g_autofree char *folder = g_build_filename (f->base.folder, "media", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* ChatGPT */

#define NODE(id, parent, message)                                                                  \
  "\"" id "\":{\"id\":\"" id "\",\"parent\":" parent ",\"children\":[],\"message\":" message "}"
#define MESSAGE(role, content)                                                                     \
  "{\"author\":{\"role\":\"" role "\"},\"create_time\":1700000000.5,\"content\":" content          \
  ",\"recipient\":\"all\"}"
#define TEXT(words) "{\"content_type\":\"text\",\"parts\":[\"" words "\"]}"
#define CONVERSATION(mapping, current)                                                             \
  "{\"title\":\"Trees\",\"create_time\":1700000000,\"update_time\":1700000001.25,"                 \
  "\"current_node\":" current ",\"mapping\":{" mapping "}}"
#define ROOT NODE ("r", "null", "null")

static void
test_chatgpt (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetImportResult) result = import_well (
      f,
      "[" CONVERSATION (
          ROOT "," NODE ("s", "\"r\"",
                         MESSAGE ("system",
                                  TEXT (""))) "," NODE ("q", "\"s\"",
                                                        MESSAGE ("user",
                                                                 "{\"content_type\":\"multimodal_"
                                                                 "text\",\"parts\":[{"
                                                                 "\"content_type\":\"image_asset_"
                                                                 "pointer\",\"asset_pointer\":"
                                                                 "\"file-service://"
                                                                 "file-7\"},\"Look\"]}")) ","
          /* the answer stands before what it follows */
          NODE ("a", "\"t\"", MESSAGE ("assistant", TEXT ("A tree."))) "," NODE (
              "t", "\"q\"",
              MESSAGE (
                  "assistant",
                  "{\"content_type\":\"thoughts\",\"thoughts\":[{\"summary\":"
                  "\"See\",\"content\":\"Green.\"}]}")) "," NODE ("b", "\"q\"",
                                                                  MESSAGE (
                                                                      "assistant",
                                                                      TEXT (
                                                                          "Another."))) "," NODE ("c",
                                                                                                  "\"a\"",
                                                                                                  MESSAGE (
                                                                                                      "assistant",
                                                                                                      "{\"content_type\":\"code\",\"language\":"
                                                                                                      "\"python\",\"text\":\"1 + 1\"}")) "," NODE ("d",
                                                                                                                                                   "\"c\"",
                                                                                                                                                   MESSAGE (
                                                                                                                                                       "assistant",
                                                                                                                                                       "{\"content_type\":\"new_kind\",\"x\":1}")),
          "\"d\"") "]");
  g_autofree char *summary = facet_import_result_dup_summary (result);

  assert_shown (f, result, 0,
                "Trees\n"
                "0: Look [file-7, missing]\n"
                "1: A tree. {**See**\n\nGreen.}\n"
                "1: ```python\n1 + 1\n```\n"
                "1: ```json\n{\n  \"content_type\": \"new_kind\",\n  \"x\": 1\n}\n```\n");
  g_assert_cmpstr (summary, ==,
                   "1 conversation with 5 messages was imported.  1 attachment is missing.  1 part "
                   "was kept as text.");
  g_assert_cmpint (query (f, "SELECT updated FROM conversations"), ==, 1700000001250000);
  g_assert_cmpint (query (f, "SELECT min (created) FROM messages"), ==, 1700000000500000);
  /* Both answers follow the question. */
  g_assert_cmpint (query (f, "SELECT count (*) FROM messages WHERE parent_id ="
                             " (SELECT id FROM messages WHERE role = 0)"),
                   ==, 2);
}

/* OpenAI-style */

static void
test_openai (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetImportResult) result =
      import_well (f,
                   "\357\273\277 [{\"role\":\"developer\",\"content\":\"Be brief.\"},"
                   "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is this?\"},"
                   "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," PNG
                   "\"}},"
                   "{\"type\":\"image_url\",\"image_url\":\"https://x.example/y.png\"},"
                   "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/"
                   "png;base64,AAAA\"}}]},"
                   "{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"Hm\","
                   "\"tool_calls\":[{\"id\":\"1\"}]},"
                   "{\"role\":\"tool\",\"tool_call_id\":\"1\",\"name\":\"see\",\"content\":"
                   "\"dots\"}]");

  assert_shown (f, result, 0,
                "What is this?\n"
                "2: Be brief.\n"
                "0: What is this? [Attachment 1] [https://x.example/y.png, missing]"
                " [Attachment 2, missing]\n"
                "1:  {Hm}\n"
                "3: dots\n");
  g_assert_cmpuint (result->n_missing, ==, 2);
  g_assert_cmpuint (count_media (f), ==, 1);
  g_assert_cmpint (query (f, "SELECT count (*) FROM messages WHERE tool_calls = '[{\"id\":\"1\"}]'"
                             " OR (tool_call_id = '1' AND tool_name = 'see')"),
                   ==, 2);
}

static void
test_lines (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetImportResult) result =
      import_well (f, "{\"title\":\"One\",\"messages\":[{\"role\":\"user\",\"content\":\"1\"}]}\n"
                      "[{\"role\":\"user\",\"content\":\"2\"},{\"role\":\"assistant\",\"content\":"
                      "\"II\"}]\n\n"
                      "{\"role\":\"user\",\"content\":\"3\"}\n{\"role\":\"assistant\",\"content\":"
                      "\"III\"}\n");

  g_assert_cmpuint (result->ids->len, ==, 3);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 3);
  assert_shown (f, result, 0, "One\n0: 1\n");
  assert_shown (f, result, 1, "2\n0: 2\n1: II\n");
  assert_shown (f, result, 2, "3\n0: 3\n1: III\n");
}

/* What is broken */

typedef struct {
  const char *text, *place;
} Broken;

#define GOOD CONVERSATION (ROOT "," NODE ("q", "\"r\"", MESSAGE ("user", TEXT ("Hello"))), "\"q\"")
#define ANY  "\"q\""
#define FACET(rest)                                                                                \
  "{\"format\":\"facet-conversation\",\"version\":1,\"messages\":[{\"id\":1,\"role\":\"user\","    \
  "\"state\":\"complete\"" rest

static const Broken broken[] = {
    {"", "There are no conversations"},
    {"[]", "There are no conversations"},
    {"hello", "line 1, column 1"},
    {"[1]", "line 1, column 2"},
    {"{\"a\":1}", "neither a conversation nor a message"},
    {"[" GOOD, "the file ends in the middle"},
    {"[" GOOD ",]", "neither a conversation nor a message"},
    {"[" GOOD " " GOOD "]", "neither a conversation nor a message"},
    {"[" GOOD ",\n{\"title\":\"x\" \"mapping\":{}}]", "line 2, column 22"},
    {"[" GOOD ",{\"role\":\"user\",\"role\":\"user\"}]", "duplicate object key"},
    {"[" GOOD ",\n{\"role\":\"user\",\"content\":\"\\u0000\"}]", "U+0000 is in a text"},
    {"[" GOOD ",\n{\"role\":\"user\",\"content\":\"\xff\"}]", "line 2, column"},
    {"[" GOOD ",{\"role\":\"user\",\"content\":\"\\ud800\"}]", "line 1, column"},
    {"[" GOOD ",{\"role\":\"cook\",\"content\":\"x\"}]", "[1].role: this role is not known"},
    {"[" GOOD ",{\"role\":\"user\",\"content\":7}]", "[1].content: this is neither text"},
    {"[" GOOD ",{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
     "\"data:image/png;base64,@@@@\"}}]}]",
     "[1].content[0].image_url.url: this is damaged base64"},
    {"[" GOOD ",{\"role\":\"user\",\"content\":99999999999999999999}]", "too big integer"},
    {"[" GOOD "," CONVERSATION (NODE ("q", "\"z\"", "null"), ANY) "]",
     "[1].mapping.q.parent: there is no such message"},
    {"[" GOOD "," CONVERSATION (NODE ("q", "\"q\"", "null"), ANY) "]",
     "[1].mapping.q.parent: the messages follow each other in a circle"},
    {"[" GOOD
     "," CONVERSATION (NODE ("q", "\"p\"", "null") "," NODE ("p", "\"q\"", "null"), ANY) "]",
     "in a circle"},
    {"[" GOOD "," CONVERSATION (ROOT, "\"z\"") "]", "[1].current_node: there is no such message"},
    {"[" GOOD "," CONVERSATION (ROOT "," NODE ("q", "\"r\"", "7"), ANY) "]",
     "[1].mapping.q.message: this is no message"},
    {"[" GOOD
     "," CONVERSATION (ROOT "," NODE ("q",
                                      "\"r\"",
                                      MESSAGE ("user",
                                               "{\"content_type\":\"text\",\"parts\":[\"a\",7]}")),
                       ANY) "]",
     "[1].mapping.q.message.content.parts[1]: this is neither text nor an object"},
    {"[" GOOD ",{\"mapping\":{},\"create_time\":1e18}]", "[1].create_time: this is no time"},
    {"[" GOOD ",{\"mapping\":{},\"create_time\":-5}]", "[1].create_time: this is no number"},
    {"{\"format\":\"facet-conversation\",\"version\":2,\"messages\":[]}", "newer version"},
    {"{\"format\":\"facet-conversation\",\"version\":1}", "messages: this is missing"},
    {"{\"format\":\"other\",\"version\":1}", "“format” is not"},
    {FACET (",\"parent\":1}]}"), "messages[0].parent: there is no earlier message 1"},
    {FACET ("},{\"id\":1,\"role\":\"user\",\"state\":\"complete\"}]}"),
     "messages[1].id: another message has the same one"},
    {FACET ("}],\"head\":2}"), "head: there is no earlier message 2"},
    {FACET (",\"created\":-1}]}"), "messages[0].created: this is no whole number"},
    {FACET (",\"usage\":{\"prompt_tokens\":1e3}}]}"), "messages[0].usage.prompt_tokens"},
    {FACET (",\"attachments\":[{\"kind\":\"image\",\"file\":\"../../etc/passwd\"}]}]}"),
     "messages[0].attachments[0].file: this is not a file in a folder beside"},
    {FACET (",\"attachments\":[{\"kind\":\"image\",\"file\":\"../passwd\"}]}]}"),
     "messages[0].attachments[0].file: this is not a file in a folder beside"},
    {FACET (",\"attachments\":[{\"kind\":\"image\",\"file\":\"a/b\"}]}]}"),
     "messages[0].attachments[0].file: its SHA-256 is missing"},
    {FACET (",\"attachments\":[{\"kind\":\"image\",\"sha256\":\"../x\"}]}]}"),
     "messages[0].attachments[0].sha256: this is no SHA-256"},
};

static void
test_broken (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%u", i);
    g_assert_null (import (f, broken[i].text, -1, &error));
    if (strstr (error->message, broken[i].place) == NULL)
      g_error ("%s\n%s", broken[i].text, error->message);
    g_assert_nonnull (strstr (error->message, "“file.txt”"));
  }
  g_assert_cmpint (query (f, "SELECT count (*) FROM conversations"), ==, 0);
  g_assert_cmpint (query (f, "SELECT count (*) FROM messages"), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->base.library)), ==, 0);
  g_assert_cmpuint (count_media (f), ==, 0);
}

/* A file that was cut anywhere is an error. */
static void
test_cut (Fixture *f, gconstpointer data)
{
  static const char whole[] = "[" GOOD "]";

  for (gsize n = 1; n < strlen (whole); n += 7) {
    g_autoptr (GError) error = NULL;

    g_assert_null (import (f, whole, (gssize)n, &error));
    g_assert_true (error->domain == FACET_IMPORT_ERROR);
  }
  g_assert_cmpint (query (f, "SELECT count (*) FROM messages"), ==, 0);
}

static void
test_deep (Fixture *f, gconstpointer data)
{
  g_autofree char *nested = g_strnfill (200000, '[');
  g_autofree char *closing = g_strnfill (200000, ']');
  g_autofree char *text =
      g_strdup_printf ("[{\"role\":\"user\",\"content\":%s%s}]", nested, closing);
  g_autoptr (GError) error = NULL;

  g_assert_null (import (f, text, -1, &error));
  g_assert_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_DAMAGED);
}

/* Of a file whose picture was imported before the place that is broken, the picture goes, too. */
static void
test_media_goes (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (import (f,
                         "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
                         "\"data:image/png;base64," PNG "\"}]},{\"role\":\"cook\"}]",
                         -1, &error));
  g_assert_cmpuint (count_media (f), ==, 0);
}

/* Media beside: not the bytes that were exported, a link, a pipe. */
static void
test_beside (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->in, "m", NULL);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  g_autofree char *linked = g_build_filename (folder, "link", NULL);
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "bytes", -1);
  g_autofree char *wrong = g_strdup_printf (FACET (",\"attachments\":[{\"kind\":\"image\","
                                                   "\"sha256\":\"%s\",\"file\":\"m/other\"}]}]}"),
                                            hash);
  g_autofree char *link = g_strdup_printf (FACET (",\"attachments\":[{\"kind\":\"image\","
                                                  "\"sha256\":\"%s\",\"file\":\"m/link\"}]}]}"),
                                           hash);
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetImportResult) result = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (other, "other bytes", -1, NULL));
  g_assert_cmpint (symlink ("other", linked), ==, 0);
  g_assert_null (import (f, wrong, -1, &error));
  g_assert_nonnull (strstr (error->message, "attachments[0].file: the file is not the one"));
  g_assert_cmpuint (count_media (f), ==, 0);

  result = import_well (f, link);
  g_assert_cmpuint (result->n_missing, ==, 1);
  g_assert_cmpuint (count_media (f), ==, 0);
}

/* The store says no at the end: nothing of the import is there. */
static void
test_store_fails (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  sqlite3 *db = test_folder_open_db (f->base.folder);

  g_assert_cmpint (sqlite3_exec (db,
                                 "CREATE TRIGGER fails BEFORE INSERT ON messages"
                                 " WHEN new.text = 'II' BEGIN SELECT raise (ABORT, 'no'); END",
                                 NULL, NULL, NULL),
                   ==, SQLITE_OK);
  sqlite3_close (db);
  g_assert_null (import (f,
                         "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
                         "\"data:image/png;base64," PNG "\"}]},"
                         "{\"role\":\"assistant\",\"content\":\"II\"}]",
                         -1, &error));
  g_assert_nonnull (error);
  wait_until (query (f, "SELECT count (*) FROM conversations") == 0);
  g_assert_cmpint (query (f, "SELECT count (*) FROM messages"), ==, 0);
  g_assert_cmpuint (count_media (f), ==, 0);
}

static char *
name_folder (Fixture *f, guint position)
{
  g_autoptr (FacetFolder) folder =
      g_list_model_get_item (facet_library_get_folders (f->base.library), position);

  return folder != NULL ? g_strdup (facet_folder_get_name (folder)) : NULL;
}

static void
assert_in_folder (Fixture *f, const FacetImportResult *result, guint position)
{
  g_autoptr (FacetFolder) folder =
      g_list_model_get_item (facet_library_get_folders (f->base.library), position);
  g_autoptr (FacetConversation) conversation =
      facet_library_find (f->base.library, g_array_index (result->ids, gint64, 0));

  g_assert_cmpint (facet_conversation_get_folder (conversation), ==, facet_folder_get_id (folder));
}

#define IN_FOLDER(title, folder, archived)                                                         \
  "{\"format\": \"facet-conversation\", \"version\": 1, \"title\": \"" title                       \
  "\", \"updated\": 7, \"folder\": " folder ", \"archived\": " archived                            \
  ", \"messages\": [{\"id\": 1, \"role\": \"user\", \"state\": \"complete\", \"text\": "           \
  "\"One\"}], \"head\": 1}"

/* What is imported is at once where it belongs; folders that are there already are used, and what a
 * person makes meanwhile is another one. */
static void
test_places (Fixture *f, gconstpointer data)
{
  FacetLibrary *library = f->base.library;
  g_autoptr (FacetImportResult) first = NULL;
  g_autoptr (FacetImportResult) second = NULL;
  g_autoptr (FacetImportResult) archived = NULL;
  g_autoptr (FacetImportResult) nowhere = NULL;
  g_autofree char *cleaned = NULL;

  wait_until (facet_library_get_loaded (library));
  g_assert_nonnull (facet_library_add_folder (library, "Home"));
  first = import_well (f, IN_FOLDER ("A", "\"Jour\\nneys\"", "false"));
  cleaned = name_folder (f, 1);
  g_assert_cmpstr (cleaned, ==, "Jour neys");
  assert_in_folder (f, first, 1);
  g_assert_nonnull (facet_library_add_folder (library, "Work"));
  second = import_well (f, IN_FOLDER ("B", "\"Home\"", "false"));
  assert_in_folder (f, second, 0);
  nowhere = import_well (f, IN_FOLDER ("C", "\" \"", "false"));
  archived = import_well (f, IN_FOLDER ("D", "\"Work\"", "true"));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (library)), ==, 3);
  g_assert_cmpuint (g_list_model_get_n_items (facet_library_get_archive (library)), ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (facet_library_get_folders (library)), ==, 3);
  assert_in_folder (f, archived, 2);

  test_library_reopen (&f->base);
  g_assert_cmpuint (g_list_model_get_n_items (facet_library_get_folders (f->base.library)), ==, 3);
  assert_in_folder (f, first, 1);
  assert_in_folder (f, archived, 2);
}

static void
test_no_file (Fixture *f, gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_path (f->in);
  g_autoptr (GError) error = NULL;

  facet_import_conversations_async (f->base.library, file, NULL, NULL, done_cb, f);
  wait_until (f->result != NULL);
  g_assert_null (facet_import_conversations_finish (f->result, &error));
  g_assert_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_UNKNOWN);
  g_clear_object (&f->result);
}

int
main (int argc, char *argv[])
{
  static const struct {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
      {"/import/chatgpt", test_chatgpt},
      {"/import/openai", test_openai},
      {"/import/lines", test_lines},
      {"/import/broken", test_broken},
      {"/import/cut", test_cut},
      {"/import/deep", test_deep},
      {"/import/media-goes", test_media_goes},
      {"/import/beside", test_beside},
      {"/import/store-fails", test_store_fails},
      {"/import/no-file", test_no_file},
      {"/import/places", test_places},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
