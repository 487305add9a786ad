/* facet-sections.c: the list of conversations with its headings put in: Pinned, Today, Yesterday …
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  GtkListView gets section headers in GTK 4.12 only; here a heading is an item of its
 * own.  Since the conversations are sorted, a section is a run of them, and a change of the list
 * below becomes one change of the list above that covers the changed conversations and the headings
 * at its two ends: what is far from it keeps its place, its row and the scrolling.
 *
 * A conversation's section is a number (its key) that grows towards the past. */
#define G_LOG_DOMAIN "facet-sections"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-sections.h"

enum {
  KEY_PINNED,
  KEY_TODAY,
  KEY_YESTERDAY,
  KEY_WEEK,
  KEY_MONTH,
  KEY_OLDER, /* and above: a calendar month each, the newest first */
};

struct _FacetSection {
  GObject parent_instance;
  char   *title;
};

G_DEFINE_FINAL_TYPE (FacetSection, facet_section, G_TYPE_OBJECT)

static void
facet_section_finalize (GObject *object)
{
  g_free (FACET_SECTION (object)->title);
  G_OBJECT_CLASS (facet_section_parent_class)->finalize (object);
}

static void
facet_section_class_init (FacetSectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = facet_section_finalize;
}

static void
facet_section_init (FacetSection *self)
{
}

const char *
facet_section_get_title (FacetSection *self)
{
  return self->title;
}

/* A run of conversations under one heading. */
typedef struct {
  int           key;
  guint         start; /* of the list below */
  FacetSection *heading;
} Run;

static void
run_clear (gpointer data)
{
  g_object_unref (((Run *)data)->heading);
}

struct _FacetSections {
  GObject     parent_instance;
  GListModel *conversations;
  GArray     *runs;            /* of Run */
  guint       n_conversations; /* as of the last change that was passed on */

  /* Where the days begin, µs since 1970, local time. */
  gint64 today, yesterday, week, month;
  /* The calendar month that was asked for last. */
  gint64 month_start, month_end;
  int    month_key;
};

static void facet_sections_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetSections,
                               facet_sections,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      facet_sections_list_model_init))

static gint64
micros (GDateTime *time)
{
  return g_date_time_to_unix (time) * G_USEC_PER_SEC;
}

static gint64
days_before (GDateTime *midnight, int days)
{
  g_autoptr (GDateTime) earlier = g_date_time_add_days (midnight, -days);

  return micros (earlier);
}

static void
begin_days (FacetSections *self, gint64 now)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (now / G_USEC_PER_SEC);
  g_autoptr (GDateTime) midnight =
      g_date_time_new_local (g_date_time_get_year (time), g_date_time_get_month (time),
                             g_date_time_get_day_of_month (time), 0, 0, 0);

  self->today = micros (midnight);
  self->yesterday = days_before (midnight, 1);
  self->week = days_before (midnight, 7);
  self->month = days_before (midnight, 30);
}

/* Sets month_start, month_end and month_key to the calendar month of @updated. */
static void
find_month (FacetSections *self, gint64 updated)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (updated / G_USEC_PER_SEC);
  int year = g_date_time_get_year (time);
  int month = g_date_time_get_month (time);
  g_autoptr (GDateTime) start = g_date_time_new_local (year, month, 1, 0, 0, 0);
  g_autoptr (GDateTime) end = g_date_time_add_months (start, 1);

  self->month_start = micros (start);
  self->month_end = micros (end);
  self->month_key = KEY_OLDER + (9999 - year) * 12 + (12 - month);
}

static int
key_of (FacetSections *self, FacetConversation *conversation)
{
  /* What a damaged database may hold must still be a date. */
  gint64 updated = CLAMP (facet_conversation_get_updated (conversation), 0,
                          G_GINT64_CONSTANT (253370764800) * G_USEC_PER_SEC);

  if (facet_conversation_get_pinned (conversation))
    return KEY_PINNED;
  if (updated >= self->today)
    return KEY_TODAY;
  if (updated >= self->yesterday)
    return KEY_YESTERDAY;
  if (updated >= self->week)
    return KEY_WEEK;
  if (updated >= self->month)
    return KEY_MONTH;
  if (updated < self->month_start || updated >= self->month_end)
    find_month (self, updated);
  return self->month_key;
}

static char *
dup_title (FacetSections *self, int key)
{
  g_autoptr (GDateTime) month = NULL;

  switch (key) {
  case KEY_PINNED:
    return g_strdup (_ ("Pinned"));
  case KEY_TODAY:
    return g_strdup (_ ("Today"));
  case KEY_YESTERDAY:
    return g_strdup (_ ("Yesterday"));
  case KEY_WEEK:
    return g_strdup (_ ("Previous 7 days"));
  case KEY_MONTH:
    return g_strdup (_ ("Previous 30 days"));
  default:
    month = g_date_time_new_local (9999 - (key - KEY_OLDER) / 12, 12 - (key - KEY_OLDER) % 12, 1, 0,
                                   0, 0);
    /* Translators: a heading of the list of conversations: month and year. */
    return g_date_time_format (month, _ ("%OB %Y"));
  }
}

