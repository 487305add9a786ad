/* facet-hardware.c: the lists of checks, those of the processor, and all of them as text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread that may wait. */
#define G_LOG_DOMAIN "facet-hardware"

#include "config.h"

#include "facet-hardware-private.h"

#include <dlfcn.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

/* Checks */

static void
check_free (gpointer data)
{
  FacetCheck *self = data;

  g_free (self->result);
  g_free (self->cure);
  g_free (self);
}

static void
hardware_free (gpointer data)
{
  FacetHardware *self = data;

  g_ptr_array_unref (self->checks);
  g_free (self);
}

gboolean
facet_hardware_add (FacetHardware  *self,
                    const char     *title,
                    FacetCheckState state,
                    char           *result,
                    char           *cure)
{
  FacetCheck *check = g_new0 (FacetCheck, 1);

  check->title = title;
  check->state = state;
  check->result = result;
  check->cure = cure;
  g_ptr_array_add (self->checks, check);
  return state == FACET_CHECK_GOOD || state == FACET_CHECK_POOR;
}

FacetCheckState
facet_hardware_get_state (const FacetHardware *self)
{
  FacetCheckState worst = FACET_CHECK_GOOD;

  for (guint i = 0; i < self->checks->len; i++)
    worst = MAX (worst, ((const FacetCheck *)self->checks->pdata[i])->state);
  return worst;
}

/* Files of the machine */

gboolean
facet_machine_has (const FacetMachineView *view, const char *path)
{
  g_autofree char *whole = g_strconcat (view->root, path, NULL);

  return g_file_test (whole, G_FILE_TEST_EXISTS);
}

char *
facet_machine_dup_text (const FacetMachineView *view, const char *path)
{
  g_autofree char *whole = g_strconcat (view->root, path, NULL);
  g_autofree char *text = NULL;

  /* Those of /proc and /sys have no size that could be asked for before. */
  return g_file_get_contents (whole, &text, NULL, NULL) ? g_utf8_make_valid (text, -1)
                                                        : g_strdup ("");
}

/* Memory */

void
facet_hardware_add_memory (FacetHardware *self, char *result, guint64 have, guint64 need)
{
  g_autofree char *words = result;
  g_autofree char *needed = g_format_size (need);

  if (need == 0 || have == 0)
    facet_hardware_add (self, _ ("Memory"), FACET_CHECK_GOOD, g_steal_pointer (&words), NULL);
  else if (need <= have)
    facet_hardware_add (self, _ ("Memory"), FACET_CHECK_GOOD,
                        /* Translators: a sentence about memory, then what the model needs. */
                        g_strdup_printf (_ ("%s  The model needs %s."), words, needed), NULL);
  else
    facet_hardware_add (self, _ ("Memory"), FACET_CHECK_POOR,
                        g_strdup_printf (_ ("%s  The model needs %s."), words, needed),
                        g_strdup (g_str_equal (self->backend, "cpu")
                                      ? _ ("Close other programs, or choose fewer bits for the "
                                           "weights, a shorter "
                                           "context or a smaller model.")
                                      : _ ("Choose fewer bits for the weights, a shorter context "
                                           "or a smaller "
                                           "model.  Until then the processor computes.")));
}

/* A line such as "MemAvailable:   12345 kB", in bytes; 0: there is none. */
static guint64
find_meminfo (const char *text, const char *name)
{
  const char *line = strstr (text, name);

  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) * 1024 : 0;
}

/* What a container may take; G_MAXUINT64: it is not limited. */
static guint64
get_cgroup_limit (const FacetMachineView *view)
{
  g_autofree char *text = facet_machine_dup_text (view, "/sys/fs/cgroup/memory.max");

  return g_ascii_isdigit (text[0]) ? g_ascii_strtoull (text, NULL, 10) : G_MAXUINT64;
}

static void
check_memory (FacetHardware *self, const FacetMachineView *view)
{
  g_autofree char *text = facet_machine_dup_text (view, "/proc/meminfo");
  guint64          limit = get_cgroup_limit (view);
  guint64          total = MIN (find_meminfo (text, "MemTotal:"), limit);
  guint64          available = MIN (find_meminfo (text, "MemAvailable:"), limit);
  g_autofree char *all = g_format_size (total);
  g_autofree char *free = g_format_size (available);

  if (total == 0)
    facet_hardware_add (self, _ ("Memory"), FACET_CHECK_POOR,
                        g_strdup (_ ("How much there is cannot be read from /proc/meminfo.")),
                        g_strdup (
                            _ ("Let the container or sandbox in which Facet runs see /proc.")));
  else
    /* Translators: how much memory a computer has, and how much of it nobody uses. */
    facet_hardware_add_memory (self, g_strdup_printf (_ ("%s, of which %s are free."), all, free),
                               available, view->cpu_need);
}

