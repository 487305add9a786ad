/* test-servers.c: addresses, the list in the settings, and the keyring.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facet-schema.h"
#include "app/facet-servers.h"
#include "chat-server.h"
#include "fake-keyring.h"
#include "tests/app/test-wait.h"

#include <string.h>

#define KEY "sk-very-secret"

typedef struct {
  FakeKeyring   fake;
  FacetKeyring *keyring;
  GSettings    *settings;
  FacetServers *servers;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  fake_keyring_init (&f->fake);
  f->keyring = fake_keyring_new_keyring (&f->fake);
  f->settings = facet_schema_new_settings ();
  g_settings_reset (f->settings, "servers");
  f->servers = facet_servers_new (f->settings, f->keyring);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  while (g_main_context_iteration (NULL, FALSE)) /* keys that are taken out */
    ;
  g_assert_finalize_object (f->servers);
  g_object_unref (f->settings);
  g_assert_finalize_object (f->keyring);
  fake_keyring_clear (&f->fake);
}

static void
assert_address (const char *text, const char *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = facet_server_parse_address (text, &error);

  g_assert_cmpstr (address, ==, wanted);
  g_assert_true ((address == NULL) == (error != NULL));
}

static void
test_addresses (void)
{
  g_autofree char *long_text = g_strnfill (5000, 'a');

  assert_address ("localhost:8000", "http://localhost:8000/v1");
  assert_address ("127.0.0.1:8000", "http://127.0.0.1:8000/v1");
  assert_address ("[::1]:8000", "http://[::1]:8000/v1");
  assert_address (" example.org ", "https://example.org/v1");
  assert_address ("example.org:8000", "https://example.org:8000/v1");
  assert_address ("http://10.0.0.5:8000/", "http://10.0.0.5:8000/v1");
  assert_address ("HTTPS://example.org/v1/", "https://example.org/v1");
  assert_address ("https://example.org/v1/chat/completions", "https://example.org/v1");
  assert_address ("https://example.org/v1/models", "https://example.org/v1");
  assert_address ("https://example.org/api/openai", "https://example.org/api/openai");
  assert_address ("", NULL);
  assert_address ("   ", NULL);
  assert_address ("ftp://example.org", NULL);
  assert_address ("file:///etc/passwd", NULL);
  assert_address ("https://", NULL);
  assert_address ("https://user:word@example.org", NULL);
  assert_address ("https://example.org/?x=1", NULL);
  assert_address ("https://example.org/#x", NULL);
  assert_address ("what is this", NULL);
  assert_address ("http://[::1", NULL);
  assert_address ("http://example.org:99999", NULL);
  assert_address ("\xff\xfe", NULL);
  assert_address (long_text, NULL);
}

static FacetServer *
make (const char *id, const char *name, const char *address)
{
  const FacetServerInfo info = {.id = id, .name = name, .address = address};

  return facet_server_new (&info);
}

static void
test_open (void)
{
  g_autoptr (FacetServer) here = make (NULL, "", "http://localhost:8000/v1");
  g_autoptr (FacetServer) there = make (NULL, "", "http://10.0.0.5/v1");
  g_autoptr (FacetServer) safe = make (NULL, "", "https://example.org/v1");
  g_autoptr (FacetAssistant) assistant = facet_remote_assistant_new (there, NULL, NULL, NULL);
  g_autofree char *warning = facet_assistant_dup_warning (assistant);

  g_assert_false (facet_server_is_open (here));
  g_assert_true (facet_server_is_open (there));
  g_assert_false (facet_server_is_open (safe));
  g_assert_cmpstr (facet_server_get_name (here), ==, "localhost:8000");
  g_assert_nonnull (strstr (warning, "not encrypted"));
}

static void
test_certificates (void)
{
  g_autofree char *plain = facet_server_parse_certificate (TEST_SERVER_FINGERPRINT);
  g_autofree char *spaced = facet_server_parse_certificate (
      "FE:9B:D9:16:05:6E:50:A2:BF:A8:D4:31:1E:B6:3B:76 47A6CEE4E3B2B517A0CD12C838DEE726");

  g_assert_cmpstr (plain, ==, TEST_SERVER_FINGERPRINT);
  g_assert_cmpstr (spaced, ==, TEST_SERVER_FINGERPRINT);
  g_assert_null (facet_server_parse_certificate ("abc"));
  g_assert_null (facet_server_parse_certificate (TEST_SERVER_FINGERPRINT "00"));
  g_assert_null (facet_server_parse_certificate ("zz" TEST_SERVER_FINGERPRINT));
}

