/* gem-cli-answer.c: gem-cli inspect answer: a conversation in, what the model answers out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All stages in a row, as an assistant goes through them: files to soft tokens, conversation to
 * prompt, prompt to tokens, token by token greedily to the end of the turn, tokens to thought,
 * answer and calls.  One model and one session for all questions.  One thread. */
#define G_LOG_DOMAIN "gem"

#include "gem-cli.h"

#include "gem-parser.h"
#include "gem-session.h"

#include <string.h>

#define CONTEXT        8192
#define DEFAULT_TOKENS 512

struct _GemCliAnswerer {
  GemModel   *model;
  GemSession *session;
};

/* What a question brings with it, in the order of its placeholders. */
typedef struct {
  GPtrArray *images, *sounds;             /* of GemSoft */
  GArray    *image_counts, *sound_counts; /* of guint: soft tokens of each */
} Media;

typedef struct {
  GArray     *ids; /* of gint32: what the model wrote */
  const char *finish;
  gint64      prefill_us, decode_us;
} Turn;

GemCliAnswerer *
gem_cli_answerer_new (const GemCliModel *options, GError **error)
{
  GemCliAnswerer *self = g_new0 (GemCliAnswerer, 1);

  self->model = gem_cli_model_load (options, error);
  if (self->model != NULL)
    self->session = gem_session_new (self->model, CONTEXT, error);
  if (self->session == NULL)
    g_clear_pointer (&self, gem_cli_answerer_free);
  return self;
}

void
gem_cli_answerer_free (GemCliAnswerer *self)
{
  g_clear_pointer (&self->session, gem_session_free);
  g_clear_pointer (&self->model, gem_model_unref);
  g_free (self);
}

/* ---- what is to be seen and heard ------------------------------------------------------------ */

static void
media_init (Media *self)
{
  *self = (Media){
      .images = g_ptr_array_new_with_free_func ((GDestroyNotify)gem_soft_unref),
      .sounds = g_ptr_array_new_with_free_func ((GDestroyNotify)gem_soft_unref),
      .image_counts = g_array_new (FALSE, FALSE, sizeof (guint)),
      .sound_counts = g_array_new (FALSE, FALSE, sizeof (guint)),
  };
}

static void
media_clear (Media *self)
{
  g_ptr_array_unref (self->images);
  g_ptr_array_unref (self->sounds);
  g_array_unref (self->image_counts);
  g_array_unref (self->sound_counts);
}

/* Takes @soft, or the error that there is none. */
static gboolean
keep (GPtrArray *list, GArray *counts, GemSoft *soft)
{
  if (soft == NULL)
    return FALSE;
  g_ptr_array_add (list, soft);
  g_array_append_val (counts, soft->n);
  return TRUE;
}

static gboolean
add_image (Media *self, GemModel *model, const json_t *image, GError **error)
{
  const char      *path = json_string_value (json_object_get (image, "path"));
  const json_t    *budget = json_object_get (image, "budget");
  g_autofree char *data = NULL;
  GemPixels        pixels;
  gint64           n = budget != NULL ? json_integer_value (budget) : GEM_MEDIA_BUDGET;

  if (path == NULL || n < 1 || n > G_MAXINT32) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "A picture is {\"path\": FILE.ppm}, with \"budget\": 70 to 1120.");
    return FALSE;
  }
  return gem_cli_read_picture (path, &data, &pixels, error) &&
         keep (self->images, self->image_counts,
               gem_media_encode_picture (model, &pixels, (guint)n, NULL, NULL, NULL, error));
}

static gboolean
add_sound (Media *self, GemModel *model, const json_t *sound, GError **error)
{
  const char       *path = json_string_value (json_object_get (sound, "path"));
  g_autofree float *samples = NULL;
  gsize             n;

  if (path == NULL) {
    g_set_error_literal (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                         "A sound is {\"path\": FILE.wav}.");
    return FALSE;
  }
  samples = gem_cli_read_clip (path, &n, error);
  return samples != NULL &&
         keep (self->sounds, self->sound_counts,
               gem_media_encode_sound (model, samples, n, NULL, NULL, NULL, error));
}

static gboolean
media_load (Media *self, GemModel *model, const json_t *question, GError **error)
{
  const json_t *images = json_object_get (question, "images");
  const json_t *sounds = json_object_get (question, "sounds");

  for (gsize i = 0; i < json_array_size (images); i++)
    if (!add_image (self, model, json_array_get (images, i), error))
      return FALSE;
  for (gsize i = 0; i < json_array_size (sounds); i++)
    if (!add_sound (self, model, json_array_get (sounds, i), error))
      return FALSE;
  return TRUE;
}

/* ---- one turn -------------------------------------------------------------------------------- */

static gboolean
read_max_tokens (const json_t *question, guint *max_tokens, GError **error)
{
  const json_t *value = json_object_get (question, "max_tokens");

  *max_tokens = DEFAULT_TOKENS;
  if (value == NULL)
    return TRUE;
  if (!json_is_integer (value) || json_integer_value (value) < 1 ||
      json_integer_value (value) > CONTEXT) {
    g_set_error (error, GEM_ERROR, GEM_ERROR_INVALID_INPUT,
                 "\"max_tokens\" is a number from 1 to %d.", CONTEXT);
    return FALSE;
  }
  *max_tokens = (guint)json_integer_value (value);
  return TRUE;
}

