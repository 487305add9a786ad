/* facet-cli-models.c: "facet-cli models": what there is, downloading, verifying, removing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread, whose main loop watches the download.  Results go to standard output; how far it is,
 * as a bar on a terminal and as lines elsewhere, and complaints go to standard error. */
#define G_LOG_DOMAIN "facet-cli"

#include "config.h"

#include "facet-cli.h"
#include "facet-download.h"
#include "facet-model-catalogue.h"
#include "facet-model-folder.h"
#include "facet-schema.h"

#include <glib-unix.h>

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_SECONDS 10 /* between two lines where there is no terminal */
#define BAR_CELLS    24

#define USAGE                                                                                      \
  "Usage:\n"                                                                                       \
  "  facet-cli models list [--json]              what can be had, what is here, and what fits\n"   \
  "  facet-cli models get MODEL [OPTION…]      downloads, or goes on with a download\n"          \
  "  facet-cli models verify MODEL [--repair]    compares all files with their checksums\n"        \
  "  facet-cli models remove MODEL               deletes it, or what was downloaded of it\n"       \
  "  facet-cli models path MODEL                 prints its folder, for --model\n"                 \
  "\n"                                                                                             \
  "MODEL is a name of the list, or owner/name on the server.\n"                                    \
  "\n"                                                                                             \
  "Options of get and verify --repair:\n"                                                          \
  "  --from ADDRESS     a Hugging Face hub or a mirror; otherwise $HF_ENDPOINT, what the\n"        \
  "                     preferences say, or https://huggingface.co\n"                              \
  "  --accept-licence   accepts the licence without being asked\n"                                 \
  "A token, if one is needed, is $HF_TOKEN or in the desktop's keyring.\n"

typedef struct {
  gboolean                   help, json, repair, accept_licence;
  char                      *from;
  char                      *models, *hub_cache; /* folders */
  char                      *command, *word;     /* the model, as given */
  const FacetCatalogueModel *known;              /* NULL: it is not in the catalogue */
  char                      *repository;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->from);
  g_free (self->models);
  g_free (self->hub_cache);
  g_free (self->command);
  g_free (self->word);
  g_free (self->repository);
}

static int
misuse (const char *what)
{
  facet_cli_complain ("%s\nTry “facet-cli models --help”.", what);
  return FACET_CLI_USAGE;
}

/* list */

static const char *
state_of (const Options *o, const char *repository, guint64 *done)
{
  g_autoptr (FacetModelFolder) folder =
      facet_model_folder_find (o->models, o->hub_cache, repository);
  guint64 total;

  *done = 0;
  if (folder != NULL)
    return folder->origin == FACET_MODEL_OWN ? "here" : "in the Hugging Face cache";
  return facet_download_get_begun (o->models, repository, done, &total) ? "begun" : "available";
}

static json_t *
model_to_json (const Options *o, const FacetCatalogueModel *model, const FacetMachine *machine)
{
  FacetFitting     fitting = facet_catalogue_fit (model, machine, NULL, 0);
  g_autofree char *fit = facet_fitting_dup_text (&fitting, machine);
  guint64          done;
  const char      *state = state_of (o, model->repository, &done);
  json_t          *json = json_object ();

  json_object_set_new (json, "id", json_string (model->id));
  json_object_set_new (json, "name", json_string (model->name));
  json_object_set_new (json, "repository", json_string (model->repository));
  json_object_set_new (json, "licence", json_string (FACET_CATALOGUE_LICENCE));
  json_object_set_new (json, "size", json_integer ((json_int_t)model->size));
  json_object_set_new (json, "state", json_string (state));
  json_object_set_new (json, "downloaded", json_integer ((json_int_t)done));
  if (model->form != FACET_MODEL_DRAFTER) {
    json_object_set_new (json, "memory", json_integer ((json_int_t)fitting.need));
    json_object_set_new (json, "fits", json_boolean (fitting.fit != FACET_FIT_NOT));
    json_object_set_new (json, "fit", json_string (fit));
  }
  return json;
}

