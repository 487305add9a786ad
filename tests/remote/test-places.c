/* test-places.c: which conversation is answered where, on disk and off it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A fake assistant is this computer; the server is one that answers and keeps what it was asked. */
#include "app/facet-schema.h"
#include "chat-server.h"
#include "fake-keyring.h"
#include "tests/app/test-library.h"
#include "tests/app/test-wait.h"

#include <string.h>

typedef struct {
  TestLibrary   base;
  FakeKeyring   fake;
  FacetKeyring *keyring;
  GSettings    *settings;
  FacetServers *servers;
  ChatServer   *chat;
} Fixture;

static const char *const lines[] =
    {"{\"choices\": [{\"delta\": {\"content\": \"From afar\"}, \"finish_reason\": \"stop\"}]}",
     NULL};

static void
set_up (Fixture *f, gconstpointer data)
{
  const char *const ids[] = {"one", "two"};

  test_library_set_up (&f->base);
  fake_keyring_init (&f->fake);
  f->keyring = fake_keyring_new_keyring (&f->fake);
  f->settings = facet_schema_new_settings ();
  g_settings_reset (f->settings, "servers");
  f->servers = facet_servers_new (f->settings, f->keyring);
  f->chat = chat_server_new ();
  chat_server_add_stream (f->chat, lines);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++) {
    const FacetServerInfo info = {.id = ids[i],
                                  .name = ids[i],
                                  .address = chat_server_get_address (f->chat)};
    g_autoptr (FacetServer) server = facet_server_new (&info);

    facet_servers_put (f->servers, server);
  }
  facet_library_set_servers (f->base.library, f->servers);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  test_library_tear_down (&f->base);
  g_object_unref (f->servers);
  g_object_unref (f->settings);
  g_object_unref (f->keyring);
  fake_keyring_clear (&f->fake);
  chat_server_free (f->chat);
}

static void
send (FacetConversation *conversation, const char *text)
{
  facet_conversation_send (conversation, text);
  wait_until (!facet_conversation_get_busy (conversation));
}

static void
assert_last (FacetConversation *conversation, const char *text)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (conversation));
  g_autoptr (FacetMessage) message = g_list_model_get_item (G_LIST_MODEL (conversation), n - 1);

  g_assert_cmpstr (facet_message_get_text (message), ==, text);
}

static void
assert_place (FacetConversation *conversation, const char *wanted)
{
  g_autofree char *place =
      facet_assistant_dup_place (facet_conversation_get_assistant (conversation));

  g_assert_cmpstr (place, ==, wanted);
}

/* What is asked goes where the conversation is, and only there. */
static void
test_switching (Fixture *f, gconstpointer data)
{
  FacetConversation *c = f->base.conversation;

  assert_place (c, "On this computer");
  send (c, "Here");
  assert_last (c, "You said: Here");
  g_assert_cmpuint (chat_server_count (f->chat), ==, 0);
  facet_conversation_set_server (c, "one");
  assert_place (c, "one");
  send (c, "There");
  assert_last (c, "From afar");
  g_assert_cmpuint (chat_server_count (f->chat), ==, 1);
  g_assert_cmpuint (fake_assistant_get_n_started (f->base.fake), ==, 1);
  facet_conversation_set_server (c, "");
  send (c, "Back");
  assert_last (c, "You said: Back");
  g_assert_cmpuint (chat_server_count (f->chat), ==, 1);
}

/* It is asked once for each server, and that is kept. */
static void
test_consent (Fixture *f, gconstpointer data)
{
  FacetConversation *c = f->base.conversation;

  g_assert_false (facet_conversation_needs_consent (c, "one")); /* there is nothing in it */
  send (c, "Private words");
  g_assert_true (facet_conversation_needs_consent (c, "one"));
  g_assert_true (facet_conversation_needs_consent (c, "two"));
  g_assert_false (facet_conversation_needs_consent (c, ""));
  facet_conversation_set_server (c, "one");
  facet_conversation_set_server (c, "");
  g_assert_false (facet_conversation_needs_consent (c, "one"));
  g_assert_true (facet_conversation_needs_consent (c, "two"));
  facet_conversation_set_server (c, "two");

  test_library_reopen (&f->base);
  facet_library_set_servers (f->base.library, f->servers);
  c = f->base.conversation;
  g_assert_cmpstr (facet_conversation_get_server (c), ==, "two");
  assert_place (c, "two");
  g_assert_false (facet_conversation_needs_consent (c, "one"));
  send (c, "Again");
  assert_last (c, "From afar");
}

