/* test-perception.c: the demonstration model looks at pictures and listens to speech in a request,
 * does so once, and can be stopped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/gem-session.h"

#include "demo-sample.h"
#include "facet-generation.h"
#include "facet-local-assistant.h"
#include "facet-media-import.h"
#include "facet-transcribe.h"
#include "test-folder.h"
#include "tests/test-brief.h"

#include <gst/gst.h>
#include <string.h>

#define CONTEXT 4096

typedef struct {
  char            *folder;
  GemModel        *model;
  GemSession      *session;
  FacetPerception *perception;

  FacetJob     *job; /* the one that runs */
  GString      *answer;
  char         *error;
  FacetUsage    usage;
  guint         n_looking, n_listening, n_ends;
  gboolean      stopped, too_long;
  FacetOverflow overflow;
  FacetPhase    cancel_at; /* NONE: not */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = facet_find_demo_model ();
  g_autoptr (GError) error = NULL;
  GemModelOptions options = {.backend = "cpu", .threads = 2, .without_vision = data != NULL};

  f->folder = test_folder_new ();
  f->model = gem_model_load (folder, &options, NULL, NULL, &error);
  g_assert_no_error (error);
  f->session = gem_session_new (f->model, CONTEXT, &error);
  g_assert_no_error (error);
  f->perception = facet_perception_new (f->model, CONTEXT);
  f->answer = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  facet_perception_free (f->perception);
  gem_session_free (f->session);
  gem_model_unref (f->model);
  g_string_free (f->answer, TRUE);
  g_free (f->error);
  test_folder_remove (f->folder);
  g_free (f->folder);
}

/* ---- running a request ----------------------------------------------------------------------- */

static void
emit_cb (FacetEvent *event, gpointer user_data)
{
  Fixture *f = user_data;

  switch (event->kind) {
  case FACET_EVENT_PROGRESS:
    g_assert_cmpfloat (event->progress, >=, 0);
    g_assert_cmpfloat (event->progress, <=, 1);
    f->n_looking += event->phase == FACET_PHASE_LOOKING;
    f->n_listening += event->phase == FACET_PHASE_LISTENING;
    if (f->cancel_at != FACET_PHASE_NONE && event->phase == f->cancel_at)
      g_atomic_int_set (&f->job->cancelled, TRUE);
    break;
  case FACET_EVENT_ANSWER:
    g_string_append (f->answer, event->text);
    break;
  case FACET_EVENT_USAGE:
    f->usage = event->usage;
    break;
  case FACET_EVENT_DONE:
    f->n_ends++;
    f->stopped = event->stopped;
    break;
  case FACET_EVENT_ERROR:
    f->n_ends++;
    f->error = g_strdup (event->error->message);
    break;
  case FACET_EVENT_TOO_LONG:
    f->n_ends++;
    f->too_long = TRUE;
    f->overflow = event->overflow;
    break;
  default:
    break;
  }
  facet_event_free (event);
}

/* What came before is forgotten, not what was looked at. */
static void
run (Fixture *f, FacetRequest *request)
{
  g_autoptr (FacetJob) job = facet_job_new (1, request);

  request->temperature = 0;
  g_string_truncate (f->answer, 0);
  g_clear_pointer (&f->error, g_free);
  f->n_looking = f->n_listening = f->n_ends = 0;
  f->stopped = f->too_long = FALSE;
  f->usage = (FacetUsage){0};
  f->job = job;
  facet_generation_run (f->model, f->session, f->perception, NULL, job, emit_cb, f);
  f->job = NULL;
  g_assert_cmpuint (f->n_ends, ==, 1);
  g_test_message ("%s%s", f->answer->str, f->error != NULL ? f->error : "");
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FacetMedia **media = user_data;
  g_autoptr (GError) error = NULL;

  *media = facet_media_import_finish (result, &error);
  g_assert_no_error (error);
}

static FacetMedia *
import_path (Fixture *f, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  FacetMedia *media = NULL;

  facet_media_import_file_async (f->folder, file, NULL, NULL, imported_cb, &media);
  while (media == NULL)
    g_main_context_iteration (NULL, TRUE);
  return media;
}

/* A sample of the demonstration model; what it is asked and what is right, in *@sample. */
static FacetMedia *
import (Fixture *f, const char *medium, const char *kind, DemoSample *sample)
{
  demo_sample_find (sample, medium, kind);
  return import_path (f, sample->path);
}

static FacetMedia *
import_picture (Fixture *f)
{
  g_auto (DemoSample) sample = {0};

  return import (f, "image", "one", &sample);
}

