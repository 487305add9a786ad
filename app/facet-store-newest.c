/* facet-store-newest.c: see facet-store-newest.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ids and times are an array that only grows: ids are never given twice, and what a message says of
 * its time never changes.  Each entry knows the latest time before it.  So a heap of those ids that
 * were read can give its newest as soon as nothing below the last id is newer: where ids and times
 * have the same order, that is at once. */
#define G_LOG_DOMAIN "facet-store"

#include "facet-store-newest.h"

typedef struct {
  gint64 id, when;
  gint64 latest; /* of all before it */
} Entry;

struct _FacetTimes {
  GArray *entries; /* of Entry, by id */
};

typedef struct {
  gint64 id, when;
} Message;

struct _FacetNewest {
  const FacetTimes *times;
  FacetNewestFunc   next;
  gpointer          user_data;
  gint64            latest; /* nothing that is still to come is newer */
  gboolean          ended;
  GArray           *heap; /* of Message: none is newer than the one at (i - 1) / 2 */
};

/* Times */

FacetTimes *
facet_times_new (void)
{
  FacetTimes *self = g_new0 (FacetTimes, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  return self;
}

void
facet_times_free (FacetTimes *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->entries);
  g_free (self);
}

gboolean
facet_times_update (FacetTimes *self, FacetDb *db, GError **error)
{
  GError       *failure = NULL;
  Entry         last = {0};
  gint64        now = g_get_real_time ();
  sqlite3_stmt *statement = facet_db_statement (db,
                                                "SELECT id, created FROM messages"
                                                " INDEXED BY messages_by_time"
                                                " WHERE id > ?1 ORDER BY id",
                                                error);

  if (statement == NULL)
    return FALSE;
  if (self->entries->len > 0)
    last = g_array_index (self->entries, Entry, self->entries->len - 1);
  sqlite3_bind_int64 (statement, 1, last.id);
  while (facet_db_next (db, statement, &failure)) {
    last.latest = MAX (last.latest, last.when);
    last.id = sqlite3_column_int64 (statement, 0);
    /* From a clock that was wrong: it would be the newest for ever. */
    last.when = MIN (sqlite3_column_int64 (statement, 1), now);
    g_array_append_val (self->entries, last);
  }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

/* How many have an id that is at most @message. */
static guint
count_up_to (const FacetTimes *self, gint64 message)
{
  guint low = 0, high = self->entries->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (self->entries, Entry, middle).id <= message)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Of @message; one that was stored after the last update was written now. */
static Entry
find (const FacetTimes *self, gint64 message)
{
  guint n = count_up_to (self, message);
  Entry found = n > 0 ? g_array_index (self->entries, Entry, n - 1) : (Entry){0};

  if (found.id != message) {
    found.latest = MAX (found.latest, found.when);
    found.when = g_get_real_time ();
  }
  return found;
}

gint64
facet_times_get (const FacetTimes *self, gint64 message)
{
  return find (self, message).when;
}

/* The heap */

static gboolean
is_newer (const Message *a, const Message *b)
{
  return a->when != b->when ? a->when > b->when : a->id > b->id;
}

static void
push (GArray *heap, Message message)
{
  guint    at = heap->len;
  Message *messages;

  g_array_append_val (heap, message);
  messages = (Message *)(gpointer)heap->data;
  for (; at > 0 && is_newer (&message, &messages[(at - 1) / 2]); at = (at - 1) / 2)
    messages[at] = messages[(at - 1) / 2];
  messages[at] = message;
}

static Message
pop (GArray *heap)
{
  Message *messages = (Message *)(gpointer)heap->data;
  Message  first = messages[0], last = messages[heap->len - 1];
  guint    at = 0, n = heap->len - 1;

  g_array_set_size (heap, n);
  for (guint child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && is_newer (&messages[child + 1], &messages[child]))
      child++;
    if (!is_newer (&messages[child], &last))
      break;
    messages[at] = messages[child];
  }
  if (n > 0)
    messages[at] = last;
  return first;
}

FacetNewest *
facet_newest_new (const FacetTimes *times, FacetNewestFunc next, gpointer user_data)
{
  FacetNewest *self = g_new0 (FacetNewest, 1);

  self->times = times;
  self->next = next;
  self->user_data = user_data;
  self->latest = G_MAXINT64;
  self->heap = g_array_new (FALSE, FALSE, sizeof (Message));
  return self;
}

void
facet_newest_free (FacetNewest *self)
{
  g_array_unref (self->heap);
  g_free (self);
}

gboolean
facet_newest_next (FacetNewest *self, gint64 *message, gint64 *when, GError **error)
{
  Message newest;

  while (!self->ended &&
         (self->heap->len == 0 || g_array_index (self->heap, Message, 0).when < self->latest)) {
    GError *failure = NULL;
    gint64  id;
    Entry   entry;

    if (!self->next (self->user_data, &id, &failure)) {
      if (failure != NULL) {
        g_propagate_error (error, failure);
        return FALSE;
      }
      self->ended = TRUE;
      break;
    }
    entry = find (self->times, id);
    push (self->heap, (Message){.id = id, .when = entry.when});
    self->latest = entry.latest;
  }
  if (self->heap->len == 0)
    return FALSE;
  newest = pop (self->heap);
  *message = newest.id;
  *when = newest.when;
  return TRUE;
}
