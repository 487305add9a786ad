/* facet-import-facet.c: Facet's own JSON (docs/export.md), back into a tree.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import's thread.  A parent comes before its children, so a loop cannot be written down. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-import-private.h"
#include "facet-tree-json.h"

#include <glib/gi18n-lib.h>

#include <string.h>

/* FALSE: it is there and none of @names. */
static gboolean
get_name (FacetImport       *self,
          const json_t      *json,
          const char        *key,
          const char *const *names,
          guint              n,
          guint             *value,
          GError           **error)
{
  const char *text = NULL;
  gsize       place;

  if (!facet_import_get_text (self, json, key, &text, error))
    return FALSE;
  for (guint i = 0; text != NULL && i < n; i++)
    if (g_str_equal (text, names[i])) {
      *value = i;
      return TRUE;
    }
  place = facet_import_enter_key (self, key);
  facet_import_fail (self, error, "%s",
                     text != NULL ? _ ("this word is not known here") : _ ("this is missing"));
  facet_import_leave (self, place);
  return FALSE;
}

static gboolean
dup_text (FacetImport *self, const json_t *json, const char *key, char **value, GError **error)
{
  const char *text = NULL;

  if (!facet_import_get_text (self, json, key, &text, error))
    return FALSE;
  if (text != NULL) {
    g_free (*value);
    *value = g_strdup (text);
  }
  return TRUE;
}

static gboolean
get_count (FacetImport *self, const json_t *json, const char *key, guint *value, GError **error)
{
  gint64 number = 0;

  if (!facet_import_get_integer (self, json, key, G_MAXINT, &number, error))
    return FALSE;
  *value = (guint)number;
  return TRUE;
}

/* Attachments */

static gboolean
check_hash (FacetImport *self, const char *hash, GError **error)
{
  gsize place;

  if (*hash == '\0' || facet_media_is_content_hash (hash))
    return TRUE;
  place = facet_import_enter_key (self, "sha256");
  facet_import_fail (self, error, "%s", _ ("this is no SHA-256 in hexadecimal"));
  facet_import_leave (self, place);
  return FALSE;
}

/* What they say is looked at by the media itself. */
static gboolean
check_details (FacetImport *self, const json_t *json, GError **error)
{
  const json_t *details = json_object_get (json, "details");

  if (details == NULL || json_is_object (details))
    return TRUE;
  facet_import_enter_key (self, "details");
  return facet_import_fail (self, error, "%s", _ ("this is no object"));
}

/* (transfer full), NULL: @error. */
static FacetMedia *
read_media (FacetImport *self, const json_t *json, GError **error)
{
  static const char *const kinds[] = {"image", "audio", "video"};
  FacetMediaInfo info = {.folder = self->staging != NULL ? self->staging : "", .content_hash = ""};
  const char    *file = NULL;
  gint64         size = 0, soft_tokens = 0;
  guint          kind = 0;
  gboolean       found;
  char          *details;
  FacetMedia    *media;

  if (!get_name (self, json, "kind", kinds, G_N_ELEMENTS (kinds), &kind, error) ||
      !facet_import_get_text (self, json, "name", &info.name, error) ||
      !facet_import_get_text (self, json, "media_type", &info.media_type, error) ||
      !facet_import_get_text (self, json, "sha256", &info.content_hash, error) ||
      !check_hash (self, info.content_hash, error) ||
      !facet_import_get_integer (self, json, "size", G_MAXINT64, &size, error) ||
      !facet_import_get_integer (self, json, "soft_tokens", G_MAXINT, &soft_tokens, error) ||
      !facet_import_get_text (self, json, "file", &file, error) ||
      !check_details (self, json, error) ||
      !facet_import_beside (self, file, info.content_hash, &found, error))
    return NULL;
  if (!facet_media_kind_from_text (kinds[kind], &info.kind))
    return NULL;
  info.size = (guint64)size;
  info.n_sound_tokens = (guint)soft_tokens;
  details = json_dumps (json_object_get (json, "details"), JSON_COMPACT);
  media = facet_media_new_stored (&info, details);
  free (details);
  return media;
}

/* An array of them, added by @attach to @target. */
static gboolean
read_attachments (FacetImport  *self,
                  const json_t *json,
                  const char   *key,
                  void (*attach) (gpointer target, FacetMedia *media),
                  gpointer target,
                  GError **error)
{
  const json_t *list = json_object_get (json, key);
  gsize         place = facet_import_enter_key (self, key);
  gboolean      ok = TRUE;

  if (list != NULL && !json_is_array (list))
    ok = facet_import_fail (self, error, "%s", _ ("this is no list"));
  for (gsize i = 0; ok && i < json_array_size (list); i++) {
    gsize       inner = facet_import_enter_index (self, i);
    FacetMedia *media = read_media (self, json_array_get (list, i), error);

    ok = media != NULL;
    if (ok)
      attach (target, media);
    facet_import_leave (self, inner);
  }
  facet_import_leave (self, place);
  return ok;
}