/* The prompt of @question, with the places of its media. */
static gboolean
make_prompt (GemCliAnswerer *self,
             const json_t   *question,
             const Media    *media,
             GArray         *ids,
             GArray        **soft,
             gboolean       *starts_in_thought,
             GError        **error)
{
  const GemPromptMedia counts = {.images = media->image_counts, .audio = media->sound_counts};
  g_autoptr (GemPrompt) prompt =
      gem_chat_render (question, gem_model_get_template (self->model), error);

  if (prompt == NULL ||
      !gem_prompt_tokenize (prompt, gem_model_get_tokenizer (self->model), &counts, ids, error))
    return FALSE;
  *starts_in_thought = prompt->starts_in_thought;
  *soft = gem_soft_place ((const gint32 *)(gpointer)ids->data, ids->len,
                          gem_model_get_config (self->model), media->images, media->sounds, NULL,
                          error);
  return *soft != NULL;
}

/* Greedily, until the model ends its turn or @max_tokens are there. */
static gboolean
decode (GemCliAnswerer *self, guint max_tokens, Turn *turn, GError **error)
{
  GemSampling greedy;

  gem_sampling_init (&greedy, self->model);
  greedy.temperature = 0.0;
  turn->finish = "length";
  for (;;) {
    gint32 id = gem_session_sample (self->session, &greedy, error);

    if (id < 0)
      return FALSE;
    g_array_append_val (turn->ids, id);
    if (gem_model_is_stop (self->model, id)) {
      turn->finish = "stop";
      return TRUE;
    }
    if (turn->ids->len >= max_tokens || gem_session_get_length (self->session) >= CONTEXT)
      return TRUE;
    if (!gem_session_step (self->session, id, error))
      return FALSE;
  }
}

static gboolean
take_turn (GemCliAnswerer *self,
           const GArray   *prompt,
           const GArray   *soft,
           guint           max_tokens,
           Turn           *turn,
           GError        **error)
{
  gint64 start = g_get_monotonic_time ();

  if (!gem_session_sync (self->session, (const gint32 *)(gpointer)prompt->data, prompt->len, soft,
                         NULL, NULL, error))
    return FALSE;
  turn->prefill_us = g_get_monotonic_time () - start;
  start = g_get_monotonic_time ();
  if (!decode (self, max_tokens, turn, error))
    return FALSE;
  turn->decode_us = g_get_monotonic_time () - start;
  return TRUE;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static json_t *
parse (GemCliAnswerer *self, const Turn *turn, gboolean starts_in_thought)
{
  GemTokenizer *tokenizer = gem_model_get_tokenizer (self->model);
  g_autoptr (GemParser) parser = gem_parser_new (starts_in_thought, NULL, NULL);
  g_autoptr (GemDetokenizer) detokenizer = gem_detokenizer_new (tokenizer, FALSE);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < turn->ids->len; i++) {
    gint32   id = g_array_index (turn->ids, gint32, i);
    gboolean special = gem_tokenizer_get_kind (tokenizer, id) == GEM_TOKEN_SPECIAL;

    if (!special)
      gem_detokenizer_push (detokenizer, id, text);
    if (special || i + 1 == turn->ids->len) {
      gem_detokenizer_finish (detokenizer, text);
      gem_detokenizer_reset (detokenizer);
    }
    gem_parser_push_plain (parser, text->str, text->len);
    g_string_truncate (text, 0);
    if (special)
      gem_parser_push_special (parser, gem_tokenizer_get_text (tokenizer, id));
  }
  gem_parser_finish (parser);
  return gem_parser_get_result (parser);
}

static char *
print_ids (const GArray *ids)
{
  GString *text = g_string_new ("[");

  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (text, "%s%d", i > 0 ? ", " : "", g_array_index (ids, gint32, i));
  return g_string_free (g_string_append_c (text, ']'), FALSE);
}

static char *
print_turn (const json_t         *result,
            const GemCliAnswerer *self,
            const Turn           *turn,
            const GArray         *prompt)
{
  g_autofree char *parsed = gem_cli_print_parsed (result);
  g_autofree char *prompt_ids = print_ids (prompt), *ids = print_ids (turn->ids);

  /* Before the closing brace of what was parsed. */
  return g_strdup_printf ("%.*s, \"prompt_ids\": %s, \"ids\": %s, \"finish\": \"%s\", "
                          "\"prompt_tokens\": %u, \"reused_tokens\": %u, "
                          "\"generated_tokens\": %u, \"prefill_ms\": %.3f, \"decode_ms\": %.3f}",
                          (int)strlen (parsed) - 1, parsed, prompt_ids, ids, turn->finish,
                          prompt->len, gem_session_get_n_reused (self->session), turn->ids->len,
                          (double)turn->prefill_us / 1e3, (double)turn->decode_us / 1e3);
}

char *
gem_cli_answerer_answer (GemCliAnswerer *self, json_t *question, GError **error)
{
  g_autoptr (GArray) prompt = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GArray) soft = NULL;
  Turn     turn = {.ids = ids};
  Media    media;
  guint    max_tokens;
  gboolean starts_in_thought, good;
  char    *line = NULL;

  gem_chat_unpack_arguments (question);
  media_init (&media);
  good = read_max_tokens (question, &max_tokens, error) &&
         media_load (&media, self->model, question, error) &&
         make_prompt (self, question, &media, prompt, &soft, &starts_in_thought, error) &&
         take_turn (self, prompt, soft, max_tokens, &turn, error);
  media_clear (&media);
  if (good) {
    json_t *result = parse (self, &turn, starts_in_thought);

    line = print_turn (result, self, &turn, prompt);
    json_decref (result);
  }
  return line;
}
