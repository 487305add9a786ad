/* facet-store-search.c: a search through everything that is kept.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * search_run () runs on the reading thread; the rest on the main thread.
 *
 * Messages come newest first and only as many as anybody reads: the index gives its rows by id,
 * FacetNewest puts them into the order of time, and the search ends after the first few hundred,
 * however many there are.  (Ordering by bm25 () would have to look at all of them, and the newest
 * is what people look for.)  Titles of conversations and names of attachments are few and short:
 * they are read, all of them, which needs no index that would have to be kept; names are found by
 * parts of words, too. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-search-hit.h"
#include "facet-search-snippet.h"
#include "facet-store-newest.h"
#include "facet-store-private.h"

#define MAX_FOUND       500 /* messages; beyond, there are "more" */
#define MAX_ATTACHMENTS 100
#define MAX_TITLES      10 /* conversations that come first because of their title */
#define MAX_ROWS        60 /* that are shown */
#define MAX_OF_ONE      4  /* of these, from one conversation, so that others are seen */

/* Of messages m: not taken out, of a kind that is shown, at rest, and not in the trash. */
#define SHOWN                                                                                      \
  " m.deleted_at IS NULL AND m.role IN (0, 1) AND m.state NOT IN (1, 2) AND NOT EXISTS (SELECT 1"  \
  " FROM conversations c WHERE c.id = m.conversation_id AND c.deleted_at IS NOT NULL)"

typedef struct {
  gint64    message, conversation, when;
  FacetRole role;
  char     *name; /* of an attachment; NULL: the message itself */
} Found;

/* A conversation, and what of it is shown. */
typedef struct {
  gint64   id, updated;
  char    *title;
  gboolean archived;
  gboolean in_title; /* found in its title */
  GArray  *found;    /* of Found, borrowing */
} Group;

typedef struct {
  FacetStoreOp         op;
  FacetSearchQuery    *query;
  GCancellable        *cancellable;
  FacetSearchResult    result;
  FacetStoreSearchFunc func;
  gpointer             user_data;

  /* While it runs. */
  GArray     *found;  /* of Found, newest first */
  GPtrArray  *groups; /* of Group, best first */
  GHashTable *by_id;  /* gint64 * → Group, borrowed */
} SearchOp;

static void
clear_found (gpointer data)
{
  g_free (((Found *)data)->name);
}

static void
group_free (gpointer data)
{
  Group *group = data;

  g_free (group->title);
  g_array_unref (group->found);
  g_free (group);
}

/* What is in a column; the bytes are anyone's. */
static char *
column_text (sqlite3_stmt *statement, int column)
{
  const char *text = (const char *)sqlite3_column_text (statement, column);

  return g_utf8_make_valid (text != NULL ? text : "", -1);
}

/* The next row; FALSE at the end, when nobody waits any more, or on an error. */
static gboolean
next_row (SearchOp *search, FacetDb *db, sqlite3_stmt *statement, GError **error)
{
  if (!g_cancellable_is_cancelled (search->cancellable))
    return facet_db_next (db, statement, error);
  g_cancellable_set_error_if_cancelled (search->cancellable, error);
  sqlite3_reset (statement);
  return FALSE;
}

/* Conversations */

static Group *
add_group (SearchOp *search, sqlite3_stmt *statement)
{
  Group *group = g_new0 (Group, 1);

  group->id = sqlite3_column_int64 (statement, 0);
  group->title = column_text (statement, 1);
  group->updated = sqlite3_column_int64 (statement, 2);
  group->archived = sqlite3_column_int (statement, 3) != 0;
  group->found = g_array_new (FALSE, FALSE, sizeof (Found));
  g_ptr_array_add (search->groups, group);
  g_hash_table_insert (search->by_id, &group->id, group);
  return group;
}

static gboolean
find_titles (SearchOp *search, FacetDb *db, GError **error)
{
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db,
                          "SELECT id, title, updated, archived FROM conversations"
                          " WHERE deleted_at IS NULL AND title <> '' ORDER BY updated DESC",
                          error);

  if (statement == NULL)
    return FALSE;
  while (next_row (search, db, statement, &failure)) {
    g_autofree char *title = column_text (statement, 1);
    const char      *texts[] = {title};

    if (!facet_search_query_matches (search->query, texts, 1, FALSE))
      continue;
    add_group (search, statement)->in_title = TRUE;
    if (search->groups->len == MAX_TITLES)
      break;
  }
  sqlite3_reset (statement);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

