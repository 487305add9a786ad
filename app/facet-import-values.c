/* facet-import-values.c: places and values in a file that is imported.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import's thread. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-conversation-private.h"
#include "facet-import-private.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <string.h>

#define KEY_CHARS 40 /* of a key in a sentence */

G_DEFINE_QUARK (facet_import_error_quark, facet_import_error)

void
facet_import_init (FacetImport *self, const char *name, const char *beside, const char *staging)
{
  *self = (FacetImport){.name = name, .beside = beside, .staging = staging};
  self->now = g_get_real_time ();
  self->path = g_string_new (NULL);
  self->trees = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_tree_free);
  self->staged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

void
facet_import_clear (FacetImport *self)
{
  g_string_free (self->path, TRUE);
  g_ptr_array_unref (self->trees);
  g_hash_table_unref (self->staged);
}

/* Places */

gsize
facet_import_enter_key (FacetImport *self, const char *key)
{
  gsize length = self->path->len;

  if (length > 0)
    g_string_append_c (self->path, '.');
  /* Keys are anyone's, too. */
  for (guint n = 0; *key != '\0'; key = g_utf8_next_char (key), n++) {
    gunichar c = g_utf8_get_char (key);

    if (n == KEY_CHARS) {
      g_string_append (self->path, "…");
      break;
    }
    g_string_append_unichar (self->path, g_unichar_isprint (c) ? c : 0xfffd);
  }
  return length;
}

gsize
facet_import_enter_index (FacetImport *self, gsize index)
{
  gsize length = self->path->len;

  g_string_append_printf (self->path, "[%" G_GSIZE_FORMAT "]", index);
  return length;
}

void
facet_import_leave (FacetImport *self, gsize length)
{
  g_string_truncate (self->path, length);
}

gboolean
facet_import_fail (FacetImport *self, GError **error, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list          arguments;

  va_start (arguments, format);
  why = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (self->path->len > 0)
    /* Translators: a file, a line, a path such as [12].mapping.abc, and what is wrong there. */
    g_set_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_DAMAGED,
                 _ ("Nothing of “%s” was imported.  In what begins in line %" G_GINT64_FORMAT
                    ", at %s: %s."),
                 self->name, self->line, self->path->str, why);
  else
    g_set_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_DAMAGED,
                 _ ("Nothing of “%s” was imported.  In what begins in line %" G_GINT64_FORMAT
                    ": %s."),
                 self->name, self->line, why);
  return FALSE;
}

/* Values */

static gboolean
fail_key (FacetImport *self, const char *key, const char *why, GError **error)
{
  gsize place = facet_import_enter_key (self, key);

  facet_import_fail (self, error, "%s", why);
  facet_import_leave (self, place);
  return FALSE;
}

gboolean
facet_import_get_text (FacetImport  *self,
                       const json_t *object,
                       const char   *key,
                       const char  **value,
                       GError      **error)
{
  const json_t *json = json_object_get (object, key);

  if (json == NULL || json_is_null (json))
    return TRUE;
  if (!json_is_string (json))
    return fail_key (self, key, _ ("this is no text"), error);
  *value = json_string_value (json);
  return TRUE;
}

gboolean
facet_import_get_integer (FacetImport  *self,
                          const json_t *object,
                          const char   *key,
                          gint64        highest,
                          gint64       *value,
                          GError      **error)
{
  const json_t *json = json_object_get (object, key);

  if (json == NULL || json_is_null (json))
    return TRUE;
  if (!json_is_integer (json) || json_integer_value (json) < 0 ||
      json_integer_value (json) > highest)
    return fail_key (self, key, _ ("this is no whole number in its range"), error);
  *value = json_integer_value (json);
  return TRUE;
}

gboolean
facet_import_get_real (FacetImport  *self,
                       const json_t *object,
                       const char   *key,
                       double       *value,
                       GError      **error)
{
  const json_t *json = json_object_get (object, key);

  if (json == NULL || json_is_null (json))
    return TRUE;
  if (!json_is_number (json) || !isfinite (json_number_value (json)) ||
      json_number_value (json) < 0)
    return fail_key (self, key, _ ("this is no number in its range"), error);
  *value = json_number_value (json);
  return TRUE;
}

gboolean
facet_import_get_boolean (FacetImport  *self,
                          const json_t *object,
                          const char   *key,
                          gboolean     *value,
                          GError      **error)
{
  const json_t *json = json_object_get (object, key);

  if (json == NULL || json_is_null (json))
    return TRUE;
  if (!json_is_boolean (json))
    return fail_key (self, key, _ ("this is neither true nor false"), error);
  *value = json_is_true (json);
  return TRUE;
}

gboolean
facet_import_get_time (FacetImport  *self,
                       const json_t *object,
                       const char   *key,
                       gint64       *value,
                       GError      **error)
{
  double seconds = -1;

  if (!facet_import_get_real (self, object, key, &seconds, error))
    return FALSE;
  if (seconds < 0)
    return TRUE;
  if (seconds > (double)(FACET_IMPORT_MAX_TIME / G_USEC_PER_SEC))
    return fail_key (self, key, _ ("this is no time in seconds since 1970"), error);
  *value = (gint64)llround (seconds * G_USEC_PER_SEC);
  return TRUE;
}

/* Rows */

FacetMessageRow *
facet_import_new_message (FacetRole role, const char *text, gint64 created)
{
  FacetMessageRow *row = g_new0 (FacetMessageRow, 1);

  row->role = role;
  row->state = FACET_MESSAGE_COMPLETE;
  row->text = g_strdup (text != NULL ? text : "");
  row->thinking = g_strdup ("");
  row->created = created;
  return row;
}

void
facet_import_attach (FacetMessageRow *row, FacetMedia *media)
{
  if (row->attachments == NULL)
    row->attachments = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (row->attachments, media);
}

void
facet_import_append (GString *text, const char *more)
{
  if (more == NULL || *more == '\0')
    return;
  if (text->len > 0)
    g_string_append (text, "\n\n");
  g_string_append (text, more);
}

static char *
make_title (FacetTree *tree)
{
  for (guint i = 0; i < tree->messages->len; i++) {
    FacetMessageRow *row = tree->messages->pdata[i];
    g_autofree char *title = row->role == FACET_ROLE_USER ? facet_title_of_text (row->text) : NULL;

    if (title != NULL && *title != '\0')
      return g_steal_pointer (&title);
  }
  return g_strdup (_ ("Imported conversation"));
}

void
facet_import_add_tree (FacetImport *self, FacetTree *tree)
{
  FacetConversationRow *row = tree->conversation;

  if (row->title == NULL)
    row->title = make_title (tree);
  if (row->draft == NULL)
    row->draft = g_strdup ("");
  self->n_messages += tree->messages->len;
  g_ptr_array_add (self->trees, tree);
}
