/* test-picture.c: picture files of every make, good and bad, to RGB pixels.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files are made here: by gdk-pixbuf where it writes the format, else byte by byte. */
#define G_LOG_DOMAIN "test-picture"

#include "app/facet-picture.h"
#include "app/facet-picture-file.h"
#include "test-folder.h"

#include <glib/gstdio.h>

#include <string.h>
#include <sys/resource.h>

typedef TestFolder Fixture;

static void
write_bytes (Fixture *f, const void *data, gsize n_bytes)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (f->path, data, (gssize)n_bytes, &error);
  g_assert_no_error (error);
}

static FacetPicture *
load (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  FacetPicture *picture = facet_picture_load (f->path, "photo.xyz", NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (picture);
  g_assert_cmpuint (picture->rowstride, >=, picture->width * 3);
  g_assert_cmpuint (picture->n_bytes, >=,
                    picture->rowstride * (picture->height - 1) + picture->width * 3);
  return picture;
}

/* A sentence that names the file. */
static void
assert_refused (Fixture *f, FacetMediaError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (facet_picture_load (f->path, "photo.xyz", NULL, &error));
  g_assert_error (error, FACET_MEDIA_ERROR, (int)code);
  g_assert_nonnull (strstr (error->message, "“photo.xyz”"));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
assert_pixel (const FacetPicture *picture, guint x, guint y, guint32 rgb, int tolerance)
{
  const guint8 *p = picture->pixels + y * picture->rowstride + x * 3;

  for (int i = 0; i < 3; i++)
    g_assert_cmpint (ABS ((int)p[i] - (int)(rgb >> (16 - 8 * i) & 0xff)), <=, tolerance);
}

/* Grey, but for a red quarter at the top left and a blue one at the top right. */
static GdkPixbuf *
draw (int width, int height)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);
  g_autoptr (GdkPixbuf) left = NULL;
  g_autoptr (GdkPixbuf) right = NULL;

  gdk_pixbuf_fill (pixbuf, 0x808080ff);
  left = gdk_pixbuf_new_subpixbuf (pixbuf, 0, 0, width / 2, height / 2);
  gdk_pixbuf_fill (left, 0xff0000ff);
  right = gdk_pixbuf_new_subpixbuf (pixbuf, width / 2, 0, width - width / 2, height / 2);
  gdk_pixbuf_fill (right, 0x0000ffff);
  return pixbuf;
}

static GByteArray *
encode (GdkPixbuf *pixbuf, const char *format)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize n_bytes;

  gdk_pixbuf_save_to_buffer (pixbuf, &data, &n_bytes, format, &error, NULL);
  g_assert_no_error (error);
  return g_byte_array_new_take ((guint8 *)data, n_bytes);
}

/* What each format keeps of the drawing. */
static void
test_formats (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *format, *media_type;
    int         tolerance;
  } formats[] = {
      {"png", "image/png", 0}, {"jpeg", "image/jpeg", 6},  {"tiff", "image/tiff", 0},
      {"bmp", "image/bmp", 0}, {"ico", "image/x-icon", 0},
  };
  g_autoptr (GdkPixbuf) pixbuf = draw (64, 32);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GByteArray) bytes = encode (pixbuf, formats[i].format);
    g_autoptr (FacetPicture) picture = NULL;

    write_bytes (f, bytes->data, bytes->len);
    picture = load (f);
    g_assert_cmpuint (picture->width, ==, 64);
    g_assert_cmpuint (picture->height, ==, 32);
    g_assert_cmpstr (picture->media_type, ==, formats[i].media_type);
    g_assert_null (picture->note);
    assert_pixel (picture, 4, 4, 0xff0000, formats[i].tolerance);
    assert_pixel (picture, 60, 4, 0x0000ff, formats[i].tolerance);
    assert_pixel (picture, 32, 28, 0x808080, formats[i].tolerance);
  }
}

