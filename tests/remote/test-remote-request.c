/* test-remote-request.c: what goes out: messages, pictures, sounds, videos, options.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facet-media-import.h"
#include "app/facet-remote-request.h"
#include "tests/app/media-files.h"
#include "tests/app/test-folder.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define ALL                                                                                        \
  (FACET_REMOTE_TEMPLATE | FACET_REMOTE_BUDGET | FACET_REMOTE_USAGE | FACET_REMOTE_AUDIO_URL |     \
   FACET_REMOTE_CONTINUE | FACET_REMOTE_SAMPLING | FACET_REMOTE_THOUGHTS)

static json_t *
build_with (FacetRequest *request, FacetRemoteShape *shape, FacetRemoteForms *used)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = facet_remote_request_build (request, shape, used, NULL, &error);
  json_t *body;

  g_assert_no_error (error);
  body = json_loadb (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), 0, NULL);
  g_assert_nonnull (body);
  return body;
}

static json_t *
build (FacetRequest *request, FacetRemoteForms forms, FacetRemoteForms *used)
{
  FacetRemoteShape shape = {.model = "tiny", .forms = forms, .thinking = request->thinking};

  return build_with (request, &shape, used);
}

static void
assert_json (json_t *value, const char *wanted)
{
  json_t *expected = json_loads (wanted, JSON_DECODE_ANY, NULL);

  g_assert_nonnull (expected);
  if (!json_equal (value, expected)) {
    char *got = json_dumps (value, JSON_ENCODE_ANY);

    g_error ("%s, not %s", got, wanted);
  }
  json_decref (expected);
}

static void
test_text (void)
{
  g_autoptr (FacetRequest) request = facet_request_new ();
  FacetRemoteForms used;
  json_t          *body;

  request->system_text = g_strdup ("Be brief.");
  request->thinking = TRUE;
  request->temperature = 0.5;
  request->top_k = 0;
  request->max_tokens = 99;
  facet_request_add (request, FACET_ROLE_USER, "2+2?");
  facet_request_add (request, FACET_ROLE_ASSISTANT, "4")->thinking = g_strdup ("old");
  facet_request_add (request, FACET_ROLE_USER, "3+3?");
  body = build (request, ALL, &used);
  assert_json (body, "{\"model\": \"tiny\", \"stream\": true,"
                     " \"stream_options\": {\"include_usage\": true},"
                     " \"chat_template_kwargs\": {\"enable_thinking\": true},"
                     " \"max_tokens\": 99, \"temperature\": 0.5, \"top_k\": -1, \"messages\": ["
                     "{\"role\": \"system\", \"content\": \"Be brief.\"},"
                     "{\"role\": \"user\", \"content\": \"2+2?\"},"
                     "{\"role\": \"assistant\", \"content\": \"4\"},"
                     "{\"role\": \"user\", \"content\": \"3+3?\"}]}");
  g_assert_cmpint (used, ==, FACET_REMOTE_TEMPLATE | FACET_REMOTE_USAGE | FACET_REMOTE_SAMPLING);
  json_decref (body);

  body = build (request, FACET_REMOTE_EFFORT, &used);
  assert_json (json_object_get (body, "reasoning_effort"), "\"medium\"");
  g_assert_null (json_object_get (body, "chat_template_kwargs"));
  g_assert_null (json_object_get (body, "top_k"));
  g_assert_null (json_object_get (body, "stream_options"));
  json_decref (body);
}

static void
test_tools (void)
{
  static const char tools[] = "[{\"type\": \"function\", \"function\": {\"name\": \"time\"}}]";
  static const char calls[] = "[{\"id\": \"c1\", \"type\": \"function\", \"function\":"
                              " {\"name\": \"time\", \"arguments\": \"{}\"}}]";
  g_autoptr (FacetRequest) request = facet_request_new ();
  FacetRequestMessage *message;
  FacetRemoteForms     used;
  json_t              *body;

  request->tools_json = g_strdup (tools);
  facet_request_add (request, FACET_ROLE_USER, "When?");
  message = facet_request_add (request, FACET_ROLE_ASSISTANT, "");
  message->thinking = g_strdup ("A tool.");
  message->tool_calls_json = g_strdup (calls);
  message = facet_request_add (request, FACET_ROLE_TOOL, "12:00");
  message->tool_call_id = g_strdup ("c1");
  message->tool_name = g_strdup ("time");
  body = build (request, ALL, &used);
  assert_json (json_object_get (body, "tools"), tools);
  assert_json (json_object_get (body, "messages"),
               "[{\"role\": \"user\", \"content\": \"When?\"},"
               "{\"role\": \"assistant\", \"content\": \"\", \"reasoning\": \"A tool.\","
               " \"reasoning_content\": \"A tool.\", \"tool_calls\": [{\"id\": \"c1\","
               " \"type\": \"function\", \"function\": {\"name\": \"time\", \"arguments\":"
               " \"{}\"}}]},"
               "{\"role\": \"tool\", \"content\": \"12:00\", \"tool_call_id\": \"c1\","
               " \"name\": \"time\"}]");
  g_assert_cmpint (used & FACET_REMOTE_THOUGHTS, !=, 0);
  json_decref (body);
  /* What is no list is left out, not sent. */
  g_free (request->tools_json);
  request->tools_json = g_strdup ("{oops");
  body = build (request, 0, &used);
  g_assert_null (json_object_get (body, "tools"));
  g_assert_null (
      json_object_get (json_array_get (json_object_get (body, "messages"), 1), "reasoning"));
  json_decref (body);
}