static void
test_list (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetServer) one = make ("1", "One", "https://one.example/v1");
  g_autoptr (FacetServer) same_name = make ("2", "One", "https://two.example/v1");
  g_autoptr (FacetServer) changed = make ("1", "First", "https://one.example/v1");
  g_autoptr (FacetServers) other = NULL;

  facet_servers_put (f->servers, one);
  facet_servers_put (f->servers, same_name);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->servers)), ==, 2);
  g_assert_cmpstr (facet_server_get_name (facet_servers_find (f->servers, "2")), ==, "One 2");
  facet_servers_put (f->servers, changed);
  g_assert_cmpstr (facet_server_get_name (facet_servers_find (f->servers, "1")), ==, "First");
  /* Another process reads the same. */
  other = facet_servers_new (f->settings, f->keyring);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (other)), ==, 2);
  g_assert_nonnull (facet_servers_find_by_name (other, "First"));
  facet_servers_remove (other, "1");
  g_assert_null (facet_servers_find (f->servers, "1"));
  facet_servers_remove (other, "1");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->servers)), ==, 1);
}

/* Whatever stands in the settings. */
static void
test_hostile_settings (Fixture *f, gconstpointer data)
{
  g_settings_set_value (f->settings, "servers",
                        g_variant_new_parsed (
                            "[{'id': '1', 'address': 'https://a.example/v1'}, {'id': '1',"
                            " 'address': 'https://b.example/v1'}, {'id': '', 'address': 'x'},"
                            " {'address': 'https://c.example'}, {'id': '2', 'address':"
                            " 'gopher://d.example'}, {'id': '3', 'name': 'a\\nb', 'address':"
                            " 'e.example', 'colour': 'blue'}]"));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->servers)), ==, 2);
  g_assert_cmpstr (facet_server_get_address (facet_servers_find (f->servers, "1")), ==,
                   "https://a.example/v1");
  g_assert_cmpstr (facet_server_get_name (facet_servers_find (f->servers, "3")), ==, "a b");
}

static void
test_assistants (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetServer) one = make ("1", "One", "https://one.example/v1");
  g_autoptr (FacetServer) moved = make ("1", "One", "https://two.example/v1");
  g_autoptr (FacetAssistant) first = NULL;

  facet_servers_put (f->servers, one);
  g_assert_null (facet_servers_get_assistant (f->servers, "2"));
  first = g_object_ref (facet_servers_get_assistant (f->servers, "1"));
  facet_servers_put (f->servers, one); /* the same again */
  g_assert_true (facet_servers_get_assistant (f->servers, "1") == first);
  facet_servers_put (f->servers, moved);
  g_assert_true (facet_servers_get_assistant (f->servers, "1") != first);
  facet_servers_remove (f->servers, "1");
  g_assert_null (facet_servers_get_assistant (f->servers, "1"));
}

/* The keyring */

typedef struct {
  gboolean done, stored;
  char    *key;
  GError  *error;
} Answer;

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->stored = facet_keyring_store_finish (FACET_KEYRING (source), result, &answer->error);
  answer->done = TRUE;
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->key = facet_keyring_lookup_finish (FACET_KEYRING (source), result, &answer->error);
  answer->done = TRUE;
}

static gboolean
store (FacetKeyring *keyring, const char *address, const char *key, char **sentence)
{
  Answer answer = {0};

  facet_keyring_store_async (keyring, address, "Test", key, stored_cb, &answer);
  wait_until (answer.done);
  if (sentence != NULL)
    *sentence = answer.error != NULL ? g_strdup (answer.error->message) : NULL;
  g_clear_error (&answer.error);
  return answer.stored;
}

static char *
find (FacetKeyring *keyring, const char *address)
{
  Answer answer = {0};

  facet_keyring_lookup_async (keyring, address, found_cb, &answer);
  wait_until (answer.done);
  g_clear_error (&answer.error);
  return answer.key;
}

