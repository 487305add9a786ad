/* facet-store-copy.c: a copy of a conversation, of all its branches or of one up to a message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on the writer's thread, the others on the main thread.
 *
 * What was deleted is not copied, but its place is: what was written after it follows it.  Files
 * that are attached are shared, by their hash. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-private.h"

typedef struct {
  FacetRowsOp base;
  gint64      until; /* the last message; 0: all of them */
  char       *title;
  gint64      copy;
  GArray     *links;  /* of FacetMessageLink: what is copied, by id */
  GHashTable *copies; /* gint64 → gint64: the id that a message has in the copy */
} CopyOp;

static const char copy_conversation[] =
    "INSERT INTO conversations (title, title_is_own, created, updated, folder_id, thinking, draft,"
    "  server, servers_agreed)"
    " SELECT ?2, title_is_own, ?3, ?3, folder_id, thinking, CASE ?4 WHEN 0 THEN draft ELSE '' END,"
    "  server, servers_agreed"
    " FROM conversations WHERE id = ?1";

static const char copy_draft_attachments[] =
    "INSERT INTO draft_attachments (conversation_id, position, kind, name, media_type,"
    "  content_hash, size, soft_tokens, details)"
    " SELECT ?2, position, kind, name, media_type, content_hash, size, soft_tokens, details"
    " FROM draft_attachments WHERE conversation_id = ?1";

/* An answer that is being written is one that was interrupted, in the copy. */
static const char copy_message[] =
    "INSERT INTO messages (conversation_id, parent_id, role, state, text, thinking, error, model,"
    "  created, deleted_at, cut_off, tool_calls, tool_call_id, tool_name, prompt_tokens,"
    "  reused_tokens, thinking_tokens, answer_tokens, first_token_s, thinking_s, tokens_per_s,"
    "  context_used, context_size, overflow_needed, overflow_available, overflow_messages)"
    " SELECT ?2, ?3, role, CASE WHEN state IN (1, 2) THEN 5 ELSE state END,"
    "  CASE WHEN deleted_at IS NULL THEN text ELSE '' END,"
    "  CASE WHEN deleted_at IS NULL THEN thinking ELSE '' END,"
    "  CASE WHEN deleted_at IS NULL THEN error END, model, created, deleted_at, cut_off,"
    "  CASE WHEN deleted_at IS NULL THEN tool_calls END, tool_call_id, tool_name, prompt_tokens,"
    "  reused_tokens, thinking_tokens, answer_tokens, first_token_s, thinking_s, tokens_per_s,"
    "  context_used, context_size, overflow_needed, overflow_available, overflow_messages"
    " FROM messages WHERE id = ?1";

static const char copy_attachments[] =
    "INSERT INTO attachments (message_id, position, kind, name, media_type, content_hash, size,"
    "  soft_tokens, details)"
    " SELECT ?2, a.position, a.kind, a.name, a.media_type, a.content_hash, a.size, a.soft_tokens,"
    "  a.details FROM attachments a JOIN messages m ON m.id = a.message_id"
    " WHERE a.message_id = ?1 AND m.deleted_at IS NULL ORDER BY a.position, a.id";

/* ?1: from; ?2: to. */
static gboolean
run_pair (FacetDb *db, const char *sql, gint64 from, gint64 to, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, from);
  sqlite3_bind_int64 (statement, 2, to);
  return facet_db_run (db, statement, error);
}

static gboolean
begin_copy (CopyOp *copy, FacetDb *db, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, copy_conversation, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, copy->base.conversation);
  sqlite3_bind_text (statement, 2, copy->title, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 3, g_get_real_time ());
  sqlite3_bind_int64 (statement, 4, copy->until);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  copy->copy = facet_db_last_id (db);
  return copy->until != 0 ||
         run_pair (db, copy_draft_attachments, copy->base.conversation, copy->copy, error);
}

