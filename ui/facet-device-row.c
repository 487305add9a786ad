/* facet-device-row.c: the preference of what computes: automatic, or a device by its name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The list is filled twice: with what the setting says, and once more when the
 * devices have been found. */
#define G_LOG_DOMAIN "facet-device-row"

#include "config.h"

#include <glib/gi18n.h>

#include "facet-device-row.h"
#include "facet-device.h"

struct _FacetDeviceRow {
  AdwComboRow parent_instance;

  GSettings    *settings;
  GCancellable *cancellable; /* while it looks */
  gboolean      has_gpu;
  gboolean      filling; /* the program selects, not the person */
};

enum {
  PROP_HAS_GPU = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (FacetDeviceRow, facet_device_row, ADW_TYPE_COMBO_ROW)

/* The items of the list */

/* Under the row's title: what is selected; if it cannot be used, also why. */
static char *
dup_summary (FacetDevice *device, gpointer data)
{
  if (device == NULL)
    return NULL;
  if (facet_device_is_usable (device))
    return g_strdup (facet_device_get_name (device));
  return g_strdup_printf ("%s\n%s", facet_device_get_name (device),
                          facet_device_get_detail (device));
}

static GtkWidget *
make_label (void)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars (GTK_LABEL (label), 20);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 32);
  return label;
}

/* A box with two labels and a mark for the selected one. */
static void
setup_item_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *detail = make_label ();
  GtkWidget *mark = gtk_image_new_from_icon_name ("object-select-symbolic");

  gtk_widget_add_css_class (detail, "caption");
  gtk_widget_set_hexpand (words, TRUE);
  gtk_widget_set_valign (words, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (words), make_label ());
  gtk_box_append (GTK_BOX (words), detail);
  gtk_box_append (GTK_BOX (box), words);
  gtk_box_append (GTK_BOX (box), mark);
  gtk_list_item_set_child (item, box);
}

/* An invisible mark keeps its room: nothing moves when another item is selected. */
static void
update_mark (GtkListItem *item, FacetDeviceRow *self)
{
  GtkWidget *mark = gtk_widget_get_last_child (gtk_list_item_get_child (item));
  gboolean   is_selected =
      adw_combo_row_get_selected_item (ADW_COMBO_ROW (self)) == gtk_list_item_get_item (item);

  gtk_widget_set_opacity (mark, is_selected ? 1 : 0);
}

static void
selected_changed_cb (FacetDeviceRow *self, GParamSpec *pspec, GtkListItem *item)
{
  update_mark (item, self);
}

static void
bind_item_cb (GtkSignalListItemFactory *factory, GtkListItem *item, FacetDeviceRow *self)
{
  FacetDevice *device = gtk_list_item_get_item (item);
  GtkWidget   *box = gtk_list_item_get_child (item);
  GtkWidget   *name = gtk_widget_get_first_child (gtk_widget_get_first_child (box));
  GtkWidget   *detail = gtk_widget_get_next_sibling (name);
  gboolean     is_usable = facet_device_is_usable (device);

  gtk_label_set_label (GTK_LABEL (name), facet_device_get_name (device));
  gtk_label_set_label (GTK_LABEL (detail), facet_device_get_detail (device));
  gtk_widget_set_visible (detail, facet_device_get_detail (device)[0] != '\0');
  /* Dim once: why it cannot be used is to be read. */
  if (is_usable)
    gtk_widget_add_css_class (detail, "dim-label");
  else
    gtk_widget_remove_css_class (detail, "dim-label");
  gtk_widget_set_sensitive (box, is_usable);
  gtk_list_item_set_activatable (item, is_usable);
  gtk_list_item_set_selectable (item, is_usable);
  g_signal_connect_object (self, "notify::selected-item", G_CALLBACK (selected_changed_cb), item,
                           0);
  update_mark (item, self);
}

static void
unbind_item_cb (GtkSignalListItemFactory *factory, GtkListItem *item, FacetDeviceRow *self)
{
  g_signal_handlers_disconnect_by_func (self, selected_changed_cb, item);
}

/* Filling */

static void
add (GListStore *store, const char *choice, const char *name, const char *detail, gboolean usable)
{
  g_autoptr (FacetDevice) device = facet_device_new (choice, name, detail, FALSE, usable);

  g_list_store_append (store, device);
}

static char *
dup_setting (FacetDeviceRow *self)
{
  char *choice = g_settings_get_string (self->settings, "device");

  if (choice[0] != '\0')
    return choice;
  g_free (choice);
  return g_strdup (FACET_DEVICE_AUTO);
}

