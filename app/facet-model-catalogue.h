/* facet-model-catalogue.h: the models that Facet offers: where they are, how large, and what they
 * need.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sizes are those of the published files; what a download brings is asked of the hub.  What a model
 * needs is counted from its shape (engine/gem-need.h).  Any thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  FACET_MODEL_AS_PUBLISHED, /* bf16 safetensors */
  FACET_MODEL_W4A16,        /* 4-bit weights made in training, compressed-tensors */
  FACET_MODEL_GGUF,         /* the same as GGUF, with a projector file */
  FACET_MODEL_DRAFTER,      /* guesses ahead for one of the others */
} FacetModelForm;

typedef struct {
  const char        *id;         /* "gemma-4-e2b": what facet-cli calls it */
  const char        *name;       /* "Gemma 4 E2B" */
  const char        *detail;     /* what it is; to be translated */
  const char        *repository; /* "google/gemma-4-E2B-it" */
  const char        *shape;      /* "e2b", as the engine calls it */
  FacetModelForm     form;
  guint64            size;  /* bytes to download, to within one per cent */
  const char *const *files; /* globs; NULL: what a model folder needs */
} FacetCatalogueModel;

/* All of them, best known first. */
const FacetCatalogueModel *facet_catalogue_get (gsize *n);
/* By id or repository, in any letters; NULL: there is none. */
const FacetCatalogueModel *facet_catalogue_find (const char *name);

/* Under which terms they may be used. */
#define FACET_CATALOGUE_LICENCE     "Apache-2.0"
#define FACET_CATALOGUE_LICENCE_URL "https://ai.google.dev/gemma/docs/gemma_4_license"
/* What that says, in two sentences. */
const char *facet_catalogue_get_licence_summary (void);
/* It is shown once: whether somebody has accepted it, kept beside the models in @models. */
gboolean    facet_catalogue_is_licence_accepted (const char *models);
gboolean    facet_catalogue_accept_licence (const char *models, GError **error);

/* What this computer has to compute with. */
typedef struct {
  char   *gpu;        /* its name; NULL: none that can be used */
  guint64 gpu_memory; /* bytes that Facet may use of it */
  guint64 memory;     /* of the computer; 0: not known */
} FacetMachine;

void facet_machine_clear (FacetMachine *self);
/* Asks drivers, which takes seconds: any thread that may wait.  @share: of a GPU's memory; 0: the
 * usual. */
void facet_machine_look (FacetMachine *self, double share);

typedef enum {
  FACET_FIT_GPU,      /* the GPU computes it */
  FACET_FIT_GPU_LESS, /* … with fewer bits than the settings say */
  FACET_FIT_CPU,      /* the processor computes it */
  FACET_FIT_CPU_LESS,
  FACET_FIT_NOT,
} FacetFit;

typedef struct {
  FacetFit    fit;
  guint64     need; /* bytes, where it is computed */
  guint64     have;
  const char *weights; /* with which it fits: "bf16", "q8", "q4" */
} FacetFitting;

/* @weights, @context_size: of the settings; of a model that comes in 4 bits the first decides about
 * its head only.  0: 8192. */
FacetFitting facet_catalogue_fit (const FacetCatalogueModel *model,
                                  const FacetMachine        *machine,
                                  const char                *weights,
                                  guint                      context_size);
/* "Fits your GPU (RTX 3060): needs 5.6 GB of 12 GB".  (transfer full) */
char        *facet_fitting_dup_text (const FacetFitting *self,
                                     const FacetMachine *machine) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