/* Cuts the list below into runs; headings that were there before are used again. */
static GArray *
make_runs (FacetSections *self)
{
  guint   n = g_list_model_get_n_items (self->conversations);
  guint   old = 0;
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));

  g_array_set_clear_func (runs, run_clear);
  for (guint i = 0; i < n; i++) {
    g_autoptr (FacetConversation) conversation = g_list_model_get_item (self->conversations, i);
    Run run = {.key = key_of (self, conversation), .start = i};

    if (runs->len > 0 && g_array_index (runs, Run, runs->len - 1).key == run.key)
      continue;
    while (old < self->runs->len && g_array_index (self->runs, Run, old).key < run.key)
      old++;
    if (old < self->runs->len && g_array_index (self->runs, Run, old).key == run.key) {
      run.heading = g_object_ref (g_array_index (self->runs, Run, old).heading);
    } else {
      run.heading = g_object_new (FACET_TYPE_SECTION, NULL);
      run.heading->title = dup_title (self, run.key);
    }
    g_array_append_val (runs, run);
  }
  return runs;
}

/* How many headings stand before conversation @index, its own included. */
static guint
headings_before (GArray *runs, guint index)
{
  guint n = 0;

  while (n < runs->len && g_array_index (runs, Run, n).start <= index)
    n++;
  return n;
}

/* The place above of conversation @index below; the length of the list above when @index is the
 * length of the one below. */
static guint
place_of (GArray *runs, guint index, guint n_conversations)
{
  return index + (index < n_conversations ? headings_before (runs, index) : runs->len);
}

/* @removed conversations at @position were replaced by @added. */
static void
conversations_changed (FacetSections *self, guint position, guint removed, guint added)
{
  g_autoptr (GArray) before = NULL;
  guint n_before = self->n_conversations;
  guint start, end_before, end_after;

  before = self->runs;
  self->n_conversations = g_list_model_get_n_items (self->conversations);
  self->runs = make_runs (self);

  start = position > 0 ? place_of (before, position - 1, n_before) + 1 : 0;
  end_before = place_of (before, position + removed, n_before);
  end_after = place_of (self->runs, position + added, self->n_conversations);
  g_list_model_items_changed (G_LIST_MODEL (self), start, end_before - start, end_after - start);
}

static void
items_changed_cb (GListModel    *conversations,
                  guint          position,
                  guint          removed,
                  guint          added,
                  FacetSections *self)
{
  conversations_changed (self, position, removed, added);
}

static GType
facet_sections_get_item_type (GListModel *model)
{
  return G_TYPE_OBJECT;
}

static guint
facet_sections_get_n_items (GListModel *model)
{
  FacetSections *self = FACET_SECTIONS (model);

  return self->n_conversations + self->runs->len;
}

static gpointer
facet_sections_get_item (GListModel *model, guint position)
{
  FacetSections *self = FACET_SECTIONS (model);

  if (position >= self->n_conversations + self->runs->len)
    return NULL;
  for (guint i = self->runs->len; i-- > 0;) {
    Run  *run = &g_array_index (self->runs, Run, i);
    guint place = run->start + i;

    if (position == place)
      return g_object_ref (run->heading);
    if (position > place)
      return g_list_model_get_item (self->conversations, position - i - 1);
  }
  return NULL;
}

static void
facet_sections_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = facet_sections_get_item_type;
  iface->get_n_items = facet_sections_get_n_items;
  iface->get_item = facet_sections_get_item;
}

static void
facet_sections_dispose (GObject *object)
{
  FacetSections *self = FACET_SECTIONS (object);

  g_clear_object (&self->conversations);
  self->n_conversations = 0;
  g_array_set_size (self->runs, 0);
  G_OBJECT_CLASS (facet_sections_parent_class)->dispose (object);
}

static void
facet_sections_finalize (GObject *object)
{
  g_array_unref (FACET_SECTIONS (object)->runs);
  G_OBJECT_CLASS (facet_sections_parent_class)->finalize (object);
}

static void
facet_sections_class_init (FacetSectionsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = facet_sections_dispose;
  G_OBJECT_CLASS (klass)->finalize = facet_sections_finalize;
}

static void
facet_sections_init (FacetSections *self)
{
  self->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  g_array_set_clear_func (self->runs, run_clear);
}

FacetSections *
facet_sections_new (GListModel *conversations, gint64 now)
{
  FacetSections *self = g_object_new (FACET_TYPE_SECTIONS, NULL);

  g_return_val_if_fail (G_IS_LIST_MODEL (conversations), self);

  self->conversations = g_object_ref (conversations);
  begin_days (self, now);
  conversations_changed (self, 0, 0, g_list_model_get_n_items (conversations));
  g_signal_connect_object (conversations, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  return self;
}

static gboolean
find_below (FacetSections *self, FacetConversation *conversation, guint *index)
{
  for (guint i = 0; i < self->n_conversations; i++) {
    g_autoptr (FacetConversation) item = g_list_model_get_item (self->conversations, i);

    if (item == conversation) {
      *index = i;
      return TRUE;
    }
  }
  return FALSE;
}

guint
facet_sections_find (FacetSections *self, FacetConversation *conversation)
{
  guint index;

  if (!find_below (self, conversation, &index))
    return G_MAXUINT;
  return place_of (self->runs, index, self->n_conversations);
}

void
facet_sections_set_now (FacetSections *self, gint64 now)
{
  begin_days (self, now);
  conversations_changed (self, 0, self->n_conversations, self->n_conversations);
}

void
facet_sections_update (FacetSections *self, FacetConversation *conversation)
{
  guint index;

  if (find_below (self, conversation, &index))
    conversations_changed (self, index, 1, 1);
}
