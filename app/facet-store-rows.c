/* facet-store-rows.c: the operations of the store: rows to SQL and back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The *_run functions run on a store thread and touch only their operation and the connection; the
 * *_reply functions and the public ones run on the main thread. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-private.h"

/* A path longer than this is a loop in a file that someone else wrote. */
#define MAX_PATH "1000000"

/* Rows */

FacetConversationRow *
facet_conversation_row_new (void)
{
  return g_new0 (FacetConversationRow, 1);
}

void
facet_conversation_row_free (FacetConversationRow *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_free (self->draft);
  g_free (self->server);
  g_free (self->servers_agreed);
  g_free (self);
}

FacetMessageRow *
facet_message_row_new (FacetMessage *message)
{
  FacetMessageRow *self = g_new0 (FacetMessageRow, 1);

  self->id = facet_message_get_id (message);
  self->parent_id = facet_message_get_parent_id (message);
  self->role = facet_message_get_role (message);
  self->state = facet_message_get_state (message);
  self->text = g_strdup (facet_message_get_text (message));
  self->thinking = g_strdup (facet_message_get_thinking (message));
  self->error = g_strdup (facet_message_get_error (message));
  self->model = g_strdup (facet_message_get_model (message));
  self->tool_calls = g_strdup (facet_message_get_tool_calls (message));
  self->tool_call_id = g_strdup (facet_message_get_tool_call_id (message));
  self->tool_name = g_strdup (facet_message_get_tool_name (message));
  self->created = facet_message_get_created (message);
  self->cut_off = facet_message_get_cut_off (message);
  self->usage = *facet_message_get_usage (message);
  self->overflow = *facet_message_get_overflow (message);
  if (facet_message_get_attachments (message)->len > 0)
    self->attachments = g_ptr_array_ref (facet_message_get_attachments (message));
  return self;
}

FacetMessage *
facet_message_row_to_message (const FacetMessageRow *self)
{
  FacetMessage *message = facet_message_new (self->role, self->text);

  facet_message_set_id (message, self->id);
  facet_message_set_parent_id (message, self->parent_id);
  facet_message_set_state (message, self->state);
  facet_message_set_thinking (message, self->thinking);
  facet_message_set_error (message, self->error);
  facet_message_set_model (message, self->model);
  facet_message_set_tool_calls (message, self->tool_calls);
  facet_message_set_tool_result (message, self->tool_call_id, self->tool_name);
  facet_message_set_created (message, self->created);
  facet_message_set_cut_off (message, self->cut_off);
  facet_message_set_usage (message, &self->usage);
  facet_message_set_overflow (message, &self->overflow);
  facet_message_set_attachments (message, self->attachments);
  return message;
}

void
facet_message_row_free (FacetMessageRow *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->thinking);
  g_free (self->error);
  g_free (self->model);
  g_free (self->tool_calls);
  g_free (self->tool_call_id);
  g_free (self->tool_name);
  g_clear_pointer (&self->attachments, g_ptr_array_unref);
  g_free (self);
}

/* NULL and text alike; the row outlives the statement's run. */
static void
bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  sqlite3_bind_text (statement, index, text, -1, SQLITE_STATIC);
}

static void
bind_id (sqlite3_stmt *statement, int index, gint64 id)
{
  if (id != 0)
    sqlite3_bind_int64 (statement, index, id);
  else
    sqlite3_bind_null (statement, index);
}

