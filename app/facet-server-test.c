/* facet-server-test.c: a name, a list of models, and four small questions, one after another.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The questions go through an assistant of their own, so that what is tested is what
 * will be used.  Whoever may still call holds a reference and finds the test over. */
#define G_LOG_DOMAIN "facet-remote"

#include "config.h"

#include "facet-server-test.h"

#include "facet-clip-file.h"
#include "facet-exchange.h"
#include "facet-media-import.h"
#include "facet-remote-answer.h"
#include "facet-remote-models.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* Tokens of an answer, and characters of it that are shown. */
#define MAX_TOKENS 32
#define MAX_SHOWN  60

/* For the model. */
static const char tool[] =
    "[{\"type\": \"function\", \"function\": {\"name\": \"get_time\", \"description\":"
    " \"Tells what time it is now\", \"parameters\": {\"type\": \"object\", \"properties\": {}}}}]";

struct _FacetServerTest {
  FacetServer        *server;
  FacetKeyring       *keyring;
  char               *key;
  FacetRemoteTimes    times;
  FacetServerStepFunc step_func;
  FacetServerTestFunc done_func;
  gpointer            user_data;
  FacetServerStep     step;
  FacetStepState      worst;
  gboolean            over;
  guint               idle;
  GCancellable       *cancellable;

  SoupSession      *session;
  FacetExchange    *exchange;
  FacetExchangeHead head;
  GString          *body;
  char             *fingerprint;
  GPtrArray        *models; /* of char *; NULL: not known */

  FacetAssistant *assistant;
  guint64         turn; /* 0: none runs */
  GString        *answer;
  guint           n_pieces, n_calls;
  FacetUsage      usage;
  char           *folder; /* of the media; NULL: not made */
  FacetMedia     *picture, *sound;
};

static void run_step (FacetServerTest *self);

const char *
facet_server_step_get_title (FacetServerStep step)
{
  switch (step) {
  case FACET_SERVER_STEP_NAME:
    return _ ("Name");
  case FACET_SERVER_STEP_TLS:
    return _ ("Encryption");
  case FACET_SERVER_STEP_STATUS:
    return _ ("Status");
  case FACET_SERVER_STEP_MODELS:
    return _ ("Models");
  case FACET_SERVER_STEP_STREAMING:
    return _ ("Streaming");
  case FACET_SERVER_STEP_IMAGE:
    return _ ("Pictures");
  case FACET_SERVER_STEP_AUDIO:
    return _ ("Sound");
  case FACET_SERVER_STEP_TOOLS:
    return _ ("Tools");
  case FACET_N_SERVER_STEPS:
    break;
  }
  return NULL;
}

/* Steps */

static FacetServerTest *
test_ref (FacetServerTest *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  FacetServerTest *self = data;

  g_object_unref (self->server);
  g_clear_object (&self->keyring);
  g_object_unref (self->cancellable);
  g_object_unref (self->session);
  g_clear_object (&self->picture);
  g_clear_object (&self->sound);
  g_clear_pointer (&self->models, g_ptr_array_unref);
  g_string_free (self->body, TRUE);
  g_string_free (self->answer, TRUE);
  if (self->key != NULL)
    explicit_bzero (self->key, strlen (self->key));
  g_free (self->key);
  g_free (self->fingerprint);
  g_free (self->folder);
}

static void
test_unref (FacetServerTest *self)
{
  g_rc_box_release_full (self, clear);
}

static void
report (FacetServerTest *self, FacetStepState state, const char *words)
{
  if (state != FACET_STEP_SKIPPED)
    self->worst = MAX (self->worst, state);
  self->step_func (self->step, state, words, self->user_data);
}

/* The step that runs has ended so; on with the next one. */
static void
end_step (FacetServerTest *self, FacetStepState state, const char *words)
{
  g_autofree char *owned = g_strdup (words);

  test_ref (self);
  report (self, state, owned);
  if (!self->over) {
    self->step++;
    if (state == FACET_STEP_FAILED)
      for (; self->step < FACET_N_SERVER_STEPS && !self->over; self->step++)
        report (self, FACET_STEP_SKIPPED, "");
  }
  if (!self->over)
    run_step (self);
  test_unref (self);
}

