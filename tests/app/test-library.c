/* test-library.c: opens and closes a library, and makes sure that nothing of it is left.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "test-library"

#include "test-library.h"

#include "test-folder.h"
#include "test-wait.h"

static void
failed_cb (FacetConversation *conversation, const char *sentence, TestLibrary *f)
{
  g_free (f->failure);
  f->failure = g_strdup (sentence);
}

void
test_library_open (TestLibrary *f)
{
  g_autoptr (GError) error = NULL;

  f->fake = fake_assistant_new ();
  fake_assistant_set_speed (f->fake, 0);
  f->library = facet_library_new (f->folder, FACET_ASSISTANT (f->fake), &error);
  g_assert_no_error (error);
  wait_until (facet_library_get_loaded (f->library));
}

void
test_library_close (TestLibrary *f)
{
  g_clear_object (&f->conversation);
  facet_library_close (f->library);
  /* An answer that was abandoned still ends at the assistant, and holds the conversation until
   * then. */
  wait_until (fake_assistant_get_n_running (f->fake) == 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (f->library);
  g_assert_finalize_object (f->fake);
}

void
test_library_set_up (TestLibrary *f)
{
  f->folder = test_folder_new ();
  test_library_open (f);
  f->conversation = facet_library_new_conversation (f->library);
  g_signal_connect (f->conversation, "failed", G_CALLBACK (failed_cb), f);
}

void
test_library_tear_down (TestLibrary *f)
{
  test_library_close (f);
  test_folder_remove (f->folder);
  g_free (f->folder);
  g_free (f->failure);
}

void
test_library_reopen (TestLibrary *f)
{
  test_library_close (f);
  test_library_open (f);
  f->conversation = g_list_model_get_item (G_LIST_MODEL (f->library), 0);
  g_assert_nonnull (f->conversation);
  facet_conversation_open (f->conversation);
  wait_until (facet_conversation_get_loaded (f->conversation));
}
