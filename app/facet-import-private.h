/* facet-import-private.h: what the formats of an import share: the place where they are, what they
 * have found, and the files that go with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread.  The same values that anyone may have written are read by every format; so every
 * getter checks the type, and every error names the path to the value. */
#pragma once

#include <jansson.h>

#include "facet-import-conversations.h"
#include "facet-tree.h"

G_BEGIN_DECLS

/* Larger files are refused, and what is larger in one conversation. */
#define FACET_IMPORT_MAX_BYTES  (G_GINT64_CONSTANT (1) << 30)
#define FACET_IMPORT_MAX_PART   ((gsize)256 << 20)
#define FACET_IMPORT_MAX_VALUES 4000000
/* µs since 1970: the year 9999. */
#define FACET_IMPORT_MAX_TIME G_GINT64_CONSTANT (253402300799000000)

/* Of FACET_TREE_PROGRESS: storing, which indexes every word, takes most of the time. */
#define FACET_IMPORT_READ_PROGRESS 150

typedef struct {
  const char   *name;    /* of the file, for people */
  const char   *beside;  /* the folder in which it lies; NULL: nowhere */
  const char   *staging; /* a folder for media; NULL: they are looked at and forgotten */
  const char   *kept;    /* the folder of media that are there already; NULL: none */
  GCancellable *cancellable;
  gint64        now; /* µs: for what says no time */
  GString      *path;
  gint64        line; /* where the part begins */
  /* Found: */
  GPtrArray    *trees;  /* of FacetTree */
  GHashTable   *staged; /* content hashes of the files in @staging */
  guint         n_messages, n_missing, n_converted;
} FacetImport;

void facet_import_init (FacetImport *self,
                        const char  *name,
                        const char  *beside,
                        const char  *staging);
void facet_import_clear (FacetImport *self);

/* Reads all of @stream, of @size bytes (0: not known).  FALSE: nothing of it may be used. */
gboolean facet_import_read (FacetImport   *self,
                            GInputStream  *stream,
                            gint64         size,
                            FacetProgress *progress,
                            GError       **error);

/* The place: what is entered is left by its return value. */
gsize    facet_import_enter_key (FacetImport *self, const char *key);
gsize    facet_import_enter_index (FacetImport *self, gsize index);
void     facet_import_leave (FacetImport *self, gsize length);
/* Returns FALSE, with a sentence of the file, the place and @format. */
gboolean facet_import_fail (FacetImport *self, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Values of @object; what is absent or null leaves the value as it is.  FALSE: of another type or
 * out of range. */
gboolean facet_import_get_text (FacetImport  *self,
                                const json_t *object,
                                const char   *key,
                                const char  **value,
                                GError      **error);
gboolean facet_import_get_integer (FacetImport  *self,
                                   const json_t *object,
                                   const char   *key,
                                   gint64        highest,
                                   gint64       *value,
                                   GError      **error);
gboolean facet_import_get_real (FacetImport  *self,
                                const json_t *object,
                                const char   *key,
                                double       *value,
                                GError      **error);
gboolean facet_import_get_boolean (FacetImport  *self,
                                   const json_t *object,
                                   const char   *key,
                                   gboolean     *value,
                                   GError      **error);
/* Seconds since 1970, as other programs write them. */
gboolean facet_import_get_time (FacetImport  *self,
                                const json_t *object,
                                const char   *key,
                                gint64       *value,
                                GError      **error);

/* A message with text; the caller sets the rest.  (transfer full) */
FacetMessageRow *facet_import_new_message (FacetRole role, const char *text, gint64 created);
/* Takes @media. */
void             facet_import_attach (FacetMessageRow *row, FacetMedia *media);
/* Adds @more as a paragraph of its own; NULL or "": nothing. */
void             facet_import_append (GString *text, const char *more);
/* Takes @tree, whose title, where there is none, is made of the first words of the person. */
void             facet_import_add_tree (FacetImport *self, FacetTree *tree);

/* facet-import-media.c */
/* Decodes @base64 into the staging folder.  NULL without @error: it is nothing that can be shown
 * here, which was counted. */
FacetMedia *facet_import_base64 (FacetImport *self,
                                 const char  *base64,
                                 const char  *name,
                                 GError     **error) G_GNUC_WARN_UNUSED_RESULT;
/* Copies "FOLDER/FILE" from beside the document into the staging folder.  *@found FALSE: there is
 * none, which was counted unless it is kept already.  Other bytes than @hash says are an error. */
gboolean    facet_import_beside (FacetImport *self,
                                 const char  *relative,
                                 const char  *hash,
                                 gboolean    *found,
                                 GError     **error);
/* A picture that is known by name only; counted. */
FacetMedia *facet_import_missing (FacetImport   *self,
                                  FacetMediaKind kind,
                                  const char    *name) G_GNUC_WARN_UNUSED_RESULT;

/* The formats, each of one parsed value; all add trees. */
gboolean facet_import_facet (FacetImport *self, const json_t *json, GError **error);
gboolean facet_import_chatgpt (FacetImport *self, const json_t *json, GError **error);
/* One message at the end of @tree. */
gboolean facet_import_openai_message (FacetImport  *self,
                                      FacetTree    *tree,
                                      const json_t *json,
                                      GError      **error);
/* An object with "messages". */
gboolean facet_import_openai (FacetImport *self, const json_t *json, GError **error);
/* An array of messages. */
gboolean facet_import_openai_list (FacetImport  *self,
                                   FacetTree    *tree,
                                   const json_t *json,
                                   GError      **error);

G_END_DECLS