static void
put_be32 (GByteArray *bytes, guint32 value)
{
  value = GUINT32_TO_BE (value);
  g_byte_array_append (bytes, (const guint8 *)&value, 4);
}

static guint32
crc32_of (const guint8 *data, gsize n)
{
  guint32 crc = 0xffffffffu;

  for (gsize i = 0; i < n; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

static void
put_chunk (GByteArray *png, const char *type, const void *data, gsize n)
{
  gsize start;

  put_be32 (png, (guint32)n);
  start = png->len;
  g_byte_array_append (png, (const guint8 *)type, 4);
  if (n > 0)
    g_byte_array_append (png, data, (guint)n);
  put_be32 (png, crc32_of (png->data + start, png->len - start));
}

static void
put_compressed (GByteArray *png, const void *data, gsize n)
{
  g_autoptr (GZlibCompressor) zlib = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 6);
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *out = g_malloc (n + 1000);
  gsize              n_read, n_written;

  g_assert_cmpint (g_converter_convert (G_CONVERTER (zlib), data, n, out, n + 1000,
                                        G_CONVERTER_INPUT_AT_END, &n_read, &n_written, &error),
                   ==, G_CONVERTER_FINISHED);
  g_assert_no_error (error);
  put_chunk (png, "IDAT", out, n_written);
}

/* A PNG of one row: @depth, @colour_type and the @row as PNG lays them out; @n_frames as APNG. */
static GByteArray *
make_png (guint32     width,
          guint32     height,
          guint8      depth,
          guint8      colour_type,
          const void *row,
          gsize       n_row,
          guint32     n_frames)
{
  static const guint8 signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static const guint8 palette[6] = {0, 255, 0, 255, 0, 255};
  GByteArray         *png = g_byte_array_new ();
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autofree guint8 *filtered = g_malloc0 (n_row + 1);
  const guint8       tail[5] = {depth, colour_type, 0, 0, 0};

  put_be32 (header, width);
  put_be32 (header, height);
  g_byte_array_append (header, tail, 5);
  g_byte_array_append (png, signature, 8);
  put_chunk (png, "IHDR", header->data, header->len);
  if (n_frames > 0) {
    const guint32 control[2] = {GUINT32_TO_BE (n_frames), 0};

    put_chunk (png, "acTL", control, 8);
  }
  if (colour_type == 3)
    put_chunk (png, "PLTE", palette, 6);
  memcpy (filtered + 1, row, n_row);
  put_compressed (png, filtered, n_row + 1);
  put_chunk (png, "IEND", NULL, 0);
  return png;
}

static void
test_png_kinds (Fixture *f, gconstpointer data)
{
  static const struct {
    guint8  depth, colour_type, row[16];
    gsize   n_row;
    guint32 first, second;
  } kinds[] = {
      {8, 0, {10, 200}, 2, 0x0a0a0a, 0xc8c8c8},                      /* grey */
      {16, 0, {0x80, 0, 0xff, 0xff}, 4, 0x808080, 0xffffff},         /* grey, 16 bits */
      {8, 3, {0, 1}, 2, 0x00ff00, 0xff00ff},                         /* palette */
      {1, 0, {0x40}, 1, 0x000000, 0xffffff},                         /* one bit */
      {8, 4, {0, 0, 0, 255}, 4, 0xffffff, 0x000000},                 /* grey and alpha */
      {8, 6, {0, 0, 255, 0, 255, 0, 0, 128}, 8, 0xffffff, 0xff7f7f}, /* RGBA */
      {16, 6, {0, 0, 0, 0, 0, 0, 255, 255, 1, 0, 2, 0, 3, 0, 0, 0}, 16, 0, 0xffffff},
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GByteArray) png =
        make_png (2, 1, kinds[i].depth, kinds[i].colour_type, kinds[i].row, kinds[i].n_row, 0);
    g_autoptr (FacetPicture) picture = NULL;

    write_bytes (f, png->data, png->len);
    picture = load (f);
    g_assert_cmpuint (picture->width, ==, 2);
    g_assert_cmpuint (picture->height, ==, 1);
    assert_pixel (picture, 0, 0, kinds[i].first, 0);
    assert_pixel (picture, 1, 0, kinds[i].second, 0);
  }
}

