/* facet-model-folder.h: the models that are on this computer, and whether they are whole.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A model is a folder.  Looked at are Facet's own, and the Hugging Face cache, which is used in
 * place: its snapshots are links into a store of files named by their hashes.  Any thread that may
 * wait. */
#pragma once

#include "facet-download-job.h"

G_BEGIN_DECLS

typedef enum {
  FACET_MODEL_OWN,       /* downloaded by Facet */
  FACET_MODEL_HUB_CACHE, /* in the Hugging Face cache */
} FacetModelOrigin;

typedef struct {
  char            *repository; /* "owner/name" */
  char            *folder;
  FacetModelOrigin origin;
  guint64          size; /* bytes of its files */
} FacetModelFolder;

void facet_model_folder_free (FacetModelFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetModelFolder, facet_model_folder_free)

/* $XDG_DATA_HOME/facet/models */
char *facet_models_dup_folder (void) G_GNUC_WARN_UNUSED_RESULT;
/* $HF_HUB_CACHE, $HF_HOME/hub, or ~/.cache/huggingface/hub */
char *facet_hub_cache_dup_folder (void) G_GNUC_WARN_UNUSED_RESULT;

/* Those that are whole, by name; Facet's own before one of the same name in the cache.  (transfer
 * full), of FacetModelFolder. */
GPtrArray        *facet_model_folders_list (const char *models,
                                            const char *hub_cache) G_GNUC_WARN_UNUSED_RESULT;
/* Of @repository; NULL: it is not here, or not whole. */
FacetModelFolder *facet_model_folder_find (const char *models,
                                           const char *hub_cache,
                                           const char *repository) G_GNUC_WARN_UNUSED_RESULT;
/* Whether @folder has all files of a model that Facet reads. */
gboolean          facet_model_folder_is_whole (const char *folder);

/* Reads everything and compares with the hashes that came with it.  *@damaged: names of files that
 * are wrong or missing, NULL-terminated.  FALSE: it could not be found out, or was cancelled. */
gboolean facet_model_folder_verify (const FacetModelFolder *self,
                                    FacetDownloadProgress  *progress,
                                    char                 ***damaged,
                                    GCancellable           *cancellable,
                                    GError                **error);
/* Deletes it.  Only Facet's own. */
gboolean facet_model_folder_remove (const FacetModelFolder *self, GError **error);

G_END_DECLS
