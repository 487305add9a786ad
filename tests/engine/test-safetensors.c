/* test-safetensors.c: sound safetensors files are read as they are, and no lying one gets through.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "gem-safetensors.h"
#include "write-safetensors.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRY(name, dtype, shape, offsets)                                                         \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static GemSafetensors *
open_bytes (GByteArray *bytes, GError **error)
{
  return gem_safetensors_new_from_data (bytes->data, bytes->len, "test.safetensors", error);
}

/* ---- sound files ---- */

static void
test_read (void)
{
  g_autoptr (GByteArray) bytes = safetensors_from_header (
      "{\"__metadata__\":{\"format\":\"pt\"}," ENTRY ("b", "F32", "[2,3]", "[2,26]") "," ENTRY (
          "a", "BF16", "[1]", "[0,2]") "," ENTRY ("empty", "I64", "[4,0]",
                                                  "[2,2]") "," ENTRY ("scalar", "F16", "[]",
                                                                      "[26,28]") "}",
      28);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = open_bytes (bytes, &error);
  const GemTensor *t;
  g_autofree char *shape = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (gem_safetensors_get_n_tensors (files), ==, 4);
  g_assert_null (gem_safetensors_find (files, "__metadata__"));
  t = gem_safetensors_find (files, "b");
  g_assert_cmpint (t->dtype, ==, GEM_DTYPE_F32);
  g_assert_cmpint (t->n_dims, ==, 2);
  g_assert_cmpint (t->shape[1], ==, 3);
  g_assert_cmpuint (t->n_bytes, ==, 24);
  g_assert_true (t->data + t->n_bytes == bytes->data + bytes->len - 2);
  shape = gem_tensor_dup_shape (t);
  g_assert_cmpstr (shape, ==, "[2, 3]");
  t = gem_safetensors_find (files, "scalar");
  g_assert_cmpint (t->n_dims, ==, 0);
  g_assert_cmpuint (t->n_bytes, ==, 2);
  g_assert_cmpuint (gem_safetensors_find (files, "empty")->n_bytes, ==, 0);
}

static void
test_golden (void)
{
  g_autofree char *folder =
      g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), "tests", "golden", "tiny-model", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = gem_safetensors_open_folder (folder, &error);
  const GemTensor *t;

  g_assert_no_error (error);
  g_assert_cmpuint (gem_safetensors_get_n_tensors (files), ==, 478);
  t = gem_safetensors_find (files, "model.language_model.embed_tokens.weight");
  g_assert_nonnull (t);
  g_assert_cmpint (t->dtype, ==, GEM_DTYPE_BF16);
  g_assert_cmpint (t->shape[0], ==, 4096);
  g_assert_cmpint (t->shape[1], ==, 128);
  g_assert_true (gem_tensor_is_aligned (t));
}

static void
test_unaligned (void)
{
  for (guint pad = 0; pad < 4; pad++) {
    SafetensorsWriter *w = safetensors_writer_new ();
    g_autoptr (GByteArray) bytes = NULL;
    g_autoptr (GemSafetensors) files = NULL;
    g_autoptr (GError) error = NULL;

    safetensors_writer_add (w, "x", "BF16", 3, 0);
    safetensors_writer_add (w, "y", "F32", 1, 1);
    safetensors_writer_pad (w, pad);
    bytes = safetensors_writer_finish (w);
    files = open_bytes (bytes, &error);
    g_assert_no_error (error);
    g_assert_cmpint (gem_tensor_is_aligned (gem_safetensors_find (files, "x")), ==, pad % 2 == 0);
    g_assert_cmpint (gem_tensor_is_aligned (gem_safetensors_find (files, "y")), ==, pad == 2);
  }
}

/* ---- lying headers ---- */

