/* facet-download-job.c: the steps of a download: list, look for space, each file, and show it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The list is kept with the files, and with it the commit: a download that is gone on with weeks
 * later brings the rest of the same model. */
#define G_LOG_DOMAIN "facet-download"

#include "config.h"

#include "facet-download-job.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LISTING     "facet.json"
#define LOCK        ".lock"
#define MAX_LISTING (1024 * 1024)
#define SPARE_BYTES (256 * 1024 * 1024) /* of the disk, that stay free */

/* What a folder that the engine reads consists of, and what says under which terms. */
static const char *const of_a_model[] = {"*.safetensors",
                                         "*.safetensors.index.json",
                                         "*.gguf",
                                         "config.json",
                                         "generation_config.json",
                                         "processor_config.json",
                                         "preprocessor_config.json",
                                         "tokenizer.json",
                                         "tokenizer_config.json",
                                         "chat_template.jinja",
                                         "LICENSE*",
                                         "README.md",
                                         NULL};

/* ---- folders ---- */

char *
facet_download_dup_name (const char *repository)
{
  g_auto (GStrv) parts = g_strsplit (repository, "/", 2);

  return g_strjoinv ("--", parts);
}

char *
facet_download_dup_folder (const char *models, const char *repository)
{
  g_autofree char *name = facet_download_dup_name (repository);

  return g_build_filename (models, name, NULL);
}

char *
facet_download_dup_hidden_folder (const char *models, const char *repository)
{
  g_autofree char *name = facet_download_dup_name (repository);

  return g_build_filename (models, ".download", name, NULL);
}

static void
set_disk_error (GError **error, const char *path)
{
  g_autofree char *name = g_filename_display_name (path);
  int              number = errno;

  g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_DISK,
               _ ("“%s” cannot be written or read: %s."), name, g_strerror (number));
}

/* Names in it are on disk. */
static void
sync_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0) {
    fsync (fd);
    close (fd);
  }
}

/* −1: @error says why.  Closing it unlocks. */
static int
lock_folder (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, LOCK, NULL);
  int              fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0) {
    set_disk_error (error, path);
    return -1;
  }
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  close (fd);
  g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_BUSY,
               _ ("Another window or facet-cli is downloading this model. Wait for it, or pause it "
                  "there."));
  return -1;
}

/* ---- the list ---- */

FacetHubListing *
facet_download_read_listing (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, LISTING, NULL), *text = NULL;
  GStatBuf         st;
  gsize            length;

  if (g_stat (path, &st) < 0 || st.st_size > MAX_LISTING) {
    g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_NOT_HERE,
                 _ ("Facet did not download this model, so it does not know its checksums."));
    return NULL;
  }
  return g_file_get_contents (path, &text, &length, error)
             ? facet_hub_listing_from_json (text, length, error)
             : NULL;
}

static gboolean
write_listing (const FacetHubListing *listing, const char *name, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, LISTING, NULL);
  g_autofree char *text = facet_hub_listing_to_json (listing, name);

  return g_file_set_contents_full (path, text, -1,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                   0644, error);
}

static gboolean
may_help_to_repeat (const GError *error)
{
  return g_error_matches (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NETWORK) ||
         g_error_matches (error, FACET_HUB_ERROR, FACET_HUB_ERROR_BUSY);
}

static gboolean
wait_before_retry (guint ms, GCancellable *cancellable)
{
  GPollFD fd;

  if (g_cancellable_make_pollfd (cancellable, &fd)) {
    g_poll (&fd, 1, (int)ms);
    g_cancellable_release_fd (cancellable);
  } else {
    g_usleep (ms * 1000);
  }
  return !g_cancellable_is_cancelled (cancellable);
}

static FacetHubListing *
ask_for_listing (const FacetDownloadJob *job,
                 const FacetHub         *hub,
                 FacetDownloadProgress  *progress,
                 GCancellable           *cancellable,
                 GError                **error)
{
  g_autoptr (SoupSession) session = facet_hub_session_new ();
  guint            ms = job->tuning.retry_ms > 0 ? job->tuning.retry_ms : 500;
  guint            left = job->tuning.retries > 0 ? job->tuning.retries : 4;
  FacetHubListing *listing;

  for (;; ms *= 2, left--) {
    g_autoptr (GError) cause = NULL;

    listing = facet_hub_list (hub, session, job->repository, cancellable, &cause);
    if (listing != NULL)
      break;
    if (!may_help_to_repeat (cause) || left == 0) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
    facet_download_progress_set_phase (progress, FACET_DOWNLOAD_WAITING, cause->message);
    if (!wait_before_retry (ms, cancellable))
      left = 1; /* the next attempt says that it was cancelled */
  }
  facet_hub_listing_select (listing, job->files != NULL ? job->files : of_a_model);
  if (listing->files->len > 0)
    return listing;
  g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NOT_FOUND,
               _ ("“%s” holds no files of a model that Facet can read."), job->repository);
  facet_hub_listing_free (listing);
  return NULL;
}