static void
attach_to_message (gpointer row, FacetMedia *media)
{
  facet_import_attach (row, media);
}

static void
attach_to_draft (gpointer list, FacetMedia *media)
{
  g_ptr_array_add (list, media);
}

/* Messages */

static gboolean
read_usage (FacetImport *self, const json_t *json, FacetUsage *usage, GError **error)
{
  return get_count (self, json, "prompt_tokens", &usage->prompt_tokens, error) &&
         get_count (self, json, "reused_tokens", &usage->reused_tokens, error) &&
         get_count (self, json, "thinking_tokens", &usage->thinking_tokens, error) &&
         get_count (self, json, "answer_tokens", &usage->answer_tokens, error) &&
         facet_import_get_real (self, json, "first_token_s", &usage->first_token_s, error) &&
         facet_import_get_real (self, json, "thinking_s", &usage->thinking_s, error) &&
         facet_import_get_real (self, json, "tokens_per_s", &usage->tokens_per_s, error) &&
         get_count (self, json, "context_used", &usage->context_used, error) &&
         get_count (self, json, "context_size", &usage->context_size, error);
}

static gboolean
read_overflow (FacetImport *self, const json_t *json, FacetOverflow *overflow, GError **error)
{
  return get_count (self, json, "needed", &overflow->needed, error) &&
         get_count (self, json, "available", &overflow->available, error) &&
         get_count (self, json, "messages", &overflow->n_messages, error);
}

static gboolean
read_numbers (FacetImport *self, const json_t *json, FacetMessageRow *row, GError **error)
{
  gsize    place = facet_import_enter_key (self, "usage");
  gboolean ok = read_usage (self, json_object_get (json, "usage"), &row->usage, error);

  facet_import_leave (self, place);
  if (!ok)
    return FALSE;
  place = facet_import_enter_key (self, "overflow");
  ok = read_overflow (self, json_object_get (json, "overflow"), &row->overflow, error);
  facet_import_leave (self, place);
  return ok;
}

static gboolean
read_texts (FacetImport *self, const json_t *json, FacetMessageRow *row, GError **error)
{
  return dup_text (self, json, "text", &row->text, error) &&
         dup_text (self, json, "thinking", &row->thinking, error) &&
         dup_text (self, json, "model", &row->model, error) &&
         dup_text (self, json, "error", &row->error, error) &&
         dup_text (self, json, "tool_calls", &row->tool_calls, error) &&
         dup_text (self, json, "tool_call_id", &row->tool_call_id, error) &&
         dup_text (self, json, "tool_name", &row->tool_name, error);
}

/* 0: absent; else the number of the message that has it. */
static gboolean
get_reference (FacetImport  *self,
               const json_t *json,
               const char   *key,
               GHashTable   *numbers,
               gint64       *number,
               GError      **error)
{
  gint64 id = 0;
  gsize  place;

  if (!facet_import_get_integer (self, json, key, G_MAXINT64, &id, error))
    return FALSE;
  *number = GPOINTER_TO_INT (g_hash_table_lookup (numbers, &id));
  if (id == 0 || *number != 0)
    return TRUE;
  place = facet_import_enter_key (self, key);
  facet_import_fail (self, error, _ ("there is no earlier message %" G_GINT64_FORMAT), id);
  facet_import_leave (self, place);
  return FALSE;
}

static gboolean
take_id (FacetImport *self, const json_t *json, GHashTable *numbers, guint number, GError **error)
{
  gint64  id = 0;
  gint64 *key;
  gsize   place;

  if (!facet_import_get_integer (self, json, "id", G_MAXINT64, &id, error))
    return FALSE;
  if (id != 0 && !g_hash_table_contains (numbers, &id)) {
    key = g_new (gint64, 1);
    *key = id;
    g_hash_table_insert (numbers, key, GUINT_TO_POINTER (number));
    return TRUE;
  }
  place = facet_import_enter_key (self, "id");
  facet_import_fail (self, error, "%s",
                     id == 0 ? _ ("this is missing") : _ ("another message has the same one"));
  facet_import_leave (self, place);
  return FALSE;
}

