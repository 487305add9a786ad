/* kill-life.c: one action after the other, drawn by a seed, while an answer streams.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kill-life"

#include "kill-life.h"

#include "app/facet-library.h"
#include "app/facet-media-import.h"
#include "fake-assistant.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ACTION_MS 15
#define SPEED     1500
#define N_WORDS   600

typedef struct {
  FacetLibrary      *library;
  FakeAssistant     *fake;
  FacetConversation *conversation; /* the one worked in */
  GRand             *random;
  int                next; /* question */
  GFile             *picture;
} Life;

char *
kill_life_dup_question (int n)
{
  return g_strdup_printf ("question-%d", n);
}

char *
kill_life_dup_answer (int n)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "Answer %d:", n);
  for (int i = 0; i < N_WORDS; i++)
    g_string_append_printf (text, " w%03d", i);
  return g_string_free (text, FALSE);
}

/* Straight to the pipe: what the process still holds is lost with it. */
static void G_GNUC_PRINTF (1, 2) say (const char *format, ...)
{
  g_autofree char *fact = NULL;
  g_autofree char *line = NULL;
  va_list          args;

  va_start (args, format);
  fact = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strdup_printf ("%" G_GINT64_FORMAT " %s\n", g_get_monotonic_time (), fact);
  if (write (STDOUT_FILENO, line, strlen (line)) != (gssize)strlen (line))
    _exit (1);
}

/* Hearing */

static void
failed_cb (FacetConversation *conversation, const char *sentence, gpointer user_data)
{
  if (*sentence == '\0')
    _exit (2);
  say ("refused -");
  /* What could not be sent is the draft again. */
  say ("c%" G_GINT64_FORMAT ".draft %s", facet_conversation_get_id (conversation),
       facet_conversation_get_draft (conversation));
}

/* The number of the question that @message answers. */
static int
number_of (FacetMessage *message)
{
  return GPOINTER_TO_INT (g_object_get_data (G_OBJECT (message), "number"));
}

static void
appended_cb (FacetMessage *answer, int kind, const char *delta, gpointer user_data)
{
  say ("m%" G_GINT64_FORMAT ".answer %d %zu", facet_message_get_id (answer), number_of (answer),
       strlen (facet_message_get_text (answer)));
}

/* The assistant was asked, so both are on the disk. */
static void
phase_cb (FacetMessage *answer, GParamSpec *pspec, FacetConversation *conversation)
{
  gint64 id = facet_conversation_get_id (conversation);

  if (facet_message_get_phase (answer) != FACET_PHASE_READING)
    return;
  say ("m%" G_GINT64_FORMAT ".of %" G_GINT64_FORMAT, facet_message_get_id (answer), id);
  say ("m%" G_GINT64_FORMAT ".answer %d 0", facet_message_get_id (answer), number_of (answer));
  if (facet_message_get_parent_id (answer) != 0) {
    say ("m%" G_GINT64_FORMAT ".of %" G_GINT64_FORMAT, facet_message_get_parent_id (answer), id);
    say ("m%" G_GINT64_FORMAT ".question %d", facet_message_get_parent_id (answer),
         number_of (answer));
  }
}

static void
watch (Life *life)
{
  if (g_object_get_data (G_OBJECT (life->conversation), "watched") == NULL)
    g_signal_connect (life->conversation, "failed", G_CALLBACK (failed_cb), life);
  g_object_set_data (G_OBJECT (life->conversation), "watched", life);
}

/* The last message is an answer that is about to come. */
static void
listen_to_last (Life *life, int number)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (life->conversation));
  g_autoptr (FacetMessage) answer =
      g_list_model_get_item (G_LIST_MODEL (life->conversation), n - 1);

  g_object_set_data (G_OBJECT (answer), "number", GINT_TO_POINTER (number));
  g_signal_connect (answer, "appended", G_CALLBACK (appended_cb), NULL);
  g_signal_connect (answer, "notify::phase", G_CALLBACK (phase_cb), life->conversation);
}

/* Acting */

static void
choose (Life *life)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (life->library));

  if (life->conversation != NULL && g_rand_boolean (life->random))
    return;
  g_clear_object (&life->conversation);
  if (n < 3 || g_rand_int_range (life->random, 0, 4) == 0)
    life->conversation = facet_library_new_conversation (life->library);
  else
    life->conversation =
        g_list_model_get_item (G_LIST_MODEL (life->library),
                               (guint)g_rand_int_range (life->random, 0, (gint32)n));
  watch (life);
  facet_conversation_open (life->conversation);
}

static gboolean
is_idle (Life *life)
{
  return facet_conversation_get_loaded (life->conversation) &&
         !facet_conversation_get_busy (life->conversation);
}

static void
script_answer (Life *life, int number)
{
  g_autofree char *answer = kill_life_dup_answer (number);

  fake_assistant_begin_turn (life->fake);
  fake_assistant_add_reading (life->fake, 0.01); /* heard of by phase_cb */
  fake_assistant_add_answer (life->fake, answer);
}

static void
ask (Life *life, FacetMessage *instead)
{
  int              number = life->next++;
  g_autofree char *question = kill_life_dup_question (number);

  script_answer (life, number);
  if (instead != NULL)
    facet_conversation_edit_and_resend (life->conversation, instead, question);
  else
    facet_conversation_send (life->conversation, question);
  listen_to_last (life, number);
  say ("c%" G_GINT64_FORMAT ".title %s", facet_conversation_get_id (life->conversation),
       facet_conversation_get_title (life->conversation));
}