static char *
column_text (sqlite3_stmt *statement, int column)
{
  const char *text = (const char *)sqlite3_column_text (statement, column);

  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

static int
column_enum (sqlite3_stmt *statement, int column, int highest)
{
  return CLAMP (sqlite3_column_int (statement, column), 0, highest);
}

static guint
column_count (sqlite3_stmt *statement, int column)
{
  return (guint)CLAMP (sqlite3_column_int64 (statement, column), 0, G_MAXUINT);
}

/* ?2 … ?24, in the order of insert_message and update_message. */
static void
bind_message (sqlite3_stmt *statement, const FacetMessageRow *row)
{
  int i = 2;

  sqlite3_bind_int (statement, i++, row->state);
  bind_text (statement, i++, row->text);
  bind_text (statement, i++, row->thinking);
  bind_text (statement, i++, row->error);
  bind_text (statement, i++, row->model);
  bind_text (statement, i++, row->tool_calls);
  bind_text (statement, i++, row->tool_call_id);
  bind_text (statement, i++, row->tool_name);
  sqlite3_bind_int (statement, i++, row->cut_off);
  sqlite3_bind_int64 (statement, i++, row->usage.prompt_tokens);
  sqlite3_bind_int64 (statement, i++, row->usage.reused_tokens);
  sqlite3_bind_int64 (statement, i++, row->usage.thinking_tokens);
  sqlite3_bind_int64 (statement, i++, row->usage.answer_tokens);
  sqlite3_bind_double (statement, i++, row->usage.first_token_s);
  sqlite3_bind_double (statement, i++, row->usage.thinking_s);
  sqlite3_bind_double (statement, i++, row->usage.tokens_per_s);
  sqlite3_bind_int64 (statement, i++, row->usage.context_used);
  sqlite3_bind_int64 (statement, i++, row->usage.context_size);
  sqlite3_bind_int64 (statement, i++, row->overflow.needed);
  sqlite3_bind_int64 (statement, i++, row->overflow.available);
  sqlite3_bind_int64 (statement, i++, row->overflow.n_messages);
}

static const char insert_message[] =
    "INSERT INTO messages (conversation_id, state, text, thinking, error, model, tool_calls,"
    "  tool_call_id, tool_name, cut_off, prompt_tokens, reused_tokens, thinking_tokens,"
    "  answer_tokens, first_token_s, thinking_s, tokens_per_s, context_used, context_size,"
    "  overflow_needed, overflow_available, overflow_messages, parent_id, role, created)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
    "  ?20, ?21, ?22, ?23, ?24, ?25)";

static const char update_message[] =
    "UPDATE messages SET state = ?2, text = ?3, thinking = ?4, error = ?5, model = ?6,"
    "  tool_calls = ?7, tool_call_id = ?8, tool_name = ?9, cut_off = ?10, prompt_tokens = ?11,"
    "  reused_tokens = ?12, thinking_tokens = ?13, answer_tokens = ?14, first_token_s = ?15,"
    "  thinking_s = ?16, tokens_per_s = ?17, context_used = ?18, context_size = ?19,"
    "  overflow_needed = ?20, overflow_available = ?21, overflow_messages = ?22"
    " WHERE id = ?1";

static const char select_path[] =
    "WITH RECURSIVE path (id, parent_id, depth) AS ("
    "  SELECT m.id, m.parent_id, 0 FROM conversations c JOIN messages m ON m.id = c.head_id"
    "    WHERE c.id = ?1 AND m.conversation_id = ?1"
    "  UNION ALL"
    "  SELECT m.id, m.parent_id, path.depth + 1 FROM path JOIN messages m ON m.id = path.parent_id"
    "    WHERE m.conversation_id = ?1 AND path.depth < " MAX_PATH ")"
    "SELECT " FACET_MESSAGE_COLUMNS " FROM path JOIN messages m ON m.id = path.id"
    " WHERE m.deleted_at IS NULL ORDER BY path.depth DESC";

FacetMessageRow *
facet_message_row_read (sqlite3_stmt *statement)
{
  FacetMessageRow *row = g_new0 (FacetMessageRow, 1);
  int              i = 0;

  row->id = sqlite3_column_int64 (statement, i++);
  row->parent_id = sqlite3_column_int64 (statement, i++);
  row->role = column_enum (statement, i++, FACET_ROLE_TOOL);
  row->state = column_enum (statement, i++, FACET_MESSAGE_TOO_LONG);
  row->text = column_text (statement, i++);
  row->thinking = column_text (statement, i++);
  row->error = column_text (statement, i++);
  row->model = column_text (statement, i++);
  row->tool_calls = column_text (statement, i++);
  row->tool_call_id = column_text (statement, i++);
  row->tool_name = column_text (statement, i++);
  row->created = sqlite3_column_int64 (statement, i++);
  row->cut_off = sqlite3_column_int (statement, i++) != 0;
  row->usage.prompt_tokens = column_count (statement, i++);
  row->usage.reused_tokens = column_count (statement, i++);
  row->usage.thinking_tokens = column_count (statement, i++);
  row->usage.answer_tokens = column_count (statement, i++);
  row->usage.first_token_s = sqlite3_column_double (statement, i++);
  row->usage.thinking_s = sqlite3_column_double (statement, i++);
  row->usage.tokens_per_s = sqlite3_column_double (statement, i++);
  row->usage.context_used = column_count (statement, i++);
  row->usage.context_size = column_count (statement, i++);
  row->overflow.needed = column_count (statement, i++);
  row->overflow.available = column_count (statement, i++);
  row->overflow.n_messages = column_count (statement, i++);
  return row;
}

/* Reading rows */

gboolean
facet_conversations_read (FacetDb *db, const char *sql, GPtrArray *rows, GError **error)
{
  GError       *failure = NULL;
  sqlite3_stmt *statement = facet_db_statement (db, sql, error);

  if (statement == NULL)
    return FALSE;
  while (facet_db_next (db, statement, &failure)) {
    FacetConversationRow *row = facet_conversation_row_new ();

    row->id = sqlite3_column_int64 (statement, 0);
    row->title = column_text (statement, 1);
    row->title_is_own = sqlite3_column_int (statement, 2) != 0;
    row->created = sqlite3_column_int64 (statement, 3);
    row->updated = sqlite3_column_int64 (statement, 4);
    row->pinned = sqlite3_column_int (statement, 5) != 0;
    row->thinking = sqlite3_column_int (statement, 6) != 0;
    row->draft = column_text (statement, 7);
    row->head_id = sqlite3_column_int64 (statement, 8);
    row->deleted_at = sqlite3_column_int64 (statement, 9);
    row->archived = sqlite3_column_int (statement, 10) != 0;
    row->folder = sqlite3_column_int64 (statement, 11);
    row->server = column_text (statement, 12);
    row->servers_agreed = column_text (statement, 13);
    g_ptr_array_add (rows, row);
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
list_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  return facet_conversations_read (db,
                                   "SELECT " FACET_CONVERSATION_COLUMNS " FROM conversations"
                                   " WHERE deleted_at IS NULL ORDER BY updated DESC, id DESC",
                                   ((FacetRowsOp *)op)->rows, error);
}

gboolean
facet_path_read (FacetDb *db, gint64 conversation, GPtrArray *rows, GError **error)
{
  GError       *failure = NULL;
  sqlite3_stmt *statement = facet_db_statement (db, select_path, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, conversation);
  while (facet_db_next (db, statement, &failure))
    g_ptr_array_add (rows, facet_message_row_read (statement));
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  return facet_attachments_read (db, conversation, rows, error);
}

static gboolean
load_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  FacetRowsOp *rows_op = (FacetRowsOp *)op;

  return facet_path_read (db, rows_op->conversation, rows_op->rows, error);
}

static void
rows_reply (FacetStoreOp *op)
{
  FacetRowsOp *rows_op = (FacetRowsOp *)op;

  rows_op->func (rows_op->rows, op->error, rows_op->user_data);
}

static void
rows_free (FacetStoreOp *op)
{
  FacetRowsOp *rows_op = (FacetRowsOp *)op;

  g_ptr_array_unref (rows_op->rows);
  g_free (rows_op);
}

FacetRowsOp *
facet_rows_op_new (gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
                   GDestroyNotify     free_row,
                   FacetStoreRowsFunc func,
                   gpointer           user_data)
{
  FacetRowsOp *op = g_new0 (FacetRowsOp, 1);

  op->op.run = run;
  op->op.reply = rows_reply;
  op->op.free = rows_free;
  op->rows = g_ptr_array_new_with_free_func (free_row);
  op->func = func;
  op->user_data = user_data;
  return op;
}

void
facet_store_list (FacetStore *self, FacetStoreRowsFunc func, gpointer user_data)
{
  FacetRowsOp *op =
      facet_rows_op_new (list_run, (GDestroyNotify)facet_conversation_row_free, func, user_data);

  facet_store_push_read (self, &op->op);
}

void
facet_store_load (FacetStore        *self,
                  gint64             conversation,
                  FacetStoreRowsFunc func,
                  gpointer           user_data)
{
  FacetRowsOp *op =
      facet_rows_op_new (load_run, (GDestroyNotify)facet_message_row_free, func, user_data);

  op->conversation = conversation;
  facet_store_push_read (self, &op->op);
}

/* Beginning a turn */

typedef struct {
  FacetStoreOp          op;
  FacetConversationRow *conversation;
  FacetMessageRow      *user, *answer;
  FacetStoreTurnFunc    func;
  gpointer              user_data;
} TurnOp;

static gboolean
write_conversation (FacetDb *db, FacetConversationRow *row, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          row->id == 0 ? "INSERT INTO conversations (title, title_is_own, updated, "
                                         "pinned, thinking, draft, created, archived, folder_id, "
                                         "server, servers_agreed)"
                                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                                       : "UPDATE conversations SET title = ?1, title_is_own = ?2, "
                                         "updated = ?3, pinned = ?4,"
                                         " thinking = ?5, draft = ?6, archived = ?8,"
                                         " folder_id = ?9, server = ?10, servers_agreed = ?11"
                                         " WHERE id = ?7",
                          error);

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, row->title != NULL ? row->title : "");
  sqlite3_bind_int (statement, 2, row->title_is_own);
  sqlite3_bind_int64 (statement, 3, row->updated);
  sqlite3_bind_int (statement, 4, row->pinned);
  sqlite3_bind_int (statement, 5, row->thinking);
  bind_text (statement, 6, row->draft != NULL ? row->draft : "");
  sqlite3_bind_int64 (statement, 7, row->id == 0 ? row->created : row->id);
  sqlite3_bind_int (statement, 8, row->archived);
  bind_id (statement, 9, row->folder);
  bind_text (statement, 10, row->server != NULL ? row->server : "");
  bind_text (statement, 11, row->servers_agreed != NULL ? row->servers_agreed : "");
  if (!facet_db_run (db, statement, error))
    return FALSE;
  if (row->id == 0)
    row->id = facet_db_last_id (db);
  return TRUE;
}

