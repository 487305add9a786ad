/* facet-models.c: looks for models in a thread, and keeps their list.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The catalogue's models stay the same objects for good; others come and go with their folders. */
#define G_LOG_DOMAIN "facet-models"

#include "config.h"

#include "facet-models-private.h"

#include <string.h>

struct _FacetModels {
  GObject parent_instance;

  char         *folder, *hub_cache, *address;
  char         *weights; /* of the settings */
  guint         context_size;
  double        memory_share;
  FacetKeyring *keyring;
  GPtrArray    *list; /* of FacetModel */
  gboolean      loaded, looking, look_again;
  GCancellable *cancellable;
};

static guint changed_signal, arrived_signal;

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FacetModels,
                               facet_models,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* ---- the list ---- */

static GType
get_item_type (GListModel *list)
{
  return FACET_TYPE_MODEL;
}

static guint
get_n_items (GListModel *list)
{
  return FACET_MODELS (list)->list->len;
}

static gpointer
get_item (GListModel *list, guint position)
{
  FacetModels *self = FACET_MODELS (list);

  return position < self->list->len ? g_object_ref (g_ptr_array_index (self->list, position))
                                    : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
model_changed_cb (FacetModels *self)
{
  g_signal_emit (self, changed_signal, 0);
}

static FacetModel *
add_model (FacetModels *self, const FacetCatalogueModel *known, const char *repository)
{
  FacetModel *model = facet_model_new (known, repository, self);

  g_signal_connect_object (model, "changed", G_CALLBACK (model_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_ptr_array_add (self->list, model);
  g_list_model_items_changed (G_LIST_MODEL (self), self->list->len - 1, 0, 1);
  return model;
}

FacetModel *
facet_models_find (FacetModels *self, const char *name)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), NULL);

  for (guint i = 0; i < self->list->len; i++) {
    FacetModel                *model = g_ptr_array_index (self->list, i);
    const FacetCatalogueModel *known = facet_model_get_known (model);

    if (g_str_equal (facet_model_get_repository (model), name) ||
        (known != NULL && g_str_equal (known->id, name)))
      return model;
  }
  return NULL;
}

FacetModel *
facet_models_get_active (FacetModels *self)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), NULL);

  for (guint i = 0; i < self->list->len; i++)
    if (facet_model_get_state (g_ptr_array_index (self->list, i)) == FACET_MODEL_DOWNLOADING)
      return g_ptr_array_index (self->list, i);
  return NULL;
}

/* ---- looking ---- */

typedef struct {
  char        *folder, *hub_cache; /* asked for … */
  double       memory_share;
  GPtrArray   *findings; /* … and found: of FacetModelFinding */
  FacetMachine machine;
} Look;

static void
finding_free (gpointer data)
{
  FacetModelFinding *finding = data;

  g_free (finding->repository);
  facet_model_folder_free (finding->here);
  g_free (finding);
}

static void
look_free (gpointer data)
{
  Look *look = data;

  g_free (look->folder);
  g_free (look->hub_cache);
  g_clear_pointer (&look->findings, g_ptr_array_unref);
  facet_machine_clear (&look->machine);
  g_free (look);
}

static FacetModelFinding *
find_finding (const GPtrArray *findings, const char *repository)
{
  for (guint i = 0; i < findings->len; i++) {
    FacetModelFinding *finding = g_ptr_array_index (findings, i);

    if (g_str_equal (finding->repository, repository))
      return finding;
  }
  return NULL;
}

static void
look_for_begun (Look *look, const char *repository)
{
  FacetModelFinding *finding;
  guint64            done, total;

  if (find_finding (look->findings, repository) != NULL ||
      !facet_download_get_begun (look->folder, repository, &done, &total))
    return;
  finding = g_new0 (FacetModelFinding, 1);
  *finding = (FacetModelFinding){.repository = g_strdup (repository), .done = done, .total = total};
  finding->wanted = facet_model_marker_read (look->folder, repository, &finding->use);
  g_ptr_array_add (look->findings, finding);
}