/* The processor */

static void
check_processor (FacetHardware *self, const FacetMachineView *view, const GemDevice *device)
{
  gboolean is_plain = g_str_equal (device->isa, "c");
  char    *threads = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s, %d thread.",
                                                   "%s, %d threads.", (gulong)device->threads),
                                      device->name, device->threads);

  facet_hardware_add (self, _ ("Processor"), FACET_CHECK_GOOD, threads, NULL);
  if (is_plain)
    facet_hardware_add (self, _ ("Architecture"), FACET_CHECK_POOR,
                        g_strdup (_ ("It has none of the instructions that Facet has fast "
                                     "arithmetic for (AVX2, "
                                     "AVX-512), so that it computes slowly.")),
                        g_strdup (_ ("Use a GPU, a smaller model, or a server.")));
  else
    facet_hardware_add (self, _ ("Architecture"), FACET_CHECK_GOOD,
                        /* Translators: the instructions of a processor, such as “avx2”. */
                        g_strdup_printf (_ ("Computes with %s."), device->isa), NULL);
  check_memory (self, view);
}

static void
check_cpu (FacetHardware *self, const FacetMachineView *view)
{
  for (guint i = 0; i < view->devices->len; i++) {
    const GemDevice *device = g_ptr_array_index (view->devices, i);

    if (g_str_equal (device->backend, "cpu"))
      check_processor (self, view, device);
  }
}

/* All of it */

static FacetHardware *
hardware_new (const char *backend, const char *name)
{
  FacetHardware *self = g_new0 (FacetHardware, 1);

  self->backend = backend;
  self->name = name;
  self->checks = g_ptr_array_new_with_free_func (check_free);
  return self;
}

GPtrArray *
facet_hardware_check (const FacetMachineView *view)
{
  const struct {
    const char *backend, *name;
    void (*check) (FacetHardware *self, const FacetMachineView *view);
  } kinds[] = {
      {"cuda", _ ("NVIDIA GPU"), facet_hardware_check_nvidia},
      {"hip", _ ("AMD GPU"), facet_hardware_check_amd},
      {"cpu", _ ("Processor"), check_cpu},
  };
  GPtrArray *all = g_ptr_array_new_with_free_func (hardware_free);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    FacetHardware *self = hardware_new (kinds[i].backend, kinds[i].name);

    g_ptr_array_add (all, self);
    kinds[i].check (self, view);
  }
  return all;
}

/* Drivers' libraries do not like to be unloaded. */
static char *
open_library (const char *name, gpointer user_data)
{
  if (dlopen (name, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE) != NULL)
    return NULL;
  return g_utf8_make_valid (dlerror (), -1);
}

static gboolean
may_open (const char *path, gpointer user_data)
{
  return access (path, R_OK | W_OK) == 0;
}

GPtrArray *
facet_hardware_check_here (const GPtrArray *devices,
                           guint64          gpu_need,
                           guint64          cpu_need,
                           double           memory_share)
{
  FacetMachineView view = {.root = "",
                           .open_library = open_library,
                           .may_open = may_open,
                           .devices = devices,
                           .gpu_need = gpu_need,
                           .cpu_need = cpu_need,
                           .memory_share = memory_share};

  return facet_hardware_check (&view);
}

/* As text */

static const char *
name_state (FacetCheckState state)
{
  switch (state) {
  case FACET_CHECK_GOOD:
    return C_ ("hardware", "good");
  case FACET_CHECK_ABSENT:
    return C_ ("hardware", "none");
  case FACET_CHECK_POOR:
    return C_ ("hardware", "poor");
  case FACET_CHECK_FAILED:
  default:
    return C_ ("hardware", "failed");
  }
}

char *
facet_hardware_dup_text (const GPtrArray *hardware)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < hardware->len; i++) {
    const FacetHardware *self = g_ptr_array_index (hardware, i);

    g_string_append_printf (text, "%s%s\n", i > 0 ? "\n" : "", self->name);
    for (guint j = 0; j < self->checks->len; j++) {
      const FacetCheck *check = g_ptr_array_index (self->checks, j);

      g_string_append_printf (text, "  %s (%s): %s\n", check->title, name_state (check->state),
                              check->result);
      if (check->cure != NULL)
        g_string_append_printf (text, "    %s\n", check->cure);
    }
  }
  return g_string_free (text, FALSE);
}
