/* facet-search-chars.c: see facet-search-chars.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-search"

#include "facet-search-chars.h"

gunichar
facet_search_fold (gunichar c)
{
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];

  if (c < 0x80)
    return (gunichar)g_ascii_tolower ((gchar)c);
  if (c >= 0x300 && c <= 0x331)
    return 0;
  if (c == 0x3c2) /* the sigma at the end of a word */
    return 0x3c3;
  if (g_unichar_fully_decompose (c, FALSE, parts, G_N_ELEMENTS (parts)) > 1 && parts[0] < 0x80 &&
      g_ascii_isalpha ((gchar)parts[0]))
    return (gunichar)g_ascii_tolower ((gchar)parts[0]);
  return g_unichar_tolower (c);
}

gboolean
facet_search_is_word (gunichar c)
{
  if (c < 0x80)
    return g_ascii_isalnum ((gchar)c);
  return g_unichar_isalnum (c) || g_unichar_type (c) == G_UNICODE_PRIVATE_USE;
}

gboolean
facet_search_is_unspaced (gunichar c)
{
  if (c < 0xe00)
    return FALSE;
  if (c == 0x30fc || c == 0xff70) /* lengthens a vowel of Katakana, and is of no script */
    return TRUE;
  switch (g_unichar_get_script (c)) {
  case G_UNICODE_SCRIPT_HAN:
  case G_UNICODE_SCRIPT_HIRAGANA:
  case G_UNICODE_SCRIPT_KATAKANA:
  case G_UNICODE_SCRIPT_BOPOMOFO:
  case G_UNICODE_SCRIPT_THAI:
  case G_UNICODE_SCRIPT_LAO:
  case G_UNICODE_SCRIPT_KHMER:
  case G_UNICODE_SCRIPT_MYANMAR:
  case G_UNICODE_SCRIPT_TIBETAN:
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
facet_search_is_sign (gunichar c)
{
  if (c < 0x80)
    return g_ascii_ispunct ((gchar)c);
  return !facet_search_is_word (c) && !facet_search_is_unspaced (c) && !g_unichar_isspace (c) &&
         !g_unichar_iscntrl (c);
}

gboolean
facet_search_is_symbol (gunichar c)
{
  if (c == 0 || facet_search_is_word (c))
    return FALSE;
  switch (g_unichar_type (c)) {
  case G_UNICODE_CURRENCY_SYMBOL:
  case G_UNICODE_MATH_SYMBOL:
  case G_UNICODE_MODIFIER_SYMBOL:
  case G_UNICODE_OTHER_SYMBOL:
  case G_UNICODE_SPACING_MARK:
  case G_UNICODE_ENCLOSING_MARK:
  case G_UNICODE_NON_SPACING_MARK:
    return TRUE;
  default:
    return FALSE;
  }
}