/* What was begun, or what is there now. */
static FacetHubListing *
get_listing (const FacetDownloadJob *job,
             const FacetHub         *hub,
             const char             *folder,
             FacetDownloadProgress  *progress,
             GCancellable           *cancellable,
             GError                **error)
{
  g_autoptr (FacetHubListing) listing = facet_download_read_listing (folder, NULL);

  if (listing != NULL && g_str_equal (listing->repository, job->repository))
    return g_steal_pointer (&listing);
  g_clear_pointer (&listing, facet_hub_listing_free);
  listing = ask_for_listing (job, hub, progress, cancellable, error);
  return listing != NULL && write_listing (listing, job->name, folder, error)
             ? g_steal_pointer (&listing)
             : NULL;
}

/* ---- space ---- */

static guint64
count_done (const FacetHubListing *listing, const char *folder)
{
  guint64 done = 0;

  for (guint i = 0; i < listing->files->len; i++)
    done += facet_download_file_get_done (g_ptr_array_index (listing->files, i), folder);
  return done;
}

static gboolean
check_space (guint64 missing, const char *folder, GError **error)
{
  struct statvfs   fs;
  guint64          have;
  g_autofree char *need_text = NULL, *have_text = NULL;

  if (missing == 0 || statvfs (folder, &fs) < 0)
    return TRUE; /* not known: writing will tell */
  have = (guint64)fs.f_bavail * fs.f_frsize;
  if (have >= SPARE_BYTES && missing <= have - SPARE_BYTES)
    return TRUE;
  need_text = g_format_size (missing + SPARE_BYTES);
  have_text = g_format_size (have);
  g_set_error (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_NO_SPACE,
               _ ("The disk is too small: %s more are needed in “%s”, and %s are free. Make space "
                  "and go on."),
               need_text, folder, have_text);
  return FALSE;
}

/* ---- the files ---- */

static int
compare_sizes (gconstpointer a, gconstpointer b)
{
  const FacetHubFile *one = *(const FacetHubFile *const *)a, *two = *(const FacetHubFile *const *)b;

  return one->size < two->size ? -1 : one->size > two->size;
}

/* Whatever lies there besides the files: parts, journals, what a killed process was writing. */
static void
sweep (const FacetHubListing *listing, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (facet_hub_listing_find (listing, name) == NULL && !g_str_equal (name, LISTING))
      g_unlink (path);
  }
}

static gboolean
bring_files (const FacetDownloadJob *job,
             const FacetHub         *hub,
             FacetHubListing        *listing,
             const char             *folder,
             FacetDownloadProgress  *progress,
             GCancellable           *cancellable,
             GError                **error)
{
  guint64 done = count_done (listing, folder), total = facet_hub_listing_get_size (listing);

  g_mutex_lock (&progress->mutex);
  progress->done = done;
  progress->total = total;
  g_mutex_unlock (&progress->mutex);
  if (!check_space (total - done, folder, error))
    return FALSE;
  /* A folder that is no model is refused by its small files. */
  g_ptr_array_sort (listing->files, compare_sizes);
  for (guint i = 0; i < listing->files->len; i++)
    if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
        !facet_download_file (hub, listing, g_ptr_array_index (listing->files, i), folder,
                              &job->tuning, progress, cancellable, error))
      return FALSE;
  return TRUE;
}

/* The list of now, when the files of the one that was begun with are gone from the server. */
static gboolean
renew_listing (const FacetDownloadJob *job,
               const FacetHub         *hub,
               FacetHubListing       **listing,
               const char             *folder,
               FacetDownloadProgress  *progress,
               GCancellable           *cancellable)
{
  g_autoptr (FacetHubListing) now = ask_for_listing (job, hub, progress, cancellable, NULL);

  if (now == NULL || g_str_equal (now->commit, (*listing)->commit))
    return FALSE;
  /* A file of the same name that differs is not what is to be gone on with. */
  for (guint i = 0; i < (*listing)->files->len; i++) {
    const FacetHubFile *old = g_ptr_array_index ((*listing)->files, i);
    const FacetHubFile *file = facet_hub_listing_find (now, old->path);
    g_autofree char    *path = g_build_filename (folder, old->path, NULL);
    g_autofree char    *journal = g_strconcat (path, ".journal", NULL);

    if (file != NULL && g_strcmp0 (file->sha256, old->sha256) == 0 &&
        g_strcmp0 (file->git_sha1, old->git_sha1) == 0)
      continue;
    g_unlink (path);
    g_unlink (journal);
  }
  if (!write_listing (now, job->name, folder, NULL))
    return FALSE;
  facet_hub_listing_free (*listing);
  *listing = g_steal_pointer (&now);
  return TRUE;
}

static gboolean
is_of_the_past (const GError *error)
{
  return g_error_matches (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_CHANGED) ||
         g_error_matches (error, FACET_DOWNLOAD_ERROR, FACET_DOWNLOAD_ERROR_HASH) ||
         g_error_matches (error, FACET_HUB_ERROR, FACET_HUB_ERROR_NOT_FOUND);
}

