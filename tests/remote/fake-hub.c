/* fake-hub.c: answers as the hub does, and wrongly when told to.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-hub.h"

#include "facet-byte-ranges.h"

#include <stdio.h>
#include <string.h>

#define SLOW_BYTES (8 * 1024)
#define MAX_STEPS  4096

typedef struct {
  char    *name;
  GBytes  *bytes;
  guint64  listed;
  gboolean is_large;
  char    *hash; /* SHA-256 or git's */
} File;

struct _FakeHub {
  TestServer *hub, *host;

  GMutex     mutex; /* protects: */
  GPtrArray *files; /* of File */
  guint      commit, n_answers;
  int        faults[FAKE_N_FAULTS]; /* how many more times */
  char      *tree;
  GArray    *asked;
};

static void
file_free (gpointer data)
{
  File *file = data;

  g_free (file->name);
  g_bytes_unref (file->bytes);
  g_free (file->hash);
  g_free (file);
}

static char *
git_hash (const char *bytes, gsize length)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree char *head = g_strdup_printf ("blob %" G_GSIZE_FORMAT, length);

  g_checksum_update (sum, (const guchar *)head, (gssize)strlen (head) + 1);
  g_checksum_update (sum, (const guchar *)bytes, (gssize)length);
  return g_strdup (g_checksum_get_string (sum));
}

static File *
find (FakeHub *self, const char *name)
{
  for (guint i = 0; i < self->files->len; i++) {
    File *file = g_ptr_array_index (self->files, i);

    if (g_str_equal (file->name, name))
      return file;
  }
  return NULL;
}

static void
add (FakeHub *self, const char *name, GBytes *bytes, guint64 listed, gboolean is_large)
{
  File       *file = g_new0 (File, 1), *old;
  gsize       length;
  const char *data = g_bytes_get_data (bytes, &length);

  *file = (File){.name = g_strdup (name), .bytes = bytes, .listed = listed, .is_large = is_large};
  file->hash = is_large ? g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes)
                        : git_hash (data != NULL ? data : "", length);
  g_mutex_lock (&self->mutex);
  old = find (self, name);
  if (old != NULL)
    g_ptr_array_remove (self->files, old);
  g_ptr_array_add (self->files, file);
  self->commit++;
  g_mutex_unlock (&self->mutex);
}

void
fake_hub_add (FakeHub *self, const char *name, const char *bytes, gsize length, gboolean is_large)
{
  add (self, name, g_bytes_new (bytes, length), length, is_large);
}

void
fake_hub_add_random (FakeHub *self, const char *name, gsize length, guint32 seed, guint64 listed)
{
  guint32 *words = g_malloc (length + sizeof *words);
  GRand   *rand = g_rand_new_with_seed (seed);

  for (gsize i = 0; i * sizeof *words < length; i++)
    words[i] = g_rand_int (rand);
  g_rand_free (rand);
  add (self, name, g_bytes_new_take (words, length), listed, TRUE);
}

void
fake_hub_assert_same (FakeHub *self, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize       length, expected;
  const char *data;

  g_file_get_contents (path, &bytes, &length, &error);
  g_assert_no_error (error);
  g_mutex_lock (&self->mutex);
  data = g_bytes_get_data (find (self, name)->bytes, &expected);
  g_assert_cmpmem (bytes, length, data, expected);
  g_mutex_unlock (&self->mutex);
}

void
fake_hub_set_fault (FakeHub *self, FakeFault fault, int times)
{
  g_mutex_lock (&self->mutex);
  self->faults[fault] = times;
  g_mutex_unlock (&self->mutex);
}

void
fake_hub_set_tree (FakeHub *self, const char *tree)
{
  g_mutex_lock (&self->mutex);
  g_free (self->tree);
  self->tree = g_strdup (tree);
  g_mutex_unlock (&self->mutex);
}

GArray *
fake_hub_take_asked (FakeHub *self)
{
  GArray *asked;

  g_mutex_lock (&self->mutex);
  asked = self->asked;
  self->asked = facet_byte_ranges_new ();
  g_mutex_unlock (&self->mutex);
  return asked;
}

/* ---- the hub ---- */

static void
answer_commit (SoupServerMessage *message, const TestRequest *request, gpointer data)
{
  FakeHub         *self = data;
  g_autofree char *json = NULL;

  g_mutex_lock (&self->mutex);
  json = g_strdup_printf ("{\"id\": \"test/model\", \"sha\": \"%040x\"}", self->commit);
  g_mutex_unlock (&self->mutex);
  test_reply (message, 200, NULL, "application/json", json, -1);
}

