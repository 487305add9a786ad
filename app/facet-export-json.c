/* facet-export-json.c: all of a conversation as JSON: every branch, draft, number and attachment.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The export's thread.  docs/export.md is the contract; facet-import-facet.c reads it back, and
 * what it read is written by this file byte for byte as before. */
#define G_LOG_DOMAIN "facet-export"

#include "config.h"

#include "facet-export-private.h"
#include "facet-tree-json.h"

#include <jansson.h>

#include <string.h>

static json_t *
text_or_null (const char *text)
{
  return text != NULL ? json_string (text) : json_null ();
}

static json_t *
number_or_null (gint64 number)
{
  return number != 0 ? json_integer (number) : json_null ();
}

static json_t *
usage_to_json (const FacetUsage *usage)
{
  json_t *json = json_object ();

  json_object_set_new (json, "prompt_tokens", json_integer (usage->prompt_tokens));
  json_object_set_new (json, "reused_tokens", json_integer (usage->reused_tokens));
  json_object_set_new (json, "thinking_tokens", json_integer (usage->thinking_tokens));
  json_object_set_new (json, "answer_tokens", json_integer (usage->answer_tokens));
  json_object_set_new (json, "first_token_s", json_real (usage->first_token_s));
  json_object_set_new (json, "thinking_s", json_real (usage->thinking_s));
  json_object_set_new (json, "tokens_per_s", json_real (usage->tokens_per_s));
  json_object_set_new (json, "context_used", json_integer (usage->context_used));
  json_object_set_new (json, "context_size", json_integer (usage->context_size));
  return json;
}

static json_t *
overflow_to_json (const FacetOverflow *overflow)
{
  json_t *json = json_object ();

  json_object_set_new (json, "needed", json_integer (overflow->needed));
  json_object_set_new (json, "available", json_integer (overflow->available));
  json_object_set_new (json, "messages", json_integer (overflow->n_messages));
  return json;
}

static json_t *
media_to_json (FacetExportContext *context, FacetMedia *media, GError **error)
{
  GError          *failure = NULL;
  g_autofree char *details = facet_media_dup_details (media);
  g_autofree char *path =
      facet_export_files_add_media (context->files, media, context->cancellable, &failure);
  json_t *json;

  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  context->n_missing += path == NULL;
  json = json_object ();
  json_object_set_new (json, "kind",
                       json_string (facet_media_kind_to_text (facet_media_get_kind (media))));
  json_object_set_new (json, "name", json_string (facet_media_get_name (media)));
  json_object_set_new (json, "media_type", json_string (facet_media_get_media_type (media)));
  json_object_set_new (json, "sha256", json_string (facet_media_get_content_hash (media)));
  json_object_set_new (json, "size", json_integer ((json_int_t)facet_media_get_size (media)));
  json_object_set_new (json, "soft_tokens", json_integer (facet_media_get_n_tokens (media)));
  json_object_set_new (json, "details", json_loads (details, 0, NULL));
  json_object_set_new (json, "file", text_or_null (path));
  return json;
}

/* NULL: @error. */
static json_t *
attachments_to_json (FacetExportContext *context, GPtrArray *attachments, GError **error)
{
  json_t *list = json_array ();

  for (guint i = 0; attachments != NULL && i < attachments->len; i++) {
    json_t *one = media_to_json (context, attachments->pdata[i], error);

    if (one == NULL) {
      json_decref (list);
      return NULL;
    }
    json_array_append_new (list, one);
  }
  return list;
}

static json_t *
message_to_json (FacetExportContext    *context,
                 const FacetMessageRow *row,
                 gint64                 deleted,
                 GError               **error)
{
  json_t *attachments = attachments_to_json (context, row->attachments, error);
  json_t *json;

  if (attachments == NULL)
    return NULL;
  json = json_object ();
  json_object_set_new (json, "id", json_integer (row->id));
  json_object_set_new (json, "parent", number_or_null (row->parent_id));
  json_object_set_new (json, "role", json_string (facet_tree_roles[row->role]));
  json_object_set_new (json, "state", json_string (facet_tree_states[row->state]));
  json_object_set_new (json, "created", json_integer (row->created));
  json_object_set_new (json, "deleted", number_or_null (deleted));
  json_object_set_new (json, "model", text_or_null (row->model));
  json_object_set_new (json, "thinking", json_string (row->thinking != NULL ? row->thinking : ""));
  json_object_set_new (json, "text", json_string (row->text != NULL ? row->text : ""));
  json_object_set_new (json, "attachments", attachments);
  json_object_set_new (json, "tool_calls", text_or_null (row->tool_calls));
  json_object_set_new (json, "tool_call_id", text_or_null (row->tool_call_id));
  json_object_set_new (json, "tool_name", text_or_null (row->tool_name));
  json_object_set_new (json, "error", text_or_null (row->error));
  json_object_set_new (json, "cut_off", json_boolean (row->cut_off));
  json_object_set_new (json, "usage", usage_to_json (&row->usage));
  json_object_set_new (json, "overflow", overflow_to_json (&row->overflow));
  return json;
}

/* Takes @messages and @draft. */
static json_t *
tree_to_json (FacetTree *tree, json_t *draft, json_t *messages)
{
  const FacetConversationRow *row = tree->conversation;
  json_t                     *json = json_object ();

  json_object_set_new (json, "format", json_string (FACET_TREE_FORMAT));
  json_object_set_new (json, "version", json_integer (FACET_TREE_VERSION));
  json_object_set_new (json, "title", json_string (row->title != NULL ? row->title : ""));
  json_object_set_new (json, "title_is_own", json_boolean (row->title_is_own));
  json_object_set_new (json, "created", json_integer (row->created));
  json_object_set_new (json, "updated", json_integer (row->updated));
  json_object_set_new (json, "pinned", json_boolean (row->pinned));
  json_object_set_new (json, "archived", json_boolean (tree->conversation->archived));
  json_object_set_new (json, "folder", text_or_null (tree->folder));
  json_object_set_new (json, "thinking", json_boolean (row->thinking));
  json_object_set_new (json, "draft", json_string (row->draft != NULL ? row->draft : ""));
  json_object_set_new (json, "draft_attachments", draft);
  json_object_set_new (json, "head", number_or_null (row->head_id));
  json_object_set_new (json, "messages", messages);
  return json;
}

static json_t *
messages_to_json (FacetExportContext *context, FacetTree *tree, GError **error)
{
  json_t *messages = json_array ();

  for (guint i = 0; i < tree->messages->len; i++) {
    json_t *message = message_to_json (context, tree->messages->pdata[i],
                                       g_array_index (tree->deleted, gint64, i), error);

    if (message == NULL) {
      json_decref (messages);
      return NULL;
    }
    json_array_append_new (messages, message);
  }
  return messages;
}

static gboolean
write_json (FacetExportContext *context, const json_t *json, GError **error)
{
  char    *text = json_dumps (json, JSON_INDENT (2));
  gboolean ok = facet_export_files_write (context->files, text, strlen (text), error) &&
                facet_export_files_write (context->files, "\n", 1, error);

  free (text);
  return ok;
}

gboolean
facet_export_json (FacetExportContext *context, FacetTree *tree, GError **error)
{
  json_t  *draft = attachments_to_json (context, tree->draft_media, error);
  json_t  *messages = draft != NULL ? messages_to_json (context, tree, error) : NULL;
  json_t  *json;
  gboolean ok;

  if (messages == NULL) {
    json_decref (draft);
    return FALSE;
  }
  json = tree_to_json (tree, draft, messages);
  ok = write_json (context, json, error);
  json_decref (json);
  return ok;
}
