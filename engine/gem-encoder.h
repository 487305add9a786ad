/* gem-encoder.h: what the two encoders share: their weights, and the end of a run.  Internal to
 * the engine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Engine thread only. */
#pragma once

#include "gem-audio.h"
#include "gem-vision.h"

G_BEGIN_DECLS

/* Waits, and reads the soft tokens.  NULL: GEM_ERROR_DEVICE. */
GemSoft *gem_encoder_finish (const KrnOps *k,
                             KrnDevice    *device,
                             KrnMat        soft,
                             const char   *key,
                             GError      **error) G_GNUC_WARN_UNUSED_RESULT;
void     gem_encoder_set_cancelled (GError **error);

/* Defined in gem-model.c.  The tensors are bound to the device when they are first asked for.  NULL
 * (GEM_ERROR_UNSUPPORTED) if the model has no such encoder, or was loaded without it. */
const GemVisionWeights *gem_model_get_vision_weights (GemModel *model, GError **error);
const GemAudioWeights  *gem_model_get_audio_weights (GemModel *model, GError **error);

G_END_DECLS