static void
test_private (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetConversation) private = NULL;

  facet_library_set_default_server (f->base.library, "one");
  private = facet_library_new_private_conversation (f->base.library, &error);
  g_assert_no_error (error);
  assert_place (private, "On this computer");                        /* whatever the default is */
  g_assert_true (facet_conversation_needs_consent (private, "one")); /* also while it is empty */
  send (private, "Secret");
  assert_last (private, "You said: Secret");
  g_assert_cmpuint (chat_server_count (f->chat), ==, 0);
  facet_conversation_set_server (private, "one");
  send (private, "Not so secret");
  assert_last (private, "From afar");
}

static void
test_default (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) c = NULL;

  facet_library_set_default_server (f->base.library, "two");
  c = facet_library_new_conversation (f->base.library);
  assert_place (c, "two");
  send (c, "There");
  assert_last (c, "From afar");
  /* Once it is listed, too. */
  facet_conversation_set_server (c, "");
  assert_place (c, "On this computer");
}

/* A server that is not set up any more answers nothing: the computer does, and says so. */
static void
test_removed (Fixture *f, gconstpointer data)
{
  FacetConversation *c = f->base.conversation;

  send (c, "Here");
  facet_conversation_set_server (c, "one");
  assert_place (c, "one");
  facet_servers_remove (f->servers, "one");
  assert_place (c, "On this computer");
  send (c, "Still here");
  assert_last (c, "You said: Still here");
  g_assert_cmpuint (chat_server_count (f->chat), ==, 0);
}

/* Another model on this computer is no matter of those at a server. */
static void
test_other_model (Fixture *f, gconstpointer data)
{
  g_autoptr (FakeAssistant) other = fake_assistant_new ();
  FacetConversation *c = f->base.conversation;
  g_autoptr (FacetConversation) unlisted = facet_library_new_conversation (f->base.library);

  send (c, "Here");
  facet_conversation_set_server (c, "one");
  facet_library_set_assistant (f->base.library, FACET_ASSISTANT (other));
  assert_place (c, "one");
  g_assert_true (facet_conversation_get_assistant (unlisted) == FACET_ASSISTANT (other));
  facet_conversation_set_server (c, "");
  g_assert_true (facet_conversation_get_assistant (c) == FACET_ASSISTANT (other));
  facet_library_set_assistant (f->base.library, FACET_ASSISTANT (f->base.fake));
}

/* A title is asked for where the conversation is answered. */
static void
test_titles (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) c = NULL;
  json_t *body, *last;

  facet_library_set_naming (f->base.library, TRUE);
  facet_library_set_default_server (f->base.library, "one");
  c = facet_library_new_conversation (f->base.library);
  send (c, "A question about something that goes on for long");
  wait_until (g_str_equal (facet_conversation_get_title (c), "From afar"));
  g_assert_cmpuint (chat_server_count (f->chat), ==, 2);
  g_assert_cmpuint (fake_assistant_get_n_started (f->base.fake), ==, 0);
  body = chat_server_dup_body (f->chat, 1);
  last = json_object_get (body, "messages");
  last = json_array_get (last, json_array_size (last) - 1);
  g_assert_nonnull (strstr (json_string_value (json_object_get (last, "content")), "title"));
  g_assert_true (json_is_false (
      json_object_get (json_object_get (body, "chat_template_kwargs"), "enable_thinking")));
  json_decref (body);
}

static void
copied_cb (FacetConversation *copy, gpointer user_data)
{
  *(FacetConversation **)user_data = copy != NULL ? g_object_ref (copy) : NULL;
}

/* A copy is where the original is. */
static void
test_copy (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetConversation) copy = NULL;

  send (f->base.conversation, "Here");
  facet_conversation_set_server (f->base.conversation, "one");
  facet_library_copy (f->base.library, f->base.conversation, NULL, copied_cb, &copy);
  wait_until (copy != NULL);
  g_assert_cmpstr (facet_conversation_get_server (copy), ==, "one");
  g_assert_false (facet_conversation_needs_consent (copy, "one"));
  assert_place (copy, "one");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add (name, Fixture, NULL, set_up, func, tear_down)
  ADD ("/places/switching", test_switching);
  ADD ("/places/consent", test_consent);
  ADD ("/places/private", test_private);
  ADD ("/places/default", test_default);
  ADD ("/places/removed", test_removed);
  ADD ("/places/other-model", test_other_model);
  ADD ("/places/titles", test_titles);
  ADD ("/places/copy", test_copy);
  return g_test_run ();
}
