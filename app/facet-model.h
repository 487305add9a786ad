/* facet-model.h: one model: in the catalogue, on this computer, or on its way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  ::changed after anything that is shown has changed; while it is downloaded or
 * verified four times a second.  Made by FacetModels. */
#pragma once

#include "facet-download.h"
#include "facet-model-catalogue.h"
#include "facet-model-folder.h"

G_BEGIN_DECLS

typedef enum {
  FACET_MODEL_AVAILABLE,
  FACET_MODEL_DOWNLOADING,
  FACET_MODEL_PAUSED, /* begun; also after a start of the program */
  FACET_MODEL_FAILED, /* get_message () says why; download () tries again */
  FACET_MODEL_HERE,
  FACET_MODEL_VERIFYING,
} FacetModelState;

#define FACET_TYPE_MODEL (facet_model_get_type ())
G_DECLARE_FINAL_TYPE (FacetModel, facet_model, FACET, MODEL, GObject)

const char     *facet_model_get_name (FacetModel *self);
const char     *facet_model_get_detail (FacetModel *self); /* may be "" */
const char     *facet_model_get_repository (FacetModel *self);
guint64         facet_model_get_size (FacetModel *self);
FacetModelState facet_model_get_state (FacetModel *self);
gboolean        facet_model_is_drafter (FacetModel *self);
/* Whether it is one of those whose licence Facet shows. */
gboolean        facet_model_is_in_catalogue (FacetModel *self);
/* Where it is; NULL unless HERE or VERIFYING. */
const char     *facet_model_get_folder (FacetModel *self);
gboolean        facet_model_is_in_hub_cache (FacetModel *self);
/* Whether and where it would compute; "" while that is being found out, and of what is not in the
 * catalogue. */
const char     *facet_model_get_fit (FacetModel *self);
gboolean        facet_model_fits (FacetModel *self); /* TRUE while it is not known */
/* How far it is, why it failed, or what verifying said; "" : nothing to say. */
const char     *facet_model_get_message (FacetModel *self);
double   facet_model_get_fraction (FacetModel *self); /* of the download or the verifying, 0…1 */
/* Whether the last verifying found files that are wrong. */
gboolean facet_model_is_damaged (FacetModel *self);

/* Begins, or goes on.  @use: it is to answer as soon as it is here (FacetModels::arrived).  A
 * damaged one is mended. */
void     facet_model_download (FacetModel *self, gboolean use);
void     facet_model_pause (FacetModel *self);
void     facet_model_verify (FacetModel *self);
/* Deletes it, or what was begun of it.  Not while it is DOWNLOADING or VERIFYING. */
gboolean facet_model_remove (FacetModel *self, GError **error);

G_END_DECLS
