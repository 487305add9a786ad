/* facet-server.h: what a person says about a server: its name, where it is, which model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A FacetServer never changes; a changed server is another one with the same id.  Its key is not in
 * it, but in the keyring, by its address. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FACET_TYPE_SERVER (facet_server_get_type ())
G_DECLARE_FINAL_TYPE (FacetServer, facet_server, FACET, SERVER, GObject)

/* Strings are copied; NULL is "". */
typedef struct {
  const char *id;          /* what conversations remember; NULL: a new one */
  const char *name;        /* as the person calls it; "": its host */
  const char *address;     /* as facet_server_parse_address () gives it */
  const char *model;       /* "": the first one that the server names */
  const char *certificate; /* SHA-256 of the one that is trusted though nobody vouches for it; "":
                              none is */
} FacetServerInfo;

FacetServer *facet_server_new (const FacetServerInfo *info) G_GNUC_WARN_UNUSED_RESULT;

const char *facet_server_get_id (FacetServer *self);
const char *facet_server_get_name (FacetServer *self);
const char *facet_server_get_address (FacetServer *self); /* "https://host:port/v1" */
const char *facet_server_get_model (FacetServer *self);
const char *facet_server_get_certificate (FacetServer *self);
/* "host" or "host:port". */
char       *facet_server_dup_host (FacetServer *self) G_GNUC_WARN_UNUSED_RESULT;
/* Others can read what goes there on its way: it is not encrypted, and leaves this computer. */
gboolean    facet_server_is_open (FacetServer *self);
/* For a change: points into @self. */
void        facet_server_get_info (FacetServer *self, FacetServerInfo *info);

/* What a person types, as the address before "/chat/completions": with scheme (https, or http on
 * this computer, unless there is one) and path ("/v1" unless there is one).  NULL and a sentence:
 * it is none.  (transfer full) */
char *facet_server_parse_address (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* 64 hexadecimal digits in lower case, of what may have upper case, blanks and colons; NULL: it is
 * no SHA-256.  (transfer full) */
char *facet_server_parse_certificate (const char *text) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
