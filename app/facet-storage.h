/* facet-storage.h: how much space each kind of thing takes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  FACET_STORAGE_MESSAGES, /* the database: conversations, messages, drafts, the index */
  FACET_STORAGE_PICTURES, /* files in media/ that are attached to something */
  FACET_STORAGE_SOUND,
  FACET_STORAGE_VIDEO,
  FACET_STORAGE_UNUSED, /* files in media/ that are attached to nothing any more */
  FACET_STORAGE_RECORDINGS,
  FACET_STORAGE_BACKUPS,
  FACET_STORAGE_DAMAGED, /* databases that were set aside */
  FACET_STORAGE_WEIGHTS, /* quantised: made again when the model is loaded */
  FACET_STORAGE_CACHE,   /* what else lies in the cache folder */
  FACET_STORAGE_N_KINDS,
} FacetStorageKind;

typedef struct {
  guint64 bytes[FACET_STORAGE_N_KINDS];
} FacetStorageSizes;

/* @sizes NULL: @error says why. */
typedef void (*FacetStorageFunc) (const FacetStorageSizes *sizes,
                                  const GError            *error,
                                  gpointer                 user_data);

/* @error NULL: it is done. */
typedef void (*FacetStorageDoneFunc) (const GError *error, gpointer user_data);

/* Whether nothing that was said or added is lost with it. */
gboolean facet_storage_kind_can_be_freed (FacetStorageKind kind);

G_END_DECLS