/* The group of conversation @id, which is made when there is none; NULL: it is gone, or @error. */
static Group *
ensure_group (SearchOp *search, FacetDb *db, gint64 id, GError **error)
{
  Group        *group = g_hash_table_lookup (search->by_id, &id);
  sqlite3_stmt *statement;

  if (group != NULL)
    return group;
  statement =
      facet_db_statement (db,
                          "SELECT id, title, updated, archived FROM conversations WHERE id = ?1",
                          error);
  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, id);
  if (next_row (search, db, statement, error))
    group = add_group (search, statement);
  sqlite3_reset (statement);
  return group;
}

/* Messages */

/* Where ids come from. */
typedef struct {
  SearchOp     *search;
  FacetDb      *db;
  sqlite3_stmt *statement;
} Source;

static gboolean
next_id (gpointer data, gint64 *message, GError **error)
{
  Source *source = data;

  if (!next_row (source->search, source->db, source->statement, error))
    return FALSE;
  *message = sqlite3_column_int64 (source->statement, 0);
  return TRUE;
}

static gboolean
row_matches (SearchOp *search, sqlite3_stmt *statement)
{
  const char      *bytes[] = {(const char *)sqlite3_column_text (statement, 2),
                              (const char *)sqlite3_column_text (statement, 3)};
  g_autofree char *text = NULL;
  g_autofree char *thinking = NULL;

  if (!facet_search_query_may_match (search->query, bytes, 2))
    return FALSE;
  text = column_text (statement, 2);
  thinking = column_text (statement, 3);
  return facet_search_query_matches (search->query, (const char *[]){text, thinking}, 2, FALSE);
}

/* Adds message @found, when it is shown and its text says so, where the index cannot. */
static gboolean
add_message (SearchOp *search, FacetDb *db, Found found, GError **error)
{
  gboolean      exact = facet_search_query_is_exact (search->query);
  GError       *failure = NULL;
  sqlite3_stmt *statement = facet_db_statement (db,
                                                exact ? "SELECT m.conversation_id, m.role FROM "
                                                        "messages m WHERE m.id = ?1 AND" SHOWN
                                                      : "SELECT m.conversation_id, m.role, m.text, "
                                                        "m.thinking FROM messages m"
                                                        " WHERE m.id = ?1 AND" SHOWN,
                                                error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, found.message);
  if (!next_row (search, db, statement, &failure)) {
    if (failure != NULL)
      g_propagate_error (error, failure);
    return failure == NULL;
  }
  if (exact || row_matches (search, statement)) {
    found.conversation = sqlite3_column_int64 (statement, 0);
    found.role = sqlite3_column_int (statement, 1) == FACET_ROLE_USER ? FACET_ROLE_USER
                                                                      : FACET_ROLE_ASSISTANT;
    g_array_append_val (search->found, found);
  }
  sqlite3_reset (statement);
  return TRUE;
}