/* Everything is there and right: now it may be seen. */
static gboolean
show (const FacetDownloadJob *job,
      const FacetHubListing  *listing,
      const char             *hidden,
      GError                **error)
{
  g_autofree char *folder = facet_download_dup_folder (job->models, job->repository);

  sweep (listing, hidden);
  sync_folder (hidden);
  if (g_rename (hidden, folder) < 0) {
    set_disk_error (error, folder);
    return FALSE;
  }
  sync_folder (job->models);
  return TRUE;
}

static gboolean
run_locked (const FacetDownloadJob *job,
            const FacetHub         *hub,
            const char             *hidden,
            FacetDownloadProgress  *progress,
            GCancellable           *cancellable,
            GError                **error)
{
  g_autoptr (FacetHubListing) listing =
      get_listing (job, hub, hidden, progress, cancellable, error);
  g_autoptr (GError) cause = NULL;

  if (listing == NULL)
    return FALSE;
  if (!bring_files (job, hub, listing, hidden, progress, cancellable, &cause)) {
    if (!is_of_the_past (cause) ||
        !renew_listing (job, hub, &listing, hidden, progress, cancellable)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    if (!bring_files (job, hub, listing, hidden, progress, cancellable, error))
      return FALSE;
  }
  return show (job, listing, hidden, error);
}

gboolean
facet_download_job_run (const FacetDownloadJob *job,
                        FacetDownloadProgress  *progress,
                        GCancellable           *cancellable,
                        GError                **error)
{
  g_autofree char *hidden = NULL, *folder = NULL;
  g_autoptr (FacetHub) hub = NULL;
  gboolean fine;
  int      lock;

  if (!facet_hub_is_repository (job->repository)) {
    g_set_error (error, FACET_HUB_ERROR, FACET_HUB_ERROR_ADDRESS,
                 _ ("“%s” is not the name of a repository. It has the form owner/name."),
                 job->repository);
    return FALSE;
  }
  folder = facet_download_dup_folder (job->models, job->repository);
  hidden = facet_download_dup_hidden_folder (job->models, job->repository);
  if (g_file_test (folder, G_FILE_TEST_EXISTS))
    return TRUE;
  facet_download_progress_set_phase (progress, FACET_DOWNLOAD_LISTING, NULL);
  hub = facet_hub_new (job->address, job->token, error);
  if (hub == NULL)
    return FALSE;
  if (g_mkdir_with_parents (hidden, 0755) < 0) {
    set_disk_error (error, hidden);
    return FALSE;
  }
  lock = lock_folder (hidden, error);
  if (lock < 0)
    return FALSE;
  fine = run_locked (job, hub, hidden, progress, cancellable, error);
  close (lock);
  return fine;
}

/* ---- what was begun ---- */

gboolean
facet_download_get_begun (const char *models, const char *repository, guint64 *done, guint64 *total)
{
  g_autofree char *hidden = facet_download_dup_hidden_folder (models, repository);
  g_autoptr (FacetHubListing) listing = facet_download_read_listing (hidden, NULL);

  if (listing == NULL)
    return FALSE;
  *done = count_done (listing, hidden);
  *total = facet_hub_listing_get_size (listing);
  return TRUE;
}

/* Folders of models hold only files. */
static gboolean
delete_folder (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_unlink (path) < 0) {
      set_disk_error (error, path);
      return FALSE;
    }
  }
  if (g_rmdir (folder) == 0 || errno == ENOENT)
    return TRUE;
  set_disk_error (error, folder);
  return FALSE;
}

gboolean
facet_download_discard (const char *models, const char *repository, GError **error)
{
  g_autofree char *hidden = facet_download_dup_hidden_folder (models, repository);
  gboolean         fine;
  int              lock;

  if (!g_file_test (hidden, G_FILE_TEST_IS_DIR))
    return TRUE;
  lock = lock_folder (hidden, error);
  if (lock < 0)
    return FALSE;
  fine = delete_folder (hidden, error);
  close (lock);
  return fine;
}

gboolean
facet_download_reopen (const char        *models,
                       const char        *repository,
                       const char *const *damaged,
                       GError           **error)
{
  g_autofree char *folder = facet_download_dup_folder (models, repository);
  g_autofree char *hidden = facet_download_dup_hidden_folder (models, repository);
  g_autofree char *parent = g_path_get_dirname (hidden);

  if (!facet_download_discard (models, repository, error))
    return FALSE;
  if (g_mkdir_with_parents (parent, 0755) < 0 || g_rename (folder, hidden) < 0) {
    set_disk_error (error, folder);
    return FALSE;
  }
  for (guint i = 0; damaged[i] != NULL; i++) {
    g_autofree char *path = g_build_filename (hidden, damaged[i], NULL);

    g_unlink (path);
  }
  return TRUE;
}
