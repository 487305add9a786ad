/* facet-library-copy.c: a conversation once more, whole or up to a message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#define G_LOG_DOMAIN "facet-library"

#include "config.h"

#include "facet-library-private.h"

#include <glib/gi18n-lib.h>

typedef struct {
  FacetLibrary        *library;
  FacetConversation   *original;
  FacetLibraryCopyFunc func;
  gpointer             user_data;
} Copy;

static void
copied_cb (GPtrArray *rows, const GError *error, gpointer user_data)
{
  Copy *copy = user_data;
  g_autoptr (FacetConversation) conversation = NULL;

  if (error != NULL) {
    facet_conversation_fail (copy->original, error->message);
  } else if (rows->len > 0) {
    conversation = facet_library_make (g_ptr_array_index (rows, 0), copy->library);
    facet_library_put_in (copy->library, conversation);
  }
  copy->func (conversation, copy->user_data);
  g_object_unref (copy->library);
  g_object_unref (copy->original);
  g_free (copy);
}

void
facet_library_copy (FacetLibrary        *self,
                    FacetConversation   *conversation,
                    FacetMessage        *until,
                    FacetLibraryCopyFunc func,
                    gpointer             user_data)
{
  g_autofree char *title = NULL;
  Copy            *copy;

  g_return_if_fail (FACET_IS_LIBRARY (self));
  g_return_if_fail (FACET_IS_CONVERSATION (conversation));
  g_return_if_fail (facet_conversation_get_id (conversation) != 0);
  g_return_if_fail (!facet_conversation_is_private (conversation));
  copy = g_new0 (Copy, 1);
  copy->library = g_object_ref (self);
  copy->original = g_object_ref (conversation);
  copy->func = func;
  copy->user_data = user_data;
  /* Translators: the title of a conversation that is a copy of another one. */
  title = g_strdup_printf (_ ("%s (copy)"), facet_conversation_get_title (conversation));
  facet_store_copy_conversation (self->store, facet_conversation_get_id (conversation),
                                 until != NULL ? facet_message_get_id (until) : 0, title, copied_cb,
                                 copy);
}