static void
attach (FacetRequestMessage *message, FacetMedia *media)
{
  if (message->attachments == NULL)
    message->attachments = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (message->attachments, g_object_ref (media));
}

static FacetRequest *
ask (const char *text, FacetMedia *media)
{
  FacetRequest *request = facet_request_new ();

  attach (facet_request_add (request, FACET_ROLE_USER, text), media);
  return request;
}

/* ---- looking and listening ------------------------------------------------------------------- */

static void
test_picture (Fixture *f, gconstpointer data)
{
  g_auto (DemoSample) sample = {0};
  g_autoptr (FacetMedia) media = import (f, "image", "one", &sample);
  g_autoptr (FacetRequest) request = ask (sample.question, media);
  g_autoptr (FacetRequest) next = ask (sample.question, media);

  run (f, request);
  g_assert_cmpstr (f->answer->str, ==, sample.answer);
  g_assert_cmpuint (f->n_looking, >, 0);
  g_assert_cmpuint (f->usage.prompt_tokens, >, facet_media_get_n_tokens (media));

  /* the second turn neither looks at it nor reads it again */
  facet_request_add (next, FACET_ROLE_ASSISTANT, f->answer->str);
  facet_request_add (next, FACET_ROLE_USER, "What is 3 + 4?");
  run (f, next);
  g_assert_cmpuint (f->n_looking, ==, 0);
  g_assert_cmpuint (f->usage.reused_tokens, >, facet_media_get_n_tokens (media));
}

/* More detail is another thing to look at; the same file at the same detail is not, whoever
 * brought it. */
static void
test_detail (Fixture *f, gconstpointer data)
{
  g_auto (DemoSample) sample = {0};
  g_autoptr (FacetMedia) media = import (f, "image", "text", &sample);
  g_autoptr (FacetMedia) again = import_path (f, sample.path);
  g_autoptr (FacetMedia) less = facet_media_with_detail (media, 70);
  g_autoptr (FacetRequest) first = ask (sample.question, media);
  g_autoptr (FacetRequest) second = ask (sample.question, less);
  g_autoptr (FacetRequest) third = ask (sample.question, again);

  run (f, first);
  g_assert_cmpstr (f->answer->str, ==, sample.answer);
  g_assert_cmpuint (f->n_looking, >, 0);
  run (f, second);
  g_assert_cmpuint (f->n_looking, >, 0);
  run (f, third);
  g_assert_cmpuint (f->n_looking, ==, 0);
  g_assert_cmpstr (f->answer->str, ==, sample.answer);
}

static void
test_speech (Fixture *f, gconstpointer data)
{
  g_auto (DemoSample) sample = {0};
  g_autoptr (FacetMedia) media = import (f, "audio", "sentence", &sample);
  g_autoptr (FacetRequest) request = ask (FACET_TRANSCRIBE_PROMPT, media);

  run (f, request);
  g_assert_cmpstr (f->answer->str, ==, sample.answer);
  g_assert_cmpuint (f->n_listening, >, 0);
  g_assert_cmpuint (f->n_looking, ==, 0);
}

/* Two pictures and a clip in one message: all of them are in the prompt. */
static void
test_several (Fixture *f, gconstpointer data)
{
  g_auto (DemoSample) two = {0};
  g_auto (DemoSample) sound = {0};
  g_autoptr (FacetMedia) a = import_picture (f), b = import (f, "image", "two", &two);
  g_autoptr (FacetMedia) clip = import (f, "audio", "digits", &sound);
  g_autoptr (FacetRequest) request = facet_request_new ();
  FacetRequestMessage *message = facet_request_add (request, FACET_ROLE_USER, "Look and listen.");

  attach (message, clip);
  attach (message, a);
  attach (message, b);
  request->max_tokens = 4;
  run (f, request);
  g_assert_null (f->error);
  g_assert_cmpuint (f->n_looking, >, 0);
  g_assert_cmpuint (f->n_listening, >, 0);
  g_assert_cmpuint (f->usage.prompt_tokens, >,
                    facet_media_get_n_tokens (a) + facet_media_get_n_tokens (b) +
                        facet_media_get_n_tokens (clip));
}