static const struct {
  const char *what, *header;
  gsize       data_length;
  const char *message; /* a part of it */
} lies[] = {
    /* cut at 32 bytes, in the middle of a character */
    {"long dtype", "{" ENTRY ("a", "aéééééééééééééééééé", "[1]", "[0,1]") "}", 1, "unknown type"},
    {"not json", "{\"a\":", 0, "cannot be read"},
    {"array", "[]", 0, "no JSON object"},
    {"trailing", "{} x", 0, "cannot be read"},
    {"invalid utf-8", "{\"\xff\":{}}", 0, "cannot be read"},
    {"nul in name", "{\"a\\u0000b\":{}}", 0, "cannot be read"},
    {"duplicate", "{" ENTRY ("a", "U8", "[1]", "[0,1]") "," ENTRY ("a", "U8", "[1]", "[1,2]") "}",
     2, "cannot be read"},
    {"entry", "{\"a\":7}", 0, "no object"},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "names no type"},
    {"dtype", "{" ENTRY ("a", "F17", "[1]", "[0,1]") "}", 1, "F17"},
    {"dtype is a number", "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "names no type"},
    {"no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "shape"},
    {"shape is a word", "{" ENTRY ("a", "U8", "\"1\"", "[0,1]") "}", 1, "shape"},
    {"negative", "{" ENTRY ("a", "U8", "[-1]", "[0,1]") "}", 1, "makes no sense"},
    {"fraction", "{" ENTRY ("a", "U8", "[1.0]", "[0,1]") "}", 1, "makes no sense"},
    {"too many dimensions", "{" ENTRY ("a", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1,
     "at most 8"},
    {"product overflows", "{" ENTRY ("a", "BF16", "[4294967296,4294967296]", "[0,0]") "}", 0,
     "makes no sense"},
    {"bytes overflow", "{" ENTRY ("a", "F64", "[2305843009213693952]", "[0,0]") "}", 0,
     "makes no sense"},
    {"number too large", "{" ENTRY ("a", "U8", "[18446744073709551617]", "[0,1]") "}", 1,
     "cannot be read"},
    {"no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "offsets"},
    {"one offset", "{" ENTRY ("a", "U8", "[1]", "[0]") "}", 1, "offsets"},
    {"three offsets", "{" ENTRY ("a", "U8", "[1]", "[0,1,1]") "}", 1, "offsets"},
    {"negative offset", "{" ENTRY ("a", "U8", "[1]", "[-1,0]") "}", 1, "offsets"},
    {"backwards", "{" ENTRY ("a", "U8", "[1]", "[1,0]") "}", 1, "offsets"},
    {"huge offsets", "{" ENTRY ("a", "U8", "[1]", "[9223372036854775806,9223372036854775807]") "}",
     1, "cut short"},
    {"beyond the end", "{" ENTRY ("a", "U8", "[4]", "[0,4]") "}", 3, "cut short"},
    {"size", "{" ENTRY ("a", "BF16", "[3]", "[0,4]") "}", 4, "4 bytes where its shape needs 6"},
    {"overlap", "{" ENTRY ("a", "U8", "[4]", "[0,4]") "," ENTRY ("b", "U8", "[4]", "[2,6]") "}", 6,
     "“b” overlaps"},
    {"same place", "{" ENTRY ("a", "U8", "[4]", "[0,4]") "," ENTRY ("b", "U8", "[4]", "[0,4]") "}",
     4, "overlaps"},
    {"hole", "{" ENTRY ("a", "U8", "[2]", "[0,2]") "," ENTRY ("b", "U8", "[2]", "[3,5]") "}", 5,
     "hole"},
    {"hole in front", "{" ENTRY ("a", "U8", "[2]", "[1,3]") "}", 3, "hole"},
    {"rest", "{" ENTRY ("a", "U8", "[2]", "[0,2]") "}", 3, "after the last tensor"},
};

static void
test_lie (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GByteArray) bytes = safetensors_from_header (lies[i].header, lies[i].data_length);
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = open_bytes (bytes, &error);

  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  g_assert_null (files);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, lies[i].message));
  g_assert_nonnull (strstr (error->message, "test.safetensors"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_header_length (void)
{
  const guint64 lengths[] = {3,          1000,        100u << 20,     (100u << 20) + 1,
                             G_MAXINT64, G_MAXUINT64, G_MAXUINT64 - 7};

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GByteArray) bytes = safetensors_from_header ("{}", 0);
    g_autoptr (GemSafetensors) files = NULL;
    g_autoptr (GError) error = NULL;
    guint64 n = GUINT64_TO_LE (lengths[i]);

    memcpy (bytes->data, &n, sizeof n);
    files = open_bytes (bytes, &error);
    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
    g_assert_nonnull (strstr (error->message, "header claims"));
  }
}

/* Arrays inside arrays must not overflow the reader's stack. */
static void
test_nesting (void)
{
  g_autoptr (GString) header = g_string_new ("{\"a\":");
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GemSafetensors) files = NULL;
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 200000; i++)
    g_string_append_c (header, '[');
  bytes = safetensors_from_header (header->str, 0);
  files = open_bytes (bytes, &error);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
}

