/* facet-store-schema.c: the tables of facet.db, version by version.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A step is never changed once it was released: files made by it exist.  A new version is a new
 * step.
 *
 * The shape:
 * - A conversation's messages are a tree by parent_id.  Messages with the same parent are versions
 * of each other (an answer given again, a question edited); what is shown is the path from
 * conversations.head_id up to the root.
 * - Taking a message or a conversation out sets deleted_at: the path still leads through it, and it
 * can come back.  A conversation that is being imported has a negative one (facet-store-add.c).
 * - message_fts indexes a message once it is at rest (not PENDING or STREAMING), so that saving a
 * streaming answer four times a second does not index it four times a second.  Its content is the
 * view message_text, with the same condition, and the triggers keep to it: what is taken out of the
 * index is exactly what was put in.
 * - An attachment's bytes lie outside, in media/ by their hash; one file serves every attachment
 * with that hash. Times are µs since 1970; role and state are the numbers of facet-message.h. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-schema.h"

#include "facet-search-tokenizer.h"

static const char conversations_and_messages[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE folders ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  position INTEGER NOT NULL DEFAULT 0,"
    "  created INTEGER NOT NULL);"
    "CREATE TABLE conversations ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  title TEXT NOT NULL DEFAULT '',"
    "  title_is_own INTEGER NOT NULL DEFAULT 0," /* given by the person: never replaced */
    "  created INTEGER NOT NULL,"
    "  updated INTEGER NOT NULL,"
    "  pinned INTEGER NOT NULL DEFAULT 0,"
    "  archived INTEGER NOT NULL DEFAULT 0,"
    "  deleted_at INTEGER,"
    "  folder_id INTEGER REFERENCES folders (id) ON DELETE SET NULL,"
    "  thinking INTEGER NOT NULL DEFAULT 0,"
    "  draft TEXT NOT NULL DEFAULT '',"
    "  head_id INTEGER REFERENCES messages (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);"
    "CREATE TABLE messages ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,"
    "  parent_id INTEGER REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,"
    "  role INTEGER NOT NULL,"
    "  state INTEGER NOT NULL,"
    "  text TEXT NOT NULL DEFAULT '',"
    "  thinking TEXT NOT NULL DEFAULT '',"
    "  error TEXT,"
    "  model TEXT,"
    "  created INTEGER NOT NULL,"
    "  deleted_at INTEGER,"
    "  cut_off INTEGER NOT NULL DEFAULT 0,"
    "  tool_calls TEXT,"
    "  tool_call_id TEXT,"
    "  tool_name TEXT,"
    "  prompt_tokens INTEGER NOT NULL DEFAULT 0,"
    "  reused_tokens INTEGER NOT NULL DEFAULT 0,"
    "  thinking_tokens INTEGER NOT NULL DEFAULT 0,"
    "  answer_tokens INTEGER NOT NULL DEFAULT 0,"
    "  first_token_s REAL NOT NULL DEFAULT 0,"
    "  thinking_s REAL NOT NULL DEFAULT 0,"
    "  tokens_per_s REAL NOT NULL DEFAULT 0,"
    "  context_used INTEGER NOT NULL DEFAULT 0,"
    "  context_size INTEGER NOT NULL DEFAULT 0,"
    "  overflow_needed INTEGER NOT NULL DEFAULT 0,"
    "  overflow_available INTEGER NOT NULL DEFAULT 0,"
    "  overflow_messages INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX conversations_by_folder ON conversations (folder_id) WHERE folder_id IS NOT NULL;"
    "CREATE INDEX conversations_in_trash ON conversations (deleted_at) WHERE deleted_at IS NOT "
    "NULL;"
    "CREATE INDEX messages_by_conversation ON messages (conversation_id);"
    "CREATE INDEX messages_by_parent ON messages (parent_id);"
    "CREATE INDEX messages_running ON messages (id) WHERE state IN (1, 2);";