/* A video of @n_frames in tenths of a second, all of them one picture of the samples. */
static char *
make_video (Fixture *f, guint n_frames)
{
  char            *path = g_build_filename (f->folder, "clip.mkv", NULL);
  g_auto (DemoSample) sample = {0};
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  demo_sample_find (&sample, "image", "one");
  line = g_strdup_printf ("filesrc location=\"%s\" ! pngdec ! imagefreeze "
                          "num-buffers=%u ! videoconvert ! "
                          "video/x-raw,framerate=10/1 ! jpegenc quality=95 ! "
                          "matroskamux ! filesink location=\"%s\"",
                          sample.path, n_frames, path);
  pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message =
      gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return path;
}

/* Frames with their times, as many as there are. */
static void
test_video (Fixture *f, gconstpointer data)
{
  guint            n_frames = test_brief (25, 5, "frames");
  g_autofree char *path = make_video (f, n_frames);
  g_autoptr (FacetMedia) media = import_path (f, path);
  g_autoptr (FacetRequest) request = ask ("What is in the video?", media);

  g_assert_cmpint (facet_media_get_kind (media), ==, FACET_MEDIA_VIDEO);
  request->max_tokens = 4;
  run (f, request);
  g_assert_null (f->error);
  g_assert_cmpuint (f->n_looking, >=, n_frames);
  /* every frame has a time and two tokens around it */
  g_assert_cmpuint (f->usage.prompt_tokens, >, facet_media_get_n_tokens (media) + n_frames * 4);
  run (f, request);
  g_assert_cmpuint (f->n_looking, ==, 0);
}

/* ---- stopping, and what does not work -------------------------------------------------------- */

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_auto (DemoSample) sound = {0};
  g_autoptr (FacetMedia) media = import_picture (f);
  g_autoptr (FacetMedia) clip = import (f, "audio", "digits", &sound);
  g_autoptr (FacetRequest) look = ask ("Describe this image.", media);
  g_autoptr (FacetRequest) listen = ask (FACET_TRANSCRIBE_PROMPT, clip);

  f->cancel_at = FACET_PHASE_LOOKING;
  run (f, look);
  g_assert_true (f->stopped);
  f->cancel_at = FACET_PHASE_LISTENING;
  run (f, listen);
  g_assert_true (f->stopped);
  f->cancel_at = FACET_PHASE_NONE;
  run (f, listen);
  g_assert_cmpstr (f->answer->str, ==, sound.answer);
}

/* Pictures that cannot fit are found out before they are looked at. */
static void
test_too_long (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = import_picture (f);
  g_autoptr (FacetRequest) request = facet_request_new ();
  FacetRequestMessage *message = facet_request_add (request, FACET_ROLE_USER, "Compare.");

  for (guint i = 0; i < 24; i++)
    attach (message, media);
  run (f, request);
  g_assert_true (f->too_long);
  g_assert_cmpuint (f->n_looking, ==, 0);
  g_assert_cmpuint (f->overflow.needed, >, 24 * facet_media_get_n_tokens (media));
}

/* A conversation goes on without a file that was deleted behind our back. */
static void
test_missing (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = import_picture (f);
  g_autofree char *details = facet_media_dup_details (media);
  FacetMediaInfo   info = {.kind = FACET_MEDIA_IMAGE,
                           .folder = f->folder,
                           .content_hash = facet_media_get_content_hash (media),
                           .name = "gone.png",
                           .media_type = "image/png"};
  g_autoptr (FacetMedia) gone = NULL;
  g_autoptr (FacetRequest) request = NULL;

  g_assert_cmpint (remove (facet_media_get_path (media)), ==, 0);
  gone = facet_media_new_stored (&info, details);
  g_assert_true (facet_media_is_missing (gone));
  request = ask ("What is 3 + 4?", gone);
  run (f, request);
  g_assert_null (f->error);
  g_assert_cmpuint (f->n_looking, ==, 0);
}

static void
test_blind (Fixture *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = import_picture (f);
  g_autoptr (FacetRequest) request = ask ("Describe this image.", media);

  run (f, request);
  g_assert_nonnull (strstr (f->error, "cannot look at pictures"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
#define TEST(name, func, data)                                                                     \
  g_test_add ("/perception/" name, Fixture, data, set_up, func, tear_down)
  TEST ("picture", test_picture, NULL);
  TEST ("detail", test_detail, NULL);
  TEST ("speech", test_speech, NULL);
  TEST ("several", test_several, NULL);
  TEST ("video", test_video, NULL);
  TEST ("cancel", test_cancel, NULL);
  TEST ("too-long", test_too_long, NULL);
  TEST ("missing", test_missing, NULL);
  TEST ("blind", test_blind, "without vision");
#undef TEST
  return g_test_run ();
}