/* Every beginning of a sound file is refused, and nothing is read beyond it (under ASan). */
static void
test_truncated (void)
{
  SafetensorsWriter *w = safetensors_writer_new ();
  g_autoptr (GByteArray) bytes = NULL;

  safetensors_writer_add (w, "one", "BF16", 4, 2);
  safetensors_writer_add (w, "two", "F32", 5, 0);
  bytes = safetensors_writer_finish (w);
  for (guint length = 0; length < bytes->len; length++) {
    g_autofree guint8 *cut = g_memdup2 (bytes->data, MAX (length, 1));
    g_autoptr (GError) error = NULL;
    g_autoptr (GemSafetensors) files = gem_safetensors_new_from_data (cut, length, "cut", &error);

    g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  }
}

static void
test_lfs_pointer (void)
{
  static const char text[] = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 10\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files =
      gem_safetensors_new_from_data (text, sizeof text - 1, "model.safetensors", &error);

  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  g_assert_nonnull (strstr (error->message, "git lfs pull"));
}

/* ---- files and folders ---- */

static void
assert_refused (const char *folder, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = gem_safetensors_open_folder (folder, &error);

  g_assert_null (files);
  g_assert_error (error, GEM_ERROR, GEM_ERROR_INVALID_MODEL);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, message));
}

static void
test_missing (void)
{
  char            *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *inside = g_build_filename (path, "folder", NULL);
  g_autofree char *absent = g_build_filename (folder, "absent", NULL);

  assert_refused (folder, "has no model.safetensors");
  assert_refused (absent, "There is no model folder");
  write_text (folder, "model.safetensors", "");
  assert_refused (folder, "it is empty");
  assert_refused (path, "is a file, not a model folder");
  g_unlink (path);
  g_mkdir (path, 0700);
  assert_refused (folder, "it is no file");
  g_rmdir (path);
  /* A pipe that nobody writes to must not hang. */
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_refused (folder, "it is no file");
  remove_folder (folder);
}

static void
write_shard (const char *folder, const char *file, const char *tensor)
{
  SafetensorsWriter *w = safetensors_writer_new ();

  safetensors_writer_add (w, tensor, "BF16", 2, 2);
  write_bytes (folder, file, safetensors_writer_finish (w));
}

/* A folder that only somebody else may enter.  Root may enter every folder, and so becomes nobody
 * for a moment. */
static void
test_permission (void)
{
  char    *folder = make_folder ();
  gboolean root = geteuid () == 0;

  write_shard (folder, "model.safetensors", "a");
  g_chmod (folder, root ? 0700 : 0);
  if (root)
    g_assert_cmpint (seteuid (65534), ==, 0);
  assert_refused (folder, "you have no permission");
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_chmod (folder, 0700);
  remove_folder (folder);
}