static gboolean
read_message (FacetImport  *self,
              const json_t *json,
              FacetTree    *tree,
              GHashTable   *numbers,
              GError      **error)
{
  g_autoptr (FacetMessageRow) row = NULL;
  gint64 created = 0, deleted = 0, parent = 0;
  guint  role = 0, state = 0;

  if (!json_is_object (json))
    return facet_import_fail (self, error, "%s", _ ("this is no message"));
  if (!get_reference (self, json, "parent", numbers, &parent, error) ||
      !take_id (self, json, numbers, tree->messages->len + 1, error) ||
      !get_name (self, json, "role", facet_tree_roles, G_N_ELEMENTS (facet_tree_roles), &role,
                 error) ||
      !get_name (self, json, "state", facet_tree_states, G_N_ELEMENTS (facet_tree_states), &state,
                 error) ||
      !facet_import_get_integer (self, json, "created", FACET_IMPORT_MAX_TIME, &created, error) ||
      !facet_import_get_integer (self, json, "deleted", FACET_IMPORT_MAX_TIME, &deleted, error))
    return FALSE;
  row = facet_import_new_message (role, NULL, created);
  row->state = state == FACET_MESSAGE_PENDING ? FACET_MESSAGE_INTERRUPTED : state;
  row->parent_id = parent;
  if (!read_texts (self, json, row, error) ||
      !facet_import_get_boolean (self, json, "cut_off", &row->cut_off, error) ||
      !read_numbers (self, json, row, error) ||
      !read_attachments (self, json, "attachments", attach_to_message, row, error))
    return FALSE;
  facet_tree_add (tree, g_steal_pointer (&row), deleted);
  return TRUE;
}

static gboolean
read_messages (FacetImport  *self,
               const json_t *json,
               FacetTree    *tree,
               GHashTable   *numbers,
               GError      **error)
{
  const json_t *list = json_object_get (json, "messages");
  gsize         place = facet_import_enter_key (self, "messages");
  gboolean      ok = TRUE;

  if (!json_is_array (list))
    ok = facet_import_fail (self, error, "%s",
                            list == NULL ? _ ("this is missing") : _ ("this is no list"));
  for (gsize i = 0; ok && i < json_array_size (list); i++) {
    gsize inner = facet_import_enter_index (self, i);

    ok = !g_cancellable_set_error_if_cancelled (self->cancellable, error) &&
         read_message (self, json_array_get (list, i), tree, numbers, error);
    facet_import_leave (self, inner);
  }
  facet_import_leave (self, place);
  return ok;
}

/* The conversation */

static gboolean
check_version (FacetImport *self, const json_t *json, GError **error)
{
  const char *format = json_string_value (json_object_get (json, "format"));
  gint64      version = 0;

  if (g_strcmp0 (format, FACET_TREE_FORMAT) != 0)
    return facet_import_fail (self, error, "%s", _ ("“format” is not “facet-conversation”"));
  if (!facet_import_get_integer (self, json, "version", G_MAXINT, &version, error))
    return FALSE;
  if (version > FACET_TREE_VERSION)
    return facet_import_fail (self, error, "%s",
                              _ ("this was written by a newer version of Facet"));
  return version == FACET_TREE_VERSION ||
         facet_import_fail (self, error, "%s", _ ("“version” is missing"));
}

static gboolean
read_folder (FacetImport *self, const json_t *json, FacetTree *tree, GError **error)
{
  g_autofree char *name = NULL;

  if (!dup_text (self, json, "folder", &name, error))
    return FALSE;
  tree->folder = name != NULL ? facet_folder_clean_name (name) : NULL;
  return TRUE;
}

static gboolean
read_conversation (FacetImport *self, const json_t *json, FacetTree *tree, GError **error)
{
  FacetConversationRow *row = tree->conversation;

  return dup_text (self, json, "title", &row->title, error) &&
         facet_import_get_boolean (self, json, "title_is_own", &row->title_is_own, error) &&
         facet_import_get_integer (self, json, "created", FACET_IMPORT_MAX_TIME, &row->created,
                                   error) &&
         facet_import_get_integer (self, json, "updated", FACET_IMPORT_MAX_TIME, &row->updated,
                                   error) &&
         facet_import_get_boolean (self, json, "pinned", &row->pinned, error) &&
         facet_import_get_boolean (self, json, "archived", &row->archived, error) &&
         read_folder (self, json, tree, error) &&
         facet_import_get_boolean (self, json, "thinking", &row->thinking, error) &&
         dup_text (self, json, "draft", &row->draft, error);
}

gboolean
facet_import_facet (FacetImport *self, const json_t *json, GError **error)
{
  g_autoptr (FacetTree) tree = facet_tree_new ();
  g_autoptr (GHashTable) numbers =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  if (!check_version (self, json, error) || !read_conversation (self, json, tree, error) ||
      !read_messages (self, json, tree, numbers, error) ||
      !get_reference (self, json, "head", numbers, &tree->conversation->head_id, error) ||
      !read_attachments (self, json, "draft_attachments", attach_to_draft, tree->draft_media,
                         error))
    return FALSE;
  facet_import_add_tree (self, g_steal_pointer (&tree));
  return TRUE;
}
