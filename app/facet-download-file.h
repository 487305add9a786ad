/* facet-download-file.h: downloads one file of a repository: in parts, and with what was there
 * before.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread that may wait. */
#pragma once

#include "facet-hub.h"

G_BEGIN_DECLS

#define FACET_DOWNLOAD_ERROR (facet_download_error_quark ())
GQuark facet_download_error_quark (void);

typedef enum {
  FACET_DOWNLOAD_ERROR_CHANGED,  /* the server's file is not the one of its list */
  FACET_DOWNLOAD_ERROR_HASH,     /* all bytes came, and they are wrong */
  FACET_DOWNLOAD_ERROR_NO_SPACE, /* the disk is too small */
  FACET_DOWNLOAD_ERROR_DISK,     /* it cannot be written or read */
  FACET_DOWNLOAD_ERROR_BUSY,     /* another process downloads the same */
  FACET_DOWNLOAD_ERROR_NOT_HERE, /* there is no such model */
} FacetDownloadError;

/* What is going on, for whoever shows it. */
typedef enum {
  FACET_DOWNLOAD_LISTING, /* asks what there is */
  FACET_DOWNLOAD_TRANSFERRING,
  FACET_DOWNLOAD_WAITING,  /* the server or the network failed; it tries again soon */
  FACET_DOWNLOAD_CHECKING, /* reads what came, and compares */
} FacetDownloadPhase;

/* Shared between the threads of a download and the one that watches it. */
typedef struct {
  GMutex             mutex; /* protects: */
  FacetDownloadPhase phase;
  guint64            done, total;  /* bytes that are there; of all files; total 0: not known yet */
  guint64            received;     /* since the beginning of this run: only grows */
  char               file[256];    /* the last one that was begun */
  char               trouble[512]; /* while WAITING: why */
} FacetDownloadProgress;

void facet_download_progress_init (FacetDownloadProgress *self);
void facet_download_progress_clear (FacetDownloadProgress *self);
void facet_download_progress_set_phase (FacetDownloadProgress *self,
                                        FacetDownloadPhase     phase,
                                        const char            *text);

/* How it is done; 0: the usual. */
typedef struct {
  guint   connections; /* at a time: 4 */
  guint64 piece_bytes; /* that one request asks for: 64 MiB */
  guint   retry_ms;    /* before the first repetition, doubled with each: 500 */
  guint   retries;     /* in a row, without a byte: 8 */
  guint   journal_ms;  /* between two synchronisations: 500 */
} FacetDownloadTuning;

/* Makes @file of @listing whole in @folder, under its own name, with its hash right.  Until then
 * its bytes are in "NAME.part", which a later call goes on with; a file that is whole is left
 * alone. A file that the server has changed, or whose hash is wrong, begins again, once. */
gboolean facet_download_file (const FacetHub            *hub,
                              const FacetHubListing     *listing,
                              const FacetHubFile        *file,
                              const char                *folder,
                              const FacetDownloadTuning *tuning,
                              FacetDownloadProgress     *progress,
                              GCancellable              *cancellable,
                              GError                   **error);

/* How many of the file's bytes are in @folder. */
guint64 facet_download_file_get_done (const FacetHubFile *file, const char *folder);

/* Reads the file at @path and compares its size and hash.  @done_func: called with the bytes of
 * each step; may be NULL.  FACET_DOWNLOAD_ERROR_HASH: they differ. */
typedef void (*FacetDownloadDoneFunc) (guint64 bytes, gpointer user_data);
gboolean facet_download_file_check (const FacetHubFile   *file,
                                    const char           *path,
                                    FacetDownloadDoneFunc done_func,
                                    gpointer              user_data,
                                    GCancellable         *cancellable,
                                    GError              **error);

G_END_DECLS
