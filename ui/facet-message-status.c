/* facet-message-status.c: numbers of an answer in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pure; any thread that may translate. */
#define G_LOG_DOMAIN "facet-message-status"

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "facet-message-status.h"

#define DOT " · "

char *
facet_status_dup_seconds (double seconds)
{
  if (seconds < 1)
    /* Translators: a time in seconds; the space is a thin one */
    return g_strdup_printf (_ ("%.2f s"), seconds);
  if (seconds < 10)
    return g_strdup_printf (_ ("%.1f s"), seconds);
  if (seconds < 100)
    return g_strdup_printf (_ ("%.0f s"), seconds);
  /* Translators: minutes and seconds; the spaces before the units are thin ones */
  return g_strdup_printf (_ ("%u min %u s"), (guint)seconds / 60, (guint)seconds % 60);
}

static char *
dup_speed (double tokens_per_s)
{
  if (tokens_per_s < 10)
    /* Translators: tokens per second; the space is a thin one */
    return g_strdup_printf (_ ("%.1f tok/s"), tokens_per_s);
  return g_strdup_printf (_ ("%.0f tok/s"), tokens_per_s);
}

static void
add_part (GString *line, char *part)
{
  if (line->len > 0)
    g_string_append (line, DOT);
  g_string_append (line, part);
  g_free (part);
}

char *
facet_status_dup_line (const FacetUsage *usage, guint parts)
{
  GString *line = g_string_new (NULL);

  if (parts >= 3 && usage->first_token_s > 0)
    add_part (line, facet_status_dup_seconds (usage->first_token_s));
  if (usage->tokens_per_s > 0)
    add_part (line, dup_speed (usage->tokens_per_s));
  if (parts >= 2 && usage->context_size > 0)
    add_part (line, g_strdup_printf ("%'u/%'u", usage->context_used, usage->context_size));
  return g_string_free (line, FALSE);
}

static void
add_sentence (GString *words, char *sentence)
{
  if (words->len > 0)
    g_string_append_c (words, '\n');
  g_string_append (words, sentence);
  g_free (sentence);
}

char *
facet_status_dup_words (const FacetUsage *usage, const char *model)
{
  GString *words = g_string_new (NULL);
  guint    tokens = usage->thinking_tokens + usage->answer_tokens;

  if (model != NULL && *model != '\0')
    add_sentence (words, g_strdup_printf (_ ("Answered by %s"), model));
  if (usage->first_token_s > 0) {
    g_autofree char *seconds = facet_status_dup_seconds (usage->first_token_s);

    add_sentence (words, g_strdup_printf (_ ("First token after %s"), seconds));
  }
  if (usage->tokens_per_s > 0) {
    g_autofree char *speed = dup_speed (usage->tokens_per_s);

    add_sentence (words, g_strdup_printf (ngettext ("%'u token written, %s",
                                                    "%'u tokens written, %s", tokens),
                                          tokens, speed));
  }
  if (usage->prompt_tokens > 0)
    add_sentence (words,
                  g_strdup_printf (ngettext ("%'u token read, %'u of them known from before",
                                             "%'u tokens read, %'u of them known from before",
                                             usage->prompt_tokens),
                                   usage->prompt_tokens, usage->reused_tokens));
  if (usage->context_size > 0)
    add_sentence (words, g_strdup_printf (_ ("%'u of %'u tokens of context used (%.0f%%)"),
                                          usage->context_used, usage->context_size,
                                          100.0 * usage->context_used / usage->context_size));
  return g_string_free (words, FALSE);
}

char *
facet_status_dup_thought (FacetMessage *message)
{
  const FacetUsage *usage = facet_message_get_usage (message);
  double            seconds = facet_message_get_thinking_seconds (message);
  g_autofree char  *time = NULL;

  if (facet_message_get_phase (message) == FACET_PHASE_THINKING)
    /* Translators: counts up while the model thinks; the space before the unit is a thin one */
    return g_strdup_printf (_ ("Thinking… %.1f s"), seconds);
  time = facet_status_dup_seconds (seconds);
  if (seconds <= 0)
    return g_strdup (_ ("Thought"));
  if (usage->thinking_tokens == 0)
    return g_strdup_printf (_ ("Thought for %s"), time);
  return g_strdup_printf (ngettext ("Thought for %s · %'u token", "Thought for %s · %'u tokens",
                                    usage->thinking_tokens),
                          time, usage->thinking_tokens);
}

/* A progress of 0 says nothing yet. */
static char *
dup_with_percent (const char *words, FacetMessage *message)
{
  double progress = facet_message_get_progress (message);

  if (progress <= 0)
    return g_strdup (words);
  /* Translators: what is done, and how much of it */
  return g_strdup_printf (_ ("%s %.0f%%"), words, 100 * progress);
}

char *
facet_status_dup_perceiving (FacetMessage *message)
{
  if (facet_message_get_phase (message) == FACET_PHASE_LISTENING)
    return dup_with_percent (_ ("Listening…"), message);
  return dup_with_percent (_ ("Looking…"), message);
}

char *
facet_status_dup_reading (FacetMessage *message)
{
  const FacetUsage *usage = facet_message_get_usage (message);
  double            progress = facet_message_get_progress (message);

  if (usage->prompt_tokens > 0)
    return g_strdup_printf (ngettext ("Reading %'u of %'u token", "Reading %'u of %'u tokens",
                                      usage->prompt_tokens),
                            (guint)round (progress * usage->prompt_tokens), usage->prompt_tokens);
  return g_strdup_printf (_ ("Reading the conversation… %.0f%%"), 100 * progress);
}