/* Their folders' names are those of repositories. */
static void
look_for_all_begun (Look *look)
{
  g_autofree char *hidden = g_build_filename (look->folder, ".download", NULL);
  g_autoptr (GDir) dir = g_dir_open (hidden, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    const char      *dashes = strstr (name, "--");
    g_autofree char *repository =
        dashes != NULL ? g_strdup_printf ("%.*s/%s", (int)(dashes - name), name, dashes + 2) : NULL;

    if (facet_hub_is_repository (repository))
      look_for_begun (look, repository);
  }
}

static void
look_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Look *look = data;
  g_autoptr (GPtrArray) here = facet_model_folders_list (look->folder, look->hub_cache);

  look->findings = g_ptr_array_new_with_free_func (finding_free);
  for (guint i = 0; i < here->len; i++) {
    FacetModelFolder  *folder = g_ptr_array_index (here, i);
    FacetModelFinding *finding = g_new0 (FacetModelFinding, 1);

    finding->repository = g_strdup (folder->repository);
    finding->here = folder;
    g_ptr_array_add (look->findings, finding);
  }
  g_ptr_array_set_free_func (here, NULL);
  look_for_all_begun (look);
  facet_machine_look (&look->machine, look->memory_share);
  g_task_return_boolean (task, TRUE);
}

static void
judge_fit (FacetModels *self, FacetModel *model, const FacetMachine *machine)
{
  const FacetCatalogueModel *known = facet_model_get_known (model);
  FacetFitting               fitting;

  if (known == NULL || known->form == FACET_MODEL_DRAFTER)
    return;
  fitting = facet_catalogue_fit (known, machine, self->weights, self->context_size);
  facet_model_set_fit (model, &fitting, machine);
}

/* What is neither in the catalogue nor on the disk any more. */
static void
drop_others (FacetModels *self, const GPtrArray *findings)
{
  for (guint i = self->list->len; i-- > 0;) {
    FacetModel     *model = g_ptr_array_index (self->list, i);
    FacetModelState state = facet_model_get_state (model);

    if (facet_model_is_in_catalogue (model) || state == FACET_MODEL_DOWNLOADING ||
        state == FACET_MODEL_VERIFYING ||
        find_finding (findings, facet_model_get_repository (model)) != NULL)
      continue;
    g_ptr_array_remove_index (self->list, i);
    g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
  }
}

static void
take (FacetModels *self, Look *look)
{
  FacetModelFinding nothing = {0};

  drop_others (self, look->findings);
  for (guint i = 0; i < look->findings->len; i++) {
    FacetModelFinding *finding = g_ptr_array_index (look->findings, i);

    if (facet_models_find (self, finding->repository) == NULL)
      add_model (self, NULL, finding->repository);
  }
  for (guint i = 0; i < self->list->len; i++) {
    FacetModel        *model = g_ptr_array_index (self->list, i);
    FacetModelFinding *finding = find_finding (look->findings, facet_model_get_repository (model));

    facet_model_take_finding (model, finding != NULL ? finding : &nothing);
    judge_fit (self, model, &look->machine);
  }
}

static void
looked_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  FacetModels *self = FACET_MODELS (object);

  self->looking = FALSE;
  if (!g_task_propagate_boolean (G_TASK (result), NULL)) /* cancelled */
    return;
  take (self, g_task_get_task_data (G_TASK (result)));
  self->loaded = TRUE;
  g_signal_emit (self, changed_signal, 0);
  if (self->look_again)
    facet_models_refresh (self);
}

void
facet_models_refresh (FacetModels *self)
{
  g_autoptr (GTask) task = NULL;
  Look *look;

  g_return_if_fail (FACET_IS_MODELS (self));
  self->look_again = self->looking;
  if (self->looking || g_cancellable_is_cancelled (self->cancellable))
    return;
  self->looking = TRUE;
  look = g_new0 (Look, 1);
  *look = (Look){.folder = g_strdup (self->folder),
                 .hub_cache = g_strdup (self->hub_cache),
                 .memory_share = self->memory_share};
  task = g_task_new (self, self->cancellable, looked_cb, NULL);
  g_task_set_task_data (task, look, look_free);
  g_task_run_in_thread (task, look_thread);
}