gboolean
facet_message_row_add (FacetDb *db, gint64 conversation, FacetMessageRow *row, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, insert_message, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, conversation);
  bind_message (statement, row);
  bind_id (statement, 23, row->parent_id);
  sqlite3_bind_int (statement, 24, row->role);
  sqlite3_bind_int64 (statement, 25, row->created);
  if (!facet_db_run (db, statement, error))
    return FALSE;
  row->id = facet_db_last_id (db);
  return TRUE;
}

static gboolean
change_message (FacetDb *db, const FacetMessageRow *row, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, update_message, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  bind_message (statement, row);
  return facet_db_run (db, statement, error);
}

gboolean
facet_head_write (FacetDb *db, gint64 conversation, gint64 head, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db, "UPDATE conversations SET head_id = ?2 WHERE id = ?1", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, conversation);
  sqlite3_bind_int64 (statement, 2, head);
  return facet_db_run (db, statement, error);
}

static gboolean
turn_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  TurnOp               *turn = (TurnOp *)op;
  FacetConversationRow *conversation = turn->conversation;

  if (!facet_db_begin (db, TRUE, error) || !write_conversation (db, conversation, error))
    return FALSE;
  if (turn->user != NULL) {
    if (!facet_message_row_add (db, conversation->id, turn->user, error) ||
        !facet_attachments_write (db, turn->user->id, turn->user->attachments, error))
      return FALSE;
    turn->answer->parent_id = turn->user->id;
  }
  if (turn->answer->id != 0) {
    if (!change_message (db, turn->answer, error))
      return FALSE;
  } else {
    if (!facet_message_row_add (db, conversation->id, turn->answer, error) ||
        !facet_head_write (db, conversation->id, turn->answer->id, error))
      return FALSE;
    conversation->head_id = turn->answer->id;
  }
  return facet_db_commit (db, error);
}