static void
answer_tree (SoupServerMessage *message, const TestRequest *request, gpointer data)
{
  FakeHub *self = data;
  g_autoptr (GString) json = g_string_new (
      "[{\"type\": \"directory\", \"oid\": \"0\", \"size\": 0, \"path\": \"original\"}");

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->files->len; i++) {
    const File *file = g_ptr_array_index (self->files, i);

    g_string_append_printf (json,
                            ",\n{\"type\": \"file\", \"path\": \"%s\", \"size\": "
                            "%" G_GUINT64_FORMAT,
                            file->name, file->listed);
    if (file->is_large)
      g_string_append_printf (json,
                              ", \"oid\": \"%040x\", \"lfs\": {\"oid\": \"%s\", \"size\": "
                              "%" G_GUINT64_FORMAT ", \"pointerSize\": 135}}",
                              i, file->hash, file->listed);
    else
      g_string_append_printf (json, ", \"oid\": \"%s\"}", file->hash);
  }
  g_string_append (json, "]");
  if (self->tree != NULL)
    g_string_assign (json, self->tree);
  g_mutex_unlock (&self->mutex);
  test_reply (message, 200, NULL, "application/json", json->str, (gssize)json->len);
}

/* ---- bytes ---- */

typedef struct {
  const char *data; /* all of it */
  gsize       size;
  gsize       first, end; /* to be sent */
  gsize       total;      /* that is told */
  gboolean    is_part;
  char       *etag;
} Answer;

static gboolean
has_fault (FakeHub *self, FakeFault fault)
{
  if (self->faults[fault] == 0)
    return FALSE;
  if (self->faults[fault] > 0)
    self->faults[fault]--;
  return TRUE;
}

static void
parse_range (Answer *a, const char *range)
{
  guint64 first, last;

  if (range == NULL ||
      sscanf (range, "bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, &first, &last) != 2 ||
      first >= a->size)
    return;
  a->is_part = TRUE;
  a->first = first;
  a->end = MIN (last + 1, a->size);
}

/* Head and body as they go over the wire; the body in @n_steps pieces, of which the last @missing
 * bytes are left out. */
static void
send_raw (SoupServerMessage *message,
          const Answer      *a,
          gsize              step_bytes,
          guint              delay_ms,
          gsize              missing,
          TestEnd            end)
{
  g_autofree TestStep *steps = g_new0 (TestStep, MAX_STEPS);
  g_autofree char     *head =
      a->is_part
              ? g_strdup_printf ("HTTP/1.1 206 Partial Content\r\nContent-Length: %" G_GSIZE_FORMAT
                                 "\r\nContent-Range: bytes %" G_GSIZE_FORMAT "-%" G_GSIZE_FORMAT
                                 "/%" G_GSIZE_FORMAT "\r\nETag: %s\r\nConnection: close\r\n\r\n",
                                 a->end - a->first, a->first, a->end - 1, a->total, a->etag)
              : g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %" G_GSIZE_FORMAT
                                 "\r\nETag: %s\r\nConnection: close\r\n\r\n",
                                 a->total, a->etag);
  gsize n = 0, at = a->first, until = a->end - MIN (missing, a->end - a->first);

  steps[n++] = (TestStep){0, head, -1};
  for (; at < until && n < MAX_STEPS; at += step_bytes)
    steps[n++] = (TestStep){delay_ms, a->data + at, (gssize)MIN (step_bytes, until - at)};
  test_reply_raw (message, steps, n, end);
}

/* SoupServer would make a part of the whole by itself. */
static void
send_well (SoupServerMessage *message, const Answer *a, const char *bytes)
{
  g_autofree char *range =
      g_strdup_printf ("bytes %" G_GSIZE_FORMAT "-%" G_GSIZE_FORMAT "/%" G_GSIZE_FORMAT, a->first,
                       a->end - 1, a->total);
  const char *const headers[] = {"ETag", a->etag, "Content-Range", range, NULL};
  Answer            whole = *a;

  whole.data = bytes;
  if (a->is_part)
    test_reply (message, 206, headers, "application/octet-stream", bytes,
                (gssize)(a->end - a->first));
  else
    send_raw (message, &whole, 64 * 1024, 0, 0, TEST_END_CLOSE);
}

/* FALSE: it is answered without bytes. */
static gboolean
refuse (FakeHub *self, SoupServerMessage *message)
{
  static const char *const retry[] = {"Retry-After", "1", NULL};
  static const char *const words[] = {"X-Error-Message",
                                      "Access to model test/model is restricted.", NULL};
  static const TestStep    rubbish[] = {{0, "\x7f\x45\x4c\x46 nothing\r\n\r\n", -1}};

  if (has_fault (self, FAKE_BUSY))
    test_reply (message, 429, retry, "text/plain", "Slow down.", -1);
  else if (has_fault (self, FAKE_DOWN))
    test_reply (message, 503, NULL, "application/json", "{\"error\": \"The machine is resting.\"}",
                -1);
  else if (has_fault (self, FAKE_FORBIDDEN))
    test_reply (message, 403, words, "text/plain", "no", -1);
  else if (has_fault (self, FAKE_RUBBISH))
    test_reply_raw (message, rubbish, G_N_ELEMENTS (rubbish), TEST_END_CLOSE);
  else
    return FALSE;
  return TRUE;
}

