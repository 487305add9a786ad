/* facet-import-chatgpt-message.c: what a message of ChatGPT's conversations.json says.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import's thread.  "content" has a type: text and multimodal_text with parts, code, thoughts
 * and others.  A type that is not known here is kept as JSON in a code block. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-import-chatgpt-private.h"

#include <glib/gi18n-lib.h>

#include <string.h>

FacetRole
facet_chatgpt_get_role (const json_t *message)
{
  const char *role =
      json_string_value (json_object_get (json_object_get (message, "author"), "role"));

  if (g_strcmp0 (role, "user") == 0)
    return FACET_ROLE_USER;
  if (g_strcmp0 (role, "assistant") == 0)
    return FACET_ROLE_ASSISTANT;
  if (g_strcmp0 (role, "system") == 0)
    return FACET_ROLE_SYSTEM;
  return FACET_ROLE_TOOL;
}

/* A paragraph of its own. */
/* A fence that is longer than any in @code. */
static void
append_code (GString *text, const char *language, const char *code)
{
  g_autofree char *fence = NULL, *block = NULL;
  gsize            longest = 2, run = 0;

  for (const char *p = code; *p != '\0'; p++) {
    run = *p == '`' ? run + 1 : 0;
    longest = MAX (longest, run);
  }
  fence = g_strnfill (longest + 1, '`');
  block = g_strdup_printf ("%s%s\n%s\n%s", fence, language, code, fence);
  facet_import_append (text, block);
}

static void
append_unknown (FacetImport *self, GString *text, const json_t *json)
{
  char *dump = json_dumps (json, JSON_INDENT (2) | JSON_ENCODE_ANY);

  append_code (text, "json", dump != NULL ? dump : "");
  free (dump);
  self->n_converted++;
}

/* "file-service://file-abc" to "file-abc". */
static const char *
name_of_pointer (const char *pointer)
{
  const char *slashes = strstr (pointer, "://");

  return slashes != NULL && slashes[3] != '\0' ? slashes + 3 : pointer;
}

/* An object among the parts. */
static gboolean
read_part (FacetImport     *self,
           const json_t    *part,
           FacetMessageRow *row,
           GString         *text,
           GError         **error)
{
  const char *type = NULL, *pointer = NULL, *words = NULL;

  if (!facet_import_get_text (self, part, "content_type", &type, error) ||
      !facet_import_get_text (self, part, "asset_pointer", &pointer, error))
    return FALSE;
  if (pointer != NULL) {
    FacetMediaKind kind = type != NULL && strstr (type, "audio") != NULL   ? FACET_MEDIA_AUDIO
                          : type != NULL && strstr (type, "video") != NULL ? FACET_MEDIA_VIDEO
                                                                           : FACET_MEDIA_IMAGE;

    facet_import_attach (row, facet_import_missing (self, kind, name_of_pointer (pointer)));
    return TRUE;
  }
  if (g_strcmp0 (type, "audio_transcription") == 0) {
    if (!facet_import_get_text (self, part, "text", &words, error))
      return FALSE;
    facet_import_append (text, words);
    return TRUE;
  }
  append_unknown (self, text, part);
  return TRUE;
}

static gboolean
read_parts (FacetImport     *self,
            const json_t    *content,
            FacetMessageRow *row,
            GString         *text,
            GError         **error)
{
  const json_t *parts = json_object_get (content, "parts");
  gsize         place = facet_import_enter_key (self, "parts");
  gboolean      ok = TRUE;

  if (parts != NULL && !json_is_null (parts) && !json_is_array (parts))
    return facet_import_fail (self, error, "%s", _ ("this is no list"));
  for (gsize i = 0; ok && i < json_array_size (parts); i++) {
    const json_t *part = json_array_get (parts, i);
    gsize         inner = facet_import_enter_index (self, i);

    if (json_is_string (part))
      facet_import_append (text, json_string_value (part));
    else if (json_is_object (part))
      ok = read_part (self, part, row, text, error);
    else if (!json_is_null (part))
      ok = facet_import_fail (self, error, "%s", _ ("this is neither text nor an object"));
    if (ok)
      facet_import_leave (self, inner);
  }
  if (ok)
    facet_import_leave (self, place);
  return ok;
}

/* [{"summary", "content"}] */
static gboolean
read_thoughts (FacetImport *self, const json_t *content, FacetMessageRow *row, GError **error)
{
  const json_t *list = json_object_get (content, "thoughts");
  g_autoptr (GString) thinking = g_string_new (NULL);

  for (gsize i = 0; i < json_array_size (list); i++) {
    const char *summary = NULL, *words = NULL;

    if (!facet_import_get_text (self, json_array_get (list, i), "summary", &summary, error) ||
        !facet_import_get_text (self, json_array_get (list, i), "content", &words, error))
      return FALSE;
    if (summary != NULL && *summary != '\0') {
      g_autofree char *heading = g_strdup_printf ("**%s**", summary);

      facet_import_append (thinking, heading);
    }
    facet_import_append (thinking, words);
  }
  g_free (row->thinking);
  row->thinking = g_strdup (thinking->str);
  return TRUE;
}

/* Types that have their words under one or two keys. */
static gboolean
read_keys (FacetImport       *self,
           const json_t      *content,
           const char *const *keys,
           GString           *text,
           GError           **error)
{
  for (guint i = 0; keys[i] != NULL; i++) {
    const char *words = NULL;

    if (!facet_import_get_text (self, content, keys[i], &words, error))
      return FALSE;
    facet_import_append (text, words);
  }
  return TRUE;
}

