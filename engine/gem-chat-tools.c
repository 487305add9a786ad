/* gem-chat-tools.c: values and tool declarations in the model's own notation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Owns the forms  {key:value,…}  of arguments and results and  declaration:NAME{…}  of tools, which
 * list their keys sorted without regard to case.  A JSON Schema's keywords other than those named
 * here are left out, as the published templates leave them out.  It does not know messages.  Pure
 * functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include <string.h>

#include "gem-chat-private.h"
#include "gem-error.h"
#include "gem-json.h"

/* ---- sorted members -------------------------------------------------------------------------- */

typedef struct {
  const char *key;
  const char *folded; /* the key in lower case; owned only where it differs from the key */
  json_t     *value;
  guint       index;
} Member;

/* Lower case without a locale, one character for one. */
static const char *
fold (const char *key)
{
  GString *folded;

  for (const char *c = key;; c = g_utf8_next_char (c)) {
    if (*c == '\0')
      return key;
    if (g_unichar_tolower (g_utf8_get_char (c)) != g_utf8_get_char (c))
      break;
  }
  folded = g_string_new (NULL);
  for (const char *c = key; *c != '\0'; c = g_utf8_next_char (c))
    g_string_append_unichar (folded, g_unichar_tolower (g_utf8_get_char (c)));
  return g_string_free (folded, FALSE);
}

static void
member_clear (gpointer data)
{
  Member *member = data;

  if (member->folded != member->key)
    g_free ((char *)member->folded);
}

static int
compare_members (gconstpointer a, gconstpointer b)
{
  const Member *one = a, *other = b;
  /* The order of UTF-8 bytes is that of the characters. */
  int           order = strcmp (one->folded, other->folded);

  return order != 0 ? order : (int)one->index - (int)other->index;
}

/* Jinja's dictsort.  (transfer full), an array of Member. */
static GArray *
sort_members (const json_t *object)
{
  GArray     *members = g_array_new (FALSE, FALSE, sizeof (Member));
  const char *key;
  json_t     *value;

  g_array_set_clear_func (members, member_clear);
  json_object_foreach ((json_t *)object, key, value)
  {
    Member member = {key, fold (key), value, members->len};

    g_array_append_val (members, member);
  }
  g_array_sort (members, compare_members);
  return members;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* As Python prints it; NULL prints nothing. */
static void
put_str (GemPromptWriter *w, const json_t *value)
{
  g_autoptr (GString) text = g_string_new (NULL);

  gem_json_append_str (text, value);
  gem_prompt_put_text (w, text->str, text->len);
}

static void
put_quoted_str (GemPromptWriter *w, const json_t *value)
{
  gem_prompt_put_special (w, "<|\"|>");
  put_str (w, value);
  gem_prompt_put_special (w, "<|\"|>");
}

static void
put_separator (GemPromptWriter *w, gboolean *comma)
{
  if (*comma)
    gem_prompt_put_literal (w, ",");
  *comma = TRUE;
}

static void put_value (GemPromptWriter *w, const json_t *value, gboolean quote_keys);

static void
put_members (GemPromptWriter *w, const json_t *object, gboolean quote_keys)
{
  g_autoptr (GArray) members = sort_members (object);

  for (guint i = 0; i < members->len; i++) {
    const Member *member = &g_array_index (members, Member, i);

    if (i > 0)
      gem_prompt_put_literal (w, ",");
    if (quote_keys)
      gem_prompt_put_quoted (w, member->key, strlen (member->key));
    else
      gem_prompt_put_literal (w, member->key);
    gem_prompt_put_literal (w, ":");
    put_value (w, member->value, quote_keys);
  }
}

static void
put_items (GemPromptWriter *w, const json_t *array, gboolean quote_keys)
{
  size_t  i;
  json_t *item;

  json_array_foreach (array, i, item)
  {
    if (i > 0)
      gem_prompt_put_literal (w, ",");
    put_value (w, item, quote_keys);
  }
}

static void
put_value (GemPromptWriter *w, const json_t *value, gboolean quote_keys)
{
  switch (json_typeof (value)) {
  case JSON_OBJECT:
    gem_prompt_put_literal (w, "{");
    put_members (w, value, quote_keys);
    gem_prompt_put_literal (w, "}");
    break;
  case JSON_ARRAY:
    gem_prompt_put_literal (w, "[");
    put_items (w, value, quote_keys);
    gem_prompt_put_literal (w, "]");
    break;
  case JSON_STRING:
    if (gem_json_get_big_integer (value) != NULL)
      put_str (w, value);
    else
      gem_prompt_put_quoted (w, json_string_value (value), json_string_length (value));
    break;
  case JSON_INTEGER:
  case JSON_REAL:
    put_str (w, value);
    break;
  case JSON_TRUE:
  case JSON_FALSE:
    gem_prompt_put_literal (w, json_is_true (value) ? "true" : "false");
    break;
  case JSON_NULL:
    gem_prompt_put_literal (w, w->revision->null_word ? "null" : "None");
    break;
  }
}

void
gem_chat_put_value (GemPromptWriter *w, const json_t *value)
{
  put_value (w, value, FALSE);
}

void
gem_chat_put_members (GemPromptWriter *w, const json_t *object)
{
  put_members (w, object, FALSE);
}

/* ---- schemas --------------------------------------------------------------------------------- */

/* The value in upper case, as Python prints it: a type such as "string", or a list of them. */
static char *
upper_str (const json_t *value)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GString *upper = g_string_new (NULL);

  gem_json_append_str (text, value);
  for (const char *c = text->str; c < text->str + text->len; c = g_utf8_next_char (c))
    g_string_append_unichar (upper, g_unichar_toupper (g_utf8_get_char (c)));
  return g_string_free (upper, FALSE);
}