static void
send_bytes (FakeHub *self, SoupServerMessage *message, Answer *a)
{
  if (has_fault (self, FAKE_DROP)) {
    send_raw (message, a, 64 * 1024, 0, (a->end - a->first) / 2, TEST_END_RESET);
  } else if (has_fault (self, FAKE_SLOW)) {
    send_raw (message, a, SLOW_BYTES, 20, 0, TEST_END_CLOSE);
  } else if (has_fault (self, FAKE_FLIPPED)) {
    g_autofree char *bytes = g_memdup2 (a->data + a->first, a->end - a->first);

    bytes[0] ^= 1;
    send_well (message, a, bytes);
  } else {
    send_well (message, a, a->data + a->first);
  }
}

static void
serve (FakeHub *self, SoupServerMessage *message, const TestRequest *request, const File *file)
{
  Answer a = {0};

  a.data = g_bytes_get_data (file->bytes, &a.size);
  a.end = a.total = a.size;
  a.etag = has_fault (self, FAKE_OTHER_ETAG) ? g_strdup_printf ("\"host-%u\"", ++self->n_answers)
                                             : g_strdup_printf ("\"%s\"", file->hash);
  if (!has_fault (self, FAKE_NO_RANGES) &&
      !(request->if_range != NULL && !g_str_equal (request->if_range, a.etag)))
    parse_range (&a, request->range);
  if (file->is_large)
    facet_byte_ranges_add (self->asked, a.first, a.is_part ? a.end : G_MAXUINT64);
  if (has_fault (self, FAKE_WRONG_TOTAL))
    a.total += 1000;
  if (has_fault (self, FAKE_WRONG_PART) && a.is_part && a.end + 1 < a.size)
    a.first++, a.end++;
  if (has_fault (self, FAKE_LONGER) && a.is_part)
    a.end = MIN (a.end + 5000, a.size);
  if (!refuse (self, message))
    send_bytes (self, message, &a);
  g_free (a.etag);
}

/* From the hub's own host, or by a redirect as the hub makes it. */
static void
answer_resolve (SoupServerMessage *message, const TestRequest *request, gpointer data)
{
  FakeHub         *self = data;
  g_autofree char *name = g_path_get_basename (request->path), *target = NULL, *etag = NULL;
  const File      *file;

  g_mutex_lock (&self->mutex);
  file = find (self, name);
  if (file == NULL) {
    test_reply (message, 404, NULL, "application/json", "{\"error\": \"Entry not found\"}", -1);
  } else {
    const char *headers[] = {"Location", NULL,
                             file->is_large && !has_fault (self, FAKE_NO_IDENTITY) ? "X-Linked-ETag"
                                                                                   : "X-Other",
                             NULL, NULL};

    etag = g_strdup_printf ("\"%s\"", file->hash);
    if (has_fault (self, FAKE_TO_FILE))
      target = g_strdup ("file:///etc/passwd");
    else if (has_fault (self, FAKE_LOOP))
      target = g_strdup (request->path);
    else if (file->is_large)
      target = g_strdup_printf ("%s/blob/%s?sig=1", test_server_get_address (self->host), name);
    else
      target = g_strdup_printf ("/api/resolve-cache/%s", name);
    headers[1] = target;
    headers[3] = etag;
    test_reply (message, file->is_large ? 302 : 307, headers, "text/plain", "Found", -1);
  }
  g_mutex_unlock (&self->mutex);
}

static void
answer_bytes (SoupServerMessage *message, const TestRequest *request, gpointer data)
{
  FakeHub         *self = data;
  g_autofree char *name = g_path_get_basename (request->path);
  const File      *file;

  g_mutex_lock (&self->mutex);
  file = find (self, name);
  if (file != NULL)
    serve (self, message, request, file);
  else
    test_reply (message, 404, NULL, "text/plain", "gone", -1);
  g_mutex_unlock (&self->mutex);
}

FakeHub *
fake_hub_new (void)
{
  FakeHub *self = g_new0 (FakeHub, 1);

  g_mutex_init (&self->mutex);
  self->files = g_ptr_array_new_with_free_func (file_free);
  self->asked = facet_byte_ranges_new ();
  self->hub = test_server_new ();
  self->host = test_server_new ();
  test_server_handle (self->hub, "/api/models/test/model/revision/main", answer_commit, self);
  test_server_handle (self->hub, "/api/models/test/model/tree/", answer_tree, self);
  test_server_handle (self->hub, "/test/model/resolve/", answer_resolve, self);
  test_server_handle (self->hub, "/api/resolve-cache/", answer_bytes, self);
  test_server_handle (self->host, "/blob/", answer_bytes, self);
  return self;
}

void
fake_hub_free (FakeHub *self)
{
  test_server_free (self->hub);
  test_server_free (self->host);
  g_ptr_array_unref (self->files);
  g_array_unref (self->asked);
  g_free (self->tree);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

const char *
fake_hub_get_address (FakeHub *self)
{
  return test_server_get_address (self->hub);
}

TestServer *
fake_hub_get_hub (FakeHub *self)
{
  return self->hub;
}

TestServer *
fake_hub_get_host (FakeHub *self)
{
  return self->host;
}
