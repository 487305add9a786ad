/* facet-import-queue.c: what is being added to a conversation's draft: imports that run.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Two imports at a time: decoding a large picture takes some hundred megabytes.  An
 * import that ended before an earlier one waits for it, so that the draft's order is that of
 * adding.  A running import holds a reference to the queue; the queue's back pointer to its
 * conversation is cleared when that is gone. */
#define G_LOG_DOMAIN "facet-import-queue"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-import-queue.h"
#include "facet-media-import.h"

#define MAX_RUNNING   2
#define MAX_SENTENCES 3 /* that are shown at once */

struct _FacetImport {
  GObject parent_instance;

  char                 *name;
  GFile                *file; /* NULL: pixels */
  FacetImportPixelsFunc func;
  gpointer              data;
  GDestroyNotify        destroy;
  GCancellable         *cancellable;
  FacetMedia           *media;
  gboolean              started;
};

G_DEFINE_FINAL_TYPE (FacetImport, facet_import, G_TYPE_OBJECT)

struct _FacetImportQueue {
  GObject parent_instance;

  FacetConversation *conversation; /* weak */
  GPtrArray         *imports;      /* of FacetImport, owned, in the order of adding */
  guint              n_running;
  gboolean           placing;
  GPtrArray         *sentences; /* of char */
  char              *error;     /* of these, what is shown; NULL: nothing */
};

enum {
  PROP_ERROR = 1,
};

enum {
  FAILED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

static void facet_import_queue_list_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetImportQueue,
                               facet_import_queue,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      facet_import_queue_list_init))

/* An import */

const char *
facet_import_get_name (FacetImport *self)
{
  g_return_val_if_fail (FACET_IS_IMPORT (self), NULL);

  return self->name;
}

FacetMedia *
facet_import_get_media (FacetImport *self)
{
  g_return_val_if_fail (FACET_IS_IMPORT (self), NULL);

  return self->media;
}

static void
drop_data (FacetImport *self)
{
  if (self->destroy != NULL)
    self->destroy (self->data);
  self->destroy = NULL;
  self->data = NULL;
}

static void
facet_import_finalize (GObject *object)
{
  FacetImport *self = FACET_IMPORT (object);

  drop_data (self);
  g_free (self->name);
  g_clear_object (&self->file);
  g_clear_object (&self->media);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (facet_import_parent_class)->finalize (object);
}

static void
facet_import_class_init (FacetImportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = facet_import_finalize;
}

static void
facet_import_init (FacetImport *self)
{
  self->cancellable = g_cancellable_new ();
}

/* What went wrong */

static void
update_error (FacetImportQueue *self)
{
  GString *text;

  g_clear_pointer (&self->error, g_free);
  if (self->sentences->len > 0) {
    guint shown = MIN (self->sentences->len, MAX_SENTENCES), more = self->sentences->len - shown;

    text = g_string_new (NULL);
    for (guint i = 0; i < shown; i++)
      g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "",
                              (char *)g_ptr_array_index (self->sentences, i));
    if (more > 0) {
      g_string_append_c (text, '\n');
      g_string_append_printf (text,
                              ngettext ("%'u more could not be added.",
                                        "%'u more could not be added.", more),
                              more);
    }
    self->error = g_string_free (text, FALSE);
  }
  g_object_notify (G_OBJECT (self), "error");
}

void
facet_import_queue_fail (FacetImportQueue *self, const char *sentence)
{
  g_return_if_fail (FACET_IS_IMPORT_QUEUE (self));
  g_return_if_fail (sentence != NULL);

  g_ptr_array_add (self->sentences, g_strdup (sentence));
  update_error (self);
  g_signal_emit (self, signals[FAILED], 0, sentence);
}

const char *
facet_import_queue_get_error (FacetImportQueue *self)
{
  g_return_val_if_fail (FACET_IS_IMPORT_QUEUE (self), NULL);

  return self->error;
}

void
facet_import_queue_dismiss (FacetImportQueue *self)
{
  g_return_if_fail (FACET_IS_IMPORT_QUEUE (self));

  if (self->sentences->len == 0)
    return;
  g_ptr_array_set_size (self->sentences, 0);
  update_error (self);
}

/* Running */

typedef struct {
  FacetImportQueue *queue;
  FacetImport      *import;
} Run;

static void start_some (FacetImportQueue *self);

static void
take_out (FacetImportQueue *self, FacetImport *import)
{
  guint index;

  if (!g_ptr_array_find (self->imports, import, &index))
    return;
  g_ptr_array_remove_index (self->imports, index);
  g_list_model_items_changed (G_LIST_MODEL (self), index, 1, 0);
}

/* Those that came whole and wait for none before them.  Who shows both lists sees an import become
 * media in one step: it has left this one when the draft tells, and this one tells afterwards. */
static void
place (FacetImportQueue *self)
{
  if (self->placing)
    return;
  self->placing = TRUE;
  while (self->imports->len > 0 && self->conversation != NULL) {
    g_autoptr (FacetImport) first = g_object_ref (g_ptr_array_index (self->imports, 0));

    if (first->media == NULL)
      break;
    g_ptr_array_remove_index (self->imports, 0);
    g_list_store_append (facet_conversation_get_draft_media (self->conversation), first->media);
    g_list_model_items_changed (G_LIST_MODEL (self), 0, 1, 0);
  }
  self->placing = FALSE;
}

