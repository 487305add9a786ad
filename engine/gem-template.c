/* gem-template.c: the published revisions of the chat template, what tells them apart, and how one
 * is recognised.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A model folder brings its template as a Jinja program.  It is not run: it is looked at for the
 * features below, and only a file whose every feature agrees with a revision counts as that
 * revision, so that a template that somebody changed is reported and not taken for a published one.
 * Pure functions; any thread. */
#define G_LOG_DOMAIN "gem"

#include <string.h>

#include "gem-chat-private.h"

/* Far above any template; the bound keeps a hostile folder cheap. */
#define MAX_TEMPLATE (1024 * 1024)

static const GemRevision revisions[] = {
    [GEM_TEMPLATE_E2B] =
        {
            .name = "e2b",
            .think_newline = TRUE,
            .system_parts = TRUE,
            .null_word = TRUE,
            .strict_arguments = TRUE,
            .results = GEM_RESULTS_WITH_MEDIA,
            .join = GEM_JOIN_NOTHING,
            .reasoning = GEM_REASONING_CURRENT,
            .pending_mark = TRUE,
            .close_before_next = TRUE,
            .reopen_thought = TRUE,
        },
    [GEM_TEMPLATE_LAUNCH] =
        {
            .name = "launch",
            .media_blank_lines = TRUE,
            .media_ends_exchange = TRUE,
            .early_declarations = TRUE,
            .results = GEM_RESULTS_TURNS,
            .join = GEM_JOIN_NEW_TURN,
            .reasoning = GEM_REASONING_NEVER,
        },
    [GEM_TEMPLATE_NEWER] =
        {
            .name = "newer",
            .think_newline = TRUE,
            .system_parts = TRUE,
            .null_word = TRUE,
            .strict_arguments = TRUE,
            .results = GEM_RESULTS_WITH_MEDIA,
            .join = GEM_JOIN_NEWLINE,
            .reasoning = GEM_REASONING_CURRENT_OR_ALL,
            .pending_mark = TRUE,
            .empty_thought_prompt = TRUE,
            .empty_thought_history = TRUE,
            .reopen_thought = TRUE,
        },
    [GEM_TEMPLATE_VLLM] =
        {
            .name = "vllm",
            .think_newline = TRUE,
            .system_parts = TRUE,
            .media_ends_exchange = TRUE,
            .results = GEM_RESULTS_TEXT,
            .join = GEM_JOIN_CLOSED,
            .reasoning = GEM_REASONING_CALLS,
            .pending_mark = TRUE,
            .empty_thought_prompt = TRUE,
        },
};

const GemRevision *
gem_revision_get (GemTemplate revision)
{
  g_return_val_if_fail ((guint)revision < G_N_ELEMENTS (revisions), &revisions[GEM_TEMPLATE_E2B]);

  return &revisions[revision];
}

const char *
gem_template_get_name (GemTemplate revision)
{
  return gem_revision_get (revision)->name;
}

gboolean
gem_template_from_name (const char *name, GemTemplate *revision)
{
  for (guint i = 0; i < G_N_ELEMENTS (revisions); i++)
    if (g_str_equal (name, revisions[i].name)) {
      *revision = (GemTemplate)i;
      return TRUE;
    }
  return FALSE;
}

/* ---- recognising ----------------------------------------------------------------------------- */

/* Without blanks, and with one kind of quotes, a file that was only laid out anew still looks the
 * same. */
static char *
squeeze (const char *jinja, gsize length)
{
  char *squeezed = g_malloc (length + 1), *out = squeezed;

  for (const char *c = jinja; c < jinja + length; c++)
    if (*c != '\0' && !g_ascii_isspace (*c))
      *out++ = *c == '"' ? '\'' : *c;
  *out = '\0';
  return squeezed;
}

static guint
count (const char *text, const char *piece)
{
  guint n = 0;

  while ((text = strstr (text, piece)) != NULL) {
    text += strlen (piece);
    n++;
  }
  return n;
}

/* How often each feature occurs in a revision; ANY: at least once. */
#define ANY G_MAXUINT

typedef struct {
  const char *text; /* as in the squeezed file */
  guint       n[G_N_ELEMENTS (revisions)];
} Feature;

/* What every template of the model has, whatever its revision. */
static const char *const marks[] = {
    "<|turn>",          "<turn|>\\n",        "<|tool>",
    "<tool|>",          "<|tool_call>call:", "<tool_call|>",
    "<|tool_response>", "<tool_response|>",  "<channel|>",
    "<|audio|>",        "declaration:",      "dictsort",
    "tool_responses",   "enable_thinking",   "add_generation_prompt",
};

static const Feature features[] = {
    /*                                                            e2b  launch newer vllm */
    {"<|think|>\\n", {ANY, 0, ANY, ANY}},
    {"\\n\\n<|image|>\\n\\n", {0, ANY, 0, 0}},
    {"\\n\\n<|video|>\\n\\n", {0, ANY, 0, 0}},
    {"argumentisnone", {ANY, 0, ANY, 0}},
    {"tool_call_id", {ANY, 0, ANY, ANY}},
    {"['role']!='tool'", {ANY, 0, ANY, ANY}},
    {"'image_url'", {ANY, 0, ANY, 0}},
    {"raise_exception", {ANY, 0, ANY, 0}},
    {"filter_keys=true", {ANY, 0, ANY, ANY}},
    {"preserve_thinking", {ANY, 0, ANY, 0}},
    {"preserve_thinkingandmessage.get('tool_calls')", {ANY, 0, 0, 0}},
    {"last_user_idxandmessage.get('tool_calls')", {0, 0, 0, ANY}},
    {"<|channel>thought\\n<channel|>", {0, 0, 2, 1}},
    {"'<|channel>thought\\n'", {2, 0, 2, 1}},
    {"'tool_response'andenable_thinking", {ANY, 0, ANY, 0}},
    {"prev_message_type=='tool_call'andnot", {ANY, 0, ANY, ANY}},
    {"{{-'\\n'-}}", {0, 0, 1, 0}},
    {"nothas_contentandnotnext_nt.found", {ANY, 0, 0, 0}},
    {"nothas_content)", {0, 0, ANY, ANY}},
    {"tool_responses']andnotmessage['content']", {0, ANY, 0, 0}},
};

static gboolean
has_features (const char *squeezed, GemTemplate revision)
{
  for (guint i = 0; i < G_N_ELEMENTS (features); i++) {
    guint n = count (squeezed, features[i].text), wanted = features[i].n[revision];

    if (wanted == ANY ? n == 0 : n != wanted)
      return FALSE;
  }
  return TRUE;
}

gboolean
gem_template_recognise (const char *jinja, gsize length, GemTemplate *revision)
{
  g_autofree char *squeezed = NULL;

  *revision = GEM_TEMPLATE_E2B;
  if (length > MAX_TEMPLATE)
    return FALSE;
  squeezed = squeeze (jinja, length);
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    if (strstr (squeezed, marks[i]) == NULL)
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (revisions); i++)
    if (has_features (squeezed, (GemTemplate)i)) {
      *revision = (GemTemplate)i;
      return TRUE;
    }
  return FALSE;
}