/* Transparency of a picture whose rows have padding: every row is where it should be. */
static void
test_flatten (Fixture *f, gconstpointer data)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, 37, 23);
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (FacetPicture) picture = NULL;
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);

  for (guint y = 0; y < 23; y++)
    for (guint x = 0; x < 37; x++) {
      guint8 *p = pixels + y * (guint)gdk_pixbuf_get_rowstride (pixbuf) + x * 4;

      p[0] = (guint8)(x * 5);
      p[1] = (guint8)(y * 9);
      p[2] = 40;
      p[3] = (guint8)((x + y) * 4);
    }
  bytes = encode (pixbuf, "png");
  write_bytes (f, bytes->data, bytes->len);
  picture = load (f);
  for (guint y = 0; y < 23; y++)
    for (guint x = 0; x < 37; x++) {
      double a = (x + y) * 4 / 255.0, white = 255 * (1 - a);

      assert_pixel (picture, x, y,
                    (guint32)(x * 5 * a + white + 0.5) << 16 |
                        (guint32)(y * 9 * a + white + 0.5) << 8 | (guint32)(40 * a + white + 0.5),
                    1);
    }
}

/* @jpeg with an EXIF segment that says only the orientation. */
static void
add_orientation (GByteArray *jpeg, guint8 orientation)
{
  const guint8       exif[] = {0xff, 0xe1, 0, 34, 'E',         'x', 'i', 'f', 0,    0, 'I', 'I',
                               42,   0,    8, 0,  0,           0,   1,   0,   0x12, 1, 3,   0,
                               1,    0,    0, 0,  orientation, 0,   0,   0,   0,    0, 0,   0};
  g_autofree guint8 *rest = g_memdup2 (jpeg->data + 2, jpeg->len - 2);
  guint              n_rest = jpeg->len - 2;

  g_byte_array_set_size (jpeg, 2);
  g_byte_array_append (jpeg, exif, sizeof exif);
  g_byte_array_append (jpeg, rest, n_rest);
}

static void
test_orientation (Fixture *f, gconstpointer data)
{
  /* Where the red and the blue corner are seen: 0 top left, 1 top right, 2 bottom right, 3 bottom
   * left. */
  static const guint8 red[] = {0, 1, 2, 3, 0, 1, 2, 3}, blue[] = {1, 0, 3, 2, 3, 2, 1, 0};
  g_autoptr (GdkPixbuf) pixbuf = draw (80, 48);

  for (guint8 i = 0; i < 8; i++) {
    g_autoptr (GByteArray) jpeg = encode (pixbuf, "jpeg");
    g_autoptr (FacetPicture) picture = NULL;
    guint width = i < 4 ? 80 : 48, height = i < 4 ? 48 : 80;
    guint at[4][2] = {{4, 4}, {width - 4, 4}, {width - 4, height - 4}, {4, height - 4}};

    add_orientation (jpeg, i + 1);
    write_bytes (f, jpeg->data, jpeg->len);
    picture = load (f);
    g_assert_cmpuint (picture->width, ==, width);
    g_assert_cmpuint (picture->height, ==, height);
    assert_pixel (picture, at[red[i]][0], at[red[i]][1], 0xff0000, 8);
    assert_pixel (picture, at[blue[i]][0], at[blue[i]][1], 0x0000ff, 8);
  }
}