/* @devices NULL: they are still looked for.  @chosen: the one of them that the setting means. */
static void
fill (FacetDeviceRow *self, GPtrArray *devices, FacetDevice *chosen)
{
  g_autoptr (GListStore) store = g_list_store_new (FACET_TYPE_DEVICE);
  g_autofree char *setting = dup_setting (self);
  gboolean         is_auto = g_str_equal (setting, FACET_DEVICE_AUTO);
  guint            selected = 0;

  add (store, FACET_DEVICE_AUTO, _ ("Automatic"),
       _ ("A GPU if one can be used, else the processor"), TRUE);
  for (guint i = 0; devices != NULL && i < devices->len; i++) {
    g_list_store_append (store, g_ptr_array_index (devices, i));
    if (g_ptr_array_index (devices, i) == chosen)
      selected = i + 1;
  }
  if (!is_auto && selected == 0) {
    selected = g_list_model_get_n_items (G_LIST_MODEL (store));
    if (devices == NULL)
      add (store, setting, g_str_equal (setting, "cpu") ? _ ("Processor") : setting, "", TRUE);
    else
      add (store, setting, setting, _ ("There is no such device now.  Choose another one."), FALSE);
  }
  if (devices == NULL)
    add (store, "", _ ("Looking for devices…"), "", FALSE);

  self->filling = TRUE;
  adw_combo_row_set_model (ADW_COMBO_ROW (self), G_LIST_MODEL (store));
  adw_combo_row_set_selected (ADW_COMBO_ROW (self), selected);
  self->filling = FALSE;
}

static void
set_has_gpu (FacetDeviceRow *self, GPtrArray *devices)
{
  gboolean has_gpu = FALSE;

  for (guint i = 0; i < devices->len; i++)
    has_gpu |=
        facet_device_is_gpu (devices->pdata[i]) && facet_device_is_usable (devices->pdata[i]);
  if (has_gpu == self->has_gpu)
    return;
  self->has_gpu = has_gpu;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HAS_GPU]);
}

/* The row may be gone: then it was cancelled. */
static void
listed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  FacetDevice *chosen;
  g_autoptr (GPtrArray) devices = facet_device_list_finish (result, &chosen, NULL);
  FacetDeviceRow *self = data;

  if (devices == NULL)
    return;
  g_clear_object (&self->cancellable);
  fill (self, devices, chosen);
  set_has_gpu (self, devices);
}

static void
stop_looking (FacetDeviceRow *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
look (FacetDeviceRow *self)
{
  g_autofree char *choice = dup_setting (self);

  stop_looking (self);
  self->cancellable = g_cancellable_new ();
  facet_device_list_async (choice, self->cancellable, listed_cb, self);
}

/* By somebody else: the setting may mean another one now, or none. */
static void
setting_changed_cb (FacetDeviceRow *self)
{
  if (!self->filling)
    look (self);
}

/* The row is in the middle of selecting: its list must stay. */
static void
selected_cb (FacetDeviceRow *self)
{
  FacetDevice     *device = adw_combo_row_get_selected_item (ADW_COMBO_ROW (self));
  g_autofree char *present = NULL;

  if (self->filling || device == NULL || !facet_device_is_usable (device))
    return;
  present = dup_setting (self);
  if (g_str_equal (present, facet_device_get_choice (device)))
    return;
  self->filling = TRUE;
  g_settings_set_string (self->settings, "device", facet_device_get_choice (device));
  self->filling = FALSE;
}

/* The object */

gboolean
facet_device_row_is_looking (FacetDeviceRow *self)
{
  g_return_val_if_fail (FACET_IS_DEVICE_ROW (self), FALSE);

  return self->cancellable != NULL;
}

static void
facet_device_row_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_HAS_GPU)
    g_value_set_boolean (value, FACET_DEVICE_ROW (object)->has_gpu);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
facet_device_row_dispose (GObject *object)
{
  FacetDeviceRow *self = FACET_DEVICE_ROW (object);

  stop_looking (self);
  self->filling = TRUE;
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (facet_device_row_parent_class)->dispose (object);
}

static void
facet_device_row_class_init (FacetDeviceRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = facet_device_row_dispose;
  object_class->get_property = facet_device_row_get_property;
  props[PROP_HAS_GPU] =
      g_param_spec_boolean ("has-gpu", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
facet_device_row_init (FacetDeviceRow *self)
{
  AdwComboRow *row = ADW_COMBO_ROW (self);
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkExpression) summary =
      gtk_cclosure_expression_new (G_TYPE_STRING, NULL, 0, NULL, G_CALLBACK (dup_summary), NULL,
                                   NULL);

  self->filling = TRUE; /* until there are settings */
  g_signal_connect_object (factory, "setup", G_CALLBACK (setup_item_cb), self, 0);
  g_signal_connect_object (factory, "bind", G_CALLBACK (bind_item_cb), self, 0);
  g_signal_connect_object (factory, "unbind", G_CALLBACK (unbind_item_cb), self, 0);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), _ ("Compute on"));
  /* The name of a GPU is long: it has the whole width. */
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self), FALSE);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (self), 0);
  adw_combo_row_set_expression (row, summary);
  adw_combo_row_set_list_factory (row, factory);
  adw_combo_row_set_use_subtitle (row, TRUE);
  g_signal_connect (self, "notify::selected", G_CALLBACK (selected_cb), NULL);
}

void
facet_device_row_set_up (FacetDeviceRow *self, GSettings *settings)
{
  g_return_if_fail (FACET_IS_DEVICE_ROW (self));
  g_return_if_fail (self->settings == NULL);

  self->settings = g_object_ref (settings);
  g_signal_connect_object (settings, "changed::device", G_CALLBACK (setting_changed_cb), self,
                           G_CONNECT_SWAPPED);
  fill (self, NULL, NULL);
  look (self);
}
