/* facet-hub.h: asks a Hugging Face hub, or a mirror of it: what a repository holds, and for bytes
 * of a file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread that may wait; a SoupSession stays in the thread that made it.  Everything that comes
 * from the server is checked and bounded.
 *
 *   GET ADDRESS/api/models/OWNER/NAME/revision/main      the commit
 *   GET ADDRESS/api/models/OWNER/NAME/tree/COMMIT        the files, with sizes and hashes
 *   GET ADDRESS/OWNER/NAME/resolve/COMMIT/FILE           a file; often a redirect to another host
 *
 * The token goes to the hub's own host and to no other, and never over a connection that others can
 * read, unless that stays within this machine. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define FACET_HUB_ADDRESS "https://huggingface.co"

#define FACET_HUB_ERROR (facet_hub_error_quark ())
GQuark facet_hub_error_quark (void);

typedef enum {
  FACET_HUB_ERROR_ADDRESS, /* the hub's address, or the repository's name, is none */
  FACET_HUB_ERROR_NETWORK, /* no connection, or it broke: trying again may help */
  FACET_HUB_ERROR_BUSY,    /* 429 or 5xx: trying again later may help */
  FACET_HUB_ERROR_REFUSED, /* 401, 403: a token is needed, or the licence must be accepted there */
  FACET_HUB_ERROR_NOT_FOUND, /* 404 */
  FACET_HUB_ERROR_RANGE,     /* 416: the file is shorter than that */
  FACET_HUB_ERROR_ANSWER,    /* the answer makes no sense */
} FacetHubError;

/* One file of a repository. */
typedef struct {
  char   *path;   /* a plain name: repositories' folders are left out */
  guint64 size;   /* bytes */
  char   *sha256; /* 64 hex digits; NULL: the hub does not know, because the file is small */
  char
      *git_sha1; /* 40 hex digits, of the file as a git blob; NULL: as above, the other way round */
} FacetHubFile;

/* What a repository held at one commit. */
typedef struct {
  char      *repository, *commit;
  GPtrArray *files; /* of FacetHubFile */
} FacetHubListing;

FacetHubListing *facet_hub_listing_new (const char *repository,
                                        const char *commit) G_GNUC_WARN_UNUSED_RESULT;
void             facet_hub_listing_free (FacetHubListing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetHubListing, facet_hub_listing_free)

/* FALSE: it is none that can be downloaded: no plain name, no hash, or a name that is there
 * already. */
gboolean            facet_hub_listing_add (FacetHubListing *self,
                                           const char      *path,
                                           guint64          size,
                                           const char      *sha256,
                                           const char      *git_sha1);
/* Keeps the files whose names match one of @globs. */
void                facet_hub_listing_select (FacetHubListing *self, const char *const *globs);
guint64             facet_hub_listing_get_size (const FacetHubListing *self);
/* NULL: there is no such file.  Borrowed. */
const FacetHubFile *facet_hub_listing_find (const FacetHubListing *self, const char *path);
/* As a file keeps it, and back; from_json () trusts nothing. */
char               *facet_hub_listing_to_json (const FacetHubListing *self,
                                               const char            *name) G_GNUC_WARN_UNUSED_RESULT;
FacetHubListing    *facet_hub_listing_from_json (const char *json,
                                                 gsize       length,
                                                 GError    **error) G_GNUC_WARN_UNUSED_RESULT;

/* The hub's answers. */
char    *facet_hub_parse_commit (const char *json,
                                 gsize       length,
                                 GError    **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean facet_hub_parse_tree (FacetHubListing *self,
                               const char      *json,
                               gsize            length,
                               GError         **error);

/* The address that counts: $HF_ENDPOINT, else @address, else the usual hub's; without a slash at
 * its end, as the keyring knows it. */
char    *facet_hub_dup_address (const char *address) G_GNUC_WARN_UNUSED_RESULT;
/* "owner/name", in the hub's letters. */
gboolean facet_hub_is_repository (const char *name);

/* Where to ask, and as whom.  Immutable; every thread may use it. */
typedef struct _FacetHub FacetHub;

/* @address NULL or "": FACET_HUB_ADDRESS.  @token NULL or "": none. */
FacetHub *facet_hub_new (const char *address,
                         const char *token,
                         GError    **error) G_GNUC_WARN_UNUSED_RESULT;
void      facet_hub_free (FacetHub *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetHub, facet_hub_free)
/* Without a slash at its end. */
const char *facet_hub_get_address (const FacetHub *self);

/* For one thread: follows no redirect by itself, keeps no cookies. */
SoupSession *facet_hub_session_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* What @repository holds now. */
FacetHubListing *facet_hub_list (const FacetHub *self,
                                 SoupSession    *session,
                                 const char     *repository,
                                 GCancellable   *cancellable,
                                 GError        **error) G_GNUC_WARN_UNUSED_RESULT;

/* An answer that promises bytes of a file. */
typedef struct {
  GInputStream *stream;            /* of the body */
  gboolean      is_part;           /* 206; otherwise it is the whole file, from its beginning */
  guint64       first, end, total; /* of a part: bytes [first, end) of total; total 0: not told */
  gint64        length;            /* of the body; −1: not told */
  char         *etag;              /* the last host's, when it is a strong one; NULL: none */
  char *identity; /* the hub's name for these bytes, whatever host they come from; NULL: none */
} FacetHubReply;

void facet_hub_reply_clear (FacetHubReply *self);

/* Asks for bytes [@first, @end) of a file; 0, 0: all of it.  @if_etag: only if the file still has
 * this ETag, otherwise all of it comes; or NULL.  *@retry_after: seconds that a busy server asked
 * for, 0: it asked for none. */
gboolean facet_hub_get (const FacetHub *self,
                        SoupSession    *session,
                        const char     *repository,
                        const char     *commit,
                        const char     *path,
                        guint64         first,
                        guint64         end,
                        const char     *if_etag,
                        FacetHubReply  *reply,
                        guint          *retry_after,
                        GCancellable   *cancellable,
                        GError        **error);

G_END_DECLS
