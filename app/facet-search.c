/* facet-search.c: from a text that changes to hits, one search at a time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-search"

#include "facet-search.h"

#include "facet-conversation-private.h"

struct _FacetSearch {
  GObject           parent_instance;
  FacetLibrary     *library;
  FacetSearchQuery *query;       /* the latest */
  GCancellable     *cancellable; /* of the search that runs for it; NULL: none does */
  GPtrArray        *hits;        /* of FacetSearchHit */
  guint             n_found;
  gboolean          more;
  char             *error;
};

static void facet_search_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetSearch,
                               facet_search,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      facet_search_list_model_init))

enum {
  PROP_SEARCHING = 1,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

enum {
  ANSWERED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* The list */

static GType
facet_search_get_item_type (GListModel *model)
{
  return FACET_TYPE_SEARCH_HIT;
}

static guint
facet_search_get_n_items (GListModel *model)
{
  return FACET_SEARCH (model)->hits->len;
}

static gpointer
facet_search_get_item (GListModel *model, guint position)
{
  FacetSearch *self = FACET_SEARCH (model);

  return position < self->hits->len ? g_object_ref (g_ptr_array_index (self->hits, position))
                                    : NULL;
}

static void
facet_search_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = facet_search_get_item_type;
  iface->get_n_items = facet_search_get_n_items;
  iface->get_item = facet_search_get_item;
}

/* Searching */

typedef struct {
  FacetSearch  *search;
  GCancellable *cancellable;
} Request;

/* @hits NULL: none. */
static void
answer (FacetSearch *self, GPtrArray *hits, guint n_found, gboolean more, const char *error)
{
  guint n_before = self->hits->len;

  g_ptr_array_unref (self->hits);
  self->hits =
      hits != NULL ? g_ptr_array_ref (hits) : g_ptr_array_new_with_free_func (g_object_unref);
  self->n_found = n_found;
  self->more = more;
  g_free (self->error);
  self->error = g_strdup (error);
  if (n_before > 0 || self->hits->len > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, n_before, self->hits->len);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SEARCHING]);
  g_signal_emit (self, signals[ANSWERED], 0);
}

static void
found_cb (const FacetSearchResult *result, const GError *error, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (FacetSearch) self = request->search;
  g_autoptr (GCancellable) cancellable = request->cancellable;

  g_free (request);
  /* Cancelled, or it came too late to be. */
  if (self->cancellable != cancellable)
    return;
  g_clear_object (&self->cancellable);
  if (error != NULL)
    answer (self, NULL, 0, FALSE, error->message);
  else
    answer (self, result->hits, result->n_messages + result->n_attachments, result->more, NULL);
}

static void
cancel (FacetSearch *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

void
facet_search_set_text (FacetSearch *self, const char *text)
{
  Request *request;

  g_return_if_fail (FACET_IS_SEARCH (self));
  g_return_if_fail (text != NULL);

  cancel (self);
  facet_search_query_unref (self->query);
  self->query = facet_search_query_new (text);
  if (facet_search_query_is_empty (self->query)) {
    answer (self, NULL, 0, FALSE, NULL);
    return;
  }
  self->cancellable = g_cancellable_new ();
  request = g_new (Request, 1);
  request->search = g_object_ref (self);
  request->cancellable = g_object_ref (self->cancellable);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SEARCHING]);
  facet_store_search (facet_library_get_store (self->library), self->query, self->cancellable,
                      found_cb, request);
}

const FacetSearchQuery *
facet_search_get_query (FacetSearch *self)
{
  g_return_val_if_fail (FACET_IS_SEARCH (self), NULL);
  return self->query;
}

gboolean
facet_search_get_searching (FacetSearch *self)
{
  g_return_val_if_fail (FACET_IS_SEARCH (self), FALSE);
  return self->cancellable != NULL;
}

guint
facet_search_get_n_found (FacetSearch *self, gboolean *more)
{
  g_return_val_if_fail (FACET_IS_SEARCH (self), 0);
  if (more != NULL)
    *more = self->more;
  return self->n_found;
}

const char *
facet_search_get_error (FacetSearch *self)
{
  g_return_val_if_fail (FACET_IS_SEARCH (self), NULL);
  return self->error;
}

/* The object */

static void
facet_search_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_SEARCHING:
    g_value_set_boolean (value, FACET_SEARCH (object)->cancellable != NULL);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_search_finalize (GObject *object)
{
  FacetSearch *self = FACET_SEARCH (object);

  cancel (self);
  g_ptr_array_unref (self->hits);
  facet_search_query_unref (self->query);
  g_object_unref (self->library);
  g_free (self->error);
  G_OBJECT_CLASS (facet_search_parent_class)->finalize (object);
}

static void
facet_search_class_init (FacetSearchClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = facet_search_get_property;
  object_class->finalize = facet_search_finalize;
  props[PROP_SEARCHING] =
      g_param_spec_boolean ("searching", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[ANSWERED] = g_signal_new ("answered", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
facet_search_init (FacetSearch *self)
{
  self->query = facet_search_query_new ("");
  self->hits = g_ptr_array_new_with_free_func (g_object_unref);
}

FacetSearch *
facet_search_new (FacetLibrary *library)
{
  FacetSearch *self = g_object_new (FACET_TYPE_SEARCH, NULL);

  self->library = g_object_ref (library);
  return self;
}