static void
test_going_on (void)
{
  g_autoptr (FacetRequest) request = facet_request_new ();
  FacetRemoteForms used;
  json_t          *body;

  facet_request_add (request, FACET_ROLE_USER, "Count.");
  facet_request_add (request, FACET_ROLE_ASSISTANT, "1, 2,");
  body = build (request, ALL, &used);
  assert_json (json_object_get (body, "continue_final_message"), "true");
  assert_json (json_object_get (body, "add_generation_prompt"), "false");
  g_assert_cmpuint (json_array_size (json_object_get (body, "messages")), ==, 2);
  json_decref (body);
  body = build (request, FACET_REMOTE_PREFILL, &used);
  g_assert_null (json_object_get (body, "continue_final_message"));
  g_assert_cmpuint (json_array_size (json_object_get (body, "messages")), ==, 2);
  json_decref (body);
  body = build (request, 0, &used);
  g_assert_cmpuint (json_array_size (json_object_get (body, "messages")), ==, 3);
  assert_json (json_object_get (json_array_get (json_object_get (body, "messages"), 2), "role"),
               "\"user\"");
  json_decref (body);
}

/* Media */

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static FacetMedia *
import (const char *folder, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  FacetMedia *media;

  facet_media_import_file_async (folder, file, NULL, NULL, imported_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  media = facet_media_import_finish (result, &error);
  g_assert_no_error (error);
  return media;
}

static FacetMedia *
import_picture (const char *folder, int side, const char *type, guint detail)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, side, side / 2);
  g_autofree char *path = g_build_filename (folder, "picture", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (FacetMedia) media = NULL;

  gdk_pixbuf_fill (pixbuf, 0xff8000ff);
  gdk_pixbuf_save (pixbuf, path, type, &error, NULL);
  g_assert_no_error (error);
  media = import (folder, path);
  return facet_media_with_detail (media, detail);
}

/* The bytes of a data URL. */
static guchar *
decode (json_t *part, const char *type, const char *media_type, gsize *length)
{
  const char      *url = json_string_value (json_object_get (json_object_get (part, type), "url"));
  g_autofree char *head = g_strdup_printf ("data:%s;base64,", media_type);

  g_assert_nonnull (url);
  g_assert_true (g_str_has_prefix (url, head));
  return g_base64_decode (url + strlen (head), length);
}

static GdkPixbuf *
decode_picture (json_t *part, const char *media_type)
{
  g_autoptr (GError) error = NULL;
  gsize   length;
  guchar *bytes = decode (part, "image_url", media_type, &length);
  g_autoptr (GInputStream) stream =
      g_memory_input_stream_new_from_data (bytes, (gssize)length, g_free);
  GdkPixbuf *pixbuf = gdk_pixbuf_new_from_stream (stream, NULL, &error);

  g_assert_no_error (error);
  return pixbuf;
}

