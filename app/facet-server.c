/* facet-server.c: a server's settings, and what counts as an address.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread. */
#define G_LOG_DOMAIN "facet-server"

#include "config.h"

#include "facet-server.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_ADDRESS 2048

struct _FacetServer {
  GObject parent_instance;
  char   *id, *name, *address, *model, *certificate;
};

G_DEFINE_FINAL_TYPE (FacetServer, facet_server, G_TYPE_OBJECT)

enum {
  PROP_ID = 1,
  PROP_NAME,
};

/* Addresses */

static gboolean
is_this_computer (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address != NULL)
    return g_inet_address_get_is_loopback (address);
  return g_ascii_strcasecmp (host, "localhost") == 0 || g_str_has_suffix (host, ".localhost");
}

static char *
refuse (GError **error, const char *text)
{
  g_autofree char *shown = g_utf8_make_valid (text, (gssize)strnlen (text, 200));

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is not the address of a server.  One looks like https://example.org/v1 or "
                  "localhost:8000."),
               shown);
  return NULL;
}

/* The person's text with a scheme. */
static char *
add_scheme (const char *text)
{
  g_autofree char *guess = NULL;
  g_autoptr (GUri) uri = NULL;

  if (strstr (text, "://") != NULL)
    return g_strdup (text);
  guess = g_strconcat ("http://", text, NULL);
  uri = g_uri_parse (guess, G_URI_FLAGS_NONE, NULL);
  if (uri != NULL && g_uri_get_host (uri) != NULL && is_this_computer (g_uri_get_host (uri)))
    return g_steal_pointer (&guess);
  return g_strconcat ("https://", text, NULL);
}

/* "/v1" of "", "/", "/v1/", "/v1/chat/completions" and "/v1/models". */
static char *
settle_path (const char *path)
{
  static const char *const ends[] = {"/chat/completions", "/models"};
  g_autofree char         *base = g_strdup (path);

  while (g_str_has_suffix (base, "/"))
    base[strlen (base) - 1] = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    if (g_str_has_suffix (base, ends[i]))
      base[strlen (base) - strlen (ends[i])] = '\0';
  return *base != '\0' ? g_steal_pointer (&base) : g_strdup ("/v1");
}

char *
facet_server_parse_address (const char *text, GError **error)
{
  g_autofree char *typed = g_strstrip (g_strndup (text, MAX_ADDRESS + 1));
  g_autofree char *whole = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GUri) uri = NULL;
  const char *scheme;

  if (*typed == '\0' || strlen (typed) > MAX_ADDRESS || !g_utf8_validate (typed, -1, NULL))
    return refuse (error, text);
  whole = add_scheme (typed);
  uri = g_uri_parse (whole, G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  scheme = uri != NULL ? g_uri_get_scheme (uri) : NULL;
  if (uri == NULL || (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")) ||
      g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0' ||
      g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL || strpbrk (g_uri_get_host (uri), " \t\r\n") != NULL)
    return refuse (error, text);
  path = settle_path (g_uri_get_path (uri));
  return g_uri_join (G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_SCHEME_NORMALIZE, scheme, NULL,
                     g_uri_get_host (uri), g_uri_get_port (uri), path, NULL, NULL);
}

char *
facet_server_parse_certificate (const char *text)
{
  GString *digits = g_string_new (NULL);

  for (const char *p = text; *p != '\0' && digits->len <= 64; p++) {
    if (g_ascii_isxdigit (*p))
      g_string_append_c (digits, g_ascii_tolower (*p));
    else if (*p != ':' && !g_ascii_isspace (*p))
      g_string_append (digits, "no");
  }
  if (digits->len == 64 && strspn (digits->str, "0123456789abcdef") == 64)
    return g_string_free (digits, FALSE);
  g_string_free (digits, TRUE);
  return NULL;
}

/* The object */

const char *
facet_server_get_id (FacetServer *self)
{
  return self->id;
}

const char *
facet_server_get_name (FacetServer *self)
{
  return self->name;
}

const char *
facet_server_get_address (FacetServer *self)
{
  return self->address;
}

const char *
facet_server_get_model (FacetServer *self)
{
  return self->model;
}

const char *
facet_server_get_certificate (FacetServer *self)
{
  return self->certificate;
}

static char *
host_of (const char *address)
{
  g_autoptr (GUri) uri = g_uri_parse (address, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL || g_uri_get_host (uri) == NULL)
    return g_strdup (address);
  return g_uri_get_port (uri) > 0
             ? g_strdup_printf ("%s:%d", g_uri_get_host (uri), g_uri_get_port (uri))
             : g_strdup (g_uri_get_host (uri));
}

char *
facet_server_dup_host (FacetServer *self)
{
  return host_of (self->address);
}

gboolean
facet_server_is_open (FacetServer *self)
{
  g_autoptr (GUri) uri = g_uri_parse (self->address, G_URI_FLAGS_NONE, NULL);

  return uri != NULL && g_str_equal (g_uri_get_scheme (uri), "http") &&
         !is_this_computer (g_uri_get_host (uri));
}

void
facet_server_get_info (FacetServer *self, FacetServerInfo *info)
{
  *info = (FacetServerInfo){self->id, self->name, self->address, self->model, self->certificate};
}

static void
facet_server_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetServer *self = FACET_SERVER (object);

  switch (id) {
  case PROP_ID:
    g_value_set_string (value, self->id);
    break;
  case PROP_NAME:
    g_value_set_string (value, self->name);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_server_finalize (GObject *object)
{
  FacetServer *self = FACET_SERVER (object);

  g_free (self->id);
  g_free (self->name);
  g_free (self->address);
  g_free (self->model);
  g_free (self->certificate);
  G_OBJECT_CLASS (facet_server_parent_class)->finalize (object);
}

static void
facet_server_class_init (FacetServerClass *class)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (class);
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = facet_server_get_property;
  object_class->finalize = facet_server_finalize;
  g_object_class_install_property (object_class, PROP_ID,
                                   g_param_spec_string ("id", NULL, NULL, NULL, read));
  g_object_class_install_property (object_class, PROP_NAME,
                                   g_param_spec_string ("name", NULL, NULL, NULL, read));
}

static void
facet_server_init (FacetServer *self)
{
}

static char *
dup_line (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  g_strdelimit (valid, "\t\r\n", ' ');
  return g_strdup (g_strstrip (valid));
}

FacetServer *
facet_server_new (const FacetServerInfo *info)
{
  FacetServer *self = g_object_new (FACET_TYPE_SERVER, NULL);

  self->id = info->id != NULL && *info->id != '\0' ? g_strdup (info->id) : g_uuid_string_random ();
  self->address = g_strdup (info->address != NULL ? info->address : "");
  self->name = dup_line (info->name);
  if (*self->name == '\0') {
    g_free (self->name);
    self->name = host_of (self->address);
  }
  self->model = dup_line (info->model);
  self->certificate = g_strdup (info->certificate != NULL ? info->certificate : "");
  return self;
}
