/* facet-perception.h: what the model is given of pictures, sound and video: soft tokens.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Private to app/.  Engine thread.  Belongs to one model: what was encoded is kept by content and
 * detail, as much as fits into a context, so that a picture that was talked about is not looked at
 * again. */
#pragma once

#include "engine/gem-media.h"

#include "facet-media.h"
#include "facet-message.h"

G_BEGIN_DECLS

typedef struct _FacetPerception FacetPerception;

FacetPerception *facet_perception_new (GemModel *model,
                                       guint     context_size) G_GNUC_WARN_UNUSED_RESULT;
void             facet_perception_free (FacetPerception *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetPerception, facet_perception_free)

/* How an attachment stands in a prompt: a picture is one part, a sound one part a clip, a video one
 * a frame.  What was not yet decoded is told from what its import found out, which may be a few
 * tokens off. */
typedef struct {
  FacetMediaKind kind;
  guint          n_parts;  /* 0: its file is gone, and it is left out */
  const guint   *n_tokens; /* of each part */
  const double  *seconds;  /* of each part: when a video's frame is seen */
} FacetPercept;

/* Valid until the next facet_perception_prepare (). */
FacetPercept facet_perception_look_up (FacetPerception *self, FacetMedia *media);

/* @phase: FACET_PHASE_LOOKING or FACET_PHASE_LISTENING; @progress 0…1 of everything.  FALSE
 * cancels. */
typedef gboolean (*FacetPerceiveFunc) (FacetPhase phase, double progress, gpointer user_data);

/* Decodes and encodes those of @media (of FacetMedia) of which not everything is kept; what was
 * decoded is then known exactly.  *@changed: not as it was told before. */
gboolean facet_perception_prepare (FacetPerception  *self,
                                   GPtrArray        *media,
                                   gboolean         *changed,
                                   FacetPerceiveFunc func,
                                   gpointer          user_data,
                                   GError          **error);
/* The places in @ids of the soft tokens of @media, which was prepared: as of gem_soft_place (). */
GArray  *facet_perception_place (FacetPerception *self,
                                 GPtrArray       *media,
                                 const GArray    *ids,
                                 GError         **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
