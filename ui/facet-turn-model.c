/* facet-turn-model.c: from a message to blocks, as it grows.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Answers and thoughts are Markdown; what the person wrote is shown as it was
 * written. */
#define G_LOG_DOMAIN "facet-turn-model"

#include "config.h"

#include <math.h>
#include <string.h>

#include "facet-markdown-stream.h"
#include "facet-turn-model.h"

#define CLIP_LINES 24 /* of a long message of the person that are shown at first */
#define CLIP_SLACK 8  /* fewer than so many more are not worth clipping */

/* Estimates for a message that was not read yet. */
#define GUESSED_CHAR 7.5
#define GUESSED_LINE 21
#define ROW_CHROME   72
#define NEVER        (-1)

/* A text that is read as it grows. */
typedef struct {
  FacetMarkdownStream *stream; /* NULL once it is complete */
  FacetFlow           *flow;
  gsize                taken; /* bytes of the message's text that the stream has */
} Reader;

struct _FacetTurnModel {
  GObject       parent_instance;
  FacetMessage *message;
  Reader        body, trace;
  gboolean      loaded, dirty;

  FacetThoughtView thought_view;
  gboolean         thinking; /* the phase when it was last looked at */
  gboolean         held, fold_wanted;
  gboolean         clipped;

  double height;
  double chrome;       /* of it, all but the body's blocks */
  int    height_width; /* for which :height was measured; NEVER: estimated */
  double estimate;     /* of a message that was not loaded */
  int    estimate_width;
};

G_DEFINE_FINAL_TYPE (FacetTurnModel, facet_turn_model, G_TYPE_OBJECT)

enum {
  DIRTY,
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

FacetMessage *
facet_turn_model_get_message (FacetTurnModel *self)
{
  return self->message;
}

FacetFlow *
facet_turn_model_get_body (FacetTurnModel *self)
{
  return self->body.flow;
}

FacetFlow *
facet_turn_model_get_trace (FacetTurnModel *self)
{
  return self->trace.flow;
}

gboolean
facet_turn_model_has_thought (FacetTurnModel *self)
{
  return *facet_message_get_thinking (self->message) != '\0';
}

gboolean
facet_turn_model_is_dirty (FacetTurnModel *self)
{
  return self->dirty;
}

/* --- reading
 * -------------------------------------------------------------------------------------------- */

static gboolean
reader_apply (Reader *reader)
{
  FacetMarkdownChange     change;
  g_autofree FacetBlock **added = NULL;

  if (!facet_markdown_stream_update (reader->stream, &change))
    return FALSE;
  added = g_new (FacetBlock *, change.added + 1);
  for (guint i = 0; i < change.added; i++) {
    guint       index = change.position + i;
    FacetBlock *block = facet_markdown_stream_get_block (reader->stream, index);

    added[i] = block;
    /* The same block in a changed place: code that grew. */
    if (i < change.removed && index < facet_flow_get_n_blocks (reader->flow) &&
        facet_flow_get_block (reader->flow, index) == block && block->kind == FACET_BLOCK_CODE)
      facet_flow_touch (reader->flow, index);
  }
  facet_flow_splice (reader->flow, change.position, change.removed, added, change.added);
  return TRUE;
}

static void
reader_reset (Reader *reader)
{
  g_clear_pointer (&reader->stream, facet_markdown_stream_free);
  reader->stream = facet_markdown_stream_new ();
  reader->taken = 0;
  facet_flow_splice (reader->flow, 0, facet_flow_get_n_blocks (reader->flow), NULL, 0);
}

/* Takes what is new of @text; @complete: nothing more comes. */
static gboolean
reader_feed (Reader *reader, const char *text, gboolean complete)
{
  gsize    length = strlen (text);
  gboolean changed;

  if (reader->stream == NULL) {
    if (length == reader->taken)
      return FALSE;
    reader_reset (reader);
  }
  if (length > reader->taken)
    facet_markdown_stream_append (reader->stream, text + reader->taken,
                                  (gssize)(length - reader->taken));
  reader->taken = MAX (reader->taken, length);
  if (complete)
    facet_markdown_stream_finish (reader->stream);
  changed = reader_apply (reader);
  facet_flow_set_open (reader->flow, !complete);
  if (complete)
    g_clear_pointer (&reader->stream, facet_markdown_stream_free);
  return changed;
}

static void
load_person (FacetTurnModel *self)
{
  const char *text = facet_message_get_text (self->message);
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)facet_block_unref);
  FacetFlow *flow = self->body.flow;

  facet_block_split_plain (text, strlen (text), blocks);
  facet_flow_splice (flow, 0, facet_flow_get_n_blocks (flow), (FacetBlock **)blocks->pdata,
                     blocks->len);
  self->clipped = blocks->len > CLIP_LINES + CLIP_SLACK;
  facet_flow_set_limit (flow, self->clipped ? CLIP_LINES : 0);
}

