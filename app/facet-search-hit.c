/* facet-search-hit.c: one thing that was found, as an item of a list.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread: made where the database is read, shown where widgets are. */
#define G_LOG_DOMAIN "facet-search"

#include "facet-search-hit.h"

struct _FacetSearchHit {
  GObject            parent_instance;
  FacetSearchFinding finding;
};

G_DEFINE_FINAL_TYPE (FacetSearchHit, facet_search_hit, G_TYPE_OBJECT)

static GArray *
ranges_or_none (GArray *ranges)
{
  return ranges != NULL ? ranges : g_array_new (FALSE, FALSE, sizeof (FacetTextRange));
}

FacetSearchHit *
facet_search_hit_new (const FacetSearchFinding *finding)
{
  FacetSearchHit *self = g_object_new (FACET_TYPE_SEARCH_HIT, NULL);

  self->finding = *finding;
  if (self->finding.title == NULL)
    self->finding.title = g_strdup ("");
  self->finding.title_ranges = ranges_or_none (finding->title_ranges);
  self->finding.ranges = ranges_or_none (finding->ranges);
  return self;
}

const FacetSearchFinding *
facet_search_hit_get (FacetSearchHit *self)
{
  g_return_val_if_fail (FACET_IS_SEARCH_HIT (self), NULL);
  return &self->finding;
}

static void
facet_search_hit_finalize (GObject *object)
{
  FacetSearchFinding *finding = &FACET_SEARCH_HIT (object)->finding;

  g_free (finding->title);
  g_free (finding->snippet);
  g_clear_pointer (&finding->title_ranges, g_array_unref);
  g_clear_pointer (&finding->ranges, g_array_unref);
  G_OBJECT_CLASS (facet_search_hit_parent_class)->finalize (object);
}

static void
facet_search_hit_class_init (FacetSearchHitClass *class)
{
  G_OBJECT_CLASS (class)->finalize = facet_search_hit_finalize;
}

static void
facet_search_hit_init (FacetSearchHit *self)
{
}