static GByteArray *
make_gif (guint16 width, guint16 height, guint n_frames)
{
  GByteArray  *gif = g_byte_array_new ();
  const guint8 header[] = {'G',
                           'I',
                           'F',
                           '8',
                           '9',
                           'a',
                           width & 255,
                           (guint8)(width >> 8),
                           height & 255,
                           (guint8)(height >> 8),
                           0x80,
                           0,
                           0,
                           255,
                           0,
                           0,
                           0,
                           0,
                           255};

  g_byte_array_append (gif, header, sizeof header);
  for (guint i = 0; i < n_frames; i++) {
    /* A delay, then one pixel of the colour 0 in the first frame, 1 in the others. */
    const guint8 frame[] = {0x21, 0xf9, 4, 0, 10, 0, 0,
                            0,    0x2c, 0, 0, 0,  0, 1,
                            0,    1,    0, 0, 2,  2, i == 0 ? 0x44 : 0x4c,
                            1,    0};

    g_byte_array_append (gif, frame, sizeof frame);
  }
  g_byte_array_append (gif, (const guint8 *)";", 1);
  return gif;
}

static void
test_animation (Fixture *f, gconstpointer data)
{
  static const guint8 row[2] = {10, 200};
  g_autoptr (GByteArray) gif = make_gif (1, 1, 24);
  g_autoptr (GByteArray) still = make_gif (1, 1, 1);
  g_autoptr (GByteArray) png = make_png (2, 1, 8, 0, row, 2, 7);
  FacetPicture *picture;

  write_bytes (f, gif->data, gif->len);
  picture = load (f);
  assert_pixel (picture, 0, 0, 0xff0000, 0);
  g_assert_cmpstr (picture->note, ==, "The first of 24 frames is used.");
  facet_picture_unref (picture);

  write_bytes (f, still->data, still->len);
  picture = load (f);
  g_assert_cmpstr (picture->note, ==, NULL);
  facet_picture_unref (picture);

  write_bytes (f, png->data, png->len);
  picture = load (f);
  assert_pixel (picture, 1, 0, 0xc8c8c8, 0);
  g_assert_cmpstr (picture->note, ==, "The first of 7 frames is used.");
  facet_picture_unref (picture);
}

static void
test_odd_shapes (Fixture *f, gconstpointer data)
{
  static const int sizes[][2] = {{1, 1}, {1, 10000}, {10000, 1}, {65535, 1}};

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GdkPixbuf) pixbuf =
        gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, sizes[i][0], sizes[i][1]);
    g_autoptr (GByteArray) bytes = NULL;
    g_autoptr (FacetPicture) picture = NULL;
    g_autoptr (GdkPixbuf) small = NULL;

    gdk_pixbuf_fill (pixbuf, 0x123456ff);
    bytes = encode (pixbuf, "png");
    write_bytes (f, bytes->data, bytes->len);
    picture = load (f);
    g_assert_cmpuint (picture->width, ==, (guint)sizes[i][0]);
    g_assert_cmpuint (picture->height, ==, (guint)sizes[i][1]);
    assert_pixel (picture, picture->width - 1, picture->height - 1, 0x123456, 0);
    small = facet_picture_dup_thumbnail (picture, 256);
    g_assert_cmpint (gdk_pixbuf_get_width (small), ==, MIN (sizes[i][0], 256));
    g_assert_cmpint (gdk_pixbuf_get_height (small), ==, MIN (sizes[i][1], 256));
  }
}

static void
test_drawing (Fixture *f, gconstpointer data)
{
  static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg' width='24' height='12'>"
                            "<rect width='12' height='12' fill='#00f'/></svg>";
  g_autoptr (FacetPicture) picture = NULL;
  GSList  *formats = gdk_pixbuf_get_formats ();
  gboolean reads = FALSE;

  for (GSList *l = formats; l != NULL; l = l->next) {
    g_autofree char *name = gdk_pixbuf_format_get_name (l->data);

    reads = reads || g_strcmp0 (name, "svg") == 0;
  }
  g_slist_free (formats);
  if (!reads) {
    g_test_skip ("gdk-pixbuf reads no SVG here");
    return;
  }
  write_bytes (f, svg, strlen (svg));
  picture = load (f);
  g_assert_cmpuint (picture->width, ==, 1600);
  g_assert_cmpuint (picture->height, ==, 800);
  assert_pixel (picture, 790, 400, 0x0000ff, 0);
  assert_pixel (picture, 810, 400, 0xffffff, 0);
}