static void
test_shards (void)
{
  static const char index[] = "model.safetensors.index.json";
  char             *folder = make_folder ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = NULL;

  write_shard (folder, "model-1.safetensors", "a");
  write_shard (folder, "model-2.safetensors", "b");
  write_text (folder, index,
              "{\"metadata\":{\"total_size\":16},\"weight_map\":{\"b\":\"model-2.safetensors\","
              "\"a\":\"model-1.safetensors\"}}");
  files = gem_safetensors_open_folder (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gem_safetensors_get_n_tensors (files), ==, 2);
  g_assert_nonnull (gem_safetensors_find (files, "a"));
  g_assert_nonnull (gem_safetensors_find (files, "b"));

  write_text (folder, index, "{\"weight_map\":{\"c\":\"model-1.safetensors\"}}");
  assert_refused (folder, "“c” is not in “model-1.safetensors”");
  write_text (folder, index, "{\"weight_map\":{\"a\":\"../model-1.safetensors\"}}");
  assert_refused (folder, "no file of this folder");
  write_text (folder, index, "{\"weight_map\":{\"a\":\"/etc/passwd\"}}");
  assert_refused (folder, "no file of this folder");
  write_text (folder, index, "{\"weight_map\":{\"a\":null}}");
  assert_refused (folder, "no file of this folder");
  write_text (folder, index, "{\"weight_map\":{\"a\":\"model-9.safetensors\"}}");
  assert_refused (folder, "has no model-9.safetensors");
  write_text (folder, index, "{\"weight_map\":{}}");
  assert_refused (folder, "weight_map");
  write_text (folder, index, "[]");
  assert_refused (folder, "weight_map");
  write_text (folder, index, "{\"weight_map\"");
  assert_refused (folder, "is damaged");
  write_shard (folder, "model-2.safetensors", "a");
  write_text (folder, index,
              "{\"weight_map\":{\"b\":\"model-2.safetensors\",\"a\":\"model-1.safetensors\"}}");
  assert_refused (folder, "twice");
  remove_folder (folder);
}

static char *
identity (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GemSafetensors) files = gem_safetensors_open_folder (folder, &error);

  g_assert_no_error (error);
  return gem_safetensors_dup_identity (files);
}

static void
test_identity (void)
{
  char            *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *moved = g_strconcat (folder, "-moved", NULL);
  g_autofree char *first = NULL, *second = NULL, *edited = NULL, *elsewhere = NULL;
  struct stat      st;

  write_shard (folder, "model.safetensors", "a");
  first = identity (folder);
  second = identity (folder);
  g_assert_cmpuint (strlen (first), ==, 32);
  g_assert_cmpstr (first, ==, second);

  /* One bit of the data, with the same size, inode and times. */
  g_assert_cmpint (stat (path, &st), ==, 0);
  {
    int             fd = g_open (path, O_RDWR, 0);
    guint8          byte;
    struct timespec times[2] = {st.st_atim, st.st_mtim};

    g_assert_cmpint (pread (fd, &byte, 1, st.st_size - 1), ==, 1);
    byte ^= 1;
    g_assert_cmpint (pwrite (fd, &byte, 1, st.st_size - 1), ==, 1);
    g_assert_cmpint (futimens (fd, times), ==, 0);
    close (fd);
  }
  edited = identity (folder);
  g_assert_cmpstr (edited, !=, first);

  /* The same file by another path is the same file. */
  g_assert_cmpint (g_rename (folder, moved), ==, 0);
  elsewhere = identity (moved);
  g_assert_cmpstr (elsewhere, ==, edited);
  g_free (folder);
  remove_folder (g_steal_pointer (&moved));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/safetensors/read", test_read);
  g_test_add_func ("/safetensors/golden", test_golden);
  g_test_add_func ("/safetensors/unaligned", test_unaligned);
  for (gsize i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_autofree char *path = g_strdup_printf ("/safetensors/lie/%s", lies[i].what);

    g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_lie);
  }
  g_test_add_func ("/safetensors/header-length", test_header_length);
  g_test_add_func ("/safetensors/nesting", test_nesting);
  g_test_add_func ("/safetensors/truncated", test_truncated);
  g_test_add_func ("/safetensors/lfs-pointer", test_lfs_pointer);
  g_test_add_func ("/safetensors/missing", test_missing);
  g_test_add_func ("/safetensors/permission", test_permission);
  g_test_add_func ("/safetensors/shards", test_shards);
  g_test_add_func ("/safetensors/identity", test_identity);
  return g_test_run ();
}
