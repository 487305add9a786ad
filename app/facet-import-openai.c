/* facet-import-openai.c: messages as OpenAI's interfaces and many other programs write them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import's thread.  A list is a conversation without branches.  Pictures and sounds in data are
 * imported; an address is never followed, what lies there is named as missing. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-import-private.h"

#include <glib/gi18n-lib.h>

#include <string.h>

static gboolean
read_role (FacetImport *self, const json_t *json, FacetRole *role, GError **error)
{
  static const struct {
    const char *name;
    FacetRole   role;
  } roles[] = {
      {"user", FACET_ROLE_USER},           {"human", FACET_ROLE_USER},
      {"assistant", FACET_ROLE_ASSISTANT}, {"model", FACET_ROLE_ASSISTANT},
      {"system", FACET_ROLE_SYSTEM},       {"developer", FACET_ROLE_SYSTEM},
      {"tool", FACET_ROLE_TOOL},           {"function", FACET_ROLE_TOOL},
  };
  const char *name = NULL;

  if (!facet_import_get_text (self, json, "role", &name, error))
    return FALSE;
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (roles); i++)
    if (g_str_equal (name, roles[i].name)) {
      *role = roles[i].role;
      return TRUE;
    }
  facet_import_enter_key (self, "role");
  return facet_import_fail (self, error, "%s",
                            name == NULL ? _ ("this is missing") : _ ("this role is not known"));
}

/* Parts */

/* "data:image/png;base64,…" or an address. */
static gboolean
attach_url (FacetImport     *self,
            const char      *url,
            FacetMediaKind   kind,
            FacetMessageRow *row,
            GError         **error)
{
  g_autofree char *name = NULL;
  const char      *data = g_ascii_strncasecmp (url, "data:", 5) == 0 ? strchr (url, ',') : NULL;
  GError          *failure = NULL;
  FacetMedia      *media;

  if (data == NULL) {
    facet_import_attach (row, facet_import_missing (self, kind, url));
    return TRUE;
  }
  if (data - url < 7 || g_ascii_strncasecmp (data - 7, ";base64", 7) != 0)
    return facet_import_fail (self, error, "%s", _ ("this data is not in base64"));
  /* Translators: the name of a picture or sound that came without one. */
  name = g_strdup_printf (_ ("Attachment %u"), g_hash_table_size (self->staged) + 1);
  media = facet_import_base64 (self, data + 1, name, &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  if (media == NULL)
    media = facet_import_missing (self, kind, name);
  facet_import_attach (row, media);
  return TRUE;
}

/* {"url"} or the text itself. */
static gboolean
read_url (FacetImport     *self,
          const json_t    *part,
          const char      *key,
          FacetMediaKind   kind,
          FacetMessageRow *row,
          GError         **error)
{
  const json_t *value = json_object_get (part, key);
  gsize         place = facet_import_enter_key (self, key);
  const char   *url = json_string_value (value);

  if (json_is_object (value)) {
    if (!facet_import_get_text (self, value, "url", &url, error))
      return FALSE;
    facet_import_enter_key (self, "url");
  }
  if (url == NULL)
    return facet_import_fail (self, error, "%s", _ ("this is no address"));
  if (!attach_url (self, url, kind, row, error))
    return FALSE;
  facet_import_leave (self, place);
  return TRUE;
}

/* {"data", "format"} */
static gboolean
read_sound (FacetImport *self, const json_t *part, FacetMessageRow *row, GError **error)
{
  const json_t    *sound = json_object_get (part, "input_audio");
  const char      *data = NULL;
  g_autofree char *url = NULL;
  gsize            place = facet_import_enter_key (self, "input_audio");

  if (!facet_import_get_text (self, sound, "data", &data, error))
    return FALSE;
  facet_import_enter_key (self, "data");
  if (data == NULL)
    return facet_import_fail (self, error, "%s", _ ("this is missing"));
  url = g_ascii_strncasecmp (data, "data:", 5) == 0 ? g_strdup (data)
                                                    : g_strconcat ("data:;base64,", data, NULL);
  if (!attach_url (self, url, FACET_MEDIA_AUDIO, row, error))
    return FALSE;
  facet_import_leave (self, place);
  return TRUE;
}

static gboolean
read_words (FacetImport *self, const json_t *part, const char *key, GString *text, GError **error)
{
  const char *words = NULL;

  if (!facet_import_get_text (self, part, key, &words, error))
    return FALSE;
  facet_import_append (text, words);
  return TRUE;
}

static gboolean
read_part (FacetImport     *self,
           const json_t    *part,
           FacetMessageRow *row,
           GString         *text,
           GError         **error)
{
  const char *type = NULL;
  char       *dump;

  if (json_is_string (part)) {
    facet_import_append (text, json_string_value (part));
    return TRUE;
  }
  if (!json_is_object (part))
    return facet_import_fail (self, error, "%s", _ ("this is neither text nor an object"));
  if (!facet_import_get_text (self, part, "type", &type, error))
    return FALSE;
  if (type == NULL || g_str_has_suffix (type, "text")) /* input_text, output_text */
    return read_words (self, part, "text", text, error);
  if (g_str_equal (type, "refusal"))
    return read_words (self, part, "refusal", text, error);
  if (g_str_equal (type, "image_url") || g_str_equal (type, "input_image"))
    return read_url (self, part, "image_url", FACET_MEDIA_IMAGE, row, error);
  if (g_str_equal (type, "video_url"))
    return read_url (self, part, "video_url", FACET_MEDIA_VIDEO, row, error);
  if (g_str_equal (type, "audio_url"))
    return read_url (self, part, "audio_url", FACET_MEDIA_AUDIO, row, error);
  if (g_str_equal (type, "input_audio"))
    return read_sound (self, part, row, error);
  /* It is not known here, and nothing is lost. */
  dump = json_dumps (part, JSON_COMPACT);
  facet_import_append (text, dump);
  free (dump);
  self->n_converted++;
  return TRUE;
}

static gboolean
read_content (FacetImport *self, const json_t *json, FacetMessageRow *row, GError **error)
{
  const json_t *content = json_object_get (json, "content");
  g_autoptr (GString) text = g_string_new (NULL);
  gsize place = facet_import_enter_key (self, "content");

  if (json_is_string (content))
    facet_import_append (text, json_string_value (content));
  else if (content != NULL && !json_is_null (content) && !json_is_array (content))
    return facet_import_fail (self, error, "%s", _ ("this is neither text nor a list of parts"));
  for (gsize i = 0; json_is_array (content) && i < json_array_size (content); i++) {
    gsize inner = facet_import_enter_index (self, i);

    if (!read_part (self, json_array_get (content, i), row, text, error))
      return FALSE;
    facet_import_leave (self, inner);
  }
  facet_import_leave (self, place);
  g_free (row->text);
  row->text = g_strdup (text->str);
  return TRUE;
}

/* Messages */

/* Facet keeps the list as its text. */
static gboolean
read_tool_calls (FacetImport *self, const json_t *json, FacetMessageRow *row, GError **error)
{
  const json_t *calls = json_object_get (json, "tool_calls");
  char         *text;

  if (calls == NULL || json_is_null (calls))
    return TRUE;
  if (!json_is_array (calls)) {
    facet_import_enter_key (self, "tool_calls");
    return facet_import_fail (self, error, "%s", _ ("this is no list"));
  }
  if (json_array_size (calls) == 0)
    return TRUE;
  text = json_dumps (calls, JSON_COMPACT);
  row->tool_calls = g_strdup (text);
  free (text);
  return TRUE;
}

static gboolean
read_facts (FacetImport *self, const json_t *json, FacetMessageRow *row, GError **error)
{
  static const char *const thoughts[] = {"reasoning", "reasoning_content", "thinking"};
  const char              *thinking = NULL, *call = NULL, *name = NULL, *model = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (thoughts) && thinking == NULL; i++)
    if (!facet_import_get_text (self, json, thoughts[i], &thinking, error))
      return FALSE;
  if (!facet_import_get_text (self, json, "tool_call_id", &call, error) ||
      !facet_import_get_text (self, json, "name", &name, error) ||
      !facet_import_get_text (self, json, "model", &model, error))
    return FALSE;
  if (thinking != NULL) {
    g_free (row->thinking);
    row->thinking = g_strdup (thinking);
  }
  if (row->role == FACET_ROLE_ASSISTANT)
    row->model = g_strdup (model);
  if (row->role == FACET_ROLE_TOOL) {
    row->tool_call_id = g_strdup (call);
    row->tool_name = g_strdup (name);
  }
  return TRUE;
}

