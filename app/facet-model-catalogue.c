/* facet-model-catalogue.c: the published checkpoints of Gemma 4 E2B and E4B, and whether they fit.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "facet-models"

#include "config.h"

#include "facet-model-catalogue.h"

#include "engine/gem-device.h"
#include "engine/gem-need.h"

#include <glib/gi18n-lib.h>

#define CONTEXT_SIZE 8192
#define MEMORY_SHARE 0.9
#define ACCEPTED     ".licence-accepted"

/* The text model and its projector, of the several files that the repository may have. */
static const char *const of_gguf[] = {"*_q4_0-it.gguf", "*-mmproj.gguf", "LICENSE*", "README.md",
                                      NULL};

static const FacetCatalogueModel models[] = {
    {"gemma-4-e2b", "Gemma 4 E2B", N_ ("As published, 16 bits"), "google/gemma-4-E2B-it", "e2b",
     FACET_MODEL_AS_PUBLISHED, G_GUINT64_CONSTANT (10278870000), NULL},
    {"gemma-4-e2b-q4", "Gemma 4 E2B, 4 bits",
     N_ ("Trained for 4 bits: less than half the download, nearly as good"),
     "google/gemma-4-E2B-it-qat-q4_0-gguf", "e2b", FACET_MODEL_GGUF,
     G_GUINT64_CONSTANT (4336350000), of_gguf},
    {"gemma-4-e2b-w4a16", "Gemma 4 E2B, W4A16",
     N_ ("Trained for 4 bits, in the form that vLLM takes too"),
     "google/gemma-4-E2B-it-qat-w4a16-ct", "e2b", FACET_MODEL_W4A16,
     G_GUINT64_CONSTANT (8348500000), NULL},
    {"gemma-4-e4b", "Gemma 4 E4B", N_ ("Larger and slower, and answers better"),
     "google/gemma-4-E4B-it", "e4b", FACET_MODEL_AS_PUBLISHED, G_GUINT64_CONSTANT (16020000000),
     NULL},
    {"gemma-4-e4b-q4", "Gemma 4 E4B, 4 bits", N_ ("The larger one, trained for 4 bits"),
     "google/gemma-4-E4B-it-qat-q4_0-gguf", "e4b", FACET_MODEL_GGUF,
     G_GUINT64_CONSTANT (6146500000), of_gguf},
    {"gemma-4-e4b-w4a16", "Gemma 4 E4B, W4A16",
     N_ ("The larger one, trained for 4 bits, in the form that vLLM takes too"),
     "google/gemma-4-E4B-it-qat-w4a16-ct", "e4b", FACET_MODEL_W4A16,
     G_GUINT64_CONSTANT (11500000000), NULL},
    {"gemma-4-e2b-drafter", "Drafter of Gemma 4 E2B",
     N_ ("Guesses ahead, so that answers come faster"), "google/gemma-4-E2B-it-assistant", "e2b",
     FACET_MODEL_DRAFTER, 190000000, NULL},
    {"gemma-4-e2b-q4-drafter", "Drafter of Gemma 4 E2B, 4 bits",
     N_ ("Guesses ahead for the checkpoints of 4 bits"),
     "google/gemma-4-E2B-it-qat-q4_0-unquantized-assistant", "e2b", FACET_MODEL_DRAFTER, 190000000,
     NULL},
    {"gemma-4-e4b-drafter", "Drafter of Gemma 4 E4B",
     N_ ("Guesses ahead, so that answers come faster"), "google/gemma-4-E4B-it-assistant", "e4b",
     FACET_MODEL_DRAFTER, 192000000, NULL},
    {"gemma-4-e4b-q4-drafter", "Drafter of Gemma 4 E4B, 4 bits",
     N_ ("Guesses ahead for the checkpoints of 4 bits"),
     "google/gemma-4-E4B-it-qat-q4_0-unquantized-assistant", "e4b", FACET_MODEL_DRAFTER, 192000000,
     NULL},
};

const FacetCatalogueModel *
facet_catalogue_get (gsize *n)
{
  *n = G_N_ELEMENTS (models);
  return models;
}

const FacetCatalogueModel *
facet_catalogue_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (g_ascii_strcasecmp (models[i].id, name) == 0 ||
        g_ascii_strcasecmp (models[i].repository, name) == 0)
      return &models[i];
  return NULL;
}

/* ---- the licence ---- */

const char *
facet_catalogue_get_licence_summary (void)
{
  return _ (
      "Gemma 4 is published by Google under the Apache License 2.0: you may use, change and "
      "pass it on, also for money, as long as you keep its notices. It comes without warranty; "
      "what it says may be wrong.");
}

