/* facet-download-job.h: downloads a repository into the folder of models, so that it appears there
 * whole and checked, or not at all.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread that may wait.
 *
 *   MODELS/.download/OWNER--NAME/     while it is downloaded: facet.json (what is to come), files,
 * parts MODELS/OWNER--NAME/               when every file is there and its hash is right
 *
 * One process at a time downloads one repository; a lock on the hidden folder sees to that. */
#pragma once

#include "facet-download-file.h"

G_BEGIN_DECLS

typedef struct {
  const char         *address;    /* of the hub; NULL: the usual one */
  const char         *token;      /* NULL or "": none */
  const char         *repository; /* "owner/name" */
  const char         *name;   /* what a person calls it, for facet.json; NULL: no name of its own */
  const char *const  *files;  /* globs of the files wanted; NULL: those that a model folder needs */
  const char         *models; /* the folder of models */
  FacetDownloadTuning tuning;
} FacetDownloadJob;

/* Goes on with what was begun.  What is there when it fails or is cancelled is kept. */
gboolean facet_download_job_run (const FacetDownloadJob *job,
                                 FacetDownloadProgress  *progress,
                                 GCancellable           *cancellable,
                                 GError                **error);

/* The folder's name: "owner--name". */
char *facet_download_dup_name (const char *repository) G_GNUC_WARN_UNUSED_RESULT;
/* Where it is when it is whole, and until then. */
char *facet_download_dup_folder (const char *models,
                                 const char *repository) G_GNUC_WARN_UNUSED_RESULT;
char *facet_download_dup_hidden_folder (const char *models,
                                        const char *repository) G_GNUC_WARN_UNUSED_RESULT;

/* What facet.json in @folder says; NULL: there is none. */
FacetHubListing *facet_download_read_listing (const char *folder,
                                              GError    **error) G_GNUC_WARN_UNUSED_RESULT;
/* How much of what was begun is there, of how much.  FALSE: nothing was begun. */
gboolean         facet_download_get_begun (const char *models,
                                           const char *repository,
                                           guint64    *done,
                                           guint64    *total);
/* Deletes what was begun.  FACET_DOWNLOAD_ERROR_BUSY: it is being downloaded. */
gboolean facet_download_discard (const char *models, const char *repository, GError **error);
/* Hides a model that is damaged, without the files that are, so that a job brings these again. */
gboolean facet_download_reopen (const char        *models,
                                const char        *repository,
                                const char *const *damaged,
                                GError           **error);

G_END_DECLS