/* Leaves of the links those on the way up from @until.  Ids descend on it. */
static void
keep_path (CopyOp *copy)
{
  gint64 next = copy->until;
  guint  first = copy->links->len;

  for (guint i = copy->links->len; i > 0; i--) {
    FacetMessageLink link = g_array_index (copy->links, FacetMessageLink, i - 1);

    if (link.id != next)
      continue;
    g_array_index (copy->links, FacetMessageLink, --first) = link;
    next = link.parent;
  }
  g_array_remove_range (copy->links, 0, first);
}

static gint64
find_copy (CopyOp *copy, gint64 id)
{
  gint64 *found = g_hash_table_lookup (copy->copies, &id);

  return found != NULL ? *found : 0;
}

static gboolean
copy_one (CopyOp *copy, FacetDb *db, const FacetMessageLink *link, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, copy_message, error);
  gint64        parent = find_copy (copy, link->parent), id;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, link->id);
  sqlite3_bind_int64 (statement, 2, copy->copy);
  if (parent != 0)
    sqlite3_bind_int64 (statement, 3, parent);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  id = facet_db_last_id (db);
  g_hash_table_insert (copy->copies, g_memdup2 (&link->id, sizeof link->id),
                       g_memdup2 (&id, sizeof id));
  return run_pair (db, copy_attachments, link->id, id, error);
}

/* The end of what is shown, in the copy. */
static gboolean
set_head (CopyOp *copy, FacetDb *db, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db, "SELECT head_id FROM conversations WHERE id = ?1", error);
  GError *failure = NULL;
  gint64  head = copy->until;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, copy->base.conversation);
  if (facet_db_next (db, statement, &failure) && head == 0)
    head = sqlite3_column_int64 (statement, 0);
  sqlite3_reset (statement);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  head = find_copy (copy, head);
  return head == 0 || facet_head_write (db, copy->copy, head, error);
}

static gboolean
copy_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  CopyOp *copy = (CopyOp *)op;

  if (!facet_db_begin (db, TRUE, error) || !begin_copy (copy, db, error) ||
      !facet_links_read (db, copy->base.conversation, copy->links, error))
    return FALSE;
  if (copy->until != 0)
    keep_path (copy);
  for (guint i = 0; i < copy->links->len; i++) {
    if (!copy_one (copy, db, &g_array_index (copy->links, FacetMessageLink, i), error))
      return FALSE;
  }
  return set_head (copy, db, error) &&
         facet_conversations_read (db,
                                   "SELECT " FACET_CONVERSATION_COLUMNS " FROM conversations"
                                   " ORDER BY id DESC LIMIT 1",
                                   copy->base.rows, error) &&
         facet_db_commit (db, error);
}

static void
copy_reply (FacetStoreOp *op)
{
  FacetRowsOp *base = (FacetRowsOp *)op;

  base->func (base->rows, op->error, base->user_data);
}

static void
copy_free (FacetStoreOp *op)
{
  CopyOp *copy = (CopyOp *)op;

  g_ptr_array_unref (copy->base.rows);
  g_array_unref (copy->links);
  g_hash_table_unref (copy->copies);
  g_free (copy->title);
  g_free (copy);
}

void
facet_store_copy_conversation (FacetStore        *self,
                               gint64             id,
                               gint64             until,
                               const char        *title,
                               FacetStoreRowsFunc func,
                               gpointer           user_data)
{
  CopyOp *copy = g_new0 (CopyOp, 1);

  copy->base.op.run = copy_run;
  copy->base.op.reply = copy_reply;
  copy->base.op.free = copy_free;
  copy->base.conversation = id;
  copy->base.rows = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_conversation_row_free);
  copy->base.func = func;
  copy->base.user_data = user_data;
  copy->until = until;
  copy->title = g_strdup (title);
  copy->links = g_array_new (FALSE, FALSE, sizeof (FacetMessageLink));
  copy->copies = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  facet_store_push_write (self, &copy->base.op);
}
