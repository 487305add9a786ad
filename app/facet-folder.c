/* facet-folder.c: a folder that conversations are sorted into.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-folder"

#include "facet-folder.h"

struct _FacetFolder {
  GObject parent_instance;
  gint64  id;
  char   *name;
};

enum {
  PROP_ID = 1,
  PROP_NAME,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (FacetFolder, facet_folder, G_TYPE_OBJECT)

char *
facet_folder_clean_name (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);

  g_strstrip (g_strdelimit (valid, "\r\n\t", ' '));
  if (*valid == '\0')
    return NULL;
  if (g_utf8_strlen (valid, -1) > FACET_FOLDER_NAME_MAX)
    *g_utf8_offset_to_pointer (valid, FACET_FOLDER_NAME_MAX) = '\0';
  return g_steal_pointer (&valid);
}

gint64
facet_folder_get_id (FacetFolder *self)
{
  return self->id;
}

const char *
facet_folder_get_name (FacetFolder *self)
{
  return self->name;
}

void
facet_folder_set_name (FacetFolder *self, const char *name)
{
  if (g_strcmp0 (self->name, name) == 0)
    return;
  g_free (self->name);
  self->name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NAME]);
}

static void
facet_folder_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  FacetFolder *self = FACET_FOLDER (object);

  switch (id) {
  case PROP_ID:
    g_value_set_int64 (value, self->id);
    break;
  case PROP_NAME:
    g_value_set_string (value, self->name);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_folder_finalize (GObject *object)
{
  g_free (FACET_FOLDER (object)->name);
  G_OBJECT_CLASS (facet_folder_parent_class)->finalize (object);
}

static void
facet_folder_class_init (FacetFolderClass *class)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (class);
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = facet_folder_get_property;
  object_class->finalize = facet_folder_finalize;
  props[PROP_ID] = g_param_spec_int64 ("id", NULL, NULL, 0, G_MAXINT64, 0, read);
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "", read);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
facet_folder_init (FacetFolder *self)
{
}

FacetFolder *
facet_folder_new (gint64 id, const char *name)
{
  FacetFolder *self = g_object_new (FACET_TYPE_FOLDER, NULL);

  self->id = id;
  self->name = g_strdup (name);
  return self;
}