static void
turn_reply (FacetStoreOp *op)
{
  TurnOp *turn = (TurnOp *)op;

  turn->func (turn->conversation, turn->user, turn->answer, op->error, turn->user_data);
}

static void
turn_free (FacetStoreOp *op)
{
  TurnOp *turn = (TurnOp *)op;

  facet_conversation_row_free (turn->conversation);
  facet_message_row_free (turn->user);
  facet_message_row_free (turn->answer);
  g_free (turn);
}

void
facet_store_begin_turn (FacetStore           *self,
                        FacetConversationRow *conversation,
                        FacetMessageRow      *user,
                        FacetMessageRow      *answer,
                        FacetStoreTurnFunc    func,
                        gpointer              user_data)
{
  TurnOp *op = g_new0 (TurnOp, 1);

  op->op.run = turn_run;
  op->op.reply = turn_reply;
  op->op.free = turn_free;
  op->conversation = conversation;
  op->user = user;
  op->answer = answer;
  op->func = func;
  op->user_data = user_data;
  facet_store_push_write (self, &op->op);
}

/* Changing what is there */

typedef struct {
  FacetStoreOp          op;
  FacetMessageRow      *message;
  FacetConversationRow *conversation;
  gboolean              durable;
  gint64                id, when;
  char                 *key, *value;
  FacetStoreFunc        func; /* NULL: nobody asks */
  FacetStoreValueFunc   value_func;
  gpointer              user_data;
} ChangeOp;

static gboolean
save_message_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  ChangeOp *change = (ChangeOp *)op;

  return facet_db_begin (db, change->durable, error) &&
         change_message (db, change->message, error) && facet_db_commit (db, error);
}

static gboolean
save_conversation_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  return write_conversation (db, ((ChangeOp *)op)->conversation, error);
}