/* Name */

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetServerTest *self = user_data;
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);

  if (!self->over && addresses == NULL) {
    end_step (self, FACET_STEP_FAILED, error->message);
  } else if (!self->over) {
    g_autofree char *address = g_inet_address_to_string (addresses->data);

    end_step (self, FACET_STEP_PASSED, address);
  }
  g_resolver_free_addresses (addresses);
  test_unref (self);
}

static char *
dup_host (FacetServerTest *self)
{
  g_autoptr (GUri) uri =
      g_uri_parse (facet_server_get_address (self->server), G_URI_FLAGS_NONE, NULL);

  return uri != NULL ? g_strdup (g_uri_get_host (uri)) : NULL;
}

static void
proxies_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetServerTest *self = user_data;
  g_auto (GStrv) proxies = g_proxy_resolver_lookup_finish (G_PROXY_RESOLVER (source), result, NULL);
  g_autofree char *host = dup_host (self);

  if (!self->over && proxies != NULL && proxies[0] != NULL &&
      !g_str_has_prefix (proxies[0], "direct")) {
    /* It is the proxy that looks for the name. */
    g_autofree char *words = g_strdup_printf (_ ("through the proxy %s"), proxies[0]);

    end_step (self, FACET_STEP_PASSED, words);
  } else if (!self->over) {
    g_autoptr (GResolver) resolver = g_resolver_get_default ();

    g_resolver_lookup_by_name_async (resolver, host != NULL ? host : "", self->cancellable,
                                     resolved_cb, test_ref (self));
  }
  test_unref (self);
}

/* The list of models, which tells three steps at once */

static void
head_cb (FacetExchange *exchange, const FacetExchangeHead *head, gpointer user_data)
{
  FacetServerTest *self = user_data;

  self->head = *head;
  self->head.reason = self->head.type = "";
}

static gboolean
bytes_cb (FacetExchange *exchange, const char *bytes, gsize length, gpointer user_data)
{
  FacetServerTest *self = user_data;

  g_string_append_len (self->body, bytes,
                       (gssize)MIN (length, FACET_REMOTE_MAX_LIST - self->body->len));
  return self->body->len < FACET_REMOTE_MAX_LIST;
}

static gboolean
is_encrypted (FacetServerTest *self)
{
  return g_str_has_prefix (facet_server_get_address (self->server), "https:");
}

static void
judge_tls (FacetServerTest *self)
{
  GTlsCertificate *certificate = facet_exchange_get_certificate (self->exchange);
  g_autofree char *name = NULL;

  if (!is_encrypted (self)) {
    gboolean is_open = facet_server_is_open (self->server);

    end_step (self, is_open ? FACET_STEP_LIMITED : FACET_STEP_PASSED,
              is_open ? _ ("not encrypted: whoever is between can read what you send")
                      : _ ("not needed: it stays on this computer"));
    return;
  }
  if (facet_exchange_get_certificate_errors (self->exchange) != 0) {
    end_step (self, FACET_STEP_PASSED, _ ("with the certificate that you trust"));
    return;
  }
  if (certificate != NULL)
    name = g_tls_certificate_get_issuer_name (certificate);
  end_step (self, FACET_STEP_PASSED, name != NULL ? name : _ ("with a valid certificate"));
}

static void
judge_status (FacetServerTest *self)
{
  guint            status = self->head.status;
  g_autofree char *said = facet_remote_words (self->body->str, self->body->len);
  g_autofree char *words = g_strdup_printf ("HTTP %u", status);

  if (status >= 200 && status <= 299) {
    end_step (self, FACET_STEP_PASSED, words);
    return;
  }
  if (said != NULL) {
    g_free (words);
    words = g_strdup_printf (_ ("HTTP %u: “%s”"), status, said);
  }
  /* Without a list of models it may answer all the same. */
  end_step (self, status == 404 || status == 405 ? FACET_STEP_LIMITED : FACET_STEP_FAILED, words);
}