static FacetRequest *
request_with (FacetMedia *media, const char *text)
{
  FacetRequest        *request = facet_request_new ();
  FacetRequestMessage *message = facet_request_add (request, FACET_ROLE_USER, text);

  message->attachments = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (message->attachments, g_object_ref (media));
  return request;
}

static json_t *
content_of (json_t *body)
{
  return json_object_get (json_array_get (json_object_get (body, "messages"), 0), "content");
}

static void
test_picture (TestFolder *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = import_picture (f->folder, 64, "png", 560);
  g_autoptr (FacetRequest) request = request_with (media, "What is it?");
  g_autoptr (GdkPixbuf) pixels = NULL;
  FacetRemoteForms used;
  json_t          *body = build (request, ALL, &used);
  json_t          *content = content_of (body);

  g_assert_cmpuint (json_array_size (content), ==, 2);
  pixels = decode_picture (json_array_get (content, 0), "image/png");
  g_assert_cmpint (gdk_pixbuf_get_width (pixels), ==, 64);
  g_assert_cmpint (gdk_pixbuf_get_height (pixels), ==, 32);
  g_assert_cmpint (gdk_pixbuf_get_pixels (pixels)[1], ==, 0x80);
  assert_json (json_array_get (content, 1), "{\"type\": \"text\", \"text\": \"What is it?\"}");
  assert_json (json_object_get (body, "mm_processor_kwargs"), "{\"max_soft_tokens\": 560}");
  g_assert_cmpint (used & FACET_REMOTE_BUDGET, !=, 0);
  json_decref (body);
}

/* A large one goes smaller, a JPEG as a JPEG, and at the usual detail nothing is said of it. */
static void
test_large_picture (TestFolder *f, gconstpointer data)
{
  g_autoptr (FacetMedia) media = import_picture (f->folder, 4000, "jpeg", 280);
  g_autoptr (FacetRequest) request = request_with (media, "");
  g_autoptr (GdkPixbuf) pixels = NULL;
  FacetRemoteForms used;
  json_t          *body = build (request, ALL, &used);
  json_t          *content = content_of (body);
  int              width, height;

  g_assert_cmpuint (json_array_size (content), ==, 1);
  pixels = decode_picture (json_array_get (content, 0), "image/jpeg");
  width = gdk_pixbuf_get_width (pixels);
  height = gdk_pixbuf_get_height (pixels);
  g_assert_cmpint (width * height, <=, 4 << 20);
  g_assert_cmpint (width * height, >, 4000000);
  g_assert_cmpint (ABS (width - 2 * height), <=, 2);
  g_assert_null (json_object_get (body, "mm_processor_kwargs"));
  json_decref (body);
}

static double
tone (double t, guint channel)
{
  return 0.5 * sin (t * 2764.6);
}

static void
test_sound (TestFolder *f, gconstpointer data)
{
  g_autoptr (GByteArray) wav = make_wav (WAV_S16, 48000, 2, 40, FALSE, tone);
  g_autofree char *path = g_build_filename (f->folder, "sound.wav", NULL);
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (FacetRequest) request = NULL;
  FacetRemoteForms used;
  json_t          *body, *content;
  gsize            n_samples = 0;

  write_file (path, wav);
  media = import (f->folder, path);
  request = request_with (media, "Write it down.");
  body = build (request, ALL, &used);
  content = content_of (body);
  g_assert_cmpuint (json_array_size (content), ==, 3); /* the text, and two clips behind it */
  for (size_t i = 1; i < 3; i++) {
    gsize              length;
    g_autofree guchar *bytes =
        decode (json_array_get (content, i), "audio_url", "audio/wav", &length);
    guint32 rate;

    g_assert_cmpmem (bytes, 4, "RIFF", 4);
    memcpy (&rate, bytes + 24, 4);
    g_assert_cmpuint (GUINT32_FROM_LE (rate), ==, 16000);
    g_assert_cmpuint (length, <=, 44 + 2 * 16000 * 30);
    n_samples += (length - 44) / 2;
  }
  g_assert_cmpuint (n_samples, ==, 40 * 16000);
  g_assert_cmpint (used & FACET_REMOTE_AUDIO_URL, !=, 0);
  json_decref (body);

  body = build (request, ALL & ~FACET_REMOTE_AUDIO_URL, &used);
  content = json_object_get (json_array_get (content_of (body), 1), "input_audio");
  g_assert_cmpstr (json_string_value (json_object_get (content, "format")), ==, "wav");
  g_assert_true (g_str_has_prefix (json_string_value (json_object_get (content, "data")), "UklGR"));
  g_assert_cmpint (used & FACET_REMOTE_AUDIO_URL, ==, 0);
  json_decref (body);
}

