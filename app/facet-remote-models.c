/* facet-remote-models.c: the list of a server's models, read.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread.  How long a model's context is stands in a different place for every kind of server.
 */
#define G_LOG_DOMAIN "facet-remote"

#include "facet-remote-models.h"

#include <jansson.h>
#include <string.h>

#define MAX_ID 512

static void
model_free (gpointer data)
{
  FacetRemoteModel *model = data;

  g_free (model->id);
  g_free (model);
}

static guint
find_context (json_t *item)
{
  json_t *meta = json_object_get (item, "meta"); /* llama.cpp's */
  json_t *values[] = {
      json_object_get (item, "max_model_len"), /* vLLM, SGLang */
      json_object_get (meta, "n_ctx"),
      json_object_get (item, "loaded_context_length"), /* LM Studio */
      json_object_get (meta, "n_ctx_train"),
      json_object_get (item, "context_length"),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    json_int_t value = json_integer_value (values[i]);

    if (value > 0 && value <= G_MAXINT)
      return (guint)value;
  }
  return 0;
}

GPtrArray *
facet_remote_models_parse (const char *body, gsize length)
{
  json_t    *root = json_loadb (body, length, 0, NULL);
  json_t    *list = json_object_get (root, "data");
  GPtrArray *models = g_ptr_array_new_with_free_func (model_free);
  size_t     i;
  json_t    *item;

  if (!json_is_array (list)) {
    json_decref (root);
    g_ptr_array_unref (models);
    return NULL;
  }
  json_array_foreach (list, i, item)
  {
    const char       *id = json_string_value (json_object_get (item, "id"));
    FacetRemoteModel *model;

    if (id == NULL || *id == '\0' || strlen (id) > MAX_ID)
      continue;
    if (models->len == FACET_REMOTE_MAX_MODELS)
      break;
    model = g_new0 (FacetRemoteModel, 1);
    model->id = g_strdup (id);
    model->kind =
        facet_server_kind_from_owner (json_string_value (json_object_get (item, "owned_by")));
    model->context_size = find_context (item);
    g_ptr_array_add (models, model);
  }
  json_decref (root);
  return models;
}

const FacetRemoteModel *
facet_remote_models_find (GPtrArray *models, const char *id)
{
  for (guint i = 0; models != NULL && i < models->len; i++) {
    const FacetRemoteModel *model = g_ptr_array_index (models, i);

    if (*id == '\0' || g_str_equal (model->id, id))
      return model;
  }
  return NULL;
}