static const char attachments_and_search[] =
    "CREATE TABLE attachments ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,"
    "  position INTEGER NOT NULL DEFAULT 0," /* among the message's attachments */
    "  kind TEXT NOT NULL,"                  /* 'image', 'audio', 'video', 'text' */
    "  name TEXT NOT NULL DEFAULT '',"       /* as the person knows it */
    "  media_type TEXT NOT NULL DEFAULT '',"
    "  content_hash TEXT NOT NULL," /* SHA-256 of the bytes, in hexadecimal: the file's name in
                                       media/ */
    "  size INTEGER NOT NULL DEFAULT 0,"
    "  soft_tokens INTEGER NOT NULL DEFAULT 0," /* what it takes of the context */
    "  details TEXT);"                          /* JSON: width, height, seconds, … */
    "CREATE INDEX attachments_by_message ON attachments (message_id);"
    "CREATE INDEX attachments_by_content ON attachments (content_hash);"
    "CREATE VIEW message_text (id, text, thinking) AS"
    "  SELECT id, text, thinking FROM messages WHERE state NOT IN (1, 2);"
    "CREATE VIRTUAL TABLE message_fts USING fts5 (text, thinking, content = 'message_text',"
    "  content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');"
    "CREATE TRIGGER message_fts_insert AFTER INSERT ON messages WHEN new.state NOT IN (1, 2) BEGIN"
    "  INSERT INTO message_fts (rowid, text, thinking) VALUES (new.id, new.text, new.thinking);"
    "END;"
    "CREATE TRIGGER message_fts_delete AFTER DELETE ON messages WHEN old.state NOT IN (1, 2) BEGIN"
    "  INSERT INTO message_fts (message_fts, rowid, text, thinking)"
    "    VALUES ('delete', old.id, old.text, old.thinking);"
    "END;"
    /* Two triggers on one event run in no promised order, and the index must lose the old text
       first. */
    "CREATE TRIGGER message_fts_update AFTER UPDATE OF text, thinking, state ON messages BEGIN"
    "  INSERT INTO message_fts (message_fts, rowid, text, thinking)"
    "    SELECT 'delete', old.id, old.text, old.thinking WHERE old.state NOT IN (1, 2);"
    "  INSERT INTO message_fts (rowid, text, thinking)"
    "    SELECT new.id, new.text, new.thinking WHERE new.state NOT IN (1, 2);"
    "END;"
    "INSERT INTO message_fts (message_fts) VALUES ('rebuild');";

/* What is attached to a message that is being written; conversation_id 0: in the conversation that
 * has no message yet. */
static const char drafts[] =
    "CREATE TABLE draft_attachments ("
    "  conversation_id INTEGER NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  name TEXT NOT NULL DEFAULT '',"
    "  media_type TEXT NOT NULL DEFAULT '',"
    "  content_hash TEXT NOT NULL,"
    "  size INTEGER NOT NULL DEFAULT 0,"
    "  soft_tokens INTEGER NOT NULL DEFAULT 0,"
    "  details TEXT,"
    "  PRIMARY KEY (conversation_id, position)) WITHOUT ROWID;"
    "CREATE TRIGGER draft_attachments_delete AFTER DELETE ON conversations BEGIN"
    "  DELETE FROM draft_attachments WHERE conversation_id = old.id;"
    "END;";

/* Deleting for good: a message asks whether it is somebody's head, and what was taken out is found
 * without reading all. */
static const char trash[] =
    "CREATE INDEX conversations_by_head ON conversations (head_id);"
    "CREATE INDEX messages_in_trash ON messages (deleted_at) WHERE deleted_at IS NOT NULL;";

/* The index reads scripts without spaces and signs, too (facet-search-tokenizer.c); and when a
 * message was written is known without reading it. */
static const char all_scripts[] =
    "CREATE INDEX messages_by_time ON messages (id, created);"
    "DROP TABLE message_fts;"
    "CREATE VIRTUAL TABLE message_fts USING fts5 (text, thinking, content = 'message_text',"
    "  content_rowid = 'id', tokenize = 'facet', prefix = '1 2 3');"
    "INSERT INTO message_fts (message_fts) VALUES ('rebuild');";

/* Where a conversation is answered, by the id of a server, '' on this computer; and the servers,
 * ids between spaces, to which the person agreed to send what was already in it. */
static const char places[] =
    "ALTER TABLE conversations ADD COLUMN server TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE conversations ADD COLUMN servers_agreed TEXT NOT NULL DEFAULT '';";

/* steps[i] leads from version i to version i + 1. */
static const char *const steps[] = {
    conversations_and_messages, attachments_and_search, drafts, trash, all_scripts, places,
};

G_STATIC_ASSERT (G_N_ELEMENTS (steps) == FACET_SCHEMA_VERSION);

int
facet_schema_upgrade (sqlite3 *db, int from, int to)
{
  int code = facet_search_tokenizer_register (db);

  if (code == SQLITE_OK)
    code = sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
  if (code != SQLITE_OK)
    return code;
  for (int i = from; i < to && code == SQLITE_OK; i++)
    code = sqlite3_exec (db, steps[i], NULL, NULL, NULL);
  if (code == SQLITE_OK) {
    /* Both live in the file's header page, so they change with the transaction or not at all. */
    g_autofree char *stamp =
        g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                         FACET_SCHEMA_APPLICATION_ID, to);

    code = sqlite3_exec (db, stamp, NULL, NULL, NULL);
  }
  if (code != SQLITE_OK && !sqlite3_get_autocommit (db))
    sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL);
  return code;
}