static gboolean
run_delete (ChangeOp *change, FacetDb *db, const char *sql, GError **error)
{
  sqlite3_stmt *statement = facet_db_statement (db, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, change->id);
  bind_id (statement, 2, change->when);
  return facet_db_run (db, statement, error);
}

static gboolean
delete_message_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  return run_delete ((ChangeOp *)op, db, "UPDATE messages SET deleted_at = ?2 WHERE id = ?1",
                     error);
}

static gboolean
delete_conversation_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  return run_delete ((ChangeOp *)op, db, "UPDATE conversations SET deleted_at = ?2 WHERE id = ?1",
                     error);
}

static gboolean
set_value_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  ChangeOp     *change = (ChangeOp *)op;
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          change->value != NULL ? "INSERT INTO meta (key, value) VALUES (?1, ?2)"
                                                  " ON CONFLICT (key) DO UPDATE SET value = ?2"
                                                : "DELETE FROM meta WHERE key = ?1 AND ?2 IS NULL",
                          error);

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, change->key);
  bind_text (statement, 2, change->value);
  return facet_db_run (db, statement, error);
}

static gboolean
get_value_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  ChangeOp     *change = (ChangeOp *)op;
  GError       *failure = NULL;
  sqlite3_stmt *statement = facet_db_statement (db, "SELECT value FROM meta WHERE key = ?1", error);

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, change->key);
  if (facet_db_next (db, statement, &failure)) {
    change->value = column_text (statement, 0);
    sqlite3_reset (statement);
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static void
change_reply (FacetStoreOp *op)
{
  ChangeOp *change = (ChangeOp *)op;

  if (change->value_func != NULL)
    change->value_func (change->value, op->error, change->user_data);
  else if (change->func != NULL)
    change->func (op->error, change->user_data);
  else if (op->error != NULL)
    g_message ("%s", op->error->message);
}

static void
change_free (FacetStoreOp *op)
{
  ChangeOp *change = (ChangeOp *)op;

  facet_message_row_free (change->message);
  facet_conversation_row_free (change->conversation);
  g_free (change->key);
  g_free (change->value);
  g_free (change);
}

static ChangeOp *
change_new (gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
            FacetStoreFunc func,
            gpointer       user_data)
{
  ChangeOp *op = g_new0 (ChangeOp, 1);

  op->op.run = run;
  op->op.reply = change_reply;
  op->op.free = change_free;
  op->func = func;
  op->user_data = user_data;
  return op;
}

void
facet_store_save_message (FacetStore      *self,
                          FacetMessageRow *row,
                          gboolean         durable,
                          FacetStoreFunc   func,
                          gpointer         user_data)
{
  ChangeOp *op = change_new (save_message_run, func, user_data);

  op->message = row;
  op->durable = durable;
  facet_store_push_write (self, &op->op);
}

void
facet_store_save_conversation (FacetStore           *self,
                               FacetConversationRow *row,
                               FacetStoreFunc        func,
                               gpointer              user_data)
{
  ChangeOp *op = change_new (save_conversation_run, func, user_data);

  op->conversation = row;
  facet_store_push_write (self, &op->op);
}

void
facet_store_delete_message (FacetStore    *self,
                            gint64         id,
                            gint64         when,
                            FacetStoreFunc func,
                            gpointer       user_data)
{
  ChangeOp *op = change_new (delete_message_run, func, user_data);

  op->id = id;
  op->when = when;
  facet_store_push_write (self, &op->op);
}

void
facet_store_delete_conversation (FacetStore    *self,
                                 gint64         id,
                                 gint64         when,
                                 FacetStoreFunc func,
                                 gpointer       user_data)
{
  ChangeOp *op = change_new (delete_conversation_run, func, user_data);

  op->id = id;
  op->when = when;
  facet_store_push_write (self, &op->op);
}

void
facet_store_set_value (FacetStore    *self,
                       const char    *key,
                       const char    *value,
                       FacetStoreFunc func,
                       gpointer       user_data)
{
  ChangeOp *op = change_new (set_value_run, func, user_data);

  op->key = g_strdup (key);
  op->value = g_strdup (value);
  facet_store_push_write (self, &op->op);
}

void
facet_store_get_value (FacetStore         *self,
                       const char         *key,
                       FacetStoreValueFunc func,
                       gpointer            user_data)
{
  ChangeOp *op = change_new (get_value_run, NULL, user_data);

  op->key = g_strdup (key);
  op->value_func = func;
  facet_store_push_read (self, &op->op);
}