static gboolean
find_messages (SearchOp *search, FacetDb *db, GError **error)
{
  const char   *match = facet_search_query_get_match (search->query);
  GError       *failure = NULL;
  sqlite3_stmt *statement;
  Source        source = {.search = search, .db = db};
  Found         found = {0};
  g_autoptr (FacetNewest) newest = facet_newest_new (facet_db_get_times (db), next_id, &source);

  if (!facet_times_update (facet_db_get_times (db), db, error))
    return FALSE;
  if (match == NULL)
    return TRUE;
  statement = facet_db_statement (db,
                                  "SELECT rowid FROM message_fts WHERE message_fts MATCH ?1"
                                  " ORDER BY rowid DESC",
                                  error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, match, -1, SQLITE_STATIC);
  source.statement = statement;
  while (search->found->len <= MAX_FOUND && failure == NULL &&
         facet_newest_next (newest, &found.message, &found.when, &failure))
    add_message (search, db, found, &failure);
  sqlite3_reset (statement);
  search->result.more = search->found->len > MAX_FOUND;
  g_array_set_size (search->found, MIN (search->found->len, MAX_FOUND));
  search->result.n_messages = search->found->len;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static int
compare_found (gconstpointer a, gconstpointer b)
{
  const Found *first = a, *second = b;

  if (first->when != second->when)
    return first->when > second->when ? -1 : 1;
  if (first->message != second->message)
    return first->message > second->message ? -1 : 1;
  return (first->name != NULL) - (second->name != NULL);
}

/* Of the message that has the attachment; FALSE: it is not shown, or @error. */
static gboolean
read_owner (FacetDb *db, Found *found, GError **error)
{
  sqlite3_stmt *statement =
      facet_db_statement (db, "SELECT m.conversation_id FROM messages m WHERE m.id = ?1 AND" SHOWN,
                          error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, found->message);
  if (!facet_db_next (db, statement, error))
    return FALSE;
  found->conversation = sqlite3_column_int64 (statement, 0);
  found->role = FACET_ROLE_USER;
  sqlite3_reset (statement);
  return TRUE;
}

/* All whose names match, of Found, newest first. */
static gboolean
find_names (SearchOp *search, FacetDb *db, GArray *names, GError **error)
{
  GError       *failure = NULL;
  sqlite3_stmt *statement =
      facet_db_statement (db, "SELECT message_id, name FROM attachments WHERE name <> ''", error);

  if (statement == NULL)
    return FALSE;
  while (next_row (search, db, statement, &failure)) {
    g_autofree char *name = column_text (statement, 1);
    const char      *texts[] = {name};
    Found            found = {.message = sqlite3_column_int64 (statement, 0)};

    if (!facet_search_query_matches (search->query, texts, 1, TRUE))
      continue;
    found.when = facet_times_get (facet_db_get_times (db), found.message);
    found.name = g_steal_pointer (&name);
    g_array_append_val (names, found);
  }
  g_array_sort (names, compare_found);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

/* The names alone are read at first: their messages are long. */
static gboolean
find_attachments (SearchOp *search, FacetDb *db, GError **error)
{
  g_autoptr (GArray) names = g_array_new (FALSE, FALSE, sizeof (Found));
  GError *failure = NULL;

  g_array_set_clear_func (names, clear_found);
  if (!find_names (search, db, names, error))
    return FALSE;
  for (guint i = 0; i < names->len && search->result.n_attachments < MAX_ATTACHMENTS; i++) {
    Found *found = &g_array_index (names, Found, i);

    if (read_owner (db, found, &failure)) {
      g_array_append_val (search->found, *found);
      found->name = NULL;
      search->result.n_attachments++;
    } else if (failure != NULL) {
      g_propagate_error (error, failure);
      return FALSE;
    }
  }
  g_array_sort (search->found, compare_found);
  return TRUE;
}

/* What is shown */

/* The newest of every conversation, the conversations by their newest. */
static gboolean
form_groups (SearchOp *search, FacetDb *db, GError **error)
{
  GError *failure = NULL;
  guint   n_rows = search->groups->len;

  for (guint i = 0; i < search->found->len && n_rows < MAX_ROWS; i++) {
    const Found *found = &g_array_index (search->found, Found, i);
    Group       *group = ensure_group (search, db, found->conversation, &failure);

    if (failure != NULL) {
      g_propagate_error (error, failure);
      return FALSE;
    }
    if (group == NULL || group->found->len == MAX_OF_ONE)
      continue;
    g_array_append_val (group->found, *found);
    n_rows++;
  }
  return TRUE;
}

static void
add_hit (SearchOp *search, const Group *group, FacetSearchFinding *finding)
{
  finding->conversation = group->id;
  finding->archived = group->archived;
  finding->title = g_strdup (group->title);
  if (group->in_title) {
    finding->title_ranges = g_array_new (FALSE, FALSE, sizeof (FacetTextRange));
    facet_search_query_find (search->query, group->title, strlen (group->title), FALSE,
                             finding->title_ranges);
  }
  g_ptr_array_add (search->result.hits, facet_search_hit_new (finding));
}

/* Whether the thought shows better what was found than the text does. */
static gboolean
is_in_thought (const FacetSearchQuery *query, const char *text, const char *thinking)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (FacetTextRange));

  if (*thinking == '\0' || facet_search_query_matches (query, &text, 1, FALSE))
    return FALSE;
  if (facet_search_query_matches (query, &thinking, 1, FALSE))
    return TRUE;
  facet_search_query_find (query, text, strlen (text), FALSE, places);
  return places->len == 0;
}

