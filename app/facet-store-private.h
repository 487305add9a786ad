/* facet-store-private.h: an operation on the store, as it travels to a thread and back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-event-source.h"
#include "facet-private-folder.h"
#include "facet-store-backup.h"
#include "facet-store.h"

G_BEGIN_DECLS

/* A thread that owns a connection and works off operations. */
typedef struct {
  GThread          *thread;
  GAsyncQueue      *ops;     /* of FacetStoreOp */
  FacetEventSource *results; /* of FacetStoreOp */
  char             *path;
  gboolean          writes;
  /* The thread's own, once it runs: */
  FacetDb          *db;      /* a reader's is opened when it is first needed */
  GError           *refusal; /* what every operation fails with; NULL: none */
} FacetStoreWorker;

struct _FacetStore {
  gatomicrefcount     ref_count;
  char               *path;
  char               *media_folder, *recordings_folder;
  char               *warning;
  gint64              offer; /* when the backup was made that could be restored, s; 0: none */
  FacetStoreFunc      changed;
  gpointer            changed_data;
  FacetEventSource   *results;
  FacetStoreWorker   *writer;
  FacetStoreWorker   *reader; /* NULL: private, what is in memory has one connection */
  FacetStoreWorker   *keeper; /* reads for backups; NULL: private */
  guint               backup_timer;
  FacetPrivateFolder *private_folder; /* NULL: not private, or closed */
  guint               n_owed;         /* operations that have not come back, but for the keeper's */
  gboolean            is_private;
  gboolean            readable; /* for the reader: nobody is about to set the file aside */
  gboolean            closing;  /* atomic: the writer asks, too */
  gboolean            closed;
};

typedef struct _FacetStoreOp FacetStoreOp;

/* An operation embeds this as its first member.  It has one owner at a time: the caller, then the
 * queue and its thread
 * (@run), then the main thread again (@reply), which frees it. */
struct _FacetStoreOp {
  /* On the thread that owns @db.  Whatever fails inside a transaction is rolled back by the thread.
   */
  gboolean (*run) (FacetStoreOp *op, FacetDb *db, GError **error);
  /* On the main thread; @op->error says whether it worked. */
  void (*reply) (FacetStoreOp *op);
  void (*free) (FacetStoreOp *op);
  GError  *error;
  gboolean owed;    /* the store's own */
  gboolean again;   /* set by @run: it is not done, and goes on after what waits */
  gboolean decides; /* it is about the connection itself: runs also without one, or while refused */
};

/* Messages, on the thread that owns @db: */

/* What is shown of a conversation, of FacetMessageRow, oldest first, into @rows. */
gboolean facet_path_read (FacetDb *db, gint64 conversation, GPtrArray *rows, GError **error);
/* All messages of a conversation, of FacetMessageLink, by id, into @links. */
gboolean facet_links_read (FacetDb *db, gint64 conversation, GArray *links, GError **error);
/* Which message the path ends with. */
gboolean facet_head_write (FacetDb *db, gint64 conversation, gint64 head, GError **error);

/* What facet_message_row_read () expects of a statement, from messages m. */
#define FACET_MESSAGE_COLUMNS                                                                      \
  "m.id, m.parent_id, m.role, m.state, m.text, m.thinking, m.error, m.model, m.tool_calls,"        \
  " m.tool_call_id, m.tool_name, m.created, m.cut_off, m.prompt_tokens, m.reused_tokens,"          \
  " m.thinking_tokens, m.answer_tokens, m.first_token_s, m.thinking_s, m.tokens_per_s,"            \
  " m.context_used, m.context_size, m.overflow_needed, m.overflow_available,"                      \
  " m.overflow_messages"
#define FACET_N_MESSAGE_COLUMNS 25

FacetMessageRow *facet_message_row_read (sqlite3_stmt *statement) G_GNUC_WARN_UNUSED_RESULT;
/* Inserts @row, which gets its id. */
gboolean         facet_message_row_add (FacetDb         *db,
                                        gint64           conversation,
                                        FacetMessageRow *row,
                                        GError         **error);

/* An operation that reads rows. */
typedef struct {
  FacetStoreOp       op;
  gint64             conversation;
  GPtrArray         *rows;
  FacetStoreRowsFunc func;
  gpointer           user_data;
} FacetRowsOp;

/* To be pushed. */
FacetRowsOp *facet_rows_op_new (gboolean (*run) (FacetStoreOp *, FacetDb *, GError **),
                                GDestroyNotify     free_row,
                                FacetStoreRowsFunc func,
                                gpointer           user_data) G_GNUC_WARN_UNUSED_RESULT;

/* What a SELECT for facet_conversations_read () begins with. */
#define FACET_CONVERSATION_COLUMNS                                                                 \
  "id, title, title_is_own, created, updated, pinned, thinking, draft, head_id, deleted_at,"       \
  " archived, folder_id, server, servers_agreed"

/* Adds FacetConversationRow to @rows; on the thread that owns @db.  @sql: a literal. */
gboolean facet_conversations_read (FacetDb *db, const char *sql, GPtrArray *rows, GError **error);

/* Attachments, on the thread that owns @db: */

/* Of a message that was just inserted; @attachments may be NULL. */
gboolean facet_attachments_write (FacetDb   *db,
                                  gint64     message,
                                  GPtrArray *attachments,
                                  GError   **error);
/* Gives the rows of a conversation, of FacetMessageRow, what is attached to them. */
gboolean facet_attachments_read (FacetDb *db, gint64 conversation, GPtrArray *rows, GError **error);

/* Instead of what was kept of the conversation's draft (0: of the one without a message). */
gboolean   facet_draft_attachments_write (FacetDb   *db,
                                          gint64     conversation,
                                          GPtrArray *attachments,
                                          GError   **error);
/* (transfer full), of FacetMedia */
GPtrArray *facet_draft_attachments_read (FacetDb *db, gint64 conversation, GError **error);

/* Deletes those files of @hashes that nothing refers to any more.  Blocks. */
gboolean facet_attachments_collect (FacetDb *db, GHashTable *hashes, GError **error);

/* On the thread that owns @db, when the file was opened: imports of processes that are gone do not
 * come to their end any more. */
gboolean facet_abandon_imports (FacetDb *db, GError **error);
/* Deletes what is left of them. */
void     facet_store_push_abandoned (FacetStore *self);

/* Deletes for good what has lain in the trash for FACET_TRASH_DAYS. */
void facet_store_push_expiry (FacetStore *self);
/* Sweeps the media folder of @self (see facet-media-folder.h), and private folders that nobody
 * holds. */
void facet_store_push_sweep (FacetStore *self);

/* All take @op. */
void facet_store_push_write (FacetStore *self, FacetStoreOp *op);
void facet_store_push_read (FacetStore *self, FacetStoreOp *op);
void facet_store_push_to (FacetStore *self, FacetStoreWorker *worker, FacetStoreOp *op);

/* facet-store-storage.c: all that Facet has written into @folder, and its caches.  Nobody has the
 * database open. */
gboolean facet_storage_remove_everything (const char *folder, GError **error);

/* facet-store-start.c: what happens to the file. */

/* The first operations on a file that was opened. */
void     facet_store_begin (FacetStore *self);
/* Opens the file; or opens nothing, where it is damaged or missing and there is something to choose
 * from, or it can only be read: then *@refusal is set.  *@db, *@warning and *@offer as they then
 * are. */
gboolean facet_store_open_file (const char *path,
                                FacetDb   **db,
                                GError    **refusal,
                                char      **warning,
                                gint64     *offer,
                                GError    **error);

G_END_DECLS