/* A sentence if whoever answers does not take such media; NULL: it does, or that is not known yet.
 * (transfer full) */
static char *
refuse (FacetImportQueue *self, FacetMedia *media)
{
  FacetAssistant *assistant =
      self->conversation != NULL ? facet_conversation_get_assistant (self->conversation) : NULL;
  gboolean         sound = facet_media_get_kind (media) == FACET_MEDIA_AUDIO;
  g_autofree char *name = NULL;

  if (assistant == NULL ||
      (sound ? facet_assistant_hears (assistant) : facet_assistant_sees (assistant)))
    return NULL;
  name = facet_assistant_dup_name (assistant);
  return g_strdup_printf (sound ? _ ("“%s” cannot listen. Choose another model to talk about “%s”.")
                                : _ ("“%s” cannot look at pictures. Choose another model to talk "
                                     "about “%s”."),
                          name, facet_media_get_name (media));
}

/* Takes @run. */
static void
ended (Run *run, FacetMedia *media, const GError *error)
{
  FacetImportQueue *self = run->queue;
  FacetImport      *import = run->import;

  self->n_running--;
  if (!g_cancellable_is_cancelled (import->cancellable)) {
    g_autofree char *refusal = media != NULL ? refuse (self, media) : NULL;

    if (refusal != NULL) {
      take_out (self, import);
      facet_import_queue_fail (self, refusal);
    } else if (media != NULL) {
      g_set_object (&import->media, media);
    } else {
      take_out (self, import);
      facet_import_queue_fail (self, error->message);
    }
    place (self);
  }
  start_some (self);
  g_object_unref (import);
  g_object_unref (self);
  g_free (run);
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetMedia) media = facet_media_import_finish (result, &error);

  ended (user_data, media, error);
}

static void
pixels_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  FacetImport *import = data;
  GdkPixbuf   *pixbuf = import->func (import->data);

  if (pixbuf != NULL && gdk_pixbuf_get_n_channels (pixbuf) == 3) { /* an opaque picture */
    GdkPixbuf *with_alpha = gdk_pixbuf_add_alpha (pixbuf, FALSE, 0, 0, 0);

    g_object_unref (pixbuf);
    pixbuf = with_alpha;
  }
  g_task_return_pointer (task, pixbuf, g_object_unref);
}

static void
pixels_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (GdkPixbuf) pixbuf = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autoptr (GBytes) bytes = NULL;

  drop_data (run->import);
  if (pixbuf == NULL || gdk_pixbuf_get_n_channels (pixbuf) != 4 ||
      run->queue->conversation == NULL) {
    g_autoptr (GError) error =
        g_error_new (FACET_MEDIA_ERROR, FACET_MEDIA_ERROR_FAILED,
                     _ ("“%s” could not be read. Save it as a file and add that."),
                     run->import->name);

    ended (run, NULL, error);
    return;
  }
  bytes = gdk_pixbuf_read_pixel_bytes (pixbuf);
  facet_media_import_pixels_async (facet_conversation_get_media_folder (run->queue->conversation),
                                   run->import->name, bytes, (guint)gdk_pixbuf_get_width (pixbuf),
                                   (guint)gdk_pixbuf_get_height (pixbuf),
                                   (gsize)gdk_pixbuf_get_rowstride (pixbuf),
                                   run->import->cancellable, imported_cb, run);
}

static void
start (FacetImportQueue *self, FacetImport *import)
{
  Run *run = g_new0 (Run, 1);

  run->queue = g_object_ref (self);
  run->import = g_object_ref (import);
  import->started = TRUE;
  self->n_running++;
  if (import->file != NULL) {
    facet_media_import_file_async (facet_conversation_get_media_folder (self->conversation),
                                   import->file, import->name, import->cancellable, imported_cb,
                                   run);
  } else {
    g_autoptr (GTask) task = g_task_new (NULL, NULL, pixels_cb, run);

    g_task_set_task_data (task, g_object_ref (import), g_object_unref);
    g_task_run_in_thread (task, pixels_thread);
  }
}

static void
start_some (FacetImportQueue *self)
{
  for (guint i = 0; i < self->imports->len && self->n_running < MAX_RUNNING; i++) {
    FacetImport *import = g_ptr_array_index (self->imports, i);

    if (!import->started && self->conversation != NULL)
      start (self, import);
  }
}

/* Adding */

static guint
count (FacetImportQueue *self)
{
  GListStore *draft = facet_conversation_get_draft_media (self->conversation);

  return self->imports->len + g_list_model_get_n_items (G_LIST_MODEL (draft));
}