static FacetMessage *
any_message (Life *life, FacetRole role)
{
  GPtrArray    *of_role = g_ptr_array_new_with_free_func (g_object_unref);
  guint         n = g_list_model_get_n_items (G_LIST_MODEL (life->conversation));
  FacetMessage *message = NULL;

  for (guint i = 0; i < n; i++) {
    FacetMessage *one = g_list_model_get_item (G_LIST_MODEL (life->conversation), i);

    g_ptr_array_add (of_role, one);
    if (facet_message_get_role (one) != role || facet_message_get_id (one) == 0)
      g_ptr_array_remove (of_role, one);
  }
  if (of_role->len > 0)
    message =
        g_object_ref (of_role->pdata[g_rand_int_range (life->random, 0, (gint32)of_role->len)]);
  g_ptr_array_unref (of_role);
  return message;
}

static void
answer_again (Life *life)
{
  g_autoptr (FacetMessage) answer = any_message (life, FACET_ROLE_ASSISTANT);
  int number;

  if (answer == NULL || !is_idle (life))
    return;
  /* Of an earlier life the text says the number. */
  number = number_of (answer);
  if (number == 0 && sscanf (facet_message_get_text (answer), "Answer %d:", &number) != 1)
    return;
  script_answer (life, number);
  facet_conversation_regenerate (life->conversation, answer);
  listen_to_last (life, number);
}

static void
edit (Life *life)
{
  g_autoptr (FacetMessage) question = any_message (life, FACET_ROLE_USER);

  if (question != NULL && is_idle (life))
    ask (life, question);
}

static void
take_out (Life *life)
{
  g_autoptr (FacetMessage) message = any_message (life, FACET_ROLE_USER);

  if (message == NULL || facet_message_is_running (message))
    return;
  facet_conversation_delete_message (life->conversation, message);
  say ("m%" G_GINT64_FORMAT ".out 1", facet_message_get_id (message));
  if (g_rand_boolean (life->random)) {
    facet_conversation_undo_delete (life->conversation);
    say ("m%" G_GINT64_FORMAT ".out 0", facet_message_get_id (message));
  }
}

static void
trash (Life *life)
{
  gint64 id = facet_conversation_get_id (life->conversation);
  guint  n = g_list_model_get_n_items (facet_library_get_trash (life->library));

  if (id != 0 && facet_conversation_get_deleted_at (life->conversation) == 0 && is_idle (life)) {
    facet_library_delete (life->library, life->conversation);
    say ("c%" G_GINT64_FORMAT ".trash 1", id);
    g_clear_object (&life->conversation);
  }
  if (n > 0) {
    g_autoptr (FacetConversation) old =
        g_list_model_get_item (facet_library_get_trash (life->library), n - 1);

    id = facet_conversation_get_id (old);
    if (g_rand_boolean (life->random)) {
      facet_library_restore (life->library, old);
      say ("c%" G_GINT64_FORMAT ".trash 0", id);
    } else {
      facet_library_delete_for_good (life->library, old);
      say ("c%" G_GINT64_FORMAT ".gone 1", id);
    }
  }
}

static void
write_down (Life *life)
{
  gint64           id = facet_conversation_get_id (life->conversation);
  g_autofree char *text = g_strdup_printf ("text-%u", g_rand_int (life->random));

  if (id == 0)
    return;
  if (g_rand_boolean (life->random)) {
    facet_conversation_set_title (life->conversation, text);
    say ("c%" G_GINT64_FORMAT ".title %s", id, text);
  } else {
    facet_conversation_set_draft (life->conversation, text);
    say ("c%" G_GINT64_FORMAT ".draft %s", id, text);
  }
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FacetConversation) conversation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetMedia) media = facet_media_import_finish (result, &error);

  if (media == NULL)
    say ("refused -");
  else
    g_list_store_append (facet_conversation_get_draft_media (conversation), media);
}

static void
attach (Life *life)
{
  facet_media_import_file_async (facet_conversation_get_media_folder (life->conversation),
                                 life->picture, "picture.png", NULL, imported_cb,
                                 g_object_ref (life->conversation));
}

static gboolean
act_cb (gpointer user_data)
{
  Life *life = user_data;
  int   what = g_rand_int_range (life->random, 0, 20);

  choose (life);
  if (!facet_conversation_get_loaded (life->conversation))
    return G_SOURCE_CONTINUE;
  if (what < 8 && is_idle (life) && fake_assistant_get_n_running (life->fake) < 3) {
    ask (life, NULL);
    say ("c%" G_GINT64_FORMAT ".draft ", facet_conversation_get_id (life->conversation));
  } else if (what < 10)
    edit (life);
  else if (what < 12)
    answer_again (life);
  else if (what < 14)
    take_out (life);
  else if (what < 15)
    trash (life);
  else if (what < 19)
    write_down (life);
  else
    attach (life);
  return G_SOURCE_CONTINUE;
}

/* A beat that comes late says that the machine gave this process no time. */
static gpointer
beat_thread (gpointer user_data)
{
  for (;;) {
    say ("beat -");
    g_usleep (KILL_LIFE_BEAT_US);
  }
  return NULL;
}

void
kill_life_live (const char *folder, guint32 seed, int first)
{
  g_autofree char *picture = g_strdup_printf ("%s.png", folder);
  g_autoptr (GError) error = NULL;
  Life life = {.next = first};

  life.random = g_rand_new_with_seed (seed);
  life.picture = g_file_new_for_path (picture);
  life.fake = fake_assistant_new ();
  fake_assistant_set_speed (life.fake, SPEED);
  say ("begins -");
  g_thread_unref (g_thread_new ("beat", beat_thread, NULL));
  life.library = facet_library_new (folder, FACET_ASSISTANT (life.fake), &error);
  if (life.library == NULL)
    say ("refused -");
  else {
    g_timeout_add (ACTION_MS, act_cb, &life);
    facet_library_get_trash (life.library);
  }
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}
