/* facet-models-private.h: what FacetModels tells a FacetModel.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-models.h"

G_BEGIN_DECLS

/* What the disk says of one repository. */
typedef struct {
  char             *repository;
  FacetModelFolder *here;        /* NULL: it is not here */
  guint64           done, total; /* of what was begun; 0, 0: nothing was */
  gboolean          wanted, use; /* it was running when the program ended, and what for */
} FacetModelFinding;

FacetModel                *facet_model_new (const FacetCatalogueModel *known,
                                            const char                *repository,
                                            FacetModels               *models) G_GNUC_WARN_UNUSED_RESULT;
/* Takes what @finding has; not while it is downloaded or verified. */
void                       facet_model_take_finding (FacetModel *self, FacetModelFinding *finding);
void                       facet_model_set_fit (FacetModel         *self,
                                                const FacetFitting *fitting,
                                                const FacetMachine *machine);
const FacetCatalogueModel *facet_model_get_known (FacetModel *self);
void                       facet_model_stop (FacetModel *self);
/* Tries a download again that failed for want of a network. */
void                       facet_model_network_came (FacetModel *self);

/* "wanted" beside what was begun: it goes on with the next start of the program. */
gboolean facet_model_marker_read (const char *models, const char *repository, gboolean *use);

G_END_DECLS