static void
print_model (const Options *o, const FacetCatalogueModel *model, const FacetMachine *machine)
{
  FacetFitting     fitting = facet_catalogue_fit (model, machine, NULL, 0);
  g_autofree char *fit = facet_fitting_dup_text (&fitting, machine);
  g_autofree char *size = g_format_size (model->size);
  guint64          done;

  printf ("%s\t%s\t%s\t%s\n", model->id, state_of (o, model->repository, &done), size,
          model->form != FACET_MODEL_DRAFTER ? fit : "");
}

/* What is here besides the catalogue. */
static void
add_others (const Options *o, json_t *array)
{
  g_autoptr (GPtrArray) folders = facet_model_folders_list (o->models, o->hub_cache);

  for (guint i = 0; i < folders->len; i++) {
    const FacetModelFolder *folder = g_ptr_array_index (folders, i);
    g_autofree char        *size = g_format_size (folder->size);
    const char *state = folder->origin == FACET_MODEL_OWN ? "here" : "in the Hugging Face cache";

    if (facet_catalogue_find (folder->repository) != NULL)
      continue;
    if (array != NULL)
      json_array_append_new (array, json_pack ("{s:s, s:s, s:I, s:s}", "id", folder->repository,
                                               "repository", folder->repository, "size",
                                               (json_int_t)folder->size, "state", state));
    else
      printf ("%s\t%s\t%s\t\n", folder->repository, state, size);
  }
}

