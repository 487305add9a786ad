/* facet-import-read.c: a file from its beginning to its end: parts, and which format each is.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The import's thread.  Messages that stand in an array of their own, or in lines of their own, are
 * one conversation; everything else is a conversation a part. */
#define G_LOG_DOMAIN "facet-import"

#include "config.h"

#include "facet-import-private.h"
#include "facet-import-split.h"
#include "facet-tree-json.h"

#include <glib/gi18n-lib.h>

/* The conversation to which messages are added that stand alone. */
typedef struct {
  FacetTree *tree; /* NULL: there is none */
  gint64     group;
} Loose;

static void
end_loose (FacetImport *self, Loose *loose)
{
  if (loose->tree != NULL)
    facet_import_add_tree (self, g_steal_pointer (&loose->tree));
}

static gboolean
add_loose (FacetImport           *self,
           Loose                 *loose,
           const FacetImportPart *part,
           const json_t          *json,
           GError               **error)
{
  gint64 group = part->index >= 0 ? (gint64)part->document : -1;

  if (loose->tree != NULL && loose->group != group)
    end_loose (self, loose);
  if (loose->tree == NULL)
    loose->tree = facet_tree_new ();
  loose->group = group;
  return facet_import_openai_message (self, loose->tree, json, error);
}

static gboolean
add_list (FacetImport *self, const json_t *json, GError **error)
{
  g_autoptr (FacetTree) tree = facet_tree_new ();

  if (!facet_import_openai_list (self, tree, json, error))
    return FALSE;
  facet_import_add_tree (self, g_steal_pointer (&tree));
  return TRUE;
}

static gboolean
add_value (FacetImport           *self,
           Loose                 *loose,
           const FacetImportPart *part,
           const json_t          *json,
           GError               **error)
{
  if (json_is_string (json_object_get (json, "role")))
    return add_loose (self, loose, part, json, error);
  end_loose (self, loose);
  if (json_is_array (json))
    return add_list (self, json, error);
  if (json_object_get (json, "format") != NULL)
    return facet_import_facet (self, json, error);
  if (json_object_get (json, "mapping") != NULL)
    return facet_import_chatgpt (self, json, error);
  if (json_object_get (json, "messages") != NULL)
    return facet_import_openai (self, json, error);
  return facet_import_fail (self, error, "%s", _ ("this is neither a conversation nor a message"));
}

/* A parser quotes the file, and cuts it anywhere.  (transfer full) */
static char *
dup_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString         *out = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (out, g_unichar_isprint (c) ? c : 0xfffd);
  }
  return g_string_free (out, FALSE);
}

/* At a place that a parser names. */
static void
fail_at (FacetImport *self, int code, gint64 line, gint64 column, const char *text, GError **error)
{
  g_autofree char *why = dup_printable (text);

  g_set_error (error, FACET_IMPORT_ERROR, code,
               _ ("Nothing of “%s” was imported.  In line %" G_GINT64_FORMAT
                  ", column %" G_GINT64_FORMAT ": %s."),
               self->name, line, column, why);
}

static gboolean
add_part (FacetImport *self, Loose *loose, const FacetImportPart *part, GError **error)
{
  json_error_t failure;
  json_t      *json = json_loadb (part->text, part->length, JSON_REJECT_DUPLICATES, &failure);
  gboolean     ok;

  if (json == NULL) {
    fail_at (self, FACET_IMPORT_ERROR_DAMAGED, part->line + failure.line - 1,
             failure.line == 1 ? part->column + failure.column - 1 : failure.column,
             json_error_code (&failure) == json_error_null_character
                 ? _ ("the character U+0000 is in a text")
                 : failure.text,
             error);
    return FALSE;
  }
  self->line = part->line;
  facet_import_leave (self, 0);
  if (part->index >= 0)
    facet_import_enter_index (self, (gsize)part->index);
  ok = add_value (self, loose, part, json, error);
  json_decref (json);
  return ok;
}

static gboolean
fail_size (FacetImport *self, GError **error)
{
  g_set_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_TOO_LARGE,
               _ ("“%s” is larger than 1 GB, the most that is imported at once."), self->name);
  return FALSE;
}

static gboolean
read_parts (FacetImport   *self,
            GInputStream  *stream,
            gint64         size,
            FacetProgress *progress,
            Loose         *loose,
            GError       **error)
{
  g_autoptr (FacetImportSplit) split = facet_import_split_new (stream);
  FacetImportPart part = {0};

  for (;;)
    switch (facet_import_split_next (split, &part, self->cancellable, error)) {
    case FACET_IMPORT_SPLIT_PART:
      if (part.offset > FACET_IMPORT_MAX_BYTES)
        return fail_size (self, error);
      if (!add_part (self, loose, &part, error))
        return FALSE;
      if (size > 0)
        facet_progress_set (progress, (guint)(part.offset * FACET_IMPORT_READ_PROGRESS / size),
                            FACET_TREE_PROGRESS);
      break;
    case FACET_IMPORT_SPLIT_END:
      end_loose (self, loose);
      return TRUE;
    case FACET_IMPORT_SPLIT_ERROR:
      return FALSE;
    case FACET_IMPORT_SPLIT_DAMAGED:
      fail_at (self, FACET_IMPORT_ERROR_DAMAGED, part.line, part.column, part.text, error);
      return FALSE;
    case FACET_IMPORT_SPLIT_TOO_LARGE:
      fail_at (self, FACET_IMPORT_ERROR_TOO_LARGE, part.line, part.column, part.text, error);
      return FALSE;
    }
}

gboolean
facet_import_read (FacetImport   *self,
                   GInputStream  *stream,
                   gint64         size,
                   FacetProgress *progress,
                   GError       **error)
{
  Loose    loose = {0};
  gboolean ok;

  if (size > FACET_IMPORT_MAX_BYTES)
    return fail_size (self, error);
  ok = read_parts (self, stream, size, progress, &loose, error);
  facet_tree_free (loose.tree);
  if (ok && self->trees->len == 0) {
    g_set_error (error, FACET_IMPORT_ERROR, FACET_IMPORT_ERROR_UNKNOWN,
                 _ ("There are no conversations in “%s”."), self->name);
    return FALSE;
  }
  return ok;
}