static void
put_type (GemPromptWriter *w, const char *upper)
{
  gem_prompt_put_literal (w, "type:");
  gem_prompt_put_quoted (w, upper, strlen (upper));
}

/* required:[…] */
static gboolean
put_required (GemPromptWriter *w, const json_t *names, GError **error)
{
  size_t  i;
  json_t *name;

  if (!json_is_array (names)) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "has a “required” that is not a list.");
    return FALSE;
  }
  gem_prompt_put_literal (w, "required:[");
  json_array_foreach (names, i, name)
  {
    if (i > 0)
      gem_prompt_put_literal (w, ",");
    put_quoted_str (w, name);
  }
  gem_prompt_put_literal (w, "]");
  return TRUE;
}

static gboolean put_properties (GemPromptWriter *w,
                                const json_t    *properties,
                                gboolean         only_names,
                                GError         **error);

/* type:… of a list's items, where it may be a list of types. */
static void
put_item_type (GemPromptWriter *w, const json_t *type)
{
  g_autofree char *upper = NULL;
  size_t           i;
  json_t          *one;

  if (!json_is_array (type)) {
    upper = upper_str (type);
    put_type (w, upper);
    return;
  }
  gem_prompt_put_literal (w, "type:[");
  json_array_foreach (type, i, one)
  {
    g_autofree char *name = upper_str (one);

    if (i > 0)
      gem_prompt_put_literal (w, ",");
    gem_prompt_put_quoted (w, name, strlen (name));
  }
  gem_prompt_put_literal (w, "]");
}

/* items:{…}, whose keywords are not chosen but all listed. */
static gboolean
put_item_schema (GemPromptWriter *w, const json_t *items, GError **error)
{
  g_autoptr (GArray) members = sort_members (items);
  gboolean comma = FALSE;

  gem_prompt_put_literal (w, "items:{");
  for (guint i = 0; i < members->len; i++) {
    const Member *member = &g_array_index (members, Member, i);
    gboolean      done = TRUE;

    if (json_is_null (member->value))
      continue;
    put_separator (w, &comma);
    if (g_str_equal (member->key, "properties")) {
      gem_prompt_put_literal (w, "properties:{");
      if (json_is_object (member->value))
        done = put_properties (w, member->value, w->revision->early_declarations, error);
      gem_prompt_put_literal (w, "}");
    } else if (g_str_equal (member->key, "required")) {
      done = put_required (w, member->value, error);
    } else if (g_str_equal (member->key, "type")) {
      put_item_type (w, member->value);
    } else {
      gem_prompt_put_literal (w, member->key);
      gem_prompt_put_literal (w, ":");
      put_value (w, member->value, TRUE);
    }
    if (!done)
      return FALSE;
  }
  gem_prompt_put_literal (w, "}");
  return TRUE;
}

/* The comma before a nested part.  The launch's form always has one, and then forgets it before the
 * type. */
static void
put_nested_separator (GemPromptWriter *w, gboolean *comma)
{
  if (w->revision->early_declarations)
    gem_prompt_put_literal (w, ",");
  else
    put_separator (w, comma);
}

/* properties:{…},required:[…] of a property that is an object. */
static gboolean
put_object_property (GemPromptWriter *w, const json_t *schema, gboolean *comma, GError **error)
{
  const json_t *properties = json_object_get (schema, "properties");
  const json_t *required = json_object_get (schema, "required");
  gboolean      declared = json_is_object (properties);

  put_nested_separator (w, comma);
  gem_prompt_put_literal (w, "properties:{");
  /* Without properties of its own, whatever is no keyword is taken for one. */
  if (!put_properties (w, declared ? properties : schema,
                       !declared || w->revision->early_declarations, error))
    return FALSE;
  gem_prompt_put_literal (w, "}");
  if (gem_json_is_true (required)) {
    put_nested_separator (w, comma);
    return put_required (w, required, error);
  }
  return TRUE;
}

static void
put_nullable (GemPromptWriter *w, const json_t *schema, gboolean *comma)
{
  if (!gem_json_is_true (json_object_get (schema, "nullable")))
    return;
  put_separator (w, comma);
  gem_prompt_put_literal (w, "nullable:true");
}