static gboolean
read_code (FacetImport *self, const json_t *content, GString *text, GError **error)
{
  const char *code = NULL, *language = NULL;

  if (!facet_import_get_text (self, content, "text", &code, error) ||
      !facet_import_get_text (self, content, "language", &language, error))
    return FALSE;
  if (code != NULL && *code != '\0')
    append_code (text,
                 language != NULL &&
                         strspn (language, "abcdefghijklmnopqrstuvwxyz+#-0123456789") ==
                             strlen (language) &&
                         !g_str_equal (language, "unknown")
                     ? language
                     : "",
                 code);
  return TRUE;
}

static gboolean
read_content (FacetImport     *self,
              const json_t    *content,
              FacetMessageRow *row,
              GString         *text,
              GError         **error)
{
  static const struct {
    const char *type;
    const char *keys[4];
  } keyed[] = {
      {"execution_output", {"text"}},
      {"tether_browsing_display", {"summary", "result"}},
      {"tether_quote", {"title", "url", "text"}},
      {"system_error", {"name", "text"}},
      {"user_editable_context", {"user_profile", "user_instructions"}},
      {"model_editable_context", {"model_set_context"}},
      {"reasoning_recap", {NULL}}, /* "Thought for 5 seconds": the thought itself is there */
  };
  const char *type = NULL;

  if (!facet_import_get_text (self, content, "content_type", &type, error))
    return FALSE;
  if (type == NULL || g_str_equal (type, "text") || g_str_equal (type, "multimodal_text"))
    return read_parts (self, content, row, text, error);
  if (g_str_equal (type, "code"))
    return read_code (self, content, text, error);
  if (g_str_equal (type, "thoughts"))
    return read_thoughts (self, content, row, error);
  for (guint i = 0; i < G_N_ELEMENTS (keyed); i++)
    if (g_str_equal (type, keyed[i].type))
      return read_keys (self, content, keyed[i].keys, text, error);
  append_unknown (self, text, content);
  return TRUE;
}

/* Names of files that the person attached. */
static gboolean
read_attachments (FacetImport *self, const json_t *metadata, GString *text, GError **error)
{
  const json_t *list = json_object_get (metadata, "attachments");

  for (gsize i = 0; i < json_array_size (list); i++) {
    const json_t    *one = json_array_get (list, i);
    const char      *name = NULL, *type = NULL;
    g_autofree char *note = NULL;

    if (!facet_import_get_text (self, one, "name", &name, error) ||
        !facet_import_get_text (self, one, "mime_type", &type, error))
      return FALSE;
    /* Pictures are among the parts. */
    if (name == NULL || (type != NULL && g_str_has_prefix (type, "image/")))
      continue;
    /* Translators: the name of a file that is not in what is imported. */
    note = g_strdup_printf (_ ("[File “%s”, not imported]"), name);
    facet_import_append (text, note);
    self->n_missing++;
  }
  return TRUE;
}

/* A message to a tool says so: as an answer to the person it would make no sense. */
static gboolean
read_recipient (FacetImport *self, const json_t *message, GString *text, GError **error)
{
  const char      *recipient = NULL;
  g_autofree char *note = NULL;

  if (!facet_import_get_text (self, message, "recipient", &recipient, error))
    return FALSE;
  if (recipient == NULL || g_str_equal (recipient, "all") || text->len == 0)
    return TRUE;
  /* Translators: the name of a tool to which the model has written. */
  note = g_strdup_printf (_ ("[To the tool “%s”]\n\n"), recipient);
  g_string_prepend (text, note);
  self->n_converted++;
  return TRUE;
}

static gboolean
read_facts (FacetImport *self, const json_t *message, FacetMessageRow *row, GError **error)
{
  const json_t *author = json_object_get (message, "author");
  const char   *name = NULL, *model = NULL;

  if (!facet_import_get_time (self, message, "create_time", &row->created, error) ||
      !facet_import_get_text (self, author, "name", &name, error) ||
      !facet_import_get_text (self, json_object_get (message, "metadata"), "model_slug", &model,
                              error))
    return FALSE;
  if (row->role == FACET_ROLE_ASSISTANT)
    row->model = g_strdup (model);
  if (row->role == FACET_ROLE_TOOL)
    row->tool_name = g_strdup (name);
  return TRUE;
}

gboolean
facet_chatgpt_read_message (FacetImport      *self,
                            const json_t     *message,
                            FacetMessageRow **result,
                            GError          **error)
{
  const json_t *content = json_object_get (message, "content");
  const char   *type = json_string_value (json_object_get (content, "content_type"));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (FacetMessageRow) row =
      facet_import_new_message (facet_chatgpt_get_role (message), NULL, 0);
  gsize    place = facet_import_enter_key (self, "content");
  gboolean ok = TRUE;

  if (content != NULL && !json_is_null (content) && !json_is_object (content))
    return facet_import_fail (self, error, "%s", _ ("this is no object"));
  ok = read_content (self, content, row, text, error);
  if (ok)
    facet_import_leave (self, place);
  ok = ok && read_attachments (self, json_object_get (message, "metadata"), text, error) &&
       read_recipient (self, message, text, error) && read_facts (self, message, row, error);
  if (!ok)
    return FALSE;
  /* What the person told every conversation about themselves. */
  if (type != NULL && g_str_has_suffix (type, "_editable_context"))
    row->role = FACET_ROLE_SYSTEM;
  g_free (row->text);
  row->text = g_strdup (text->str);
  *result = *row->text != '\0' || *row->thinking != '\0' || row->attachments != NULL
                ? g_steal_pointer (&row)
                : NULL;
  return TRUE;
}
