/* gem.h: the engine's public interface, all of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A model is loaded once and never changes; a session is one timeline of tokens over it.  One
 * thread, the engine thread, makes all calls; exceptions are named where they are declared.
 *
 *   g_autoptr (GError) error = NULL;
 *   GemModelOptions options = { .backend = "cpu", .weights = GEM_WEIGHTS_Q8 };
 *   g_autoptr (GemModel) model = gem_model_load (folder, &options, NULL, NULL, &error);
 *   g_autoptr (GemSession) session = gem_session_new (model, 8192, &error);
 *
 *   g_autoptr (json_t) … the conversation, in the OpenAI form
 *   g_autoptr (GemPrompt) prompt = gem_chat_render (request, gem_model_get_template (model),
 * &error); g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
 *   gem_prompt_tokenize (prompt, gem_model_get_tokenizer (model), NULL, ids, &error);
 *   … pictures and sound: gem-media.h, whose soft tokens take the places of @ids' placeholders …
 *   gem_session_sync (session, (gint32 *) ids->data, ids->len, NULL, NULL, NULL, &error);
 *
 *   GemSampling sampling;
 *   gem_sampling_init (&sampling, model);
 *   for (;;) {
 *     gint32 id = gem_session_sample (session, &sampling, &error);
 *     if (id < 0 || gem_model_is_stop (model, id) || !gem_session_step (session, id, &error))
 *       break;
 *     … gem_detokenizer_push (), gem_parser_push_plain () or …_special ()
 *   }
 */
#pragma once

#include "gem-chat.h"
#include "gem-config.h"
#include "gem-error.h"
#include "gem-media.h"
#include "gem-model.h"
#include "gem-parser.h"
#include "gem-session.h"
#include "gem-tokenizer.h"