/* Cut anywhere, a file is refused with a sentence; never half a picture. */
static void
test_truncated (Fixture *f, gconstpointer data)
{
  /* So many bytes at the end hold nothing of the colours: PNG's IEND, a mask. */
  static const struct {
    const char *format;
    guint       n_rest;
  } formats[] = {{"png", 13}, {"jpeg", 1}, {"tiff", 1}, {"bmp", 1}, {"ico", 6000}, {"gif", 2}};
  g_autoptr (GdkPixbuf) pixbuf = draw (240, 160);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GByteArray) bytes = i == 5 ? make_gif (1, 1, 1) : encode (pixbuf, formats[i].format);
    guint most = bytes->len - formats[i].n_rest;

    for (guint k = 1; k <= 12; k++) {
      g_autoptr (GError) error = NULL;

      write_bytes (f, bytes->data, most * k / 12);
      g_assert_null (facet_picture_load (f->path, "photo.xyz", NULL, &error));
      g_assert_true (error->domain == FACET_MEDIA_ERROR);
      if (k > 4)
        g_assert_cmpint (error->code, ==, FACET_MEDIA_ERROR_DAMAGED);
      g_assert_nonnull (strstr (error->message, "“photo.xyz”"));
    }
  }
}

/* The same of formats that are written by hand. */
static void
test_truncated_plain (Fixture *f, gconstpointer data)
{
  static const guint8 tga[18] = {0, 0, 2, [12] = 20, 0, 10, 0, 24, 0};
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8 *pixels = g_malloc0 (600);
  FacetPicture      *picture;

  for (guint i = 0; i < 2; i++) {
    g_byte_array_set_size (bytes, 0);
    if (i == 0)
      g_byte_array_append (bytes, (const guint8 *)"P6 20 10 255\n", 13);
    else
      g_byte_array_append (bytes, tga, sizeof tga);
    g_byte_array_append (bytes, pixels, 600);
    write_bytes (f, bytes->data, bytes->len);
    picture = load (f);
    g_assert_cmpuint (picture->width, ==, 20);
    g_assert_cmpuint (picture->height, ==, 10);
    assert_pixel (picture, 19, 9, 0x000000, 0);
    facet_picture_unref (picture);
    write_bytes (f, bytes->data, bytes->len - 1);
    assert_refused (f, FACET_MEDIA_ERROR_DAMAGED);
    write_bytes (f, bytes->data, bytes->len / 2);
    assert_refused (f, FACET_MEDIA_ERROR_DAMAGED);
  }
}

/* Bytes changed at random (the same ones every time): a picture or a sentence. */
static void
test_corrupt (Fixture *f, gconstpointer data)
{
  static const char *const formats[] = {"png", "jpeg", "tiff", "bmp", "ico", "gif"};
  g_autoptr (GdkPixbuf) pixbuf = draw (60, 40);
  GRand *rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < G_N_ELEMENTS (formats) * 50; i++) {
    const char *format = formats[i % G_N_ELEMENTS (formats)];
    g_autoptr (GByteArray) bytes =
        strcmp (format, "gif") == 0 ? make_gif (1, 1, 5) : encode (pixbuf, format);
    g_autoptr (GError) error = NULL;
    g_autoptr (FacetPicture) picture = NULL;
    int n = g_rand_int_range (rand, 1, 20);

    while (n-- > 0)
      bytes->data[g_rand_int_range (rand, 0, (int)MIN (bytes->len, 600))] =
          (guint8)g_rand_int_range (rand, 0, 256);
    write_bytes (f, bytes->data, bytes->len);
    picture = facet_picture_load (f->path, "photo.xyz", NULL, &error);
    g_assert_true ((picture != NULL) == (error == NULL));
    facet_picture_file_inspect (bytes->data, bytes->len);
  }
  g_rand_free (rand);
}