static int
list (const Options *o)
{
  FacetMachine               machine;
  json_t                    *array = o->json ? json_array () : NULL;
  gsize                      n;
  const FacetCatalogueModel *models = facet_catalogue_get (&n);

  facet_machine_look (&machine, 0);
  for (gsize i = 0; i < n; i++)
    if (o->json)
      json_array_append_new (array, model_to_json (o, &models[i], &machine));
    else
      print_model (o, &models[i], &machine);
  add_others (o, array);
  if (o->json) {
    char *text = json_dumps (array, JSON_INDENT (2));

    puts (text);
    free (text);
    json_decref (array);
  }
  facet_machine_clear (&machine);
  return facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

/* How far it is */

typedef struct {
  gboolean is_terminal;
  gint64   last_line; /* when */
  gboolean shown;     /* the bar stands in the last line */
} Meter;

static guint
terminal_columns (void)
{
  struct winsize size;

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void
meter_draw (Meter *self, double fraction, const char *text)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *cut = NULL;
  int              full = (int)(fraction * BAR_CELLS);

  g_string_append_c (line, '[');
  for (int i = 0; i < BAR_CELLS; i++)
    g_string_append_c (line, i < full ? '#' : '.');
  g_string_append_printf (line, "] %3d %%  %s", (int)(fraction * 100), text);
  cut = g_utf8_substring (line->str, 0,
                          MIN (g_utf8_strlen (line->str, -1), (glong)terminal_columns () - 1));
  fprintf (stderr, "\r%s\x1b[K", cut);
  self->shown = TRUE;
}

static void
meter_show (Meter *self, double fraction, const char *text)
{
  gint64 now = g_get_monotonic_time ();

  if (self->is_terminal) {
    meter_draw (self, fraction, text);
  } else if (self->last_line == 0 || now - self->last_line >= LINE_SECONDS * G_USEC_PER_SEC) {
    fprintf (stderr, "%d %%  %s\n", (int)(fraction * 100), text);
    self->last_line = now;
  }
  fflush (stderr);
}

static void
meter_end (Meter *self)
{
  if (self->shown)
    fputc ('\n', stderr);
  self->shown = FALSE;
}

/* get */

typedef struct {
  FacetDownload *download;
  Meter          meter;
  gboolean       interrupted;
} Getting;

static void
progress_cb (FacetDownload *download, Getting *getting)
{
  g_autofree char *text = facet_download_dup_text (download);

  meter_show (&getting->meter, facet_download_get_fraction (download), text);
}

static gboolean
interrupt_cb (gpointer user_data)
{
  Getting *getting = user_data;

  getting->interrupted = TRUE;
  facet_download_pause (getting->download);
  return G_SOURCE_CONTINUE;
}

/* Reads one line of an answer.  FALSE: no. */
static gboolean
ask_to_accept (void)
{
  char answer[16];

  fputs ("Do you accept it? [y/N] ", stderr);
  return fgets (answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Only what the catalogue knows: of other repositories the server's page tells. */
static gboolean
settle_licence (const Options *o)
{
  g_autoptr (GError) error = NULL;

  if (o->known == NULL || facet_catalogue_is_licence_accepted (o->models))
    return TRUE;
  if (!o->accept_licence) {
    fprintf (stderr, "%s\n%s: %s\n", facet_catalogue_get_licence_summary (),
             FACET_CATALOGUE_LICENCE, FACET_CATALOGUE_LICENCE_URL);
    if (!isatty (STDIN_FILENO)) {
      facet_cli_complain ("the licence was not accepted yet: add --accept-licence");
      return FALSE;
    }
    if (!ask_to_accept ()) {
      facet_cli_complain ("the licence was not accepted");
      return FALSE;
    }
  }
  if (facet_catalogue_accept_licence (o->models, &error))
    return TRUE;
  facet_cli_complain ("%s", error->message);
  return FALSE;
}

static int
judge_download (const Getting *getting)
{
  const GError *error = facet_download_get_error (getting->download);

  if (getting->interrupted) {
    facet_cli_complain ("paused: what was downloaded is kept, and the same command goes on");
    return FACET_CLI_INTERRUPTED;
  }
  if (error == NULL)
    return FACET_CLI_OK;
  facet_cli_complain ("%s", error->message);
  return FACET_CLI_FAILURE;
}

static int
print_path (const Options *o)
{
  g_autoptr (FacetModelFolder) folder =
      facet_model_folder_find (o->models, o->hub_cache, o->repository);

  if (folder == NULL) {
    facet_cli_complain ("“%s” is not here: facet-cli models get %s", o->word, o->word);
    return FACET_CLI_FAILURE;
  }
  puts (folder->folder);
  return facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
}

/* What was given counts before the environment, and that before the settings. */
static char *
dup_address (const Options *o)
{
  g_autoptr (GSettings) settings = o->from == NULL ? facet_schema_new_settings () : NULL;
  g_autofree char *set = settings != NULL ? g_settings_get_string (settings, "model-server") : NULL;

  if (o->from == NULL)
    return facet_hub_dup_address (set);
  g_unsetenv ("HF_ENDPOINT");
  return g_strdup (o->from);
}

static int
get (const Options *o)
{
  g_autofree char *address = dup_address (o);
  FacetDownloadJob job = {.address = address,
                          .repository = o->repository,
                          .name = o->known != NULL ? o->known->name : NULL,
                          .files = o->known != NULL ? o->known->files : NULL,
                          .models = o->models};
  g_autoptr (FacetModelFolder) here =
      facet_model_folder_find (o->models, o->hub_cache, o->repository);
  g_autoptr (FacetKeyring) keyring = facet_keyring_new ();
  g_autoptr (FacetDownload) download = NULL;
  Getting getting = {.meter.is_terminal = isatty (STDERR_FILENO)};
  guint   interrupt, terminate;
  int     status;

  if (here != NULL)
    return print_path (o);
  if (!settle_licence (o))
    return FACET_CLI_FAILURE;
  download = facet_download_new (&job, keyring);
  getting.download = download;
  interrupt = g_unix_signal_add (SIGINT, interrupt_cb, &getting);
  terminate = g_unix_signal_add (SIGTERM, interrupt_cb, &getting);
  g_signal_connect (download, "progress", G_CALLBACK (progress_cb), &getting);
  facet_download_start (download);
  while (facet_download_get_state (download) == FACET_DOWNLOAD_RUNNING)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  meter_end (&getting.meter);
  status = judge_download (&getting);
  return status == FACET_CLI_OK ? print_path (o) : status;
}

/* verify */

typedef struct {
  const FacetModelFolder *folder;
  FacetDownloadProgress   progress;
  GCancellable           *cancellable;
  char                  **damaged;
  GError                 *error;
  gint                    is_over;
} Verifying;

static gpointer
verify_thread (gpointer data)
{
  Verifying *v = data;

  facet_model_folder_verify (v->folder, &v->progress, &v->damaged, v->cancellable, &v->error);
  g_atomic_int_set (&v->is_over, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static gboolean
cancel_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_CONTINUE;
}

static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE; /* wakes the loop, which draws */
}

static void
watch (Verifying *v)
{
  Meter meter = {.is_terminal = isatty (STDERR_FILENO)};
  guint tick = g_timeout_add (250, tick_cb, NULL);
  guint interrupt = g_unix_signal_add (SIGINT, cancel_cb, v->cancellable);

  while (!g_atomic_int_get (&v->is_over)) {
    double fraction;
    char   file[sizeof v->progress.file];

    g_main_context_iteration (NULL, TRUE);
    g_mutex_lock (&v->progress.mutex);
    fraction = v->progress.total > 0 ? (double)v->progress.done / (double)v->progress.total : 0;
    g_strlcpy (file, v->progress.file, sizeof file);
    g_mutex_unlock (&v->progress.mutex);
    meter_show (&meter, fraction, file);
  }
  meter_end (&meter);
  g_source_remove (tick);
  g_source_remove (interrupt);
}

static int
repair (const Options *o, const FacetModelFolder *folder, char **damaged)
{
  g_autoptr (GError) error = NULL;

  if (folder->origin == FACET_MODEL_OWN &&
      facet_download_reopen (o->models, o->repository, (const char *const *)damaged, &error))
    return get (o);
  facet_cli_complain ("%s", error != NULL ? error->message
                                          : "the Hugging Face cache is not Facet’s to repair: "
                                            "download the model with its own program again");
  return FACET_CLI_FAILURE;
}

static int
judge_verifying (const Options *o, const Verifying *v)
{
  if (g_error_matches (v->error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    facet_cli_complain ("interrupted");
    return FACET_CLI_INTERRUPTED;
  }
  if (v->error != NULL) {
    facet_cli_complain ("%s", v->error->message);
    return FACET_CLI_FAILURE;
  }
  for (guint i = 0; v->damaged[i] != NULL; i++)
    printf ("damaged\t%s\n", v->damaged[i]);
  if (v->damaged[0] == NULL)
    printf ("%s is whole\n", o->repository);
  if (!facet_cli_flush ())
    return FACET_CLI_FAILURE;
  if (v->damaged[0] == NULL)
    return FACET_CLI_OK;
  if (o->repair)
    return repair (o, v->folder, v->damaged);
  facet_cli_complain ("“%s” is damaged: facet-cli models verify %s --repair", o->word, o->word);
  return FACET_CLI_FAILURE;
}

static int
verify (const Options *o)
{
  g_autoptr (FacetModelFolder) folder =
      facet_model_folder_find (o->models, o->hub_cache, o->repository);
  Verifying v = {.folder = folder};
  GThread  *thread;
  int       status;

  if (folder == NULL)
    return print_path (o); /* says that it is not here */
  facet_download_progress_init (&v.progress);
  v.cancellable = g_cancellable_new ();
  thread = g_thread_new ("verify", verify_thread, &v);
  watch (&v);
  g_thread_join (thread);
  status = judge_verifying (o, &v);
  g_strfreev (v.damaged);
  g_clear_error (&v.error);
  g_object_unref (v.cancellable);
  facet_download_progress_clear (&v.progress);
  return status;
}

/* remove */

static int
remove_model (const Options *o)
{
  g_autoptr (FacetModelFolder) folder =
      facet_model_folder_find (o->models, o->hub_cache, o->repository);
  g_autoptr (GError) error = NULL;
  guint64 done, total;

  if (folder == NULL && !facet_download_get_begun (o->models, o->repository, &done, &total))
    return print_path (o);
  if (folder != NULL ? facet_model_folder_remove (folder, &error)
                     : facet_download_discard (o->models, o->repository, &error))
    return FACET_CLI_OK;
  facet_cli_complain ("%s", error->message);
  return FACET_CLI_FAILURE;
}

/* --model */

char *
facet_cli_find_model (const char *word)
{
  const FacetCatalogueModel *known = facet_catalogue_find (word);
  const char                *repository = known != NULL ? known->repository : word;
  g_autofree char           *models = facet_models_dup_folder ();
  g_autofree char           *hub_cache = facet_hub_cache_dup_folder ();
  g_autoptr (FacetModelFolder) folder = NULL;

  if (g_file_test (word, G_FILE_TEST_EXISTS))
    return g_strdup (word);
  folder = facet_model_folder_find (models, hub_cache, repository);
  if (folder != NULL)
    return g_strdup (folder->folder);
  if (known == NULL)
    return g_strdup (word); /* loading says that there is no such folder */
  facet_cli_complain ("“%s” is not here: facet-cli models get %s", word, word);
  return NULL;
}

/* The command */

/* FALSE: *@status is the exit status, and everything has been said. */
static gboolean
parse (Options *o, char **arguments, int *status)
{
  GOptionEntry entries[] = {
      {"help", 'h', 0, G_OPTION_ARG_NONE, &o->help, NULL, NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, NULL, NULL},
      {"repair", 0, 0, G_OPTION_ARG_NONE, &o->repair, NULL, NULL},
      {"from", 0, 0, G_OPTION_ARG_STRING, &o->from, NULL, NULL},
      {"accept-licence", 0, 0, G_OPTION_ARG_NONE, &o->accept_licence, NULL, NULL},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = g_strdupv (arguments);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &words, &error)) {
    *status = misuse (error->message);
    return FALSE;
  }
  if (o->help) {
    fputs (USAGE, stdout);
    *status = facet_cli_flush () ? FACET_CLI_OK : FACET_CLI_FAILURE;
    return FALSE;
  }
  if (g_strv_length (words) > 3 || words[1] == NULL) {
    *status = misuse (words[1] == NULL ? "say what to do: list, get, verify, remove or path"
                                       : "one model at a time");
    return FALSE;
  }
  o->command = g_strdup (words[1]);
  o->word = g_strdup (words[2]);
  o->models = facet_models_dup_folder ();
  o->hub_cache = facet_hub_cache_dup_folder ();
  return TRUE;
}

int
facet_cli_models (char **arguments)
{
  static const struct {
    const char *name;
    int (*run) (const Options *o);
  } commands[] = {{"get", get}, {"verify", verify}, {"remove", remove_model}, {"path", print_path}};
  Options o = {0};
  int     status = FACET_CLI_USAGE;

  if (!parse (&o, arguments, &status))
    goto out;
  if (g_str_equal (o.command, "list")) {
    status = o.word == NULL ? list (&o) : misuse ("“list” takes no model");
    goto out;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (!g_str_equal (o.command, commands[i].name))
      continue;
    if (o.word == NULL) {
      status = misuse ("say which model");
      goto out;
    }
    o.known = facet_catalogue_find (o.word);
    o.repository = g_strdup (o.known != NULL ? o.known->repository : o.word);
    status = facet_hub_is_repository (o.repository)
                 ? commands[i].run (&o)
                 : misuse ("there is no such model; see “facet-cli models list”");
    goto out;
  }
  status = misuse ("say what to do: list, get, verify, remove or path");
out:
  options_clear (&o);
  return status;
}
