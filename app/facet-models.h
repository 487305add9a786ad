/* facet-models.h: the list of models: what is here first, then what can be had.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; disks and devices are looked at in a thread.  A GListModel of FacetModel.
 *
 * Signals: ::changed after anything about any of them; ::arrived (FacetModel, gboolean use) when
 * one has been downloaded. */
#pragma once

#include "facet-model.h"

G_BEGIN_DECLS

#define FACET_TYPE_MODELS (facet_models_get_type ())
G_DECLARE_FINAL_TYPE (FacetModels, facet_models, FACET, MODELS, GObject)

/* @folder, @hub_cache: NULL for the usual ones.  @keyring may be NULL.  Empty until they have been
 * looked at. */
FacetModels *facet_models_new (const char   *folder,
                               const char   *hub_cache,
                               FacetKeyring *keyring) G_GNUC_WARN_UNUSED_RESULT;

/* Where downloads come from; $HF_ENDPOINT counts before it.  NULL or "": the usual hub. */
void          facet_models_set_address (FacetModels *self, const char *address);
/* The one that counts. */
char         *facet_models_dup_address (FacetModels *self) G_GNUC_WARN_UNUSED_RESULT;
/* Where its token is; NULL: nowhere.  Borrowed. */
FacetKeyring *facet_models_get_keyring (FacetModels *self);
/* What judges whether a model fits: as the settings of the same names. */
void          facet_models_set_machine (FacetModels *self,
                                        const char  *weights,
                                        guint        context_size,
                                        double       memory_share);
/* Looks again.  Downloads that were running when the program ended go on. */
void          facet_models_refresh (FacetModels *self);
gboolean      facet_models_is_loaded (FacetModels *self);

/* By repository or catalogue id; borrowed.  NULL: there is none. */
FacetModel *facet_models_find (FacetModels *self, const char *name);
/* The one that is being downloaded, or tried again; NULL: none is.  Borrowed. */
FacetModel *facet_models_get_active (FacetModels *self);
const char *facet_models_get_folder (FacetModels *self);

gboolean facet_models_is_licence_accepted (FacetModels *self);
gboolean facet_models_accept_licence (FacetModels *self, GError **error);

/* Ends all downloads and returns when their bytes are on disk: for the end of the program. */
void facet_models_stop (FacetModels *self);

G_END_DECLS
