/* facet-token-hint.c: the small line beside Send: how many tokens, or for a moment a notice.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Answers of the assistant that come late are dropped by their serial number. */
#define G_LOG_DOMAIN "facet-token-hint"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-token-hint.h"

#define COUNT_DELAY_MS 150
#define NOTICE_SECONDS 4

struct _FacetTokenHint {
  GtkWidget parent_instance;

  GtkWidget         *label;
  GtkTextBuffer     *buffer;
  FacetConversation *conversation;
  int                n_tokens; /* of the text, −1: not known */
  guint              n_attached;
  guint              count_serial;
  guint              count_source, notice_source;
};

G_DEFINE_FINAL_TYPE (FacetTokenHint, facet_token_hint, GTK_TYPE_WIDGET)

static FacetAssistant *
get_assistant (FacetTokenHint *self)
{
  return self->conversation != NULL ? facet_conversation_get_assistant (self->conversation) : NULL;
}

static gboolean
is_empty (FacetTokenHint *self)
{
  return self->buffer == NULL || gtk_text_buffer_get_char_count (self->buffer) == 0;
}

static void
show_count (FacetTokenHint *self)
{
  FacetAssistant  *assistant = get_assistant (self);
  g_autofree char *text = NULL;
  guint            n = (is_empty (self) ? 0 : (guint)MAX (self->n_tokens, 0)) + self->n_attached;
  guint            size = assistant != NULL ? facet_assistant_get_context_size (assistant) : 0;
  gboolean         over = size > 0 && n >= size;

  if (self->notice_source != 0)
    return;
  if (n > 0)
    text = over
               /* Translators: tokens of the message, tokens that fit the model's context. */
               ? g_strdup_printf (_ ("%'u tokens, the model holds %'u"), n, size)
               : g_strdup_printf (ngettext ("%'u token", "%'u tokens", n), n);
  gtk_label_set_label (GTK_LABEL (self->label), text != NULL ? text : "");
  if (over)
    gtk_widget_add_css_class (self->label, "error");
  else
    gtk_widget_remove_css_class (self->label, "error");
}

/* Notices */

static gboolean
notice_over_cb (gpointer data)
{
  FacetTokenHint *self = data;

  self->notice_source = 0;
  show_count (self);
  return G_SOURCE_REMOVE;
}

void
facet_token_hint_notify (FacetTokenHint *self, const char *text)
{
  g_return_if_fail (FACET_IS_TOKEN_HINT (self));

  g_clear_handle_id (&self->notice_source, g_source_remove);
  gtk_label_set_label (GTK_LABEL (self->label), text);
  gtk_widget_remove_css_class (self->label, "error");
  self->notice_source = g_timeout_add_seconds (NOTICE_SECONDS, notice_over_cb, self);
}

/* Counting */

typedef struct {
  GWeakRef hint;
  guint    serial;
} Count;

static void
counted_cb (int n_tokens, gpointer user_data)
{
  Count *count = user_data;
  g_autoptr (FacetTokenHint) self = g_weak_ref_get (&count->hint);

  if (self != NULL && count->serial == self->count_serial) {
    self->n_tokens = n_tokens;
    show_count (self);
  }
  g_weak_ref_clear (&count->hint);
  g_free (count);
}

static gboolean
count_cb (gpointer data)
{
  FacetTokenHint  *self = data;
  FacetAssistant  *assistant = get_assistant (self);
  g_autofree char *text = NULL;
  Count           *count;

  self->count_source = 0;
  if (assistant == NULL)
    return G_SOURCE_REMOVE;

  g_object_get (self->buffer, "text", &text, NULL);
  count = g_new0 (Count, 1);
  count->serial = self->count_serial;
  g_weak_ref_init (&count->hint, self);
  facet_assistant_count_tokens (assistant, text, counted_cb, count);
  return G_SOURCE_REMOVE;
}

/* What is typed keeps its old count until the new one is there: no flicker at every key. */
static void
count_later (FacetTokenHint *self)
{
  self->count_serial++;
  g_clear_handle_id (&self->count_source, g_source_remove);
  if (is_empty (self))
    self->n_tokens = -1;
  else
    self->count_source = g_timeout_add (COUNT_DELAY_MS, count_cb, self);
  show_count (self);
}

void
facet_token_hint_count_again (FacetTokenHint *self)
{
  g_return_if_fail (FACET_IS_TOKEN_HINT (self));

  self->n_tokens = -1;
  count_later (self);
}

void
facet_token_hint_set_buffer (FacetTokenHint *self, GtkTextBuffer *buffer)
{
  g_return_if_fail (FACET_IS_TOKEN_HINT (self));

  self->buffer = buffer;
  g_signal_connect_object (buffer, "changed", G_CALLBACK (count_later), self, G_CONNECT_SWAPPED);
}

void
facet_token_hint_set_conversation (FacetTokenHint *self, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_TOKEN_HINT (self));

  if (g_set_object (&self->conversation, conversation))
    count_later (self);
}

void
facet_token_hint_set_attached (FacetTokenHint *self, guint n_tokens)
{
  g_return_if_fail (FACET_IS_TOKEN_HINT (self));

  self->n_attached = n_tokens;
  show_count (self);
}

static void
facet_token_hint_dispose (GObject *object)
{
  FacetTokenHint *self = FACET_TOKEN_HINT (object);

  g_clear_handle_id (&self->count_source, g_source_remove);
  g_clear_handle_id (&self->notice_source, g_source_remove);
  g_clear_object (&self->conversation);
  g_clear_pointer (&self->label, gtk_widget_unparent);
  self->buffer = NULL;
  G_OBJECT_CLASS (facet_token_hint_parent_class)->dispose (object);
}

static void
facet_token_hint_class_init (FacetTokenHintClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = facet_token_hint_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "token-hint");
}

static void
facet_token_hint_init (FacetTokenHint *self)
{
  self->n_tokens = -1;
  self->label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (self->label), 1);
  gtk_label_set_ellipsize (GTK_LABEL (self->label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_parent (self->label, GTK_WIDGET (self));
}
