/* facet-remote-answer.h: what a server sends as an answer, as events.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  The chunks of OpenAI's chat completions and what servers make of them: thoughts
 * in `reasoning` or `reasoning_content`, or in the text between Gemma's channel tags
 * (engine/gem-parser.h), which is looked for where the server does not take it apart itself.  The
 * chunks may be anything; memory and the length of the answer are bounded.  One thread at a time.
 */
#pragma once

#include <gio/gio.h>

#include "facet-request.h"

G_BEGIN_DECLS

/* Bytes of thought and answer together, of one call's arguments, and calls: more is no answer. */
#define FACET_REMOTE_MAX_TEXT      ((gsize)16 << 20)
#define FACET_REMOTE_MAX_ARGUMENTS ((gsize)1 << 20)
#define FACET_REMOTE_MAX_CALLS     64
/* Characters of a server's own words in a sentence. */
#define FACET_REMOTE_MAX_WORDS 400

/* Errors of a server, besides G_IO_ERROR and others of what is below. */
#define FACET_REMOTE_ERROR (facet_remote_error_quark ())

typedef enum {
  FACET_REMOTE_ERROR_REFUSED,    /* the server says no, in words of its own */
  FACET_REMOTE_ERROR_GARBAGE,    /* what comes is not an answer */
  FACET_REMOTE_ERROR_BROKEN_OFF, /* it ended before the answer did */
} FacetRemoteError;

GQuark facet_remote_error_quark (void);

typedef struct _FacetRemoteAnswer FacetRemoteAnswer;

/* Takes @event: THOUGHT, ANSWER, TOOL_CALL or USAGE. */
typedef void (*FacetRemoteAnswerFunc) (FacetEvent *event, gpointer user_data);

/* @has_tools: calls may stand in the text, between tags. */
FacetRemoteAnswer *facet_remote_answer_new (guint64               turn,
                                            gboolean              has_tools,
                                            FacetRemoteAnswerFunc func,
                                            gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void               facet_remote_answer_free (FacetRemoteAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetRemoteAnswer, facet_remote_answer_free)

/* The data of one event of the stream, or the body of an answer that was not streamed.  FALSE:
 * there is nothing more to come, or @error. */
gboolean facet_remote_answer_take (FacetRemoteAnswer *self,
                                   const char        *data,
                                   gsize              length,
                                   GError           **error);
/* Sends what has come and was not sent yet: text goes out once for all chunks that came together.
 */
void     facet_remote_answer_flush (FacetRemoteAnswer *self);
/* The end of the stream: sends calls and usage, too.  FALSE: it ended before the answer did
 * (FACET_REMOTE_ERROR_BROKEN_OFF), or by the server's filter. */
gboolean facet_remote_answer_finish (FacetRemoteAnswer *self, GError **error);
/* Nothing but usage and calls that are whole, of an answer that was ended from here. */
void     facet_remote_answer_stop (FacetRemoteAnswer *self);

/* Anything of thought, answer or a call has come. */
gboolean facet_remote_answer_has_begun (FacetRemoteAnswer *self);
/* Something of the answer itself has come, or a call. */
gboolean facet_remote_answer_is_answering (FacetRemoteAnswer *self);
/* max_tokens or the context's end was reached. */
gboolean facet_remote_answer_is_cut_off (FacetRemoteAnswer *self);
/* When the answer was asked for, by g_get_monotonic_time (), and how many tokens the model reads at
 * most (0: not known): for the usage. */
void     facet_remote_answer_set_asked (FacetRemoteAnswer *self, gint64 asked, guint context_size);

/* The server's own words in the body of a refusal: one line of plain text; NULL: there are none.
 * (transfer full) */
char *facet_remote_words (const char *body, gsize length) G_GNUC_WARN_UNUSED_RESULT;
/* Of @text: without what controls a terminal or a line, FACET_REMOTE_MAX_WORDS at most.  NULL:
 * nothing is left.  (transfer full) */
char *facet_remote_plain_words (const char *text, gsize length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