/* {description:…,enum:…,…,type:…}; @schema may be anything. */
static gboolean
put_property (GemPromptWriter *w, const json_t *schema, GError **error)
{
  const json_t    *description = json_object_get (schema, "description");
  const json_t    *values = json_object_get (schema, "enum");
  const json_t    *items = json_object_get (schema, "items");
  g_autofree char *type = upper_str (json_object_get (schema, "type"));
  gboolean         comma = FALSE, early = w->revision->early_declarations;

  gem_prompt_put_literal (w, "{");
  if (gem_json_is_true (description)) {
    put_separator (w, &comma);
    gem_prompt_put_literal (w, "description:");
    put_quoted_str (w, description);
  }
  if (early)
    put_nullable (w, schema, &comma);
  if (g_str_equal (type, "STRING") && gem_json_is_true (values)) {
    put_separator (w, &comma);
    gem_prompt_put_literal (w, "enum:");
    put_value (w, values, TRUE);
  }
  if (g_str_equal (type, "ARRAY") && json_is_object (items) && gem_json_is_true (items)) {
    put_nested_separator (w, &comma);
    if (!put_item_schema (w, items, error))
      return FALSE;
  }
  if (!early)
    put_nullable (w, schema, &comma);
  if (g_str_equal (type, "OBJECT") && !put_object_property (w, schema, &comma, error))
    return FALSE;
  put_separator (w, &comma);
  put_type (w, type);
  gem_prompt_put_literal (w, "}");
  return TRUE;
}

static gboolean
is_keyword (const char *key)
{
  static const char *const keywords[] = {"description", "type",     "properties",
                                         "required",    "nullable", NULL};

  return g_strv_contains (keywords, key);
}

/* key:{…},… sorted.  @only_names: keys that are schema keywords are no properties. */
static gboolean
put_properties (GemPromptWriter *w, const json_t *properties, gboolean only_names, GError **error)
{
  g_autoptr (GArray) members = NULL;
  gboolean comma = FALSE;

  members = sort_members (properties);
  for (guint i = 0; i < members->len; i++) {
    const Member *member = &g_array_index (members, Member, i);

    if (only_names && is_keyword (member->key))
      continue;
    put_separator (w, &comma);
    gem_prompt_put_literal (w, member->key);
    gem_prompt_put_literal (w, ":");
    if (!put_property (w, member->value, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- declarations ---------------------------------------------------------------------------- */

/* ,parameters:{…}  Like the templates, without a type it has no closing brace. */
static gboolean
put_parameters (GemPromptWriter *w, const json_t *parameters, GError **error)
{
  const json_t *properties = json_object_get (parameters, "properties");
  const json_t *required = json_object_get (parameters, "required");
  const json_t *type = json_object_get (parameters, "type");

  gem_prompt_put_literal (w, ",parameters:{");
  if (gem_json_is_true (properties)) {
    if (!json_is_object (properties)) {
      g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                   "has “properties” that are not an object.");
      return FALSE;
    }
    gem_prompt_put_literal (w, "properties:{");
    if (!put_properties (w, properties, w->revision->early_declarations, error))
      return FALSE;
    gem_prompt_put_literal (w, "},");
  }
  if (gem_json_is_true (required)) {
    if (!put_required (w, required, error))
      return FALSE;
    gem_prompt_put_literal (w, ",");
  }
  if (gem_json_is_true (type)) {
    g_autofree char *upper = upper_str (type);

    put_type (w, upper);
    gem_prompt_put_literal (w, "}");
  }
  return TRUE;
}

/* ,response:{…}  Only an object's is closed, as in the templates. */
static void
put_response_schema (GemPromptWriter *w, const json_t *schema)
{
  const json_t    *description = json_object_get (schema, "description");
  g_autofree char *type = upper_str (json_object_get (schema, "type"));

  gem_prompt_put_literal (w, ",response:{");
  if (gem_json_is_true (description)) {
    gem_prompt_put_literal (w, "description:");
    put_quoted_str (w, description);
    gem_prompt_put_literal (w, ",");
  }
  if (g_str_equal (type, "OBJECT")) {
    put_type (w, type);
    gem_prompt_put_literal (w, "}");
  }
}

gboolean
gem_chat_put_declaration (GemPromptWriter *w, const json_t *tool, GError **error)
{
  const json_t *function = json_object_get (tool, "function");
  const json_t *name = json_object_get (function, "name");
  const json_t *parameters = json_object_get (function, "parameters");
  const json_t *response = json_object_get (function, "response");

  if (!json_is_string (name) || json_string_length (name) == 0) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT, "has no function with a name.");
    return FALSE;
  }
  gem_prompt_put_special (w, "<|tool>");
  gem_prompt_put_literal (w, "declaration:");
  put_str (w, name);
  gem_prompt_put_literal (w, "{description:");
  put_quoted_str (w, json_object_get (function, "description"));
  if (gem_json_is_true (parameters)) {
    if (!json_is_object (parameters)) {
      g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                   "has “parameters” that are not an object.");
      return FALSE;
    }
    if (!put_parameters (w, parameters, error))
      return FALSE;
  }
  if (response != NULL)
    put_response_schema (w, response);
  gem_prompt_put_literal (w, "}");
  gem_prompt_put_special (w, "<tool|>");
  return TRUE;
}
