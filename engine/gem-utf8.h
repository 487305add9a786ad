/* gem-utf8.h: one character of untrusted UTF-8.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Strict, as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.  Inline,
 * because the tokenizer asks once a character. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* U+2581, which the tokenizers of this family write for a space. */
#define GEM_SPACE_MARK      0x2581u
#define GEM_SPACE_MARK_UTF8 "\xe2\x96\x81"

/* The length of the character at @text and in @character what it is; 0 if the bytes before @end are
 * none. */
static inline gsize
gem_utf8_read (const guint8 *text, const guint8 *end, gunichar *character)
{
  gsize    left = (gsize)(end - text);
  gunichar c;

  if (left == 0)
    return 0;
  c = text[0];
  if (c < 0x80) {
    *character = c;
    return 1;
  }
  if (left < 2 || c < 0xc2 || (text[1] & 0xc0) != 0x80)
    return 0;
  if (c < 0xe0) {
    *character = (c & 0x1f) << 6 | (text[1] & 0x3f);
    return 2;
  }
  if (left < 3 || (text[2] & 0xc0) != 0x80)
    return 0;
  if (c < 0xf0) {
    c = (c & 0x0f) << 12 | (gunichar)(text[1] & 0x3f) << 6 | (text[2] & 0x3f);
    *character = c;
    return c >= 0x800 && (c < 0xd800 || c > 0xdfff) ? 3 : 0;
  }
  if (left < 4 || c > 0xf4 || (text[3] & 0xc0) != 0x80)
    return 0;
  c = (c & 0x07) << 18 | (gunichar)(text[1] & 0x3f) << 12 | (gunichar)(text[2] & 0x3f) << 6 |
      (text[3] & 0x3f);
  *character = c;
  return c >= 0x10000 && c <= 0x10ffff ? 4 : 0;
}

/* Whether @length < 4 bytes, no whole character, may become one when more bytes follow. */
static inline gboolean
gem_utf8_may_grow (const guint8 *text, gsize length)
{
  guint8 lead = text[0];
  gsize  wanted = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

  if (length >= wanted)
    return FALSE;
  if (length < 2)
    return TRUE;
  /* The second byte excludes overlong forms, surrogates and what lies above U+10FFFF. */
  if ((text[1] & 0xc0) != 0x80 || (lead == 0xe0 && text[1] < 0xa0) ||
      (lead == 0xed && text[1] > 0x9f) || (lead == 0xf0 && text[1] < 0x90) ||
      (lead == 0xf4 && text[1] > 0x8f))
    return FALSE;
  return length < 3 || (text[2] & 0xc0) == 0x80;
}

G_END_DECLS