static gboolean
feed (FacetTurnModel *self)
{
  gboolean running = facet_message_is_running (self->message);
  gboolean thought = running && facet_message_get_phase (self->message) != FACET_PHASE_ANSWERING;
  gboolean changed = FALSE;

  changed |= reader_feed (&self->trace, facet_message_get_thinking (self->message), !thought);
  changed |= reader_feed (&self->body, facet_message_get_text (self->message), !running);
  return changed;
}

static void
reset (FacetTurnModel *self)
{
  self->loaded = TRUE;
  self->height_width = NEVER;
  if (facet_message_get_role (self->message) == FACET_ROLE_ASSISTANT) {
    reader_reset (&self->body);
    reader_reset (&self->trace);
    feed (self);
  } else {
    load_person (self);
  }
}

void
facet_turn_model_load (FacetTurnModel *self)
{
  if (!self->loaded)
    reset (self);
}

gboolean
facet_turn_model_update (FacetTurnModel *self)
{
  if (!self->dirty)
    return FALSE;
  self->dirty = FALSE;
  self->estimate_width = NEVER;
  if (!self->loaded)
    return FALSE;
  self->height_width = NEVER;
  return feed (self);
}

/* --- the message
 * ---------------------------------------------------------------------------------------- */

static void
mark_dirty (FacetTurnModel *self)
{
  if (self->dirty)
    return;
  self->dirty = TRUE;
  g_signal_emit (self, signals[DIRTY], 0);
}

static void
appended_cb (FacetTurnModel *self)
{
  mark_dirty (self);
}

/* Replaced as a whole. */
static void
text_cb (FacetTurnModel *self)
{
  self->estimate_width = NEVER;
  if (self->loaded) {
    reset (self);
    g_signal_emit (self, signals[CHANGED], 0);
  }
}