static void
test_not_a_picture (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkPixbuf) pixbuf = draw (64, 32);
  g_autoptr (GByteArray) bytes = encode (pixbuf, "png");

  assert_refused (f, FACET_MEDIA_ERROR_MISSING);
  write_bytes (f, "", 0);
  assert_refused (f, FACET_MEDIA_ERROR_DAMAGED);
  write_bytes (f, "Dear diary, today nothing happened.", 35);
  assert_refused (f, FACET_MEDIA_ERROR_UNSUPPORTED);
  g_cancellable_cancel (cancellable);
  write_bytes (f, bytes->data, bytes->len);
  g_assert_null (facet_picture_load (f->path, "photo.xyz", cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static long
peak_kb (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/* Headers that promise 3.6 thousand million pixels: refused before any memory is taken. */
static void
test_gigantic (Fixture *f, gconstpointer data)
{
  static const guint8 row[4] = {0};
  static const char   pnm[] = "P6\n60000 60000\n255\n0123456789";
  g_autoptr (GByteArray) png = make_png (60000, 60000, 8, 6, row, 4, 0);
  g_autoptr (GByteArray) flat = make_png (100000, 10, 8, 6, row, 4, 0);
  g_autoptr (GByteArray) gif = make_gif (60000, 60000, 1);
  g_autoptr (GdkPixbuf) pixbuf = draw (8, 8);
  g_autoptr (GByteArray) bmp = encode (pixbuf, "bmp");
  long         before = peak_kb ();
  const guint8 side[4] = {0x60, 0xea, 0, 0};

  write_bytes (f, png->data, png->len);
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
  write_bytes (f, flat->data, flat->len);
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
  write_bytes (f, gif->data, gif->len);
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
  write_bytes (f, pnm, strlen (pnm));
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
  memcpy (bmp->data + 18, side, 4);
  memcpy (bmp->data + 22, side, 4);
  write_bytes (f, bmp->data, bmp->len);
  assert_refused (f, FACET_MEDIA_ERROR_TOO_LARGE);
  g_assert_cmpint (peak_kb () - before, <, 64 * 1024);
}

/* 40 million pixels of JPEG are made a half while decoding, and still turned upright. */
static void
test_large_jpeg (Fixture *f, gconstpointer data)
{
  g_autoptr (GdkPixbuf) pixbuf = draw (8001, 5000);
  g_autoptr (GByteArray) jpeg = encode (pixbuf, "jpeg");
  g_autoptr (FacetPicture) picture = NULL;

  add_orientation (jpeg, 6);
  write_bytes (f, jpeg->data, jpeg->len);
  picture = load (f);
  g_assert_cmpuint (picture->width, ==, 2500);
  g_assert_cmpuint (picture->height, ==, 4001);
  assert_pixel (picture, 2400, 100, 0xff0000, 6);
  assert_pixel (picture, 2400, 3900, 0x0000ff, 6);
  assert_pixel (picture, 100, 100, 0x808080, 6);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add (path, Fixture, NULL, test_folder_set_up, func, test_folder_tear_down)
  ADD ("/picture/formats", test_formats);
  ADD ("/picture/png-kinds", test_png_kinds);
  ADD ("/picture/flatten", test_flatten);
  ADD ("/picture/orientation", test_orientation);
  ADD ("/picture/animation", test_animation);
  ADD ("/picture/odd-shapes", test_odd_shapes);
  ADD ("/picture/drawing", test_drawing);
  ADD ("/picture/truncated", test_truncated);
  ADD ("/picture/truncated-plain", test_truncated_plain);
  ADD ("/picture/corrupt", test_corrupt);
  ADD ("/picture/not-a-picture", test_not_a_picture);
  ADD ("/picture/gigantic", test_gigantic);
  ADD ("/picture/large-jpeg", test_large_jpeg);
  return g_test_run ();
}