static void
test_video (TestFolder *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "video.avi", NULL);
  g_autoptr (FacetMedia) media = NULL;
  g_autoptr (FacetRequest) request = NULL;
  FacetRemoteForms used;
  json_t          *body, *content;

  if (!make_by_gstreamer ("videotestsrc num-buffers=96 ! "
                          "video/x-raw,width=320,height=240,framerate=24/1 ! jpegenc ! avimux ! "
                          "filesink location=OUT",
                          path))
    return;
  media = import (f->folder, path);
  request = request_with (media, "What happens?");
  body = build (request, ALL, &used);
  content = content_of (body);
  g_assert_cmpuint (json_array_size (content), ==, 2 * 32 + 1);
  assert_json (json_array_get (content, 0), "{\"type\": \"text\", \"text\": \"00:00\"}");
  assert_json (json_array_get (content, 62), "{\"type\": \"text\", \"text\": \"00:03\"}");
  for (size_t i = 0; i < 32; i++) {
    g_autoptr (GdkPixbuf) pixels =
        decode_picture (json_array_get (content, 2 * i + 1), "image/jpeg");

    g_assert_cmpint (gdk_pixbuf_get_width (pixels), ==, 320);
  }
  assert_json (json_object_get (body, "mm_processor_kwargs"), "{\"max_soft_tokens\": 70}");
  json_decref (body);
}

/* Refusals */

static void
test_drop (void)
{
  gboolean named;

  g_assert_cmpint (facet_remote_forms_to_drop (ALL, "Extra inputs: mm_processor_kwargs, top_k",
                                               &named),
                   ==, FACET_REMOTE_BUDGET | FACET_REMOTE_SAMPLING);
  g_assert_true (named);
  g_assert_cmpint (facet_remote_forms_to_drop (ALL, "no", &named), ==, FACET_REMOTE_AUDIO_URL);
  g_assert_false (named);
  g_assert_cmpint (facet_remote_forms_to_drop (FACET_REMOTE_USAGE, NULL, &named), ==,
                   FACET_REMOTE_USAGE);
  g_assert_false (named);
  g_assert_cmpint (facet_remote_forms_to_drop (0, "stream_options", &named), ==, 0);
}

static void
test_estimate (void)
{
  g_autoptr (FacetRequest) request = facet_request_new ();
  g_autofree char *long_text = g_strnfill (1000, 'w');

  facet_request_add (request, FACET_ROLE_SYSTEM, "Be brief.");
  for (guint i = 0; i < 4; i++) {
    facet_request_add (request, FACET_ROLE_USER, long_text);
    facet_request_add (request, FACET_ROLE_ASSISTANT, long_text);
  }
  facet_request_add (request, FACET_ROLE_USER, "So?");
  g_assert_cmpuint (facet_remote_request_estimate (request, 2000, 1600), ==, 2);
  g_assert_cmpuint (facet_remote_request_estimate (request, 2000, 900), ==, 6);
  g_assert_cmpuint (facet_remote_request_estimate (request, 2000, 5), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remote-request/text", test_text);
  g_test_add_func ("/remote-request/tools", test_tools);
  g_test_add_func ("/remote-request/going-on", test_going_on);
  g_test_add ("/remote-request/picture", TestFolder, NULL, test_folder_set_up, test_picture,
              test_folder_tear_down);
  g_test_add ("/remote-request/large-picture", TestFolder, NULL, test_folder_set_up,
              test_large_picture, test_folder_tear_down);
  g_test_add ("/remote-request/sound", TestFolder, NULL, test_folder_set_up, test_sound,
              test_folder_tear_down);
  g_test_add ("/remote-request/video", TestFolder, NULL, test_folder_set_up, test_video,
              test_folder_tear_down);
  g_test_add_func ("/remote-request/drop", test_drop);
  g_test_add_func ("/remote-request/estimate", test_estimate);
  return g_test_run ();
}
