/* facet-sections.c: the list of conversations with its headings put in: Pinned, folders, Today,
 * Yesterday …
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  GtkListView gets section headers in GTK 4.12 only; here a heading is an item of its
 * own.  Since the conversations are sorted, a section is a run of them, whose end is found by
 * halving, and a change of the list below becomes one change of the list above that covers the
 * changed conversations and the headings at its two ends: what is far from it keeps its place, its
 * row and the scrolling.
 *
 * A conversation's section is a number (its key) that grows along the list: pins, the folders in
 * their order, the days towards the past. */
#define G_LOG_DOMAIN "facet-sections"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-sections.h"

enum {
  KEY_PINNED,
  KEY_FOLDER, /* and above: a folder each */
  KEY_TODAY = 1 << 20,
  KEY_YESTERDAY,
  KEY_WEEK,
  KEY_MONTH,
  KEY_OLDER, /* and above: a calendar month each, the newest first */
};

struct _FacetSection {
  GObject      parent_instance;
  char        *title;
  FacetFolder *folder;
  gboolean     folded;
};

enum {
  PROP_TITLE = 1,
  PROP_FOLDED,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (FacetSection, facet_section, G_TYPE_OBJECT)

static void
facet_section_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetSection *self = FACET_SECTION (object);

  switch (id) {
  case PROP_TITLE:
    g_value_set_string (value, facet_section_get_title (self));
    break;
  case PROP_FOLDED:
    g_value_set_boolean (value, self->folded);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_section_finalize (GObject *object)
{
  g_clear_object (&FACET_SECTION (object)->folder);
  g_free (FACET_SECTION (object)->title);
  G_OBJECT_CLASS (facet_section_parent_class)->finalize (object);
}

static void
facet_section_class_init (FacetSectionClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = facet_section_get_property;
  object_class->finalize = facet_section_finalize;
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  props[PROP_FOLDED] = g_param_spec_boolean ("folded", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
facet_section_init (FacetSection *self)
{
}

FacetSection *
facet_section_new (const char *title)
{
  FacetSection *self = g_object_new (FACET_TYPE_SECTION, NULL);

  self->title = g_strdup (title);
  return self;
}

static void
renamed_cb (FacetSection *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TITLE]);
}

static FacetSection *
section_new_for_folder (FacetFolder *folder, gboolean folded)
{
  FacetSection *self = g_object_new (FACET_TYPE_SECTION, NULL);

  self->folder = g_object_ref (folder);
  self->folded = folded;
  g_signal_connect_object (folder, "notify::name", G_CALLBACK (renamed_cb), self,
                           G_CONNECT_SWAPPED);
  return self;
}

const char *
facet_section_get_title (FacetSection *self)
{
  return self->folder != NULL ? facet_folder_get_name (self->folder) : self->title;
}

FacetFolder *
facet_section_get_folder (FacetSection *self)
{
  return self->folder;
}

gboolean
facet_section_get_folded (FacetSection *self)
{
  return self->folded;
}

/* A run of conversations under one heading; of a folder it may be empty. */
typedef struct {
  int           key;
  guint         start, n; /* of the list below */
  guint         place;    /* of the heading, in the list above */
  FacetSection *heading;
} Run;

static void
run_clear (gpointer data)
{
  g_object_unref (((Run *)data)->heading);
}

struct _FacetSections {
  GObject       parent_instance;
  FacetLibrary *library;
  GArray       *runs; /* of Run, as of the last change that was passed on */
  guint         n_items;
  GHashTable   *ranks;  /* id of a folder → its place, from 1 */
  GHashTable   *folded; /* ids of folders */

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
key_of (FacetSections *self, guint index)
{
  gboolean pinned;
  gint64   folder, updated;
  guint    rank;

  facet_library_get_key (self->library, index, &pinned, &folder, &updated);
  if (pinned)
    return KEY_PINNED;
  rank = GPOINTER_TO_UINT (g_hash_table_lookup (self->ranks, &folder));
  if (rank > 0)
    return (int)MIN (KEY_FOLDER + rank - 1, KEY_TODAY - 1);
  /* What a damaged database may hold must still be a date. */
  updated = CLAMP (updated, 0, G_GINT64_CONSTANT (253370764800) * G_USEC_PER_SEC);
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

static FacetSection *
make_heading (FacetSections *self, int key)
{
  g_autoptr (FacetFolder) folder = NULL;
  FacetSection *section;
  gint64        id;

  if (key == KEY_PINNED || key >= KEY_TODAY) {
    section = g_object_new (FACET_TYPE_SECTION, NULL);
    section->title = dup_title (self, key);
    return section;
  }
  folder = g_list_model_get_item (facet_library_get_folders (self->library), key - KEY_FOLDER);
  id = facet_folder_get_id (folder);
  return section_new_for_folder (folder, g_hash_table_contains (self->folded, &id));
}

/* Headings that were there before are used again, as long as the folders are the same. */
static void
add_run (FacetSections *self, GArray *runs, int key, guint start, guint n)
{
  Run  run = {.key = key, .start = start, .n = n};
  Run *last = runs->len > 0 ? &g_array_index (runs, Run, runs->len - 1) : NULL;

  for (guint i = 0; i < self->runs->len && run.heading == NULL; i++) {
    Run *old = &g_array_index (self->runs, Run, i);

    if (old->key == key)
      run.heading = g_object_ref (old->heading);
  }
  if (run.heading == NULL)
    run.heading = make_heading (self, key);
  if (last != NULL)
    run.place = last->place + 1 + (last->heading->folded ? 0 : last->n);
  g_array_append_val (runs, run);
}

/* The first conversation from @start on whose key is greater than @key. */
static guint
find_end (FacetSections *self, guint start, int key)
{
  guint low = start, high = g_list_model_get_n_items (G_LIST_MODEL (self->library));

  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (key_of (self, middle) <= key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Cuts the list below into runs. */
static GArray *
make_runs (FacetSections *self)
{
  guint   n = g_list_model_get_n_items (G_LIST_MODEL (self->library));
  guint   n_folders = g_list_model_get_n_items (facet_library_get_folders (self->library));
  guint   start = find_end (self, 0, KEY_PINNED);
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));

  g_array_set_clear_func (runs, run_clear);
  if (start > 0)
    add_run (self, runs, KEY_PINNED, 0, start);
  for (guint i = 0; i < MIN (n_folders, KEY_TODAY - KEY_FOLDER); i++) {
    guint end = find_end (self, start, (int)(KEY_FOLDER + i));

    add_run (self, runs, (int)(KEY_FOLDER + i), start, end - start);
    start = end;
  }
  while (start < n) {
    int   key = key_of (self, start);
    guint end = find_end (self, start, key);

    add_run (self, runs, key, start, end - start);
    start = end;
  }
  return runs;
}

static guint
count_items (GArray *runs)
{
  Run *last = runs->len > 0 ? &g_array_index (runs, Run, runs->len - 1) : NULL;

  return last != NULL ? last->place + 1 + (last->heading->folded ? 0 : last->n) : 0;
}

/* Those above that belong to conversations before @index below, and to their headings; with @next,
 * also the headings that lead to the conversation @index itself. */
static guint
count_above (GArray *runs, guint index, gboolean next)
{
  guint count = 0;

  for (guint i = 0; i < runs->len; i++) {
    Run  *run = &g_array_index (runs, Run, i);
    guint n = MIN (index - MIN (run->start, index), run->n);

    if (n > 0 || (next && (run->start <= index)))
      count = run->place + 1 + (run->heading->folded ? 0 : n);
  }
  return count;
}

/* @removed conversations at @position were replaced by @added. */
static void
conversations_changed (FacetSections *self, guint position, guint removed, guint added)
{
  g_autoptr (GArray) before = self->runs;
  guint start, end_before, end_after;

  self->runs = make_runs (self);
  self->n_items = count_items (self->runs);
  start = MIN (count_above (before, position, FALSE), count_above (self->runs, position, FALSE));
  end_before = MAX (start, count_above (before, position + removed, TRUE));
  end_after = MAX (start, count_above (self->runs, position + added, TRUE));
  g_list_model_items_changed (G_LIST_MODEL (self), start, end_before - start, end_after - start);
}

static void
all_changed (FacetSections *self)
{
  guint n_before = self->n_items;
  g_autoptr (GArray) none = NULL;

  g_array_set_size (self->runs, 0); /* the headings may say something else now */
  none = self->runs;
  self->runs = make_runs (self);
  self->n_items = count_items (self->runs);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, n_before, self->n_items);
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

static void
rank_folders (FacetSections *self)
{
  GListModel *folders = facet_library_get_folders (self->library);

  g_hash_table_remove_all (self->ranks);
  for (guint i = 0; i < g_list_model_get_n_items (folders); i++) {
    g_autoptr (FacetFolder) folder = g_list_model_get_item (folders, i);
    gint64 id = facet_folder_get_id (folder);

    g_hash_table_insert (self->ranks, g_memdup2 (&id, sizeof id), GUINT_TO_POINTER (i + 1));
  }
}

static void
folders_changed_cb (FacetSections *self)
{
  rank_folders (self);
  all_changed (self);
}

static GType
facet_sections_get_item_type (GListModel *model)
{
  return G_TYPE_OBJECT;
}

static guint
facet_sections_get_n_items (GListModel *model)
{
  return FACET_SECTIONS (model)->n_items;
}

static gpointer
facet_sections_get_item (GListModel *model, guint position)
{
  FacetSections *self = FACET_SECTIONS (model);

  if (position >= self->n_items)
    return NULL;
  for (guint i = self->runs->len; i-- > 0;) {
    Run *run = &g_array_index (self->runs, Run, i);

    if (position == run->place)
      return g_object_ref (run->heading);
    if (position > run->place)
      return g_list_model_get_item (G_LIST_MODEL (self->library),
                                    run->start + position - run->place - 1);
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
facet_sections_finalize (GObject *object)
{
  FacetSections *self = FACET_SECTIONS (object);

  g_clear_object (&self->library);
  g_array_unref (self->runs);
  g_hash_table_unref (self->ranks);
  g_hash_table_unref (self->folded);
  G_OBJECT_CLASS (facet_sections_parent_class)->finalize (object);
}

static void
facet_sections_class_init (FacetSectionsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = facet_sections_finalize;
}

static void
facet_sections_init (FacetSections *self)
{
  self->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  self->ranks = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->folded = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

FacetSections *
facet_sections_new (FacetLibrary *library, gint64 now)
{
  FacetSections *self = g_object_new (FACET_TYPE_SECTIONS, NULL);

  g_return_val_if_fail (FACET_IS_LIBRARY (library), self);

  self->library = g_object_ref (library);
  begin_days (self, now);
  folders_changed_cb (self);
  g_signal_connect_object (library, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  g_signal_connect_object (facet_library_get_folders (library), "items-changed",
                           G_CALLBACK (folders_changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}

guint
facet_sections_find (FacetSections *self, FacetConversation *conversation)
{
  guint index;

  if (!facet_library_get_position (self->library, conversation, &index))
    return G_MAXUINT;
  for (guint i = 0; i < self->runs->len; i++) {
    Run *run = &g_array_index (self->runs, Run, i);

    if (index >= run->start && index < run->start + run->n)
      return run->heading->folded ? G_MAXUINT : run->place + 1 + index - run->start;
  }
  return G_MAXUINT;
}

void
facet_sections_set_now (FacetSections *self, gint64 now)
{
  begin_days (self, now);
  all_changed (self);
}

gboolean
facet_sections_get_folded (FacetSections *self, gint64 folder)
{
  return g_hash_table_contains (self->folded, &folder);
}

/* The rows below the heading of @section come or go. */
static void
fold (FacetSections *self, guint index, gboolean folded)
{
  Run *run = &g_array_index (self->runs, Run, index);

  run->heading->folded = folded;
  for (guint i = index + 1; i < self->runs->len; i++)
    g_array_index (self->runs, Run, i).place += folded ? -run->n : run->n;
  self->n_items = count_items (self->runs);
  g_list_model_items_changed (G_LIST_MODEL (self), run->place + 1, folded ? run->n : 0,
                              folded ? 0 : run->n);
  g_object_notify_by_pspec (G_OBJECT (run->heading), props[PROP_FOLDED]);
}

void
facet_sections_set_folded (FacetSections *self, gint64 folder, gboolean folded)
{
  guint rank = GPOINTER_TO_UINT (g_hash_table_lookup (self->ranks, &folder));

  if (facet_sections_get_folded (self, folder) == (folded != FALSE))
    return;
  if (folded)
    g_hash_table_add (self->folded, g_memdup2 (&folder, sizeof folder));
  else
    g_hash_table_remove (self->folded, &folder);
  for (guint i = 0; i < self->runs->len; i++) {
    if (g_array_index (self->runs, Run, i).key == (int)(KEY_FOLDER + rank - 1) && rank > 0) {
      fold (self, i, folded != FALSE);
      return;
    }
  }
}
