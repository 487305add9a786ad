/* fuzz-hub.c: what a hub answers, and what an earlier download left in files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every name that is taken is a plain one; a list goes into a file and comes back the same; the
 * ranges of a journal lie within the file. */
#include "app/facet-download-journal.h"
#include "app/facet-hub.h"

#include <string.h>

#define SIZE 1000000

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_listing (const FacetHubListing *listing)
{
  for (guint i = 0; i < listing->files->len; i++) {
    const FacetHubFile *file = g_ptr_array_index (listing->files, i);

    g_assert (file->path[0] != '.' && file->path[0] != '\0' && strchr (file->path, '/') == NULL);
    g_assert ((file->sha256 != NULL) != (file->git_sha1 != NULL));
    g_assert (facet_hub_listing_find (listing, file->path) == file);
  }
}

static void
check_round_trip (const FacetHubListing *listing)
{
  g_autofree char *json = facet_hub_listing_to_json (listing, NULL);
  g_autoptr (FacetHubListing) again = facet_hub_listing_from_json (json, strlen (json), NULL);

  g_assert (again != NULL && again->files->len == listing->files->len);
  g_assert (facet_hub_listing_get_size (again) == facet_hub_listing_get_size (listing));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char      *text = (const char *)data;
  g_autofree char *line = g_strndup (text, size), *commit = NULL;
  g_autoptr (FacetHubListing) asked =
      facet_hub_listing_new ("a/b", "0123456789abcdef0123456789abcdef01234567");
  g_autoptr (FacetHubListing) kept = facet_hub_listing_from_json (text, size, NULL);
  FacetDownloadJournal journal;

  commit = facet_hub_parse_commit (text, size, NULL);
  g_assert (commit == NULL || strlen (commit) == 40);
  facet_hub_parse_tree (asked, text, size, NULL);
  check_listing (asked);
  check_round_trip (asked);
  if (kept != NULL) {
    check_listing (kept);
    check_round_trip (kept);
  }
  facet_download_journal_parse (&journal, line, SIZE);
  g_assert (facet_byte_ranges_get_total (journal.ranges) <= SIZE);
  facet_download_journal_clear (&journal);
  return 0;
}