static void
test_keyring (Fixture *f, gconstpointer data)
{
  g_autofree char *key = NULL, *other = NULL, *gone = NULL;

  g_assert_true (store (f->keyring, "https://one.example/v1", KEY, NULL));
  key = find (f->keyring, "https://one.example/v1");
  other = find (f->keyring, "https://two.example/v1"); /* of another address it is none */
  g_assert_cmpstr (key, ==, KEY);
  g_assert_null (other);
  g_assert_true (store (f->keyring, "https://one.example/v1", "", NULL));
  gone = find (f->keyring, "https://one.example/v1");
  g_assert_null (gone);
}

/* Without a keyring the key is good until the end of the program, which a sentence says. */
static void
test_no_keyring (Fixture *f, gconstpointer data)
{
  g_autofree char *sentence = NULL, *key = NULL, *gone = NULL;

  f->fake.broken = TRUE;
  g_assert_false (store (f->keyring, "https://one.example/v1", KEY, &sentence));
  g_assert_nonnull (strstr (sentence, "until Facet ends"));
  g_assert_null (strstr (sentence, KEY));
  key = find (f->keyring, "https://one.example/v1");
  g_assert_cmpstr (key, ==, KEY);
  g_assert_false (store (f->keyring, "https://one.example/v1", NULL, NULL));
  gone = find (f->keyring, "https://one.example/v1");
  g_assert_null (gone);
  /* Once there is one it is asked again. */
  f->fake.broken = FALSE;
  g_assert_true (store (f->keyring, "https://one.example/v1", KEY, NULL));
  g_assert_cmpuint (g_hash_table_size (f->fake.keys), ==, 1);
}

/* The key of an address goes with its last server, and is nowhere in the settings. */
static void
test_keys_of_servers (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetServer) one = make ("1", "One", "https://one.example/v1");
  g_autoptr (FacetServer) two = make ("2", "Two", "https://one.example/v1");
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  facet_servers_put (f->servers, one);
  facet_servers_put (f->servers, two);
  g_assert_true (store (f->keyring, "https://one.example/v1", KEY, NULL));
  value = g_settings_get_value (f->settings, "servers");
  text = g_variant_print (value, FALSE);
  g_assert_null (strstr (text, KEY));
  facet_servers_remove (f->servers, "1");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (g_hash_table_size (f->fake.keys), ==, 1);
  facet_servers_remove (f->servers, "2");
  wait_until (g_hash_table_size (f->fake.keys) == 0);
}

/* A turn takes the key of its server's address from there. */
static void
test_turn (Fixture *f, gconstpointer data)
{
  static const char *const lines[] =
      {"{\"choices\": [{\"delta\": {\"content\": \"Yes.\"}, \"finish_reason\": \"stop\"}]}", NULL};
  g_autoptr (ChatServer) chat = chat_server_new ();
  g_autoptr (FacetServer) server = make ("1", "One", chat_server_get_address (chat));
  g_autoptr (FacetRequest) request = chat_request_new ();
  g_auto (ChatTurn) turn = {0};
  g_autofree char *key = NULL;

  chat_server_add_stream (chat, lines);
  g_assert_true (store (f->keyring, chat_server_get_address (chat), KEY, NULL));
  facet_servers_put (f->servers, server);
  chat_turn_run (&turn, facet_servers_get_assistant (f->servers, "1"), request);
  g_assert_cmpstr (turn.answer->str, ==, "Yes.");
  key = chat_server_dup_key (chat);
  g_assert_cmpstr (key, ==, "Bearer " KEY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/servers/addresses", test_addresses);
  g_test_add_func ("/servers/open", test_open);
  g_test_add_func ("/servers/certificates", test_certificates);
#define ADD(name, func) g_test_add (name, Fixture, NULL, set_up, func, tear_down)
  ADD ("/servers/list", test_list);
  ADD ("/servers/hostile-settings", test_hostile_settings);
  ADD ("/servers/assistants", test_assistants);
  ADD ("/servers/keyring", test_keyring);
  ADD ("/servers/no-keyring", test_no_keyring);
  ADD ("/servers/keys-of-servers", test_keys_of_servers);
  ADD ("/servers/turn", test_turn);
  return g_test_run ();
}