gboolean
facet_models_is_loaded (FacetModels *self)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), FALSE);

  return self->loaded;
}

static void
network_changed_cb (FacetModels *self, gboolean available)
{
  for (guint i = 0; available && i < self->list->len; i++)
    facet_model_network_came (g_ptr_array_index (self->list, i));
}

/* ---- what is set ---- */

void
facet_models_set_address (FacetModels *self, const char *address)
{
  g_return_if_fail (FACET_IS_MODELS (self));

  g_free (self->address);
  self->address = g_strdup (address);
}

char *
facet_models_dup_address (FacetModels *self)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), NULL);

  return facet_hub_dup_address (self->address);
}

FacetKeyring *
facet_models_get_keyring (FacetModels *self)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), NULL);

  return self->keyring;
}

void
facet_models_set_machine (FacetModels *self,
                          const char  *weights,
                          guint        context_size,
                          double       memory_share)
{
  g_return_if_fail (FACET_IS_MODELS (self));

  g_free (self->weights);
  self->weights = g_strdup (weights);
  self->context_size = context_size;
  self->memory_share = memory_share;
}

const char *
facet_models_get_folder (FacetModels *self)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), NULL);

  return self->folder;
}

gboolean
facet_models_is_licence_accepted (FacetModels *self)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), FALSE);

  return facet_catalogue_is_licence_accepted (self->folder);
}

gboolean
facet_models_accept_licence (FacetModels *self, GError **error)
{
  g_return_val_if_fail (FACET_IS_MODELS (self), FALSE);

  return facet_catalogue_accept_licence (self->folder, error);
}

void
facet_models_stop (FacetModels *self)
{
  g_return_if_fail (FACET_IS_MODELS (self));

  g_cancellable_cancel (self->cancellable);
  for (guint i = 0; i < self->list->len; i++)
    facet_model_stop (g_ptr_array_index (self->list, i));
}

/* ---- the object ---- */

static void
facet_models_dispose (GObject *object)
{
  FacetModels *self = FACET_MODELS (object);

  facet_models_stop (self);
  g_ptr_array_set_size (self->list, 0);
  G_OBJECT_CLASS (facet_models_parent_class)->dispose (object);
}

static void
facet_models_finalize (GObject *object)
{
  FacetModels *self = FACET_MODELS (object);

  g_ptr_array_unref (self->list);
  g_object_unref (self->cancellable);
  g_clear_object (&self->keyring);
  g_free (self->folder);
  g_free (self->hub_cache);
  g_free (self->address);
  g_free (self->weights);
  G_OBJECT_CLASS (facet_models_parent_class)->finalize (object);
}

static void
facet_models_class_init (FacetModelsClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->dispose = facet_models_dispose;
  object_class->finalize = facet_models_finalize;
  changed_signal = g_signal_new ("changed", FACET_TYPE_MODELS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
  arrived_signal = g_signal_new ("arrived", FACET_TYPE_MODELS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 2, FACET_TYPE_MODEL, G_TYPE_BOOLEAN);
}

static void
facet_models_init (FacetModels *self)
{
  self->list = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
}

FacetModels *
facet_models_new (const char *folder, const char *hub_cache, FacetKeyring *keyring)
{
  FacetModels               *self = g_object_new (FACET_TYPE_MODELS, NULL);
  gsize                      n;
  const FacetCatalogueModel *known = facet_catalogue_get (&n);

  self->keyring = keyring != NULL ? g_object_ref (keyring) : NULL;
  self->folder = folder != NULL ? g_strdup (folder) : facet_models_dup_folder ();
  self->hub_cache = hub_cache != NULL ? g_strdup (hub_cache) : facet_hub_cache_dup_folder ();
  for (gsize i = 0; i < n; i++)
    add_model (self, &known[i], known[i].repository);
  g_signal_connect_object (g_network_monitor_get_default (), "network-changed",
                           G_CALLBACK (network_changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}