static void
set_thought_view (FacetTurnModel *self, FacetThoughtView view)
{
  if (self->thought_view == view)
    return;
  self->thought_view = view;
  self->height_width = NEVER;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
follow_phase (FacetTurnModel *self)
{
  gboolean thinking = facet_message_get_phase (self->message) == FACET_PHASE_THINKING;

  if (thinking == self->thinking)
    return;
  self->thinking = thinking;
  self->fold_wanted = FALSE;
  if (thinking && self->thought_view == FACET_THOUGHT_FOLDED)
    set_thought_view (self, FACET_THOUGHT_BOX);
  else if (!thinking && self->thought_view == FACET_THOUGHT_BOX && self->held)
    self->fold_wanted = TRUE;
  else if (!thinking && self->thought_view == FACET_THOUGHT_BOX)
    set_thought_view (self, FACET_THOUGHT_FOLDED);
}

static void
notify_cb (FacetTurnModel *self, GParamSpec *pspec)
{
  const char *name = pspec->name;

  if (strcmp (name, "text") == 0 || strcmp (name, "thinking") == 0) {
    text_cb (self);
    return;
  }
  /* An answer that is asked for again starts empty, and goes on being read when it was complete. */
  if (strcmp (name, "state") == 0 && self->loaded && facet_message_is_running (self->message) &&
      self->body.stream == NULL)
    reset (self);
  if (strcmp (name, "phase") == 0 || strcmp (name, "state") == 0) {
    self->height_width = NEVER;
    follow_phase (self);
    mark_dirty (self);
  }
  g_signal_emit (self, signals[CHANGED], 0);
}

/* --- views
 * ---------------------------------------------------------------------------------------------- */

FacetThoughtView
facet_turn_model_get_thought_view (FacetTurnModel *self)
{
  return self->thought_view;
}

void
facet_turn_model_set_thought_view (FacetTurnModel *self, FacetThoughtView view)
{
  self->fold_wanted = FALSE;
  set_thought_view (self, view);
}

void
facet_turn_model_hold_thought (FacetTurnModel *self, gboolean held)
{
  self->held = held;
  if (held || !self->fold_wanted)
    return;
  self->fold_wanted = FALSE;
  set_thought_view (self, FACET_THOUGHT_FOLDED);
}

gboolean
facet_turn_model_get_clipped (FacetTurnModel *self)
{
  return self->clipped;
}

void
facet_turn_model_unclip (FacetTurnModel *self)
{
  if (!self->clipped)
    return;
  self->clipped = FALSE;
  self->height_width = NEVER;
  facet_flow_set_limit (self->body.flow, 0);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* Bytes and ends of line stand for the lines that they will take. */
static double
guess_height (FacetMessage *message, int text_width)
{
  const char *text = facet_message_get_text (message);
  double      per_line = MAX (text_width / GUESSED_CHAR, 10);
  double      lines = 0, line = 0;

  for (const char *p = text;; p++) {
    if (*p == '\n' || *p == '\0') {
      lines += line > 0 ? ceil (line / per_line) : 0.5;
      line = 0;
    } else {
      line++;
    }
    if (*p == '\0')
      break;
  }
  if (facet_message_get_role (message) != FACET_ROLE_ASSISTANT)
    lines = MIN (lines, CLIP_LINES);
  return lines * GUESSED_LINE + ROW_CHROME;
}

double
facet_turn_model_get_height (FacetTurnModel *self, int text_width)
{
  if (self->height_width == text_width)
    return self->height;
  /* What was measured last, and what came since, is nearer to the truth than the bare text. */
  if (self->height > 0 && self->loaded && self->height_width == NEVER)
    return self->chrome + facet_flow_get_height (self->body.flow);
  if (self->estimate_width != text_width) {
    self->estimate = guess_height (self->message, text_width);
    self->estimate_width = text_width;
  }
  return self->estimate;
}

void
facet_turn_model_set_height (FacetTurnModel *self, int text_width, double height)
{
  self->height = height;
  self->chrome = height - facet_flow_get_height (self->body.flow);
  self->height_width = text_width;
}

/* --- object
 * --------------------------------------------------------------------------------------------- */

static void
facet_turn_model_finalize (GObject *object)
{
  FacetTurnModel *self = FACET_TURN_MODEL (object);

  g_clear_pointer (&self->body.stream, facet_markdown_stream_free);
  g_clear_pointer (&self->trace.stream, facet_markdown_stream_free);
  facet_flow_unref (self->body.flow);
  facet_flow_unref (self->trace.flow);
  g_clear_object (&self->message);
  G_OBJECT_CLASS (facet_turn_model_parent_class)->finalize (object);
}

static void
facet_turn_model_class_init (FacetTurnModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = facet_turn_model_finalize;
  signals[DIRTY] = g_signal_new ("dirty", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
facet_turn_model_init (FacetTurnModel *self)
{
  self->height_width = NEVER;
  self->estimate_width = NEVER;
}

FacetTurnModel *
facet_turn_model_new (FacetMessage *message)
{
  FacetTurnModel *self = g_object_new (FACET_TYPE_TURN_MODEL, NULL);
  gboolean        person = facet_message_get_role (message) != FACET_ROLE_ASSISTANT;

  self->message = g_object_ref (message);
  self->thinking = facet_message_get_phase (message) == FACET_PHASE_THINKING;
  if (self->thinking)
    self->thought_view = FACET_THOUGHT_BOX;
  self->body.flow = facet_flow_new (person ? FACET_FLOW_PERSON : FACET_FLOW_ANSWER);
  self->trace.flow = facet_flow_new (FACET_FLOW_TRACE);
  g_signal_connect_object (message, "appended", G_CALLBACK (appended_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (message, "notify", G_CALLBACK (notify_cb), self, G_CONNECT_SWAPPED);
  return self;
}