static void
judge_models (FacetServerTest *self)
{
  g_autoptr (GPtrArray) models = facet_remote_models_parse (self->body->str, self->body->len);
  const char             *wanted = facet_server_get_model (self->server);
  const FacetRemoteModel *model = facet_remote_models_find (models, wanted);
  g_autofree char        *words = NULL;

  if (models == NULL || models->len == 0) {
    if (*wanted == '\0')
      words = g_strdup (_ ("it names none; look at its address, or enter the model"));
    else
      words = g_strdup_printf (_ ("it names none; “%s” is asked for"), wanted);
    end_step (self, *wanted == '\0' ? FACET_STEP_FAILED : FACET_STEP_LIMITED, words);
    return;
  }
  self->models = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < models->len; i++)
    g_ptr_array_add (self->models, g_strdup (((FacetRemoteModel *)models->pdata[i])->id));
  if (model == NULL) {
    words = g_strdup_printf (_ ("it has no “%s”, but “%s”"), wanted,
                             (const char *)self->models->pdata[0]);
    end_step (self, FACET_STEP_FAILED, words);
    return;
  }
  if (model->context_size > 0)
    words = g_strdup_printf (_ ("“%s”, %'u tokens of context"), model->id, model->context_size);
  else
    words = g_strdup_printf (_ ("“%s”"), model->id);
  end_step (self, FACET_STEP_PASSED, words);
}

static void
end_cb (FacetExchange *exchange, const GError *error, gpointer user_data)
{
  FacetServerTest *self = user_data;

  if (error == NULL) {
    judge_tls (self);
    return;
  }
  if (facet_exchange_get_certificate_errors (self->exchange) != 0 && error->domain == G_TLS_ERROR) {
    self->fingerprint =
        facet_certificate_dup_fingerprint (facet_exchange_get_certificate (self->exchange));
    end_step (self, FACET_STEP_FAILED, error->message);
    return;
  }
  report (self, FACET_STEP_SKIPPED, "");
  if (self->over)
    return;
  self->step = FACET_SERVER_STEP_STATUS;
  end_step (self, FACET_STEP_FAILED, error->message);
}

static const FacetExchangeFuncs exchange_funcs = {head_cb, bytes_cb, end_cb};

static void
ask_for_models (FacetServerTest *self)
{
  FacetExchangeTimes times = {self->times.connect, self->times.answer, self->times.idle};

  self->exchange = facet_exchange_new (self->session, self->server, "/models", NULL, self->key,
                                       &times, &exchange_funcs, self);
}

static void
key_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetServerTest *self = user_data;
  char            *key = facet_keyring_lookup_finish (FACET_KEYRING (source), result, NULL);

  if (self->over) {
    g_free (key);
  } else {
    self->key = key;
    ask_for_models (self);
  }
  test_unref (self);
}

static void
find_key (FacetServerTest *self)
{
  if (self->key == NULL && self->keyring != NULL)
    facet_keyring_lookup_async (self->keyring, facet_server_get_address (self->server), key_cb,
                                test_ref (self));
  else
    ask_for_models (self);
}

/* Questions */

static void
judge_answer (FacetServerTest *self)
{
  g_autofree char *said =
      facet_remote_plain_words (self->answer->str, MIN (self->answer->len, MAX_SHOWN));
  g_autofree char *words = g_strdup_printf (_ ("“%s”"), said != NULL ? said : "");

  if (self->step == FACET_SERVER_STEP_TOOLS) {
    end_step (self, self->n_calls > 0 ? FACET_STEP_PASSED : FACET_STEP_LIMITED,
              self->n_calls > 0 ? _ ("the model calls one")
                                : _ ("they are accepted, but the model called none"));
    return;
  }
  if (self->step != FACET_SERVER_STEP_STREAMING) {
    end_step (self, said != NULL ? FACET_STEP_PASSED : FACET_STEP_LIMITED,
              said != NULL ? words : _ ("accepted, but the model said nothing about it"));
    return;
  }
  if (self->n_pieces == 0) {
    end_step (self, FACET_STEP_FAILED, _ ("the model said nothing"));
  } else {
    g_autofree char *first =
        g_strdup_printf (_ ("%s, the first token after %.2f s"), words, self->usage.first_token_s);

    end_step (self, FACET_STEP_PASSED, first);
  }
}

