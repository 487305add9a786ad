/* facet-download.h: a download that can be watched, paused and gone on with.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the work is done in threads of its own.
 *
 * Properties (notify): state (FacetDownloadState).  While it runs, ::progress is emitted four times
 * a second. */
#pragma once

#include "facet-download-job.h"
#include "facet-keyring.h"

G_BEGIN_DECLS

typedef enum {
  FACET_DOWNLOAD_PAUSED, /* also: not begun */
  FACET_DOWNLOAD_RUNNING,
  FACET_DOWNLOAD_FAILED, /* get_error () says why; start () tries again */
  FACET_DOWNLOAD_DONE,
} FacetDownloadState;

#define FACET_TYPE_DOWNLOAD (facet_download_get_type ())
G_DECLARE_FINAL_TYPE (FacetDownload, facet_download, FACET, DOWNLOAD, GObject)

/* Copies what @job points to.  Says at once how much is there of what was begun, and touches no
 * network.  A job without a token gets $HF_TOKEN, or what @keyring has for its address when it
 * starts; NULL: there is no keyring. */
FacetDownload *facet_download_new (const FacetDownloadJob *job,
                                   FacetKeyring           *keyring) G_GNUC_WARN_UNUSED_RESULT;

void facet_download_start (FacetDownload *self);
/* Ends it soon: the state says when.  What came is kept. */
void facet_download_pause (FacetDownload *self);
/* The same, and returns when it has ended: for the end of the program. */
void facet_download_stop (FacetDownload *self);

FacetDownloadState facet_download_get_state (FacetDownload *self);
FacetDownloadPhase facet_download_get_phase (FacetDownload *self);
guint64            facet_download_get_done (FacetDownload *self);
guint64            facet_download_get_total (FacetDownload *self); /* 0: not known yet */
double facet_download_get_speed (FacetDownload *self);     /* bytes a second, of the last seconds */
int    facet_download_get_remaining (FacetDownload *self); /* seconds; −1: not known */
const char   *facet_download_get_file (FacetDownload *self);
/* While it waits: why. */
const char   *facet_download_get_trouble (FacetDownload *self);
const GError *facet_download_get_error (FacetDownload *self); /* NULL unless FAILED */

/* "3.2 GB of 10.3 GB, 45.1 MB/s, 2 min left"; in the other phases and states, what they are. */
char  *facet_download_dup_text (FacetDownload *self) G_GNUC_WARN_UNUSED_RESULT;
/* 0…1 */
double facet_download_get_fraction (FacetDownload *self);

G_END_DECLS