gboolean
facet_import_openai_message (FacetImport *self, FacetTree *tree, const json_t *json, GError **error)
{
  g_autoptr (FacetMessageRow) row = NULL;
  FacetConversationRow *conversation = tree->conversation;
  FacetRole             role = FACET_ROLE_USER;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  if (!json_is_object (json))
    return facet_import_fail (self, error, "%s", _ ("this is no message"));
  if (!read_role (self, json, &role, error))
    return FALSE;
  if (conversation->created == 0)
    conversation->created = conversation->updated = self->now;
  row = facet_import_new_message (role, NULL, conversation->created);
  row->parent_id = tree->messages->len;
  if (!read_content (self, json, row, error) || !read_facts (self, json, row, error) ||
      !read_tool_calls (self, json, row, error))
    return FALSE;
  conversation->head_id = facet_tree_add (tree, g_steal_pointer (&row), 0);
  return TRUE;
}

gboolean
facet_import_openai_list (FacetImport *self, FacetTree *tree, const json_t *json, GError **error)
{
  for (gsize i = 0; i < json_array_size (json); i++) {
    gsize place = facet_import_enter_index (self, i);

    if (!facet_import_openai_message (self, tree, json_array_get (json, i), error))
      return FALSE;
    facet_import_leave (self, place);
  }
  return TRUE;
}

gboolean
facet_import_openai (FacetImport *self, const json_t *json, GError **error)
{
  g_autoptr (FacetTree) tree = facet_tree_new ();
  const json_t *messages = json_object_get (json, "messages");
  const char   *title = NULL;
  gint64        created = self->now;
  gsize         place;

  if (!facet_import_get_text (self, json, "title", &title, error) ||
      (json_is_number (json_object_get (json, "created")) &&
       !facet_import_get_time (self, json, "created", &created, error)))
    return FALSE;
  tree->conversation->created = tree->conversation->updated = created;
  if (title != NULL && *title != '\0') {
    tree->conversation->title = g_strdup (title);
    tree->conversation->title_is_own = TRUE;
  }
  place = facet_import_enter_key (self, "messages");
  if (!json_is_array (messages))
    return facet_import_fail (self, error, "%s", _ ("this is no list"));
  if (!facet_import_openai_list (self, tree, messages, error))
    return FALSE;
  facet_import_leave (self, place);
  facet_import_add_tree (self, g_steal_pointer (&tree));
  return TRUE;
}