static void
event_cb (const FacetEvent *event, gpointer user_data)
{
  FacetServerTest *self = user_data;

  switch (event->kind) {
  case FACET_EVENT_THOUGHT:
  case FACET_EVENT_ANSWER:
    self->n_pieces++;
    if (event->kind == FACET_EVENT_ANSWER)
      g_string_append (self->answer, event->text);
    break;
  case FACET_EVENT_TOOL_CALL:
    self->n_calls++;
    break;
  case FACET_EVENT_USAGE:
    self->usage = event->usage;
    break;
  case FACET_EVENT_PROGRESS:
    break;
  case FACET_EVENT_TOO_LONG:
  case FACET_EVENT_DONE:
  case FACET_EVENT_ERROR:
    self->turn = 0;
    if (self->over)
      ;
    else if (event->kind == FACET_EVENT_DONE)
      judge_answer (self);
    else
      end_step (self,
                self->step == FACET_SERVER_STEP_STREAMING ? FACET_STEP_FAILED : FACET_STEP_LIMITED,
                event->kind == FACET_EVENT_ERROR ? event->error->message : _ ("it does not fit"));
    test_unref (self);
    break;
  }
}

static void
ask (FacetServerTest *self, const char *question, FacetMedia *media)
{
  g_autoptr (FacetRequest) request = facet_request_new ();
  FacetRequestMessage *message = facet_request_add (request, FACET_ROLE_USER, question);

  if (self->assistant == NULL)
    self->assistant = facet_remote_assistant_new (self->server, NULL, self->key, &self->times);
  if (media != NULL) {
    message->attachments = g_ptr_array_new_with_free_func (g_object_unref);
    g_ptr_array_add (message->attachments, g_object_ref (media));
  }
  if (self->step == FACET_SERVER_STEP_TOOLS)
    request->tools_json = g_strdup (tool);
  request->max_tokens = MAX_TOKENS;
  request->temperature = 0;
  g_string_truncate (self->answer, 0);
  self->n_pieces = self->n_calls = 0;
  self->turn = facet_assistant_start (self->assistant, request, event_cb, test_ref (self));
}

/* Media */

typedef struct {
  char       *folder;
  FacetMedia *picture, *sound;
} Media;

static void
media_free (gpointer data)
{
  Media *media = data;

  g_clear_object (&media->picture);
  g_clear_object (&media->sound);
  g_free (media->folder);
  g_free (media);
}

static FacetMedia *
import (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);

  return facet_media_import_file (folder, file, name, NULL, error);
}

static FacetMedia *
make_picture (const char *folder, GError **error)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 96, 96);
  g_autofree char *path = g_build_filename (folder, "square.png", NULL);

  gdk_pixbuf_fill (pixbuf, 0xd01010ff);
  return gdk_pixbuf_save (pixbuf, path, "png", error, NULL) ? import (folder, "square.png", error)
                                                            : NULL;
}

/* A second of 440 Hz. */
static FacetMedia *
make_sound (const char *folder, GError **error)
{
  g_autofree char   *path = g_build_filename (folder, "tone.wav", NULL);
  gsize              length = 44 + 2 * FACET_SOUND_RATE;
  g_autofree guint8 *bytes = g_malloc (length);

  facet_clip_file_fill_header (bytes, 2 * FACET_SOUND_RATE);
  for (guint i = 0; i < FACET_SOUND_RATE; i++) {
    gint16 value = GINT16_TO_LE ((gint16)(12000 * sin (2 * G_PI * 440 * i / FACET_SOUND_RATE)));

    memcpy (bytes + 44 + 2 * i, &value, 2);
  }
  return g_file_set_contents (path, (const char *)bytes, (gssize)length, error)
             ? import (folder, "tone.wav", error)
             : NULL;
}

static void
media_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Media  *media = g_new0 (Media, 1);
  GError *error = NULL;

  media->folder = g_dir_make_tmp ("facet-test-XXXXXX", &error);
  if (media->folder != NULL)
    media->picture = make_picture (media->folder, &error);
  if (media->picture != NULL)
    media->sound = make_sound (media->folder, &error);
  if (error == NULL)
    g_task_return_pointer (task, media, media_free);
  else {
    media_free (media);
    g_task_return_error (task, error);
  }
}

static void
remove_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_run_in_thread (task, remove_thread);
}