static gboolean
read_snippet (SearchOp *search, FacetDb *db, FacetSearchFinding *finding, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *thinking = NULL;
  sqlite3_stmt    *statement =
      facet_db_statement (db, "SELECT text, thinking FROM messages WHERE id = ?1", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, finding->message);
  if (!next_row (search, db, statement, error))
    return FALSE;
  text = column_text (statement, 0);
  thinking = column_text (statement, 1);
  sqlite3_reset (statement);
  finding->place = FACET_SEARCH_MESSAGE;
  if (is_in_thought (search->query, text, thinking))
    finding->place = FACET_SEARCH_THINKING;
  finding->snippet =
      facet_search_snippet_new (search->query,
                                finding->place == FACET_SEARCH_THINKING ? thinking : text, FALSE,
                                &finding->ranges);
  return TRUE;
}

static gboolean
add_found (SearchOp    *search,
           FacetDb     *db,
           const Group *group,
           const Found *found,
           gboolean     first,
           GError     **error)
{
  FacetSearchFinding finding = {.message = found->message,
                                .when = found->when,
                                .role = found->role,
                                .first = first};

  if (found->name != NULL) {
    finding.place = FACET_SEARCH_ATTACHMENT;
    finding.snippet = facet_search_snippet_new (search->query, found->name, TRUE, &finding.ranges);
  } else {
    GError *failure = NULL;

    if (!read_snippet (search, db, &finding, &failure)) {
      if (failure == NULL)
        return TRUE; /* gone since */
      g_propagate_error (error, failure);
      return FALSE;
    }
  }
  add_hit (search, group, &finding);
  return TRUE;
}

static gboolean
make_hits (SearchOp *search, FacetDb *db, GError **error)
{
  for (guint i = 0; i < search->groups->len; i++) {
    const Group *group = g_ptr_array_index (search->groups, i);

    if (group->in_title) {
      FacetSearchFinding finding = {.place = FACET_SEARCH_TITLE,
                                    .when = group->updated,
                                    .first = TRUE};

      add_hit (search, group, &finding);
    }
    for (guint j = 0; j < group->found->len; j++) {
      if (!add_found (search, db, group, &g_array_index (group->found, Found, j),
                      j == 0 && !group->in_title, error))
        return FALSE;
    }
  }
  return TRUE;
}

/* The operation */

static gboolean
search_run (FacetStoreOp *op, FacetDb *db, GError **error)
{
  SearchOp *search = (SearchOp *)op;
  gboolean  done;

  facet_db_set_cancellable (db, search->cancellable);
  done = find_titles (search, db, error) && find_messages (search, db, error) &&
         find_attachments (search, db, error) && form_groups (search, db, error) &&
         make_hits (search, db, error);
  facet_db_set_cancellable (db, NULL);
  return done;
}

static void
search_reply (FacetStoreOp *op)
{
  SearchOp *search = (SearchOp *)op;

  search->func (&search->result, op->error, search->user_data);
}

static void
search_free (FacetStoreOp *op)
{
  SearchOp *search = (SearchOp *)op;

  g_hash_table_unref (search->by_id);
  g_ptr_array_unref (search->groups);
  g_array_unref (search->found);
  g_ptr_array_unref (search->result.hits);
  facet_search_query_unref (search->query);
  g_object_unref (search->cancellable);
  g_free (search);
}

void
facet_store_search (FacetStore          *self,
                    FacetSearchQuery    *query,
                    GCancellable        *cancellable,
                    FacetStoreSearchFunc func,
                    gpointer             user_data)
{
  SearchOp *op = g_new0 (SearchOp, 1);

  op->op.run = search_run;
  op->op.reply = search_reply;
  op->op.free = search_free;
  op->query = facet_search_query_ref (query);
  op->cancellable = g_object_ref (cancellable);
  op->result.hits = g_ptr_array_new_with_free_func (g_object_unref);
  op->found = g_array_new (FALSE, FALSE, sizeof (Found));
  g_array_set_clear_func (op->found, clear_found);
  op->groups = g_ptr_array_new_with_free_func (group_free);
  op->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  op->func = func;
  op->user_data = user_data;
  facet_store_push_read (self, &op->op);
}