/* Takes @import. */
static void
add (FacetImportQueue *self, FacetImport *import)
{
  if (self->conversation != NULL && count (self) < FACET_IMPORT_MAX_ATTACHMENTS) {
    /* Sentences about what was added before are read by now. */
    if (self->imports->len == 0)
      facet_import_queue_dismiss (self);
    g_ptr_array_add (self->imports, import);
    g_list_model_items_changed (G_LIST_MODEL (self), self->imports->len - 1, 0, 1);
    start_some (self);
  } else {
    g_autofree char *sentence =
        g_strdup_printf (_ ("“%s” was left out: a message takes at most %u files. Send it with the "
                            "next one."),
                         import->name, FACET_IMPORT_MAX_ATTACHMENTS);

    facet_import_queue_fail (self, sentence);
    g_object_unref (import);
  }
}

static char *
dup_name (GFile *file)
{
  g_autofree char *base = g_file_get_basename (file);

  return g_filename_display_name (base != NULL ? base : "?");
}

void
facet_import_queue_add_file (FacetImportQueue *self, GFile *file, const char *name)
{
  FacetImport *import;

  g_return_if_fail (FACET_IS_IMPORT_QUEUE (self));
  g_return_if_fail (G_IS_FILE (file));

  import = g_object_new (FACET_TYPE_IMPORT, NULL);
  import->name = name != NULL ? g_strdup (name) : dup_name (file);
  import->file = g_object_ref (file);
  /* Nothing is fetched from elsewhere: nobody has asked for that. */
  if (g_file_peek_path (file) == NULL) {
    g_autofree char *sentence =
        g_strdup_printf (_ ("“%s” is not on this computer. Save it as a file here and add that."),
                         import->name);

    facet_import_queue_fail (self, sentence);
    g_object_unref (import);
    return;
  }
  add (self, import);
}

void
facet_import_queue_add_pixels (FacetImportQueue     *self,
                               const char           *name,
                               FacetImportPixelsFunc func,
                               gpointer              data,
                               GDestroyNotify        destroy)
{
  FacetImport *import;

  g_return_if_fail (FACET_IS_IMPORT_QUEUE (self));
  g_return_if_fail (name != NULL && func != NULL);

  import = g_object_new (FACET_TYPE_IMPORT, NULL);
  import->name = g_strdup (name);
  import->func = func;
  import->data = data;
  import->destroy = destroy;
  add (self, import);
}

void
facet_import_queue_cancel (FacetImportQueue *self, FacetImport *import)
{
  g_return_if_fail (FACET_IS_IMPORT_QUEUE (self));
  g_return_if_fail (FACET_IS_IMPORT (import));

  g_cancellable_cancel (import->cancellable);
  take_out (self, import);
  place (self);
  start_some (self);
}

/* The object */

static GType
get_item_type (GListModel *list)
{
  return FACET_TYPE_IMPORT;
}

static guint
get_n_items (GListModel *list)
{
  return FACET_IMPORT_QUEUE (list)->imports->len;
}

static gpointer
get_item (GListModel *list, guint position)
{
  GPtrArray *imports = FACET_IMPORT_QUEUE (list)->imports;

  return position < imports->len ? g_object_ref (g_ptr_array_index (imports, position)) : NULL;
}

static void
facet_import_queue_list_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* The conversation goes: nothing that still runs is of use to anybody. */
static void
abandon (gpointer data)
{
  FacetImportQueue *self = data;

  for (guint i = 0; i < self->imports->len; i++)
    g_cancellable_cancel (((FacetImport *)g_ptr_array_index (self->imports, i))->cancellable);
  g_ptr_array_set_size (self->imports, 0);
  self->conversation = NULL;
  g_object_unref (self);
}

FacetImportQueue *
facet_import_queue_get (FacetConversation *conversation)
{
  static const char key[] = "facet-import-queue";
  FacetImportQueue *self;

  g_return_val_if_fail (FACET_IS_CONVERSATION (conversation), NULL);

  self = g_object_get_data (G_OBJECT (conversation), key);
  if (self == NULL) {
    self = g_object_new (FACET_TYPE_IMPORT_QUEUE, NULL);
    self->conversation = conversation;
    g_object_set_data_full (G_OBJECT (conversation), key, self, abandon);
  }
  return self;
}

static void
facet_import_queue_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id) {
  case PROP_ERROR:
    g_value_set_string (value, FACET_IMPORT_QUEUE (object)->error);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
facet_import_queue_finalize (GObject *object)
{
  FacetImportQueue *self = FACET_IMPORT_QUEUE (object);

  g_ptr_array_unref (self->imports);
  g_ptr_array_unref (self->sentences);
  g_free (self->error);
  G_OBJECT_CLASS (facet_import_queue_parent_class)->finalize (object);
}

static void
facet_import_queue_class_init (FacetImportQueueClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = facet_import_queue_get_property;
  object_class->finalize = facet_import_queue_finalize;
  g_object_class_install_property (object_class, PROP_ERROR,
                                   g_param_spec_string ("error", NULL, NULL, NULL,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  signals[FAILED] = g_signal_new ("failed", FACET_TYPE_IMPORT_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
facet_import_queue_init (FacetImportQueue *self)
{
  self->imports = g_ptr_array_new_with_free_func (g_object_unref);
  self->sentences = g_ptr_array_new_with_free_func (g_free);
}