static void
media_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetServerTest *self = user_data;
  g_autoptr (GError) error = NULL;
  Media *media = g_task_propagate_pointer (G_TASK (result), &error);

  if (self->over && media != NULL) {
    remove_folder (media->folder);
  } else if (!self->over && media == NULL) {
    self->step = FACET_SERVER_STEP_AUDIO; /* nothing to show is nothing to play */
    end_step (self, FACET_STEP_LIMITED, error->message);
  } else if (!self->over) {
    self->folder = g_strdup (media->folder);
    g_set_object (&self->picture, media->picture);
    g_set_object (&self->sound, media->sound);
    ask (self, "What colour is this square?  Answer with one word.", self->picture);
  }
  if (media != NULL)
    media_free (media);
  test_unref (self);
}

static void
make_media (FacetServerTest *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, media_cb, test_ref (self));

  g_task_run_in_thread (task, media_thread);
}

/* One after another */

static void
look_up_name (FacetServerTest *self)
{
  GProxyResolver *proxies = g_proxy_resolver_get_default ();

  g_proxy_resolver_lookup_async (proxies, facet_server_get_address (self->server),
                                 self->cancellable, proxies_cb, test_ref (self));
}

static void
run_step (FacetServerTest *self)
{
  if (self->step == FACET_N_SERVER_STEPS) {
    self->over = TRUE;
    self->done_func (self, self->user_data);
    return;
  }
  report (self, FACET_STEP_RUNNING, "");
  if (self->over)
    return;
  switch (self->step) {
  case FACET_SERVER_STEP_NAME:
    look_up_name (self);
    break;
  case FACET_SERVER_STEP_TLS:
    find_key (self);
    break;
  case FACET_SERVER_STEP_STATUS:
    judge_status (self);
    break;
  case FACET_SERVER_STEP_MODELS:
    judge_models (self);
    break;
  case FACET_SERVER_STEP_STREAMING:
    ask (self, "Say hello in one short sentence.", NULL);
    break;
  case FACET_SERVER_STEP_IMAGE:
    make_media (self);
    break;
  case FACET_SERVER_STEP_AUDIO:
    ask (self, "What do you hear?  Answer with a few words.", self->sound);
    break;
  case FACET_SERVER_STEP_TOOLS:
    ask (self, "What time is it?  Use the tool.", NULL);
    break;
  case FACET_N_SERVER_STEPS:
    break;
  }
}

static gboolean
begin_cb (gpointer user_data)
{
  FacetServerTest *self = user_data;

  self->idle = 0;
  run_step (self);
  return G_SOURCE_REMOVE;
}

FacetServerTest *
facet_server_test_new (FacetServer            *server,
                       FacetKeyring           *keyring,
                       const char             *key,
                       const FacetRemoteTimes *times,
                       FacetServerStepFunc     step_func,
                       FacetServerTestFunc     done_func,
                       gpointer                user_data)
{
  FacetServerTest *self = g_rc_box_new0 (FacetServerTest);

  self->server = g_object_ref (server);
  g_set_object (&self->keyring, keyring);
  self->key = g_strdup (key);
  if (times != NULL)
    self->times = *times;
  self->step_func = step_func;
  self->done_func = done_func;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->session = facet_exchange_session_new ();
  self->body = g_string_new (NULL);
  self->answer = g_string_new (NULL);
  self->idle = g_idle_add_full (G_PRIORITY_DEFAULT, begin_cb, self, NULL);
  return self;
}

void
facet_server_test_free (FacetServerTest *self)
{
  if (self == NULL)
    return;
  self->over = TRUE;
  g_clear_handle_id (&self->idle, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->exchange, facet_exchange_free);
  /* A turn that runs hears its end, and gives its reference back. */
  if (self->assistant != NULL)
    g_object_run_dispose (G_OBJECT (self->assistant));
  g_clear_object (&self->assistant);
  if (self->folder != NULL)
    remove_folder (self->folder);
  test_unref (self);
}

FacetStepState
facet_server_test_get_result (FacetServerTest *self)
{
  return self->worst;
}

const char *
facet_server_test_get_fingerprint (FacetServerTest *self)
{
  return self->fingerprint;
}

GPtrArray *
facet_server_test_get_models (FacetServerTest *self)
{
  return self->models;
}