gboolean
facet_catalogue_is_licence_accepted (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, ACCEPTED, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

gboolean
facet_catalogue_accept_licence (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ACCEPTED, NULL);

  /* If the folder cannot be made, the file cannot either, and says why. */
  g_mkdir_with_parents (folder, 0755);
  return g_file_set_contents (path, FACET_CATALOGUE_LICENCE " " FACET_CATALOGUE_LICENCE_URL "\n",
                              -1, error);
}

/* ---- this computer ---- */

void
facet_machine_clear (FacetMachine *self)
{
  g_clear_pointer (&self->gpu, g_free);
}

void
facet_machine_look (FacetMachine *self, double share)
{
  g_autoptr (GPtrArray) devices = gem_device_list (NULL);

  *self = (FacetMachine){0};
  for (guint i = 0; i < devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (devices, i);

    if (!device->is_here || device->problem != NULL)
      continue;
    if (g_str_equal (device->backend, "cpu")) {
      self->memory = device->memory_total;
    } else if (self->gpu == NULL) { /* "auto" takes the first one */
      self->gpu = g_strdup (device->name);
      self->gpu_memory =
          (guint64)((double)device->memory_total * (share > 0 ? share : MEMORY_SHARE));
    }
  }
}

/* ---- whether it fits ---- */

static const struct {
  const char *name;
  GemWeights  weights;
} bits[] = {{"bf16", GEM_WEIGHTS_BF16}, {"q8", GEM_WEIGHTS_Q8}, {"q4", GEM_WEIGHTS_Q4}};

static gboolean
try_device (FacetFitting              *self,
            const FacetCatalogueModel *model,
            gsize                      first,
            guint                      context_size,
            gboolean                   on_gpu,
            guint64                    have)
{
  gboolean packed = model->form == FACET_MODEL_W4A16 || model->form == FACET_MODEL_GGUF;

  for (gsize i = first; i < G_N_ELEMENTS (bits); i++) {
    GemNeed need;

    if (!gem_need_count (model->shape, bits[i].weights, packed, context_size, on_gpu, &need))
      return FALSE;
    self->weights = bits[i].name;
    self->need = gem_need_get_total (&need);
    self->have = have;
    if (self->need > have)
      continue;
    self->fit = on_gpu ? (i == first ? FACET_FIT_GPU : FACET_FIT_GPU_LESS)
                       : (i == first ? FACET_FIT_CPU : FACET_FIT_CPU_LESS);
    return TRUE;
  }
  return FALSE;
}

FacetFitting
facet_catalogue_fit (const FacetCatalogueModel *model,
                     const FacetMachine        *machine,
                     const char                *weights,
                     guint                      context_size)
{
  FacetFitting fitting = {.fit = FACET_FIT_NOT};
  guint        n_ctx = context_size > 0 ? context_size : CONTEXT_SIZE;
  gsize        first = 0;

  while (first + 1 < G_N_ELEMENTS (bits) && g_strcmp0 (weights, bits[first].name) != 0)
    first++;
  if (weights == NULL)
    first = 0;
  if (machine->gpu != NULL && try_device (&fitting, model, first, n_ctx, TRUE, machine->gpu_memory))
    return fitting;
  /* The rest of the system wants to live, too. */
  if (try_device (&fitting, model, first, n_ctx, FALSE, machine->memory / 10 * 9))
    return fitting;
  fitting.fit = FACET_FIT_NOT;
  fitting.have = machine->memory;
  return fitting;
}

static const char *
bits_text (const char *weights)
{
  return g_str_equal (weights, "q8") ? _ ("8-bit weights") : _ ("4-bit weights");
}

char *
facet_fitting_dup_text (const FacetFitting *self, const FacetMachine *machine)
{
  g_autofree char *need = g_format_size (self->need);
  g_autofree char *have = g_format_size (self->have);

  switch (self->fit) {
  case FACET_FIT_GPU:
    /* Translators: a GPU's name, and how much memory is needed of how much. */
    return g_strdup_printf (_ ("Fits your GPU (%s): needs %s of %s"), machine->gpu, need, have);
  case FACET_FIT_GPU_LESS:
    /* Translators: a GPU's name, "8-bit weights", how much memory is needed of how much. */
    return g_strdup_printf (_ ("Fits your GPU (%s) with %s: needs %s of %s"), machine->gpu,
                            bits_text (self->weights), need, have);
  case FACET_FIT_CPU:
    return g_strdup_printf (_ ("Runs on your processor: needs %s of %s of memory"), need, have);
  case FACET_FIT_CPU_LESS:
    /* Translators: "8-bit weights", how much memory is needed of how much. */
    return g_strdup_printf (_ ("Runs on your processor with %s: needs %s of %s of memory"),
                            bits_text (self->weights), need, have);
  case FACET_FIT_NOT:
  default:
    return g_strdup_printf (_ ("Too large for this computer: needs %s, and there are %s of memory"),
                            need, have);
  }
}
