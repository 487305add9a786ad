/* facet-attachment-bar.c: what is attached to the message that is being written.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The chips follow two lists, the draft's media and, behind them, the imports that
 * run.  A chip stays the same widget when its import becomes media, and when its media get another
 * detail: neither the focus nor an open popover is lost. */
#define G_LOG_DOMAIN "facet-attachment-bar"

#include "config.h"

#include "facet-announcer.h"
#include "facet-attachment-bar.h"
#include "facet-attachment-chip.h"
#include "facet-attachment-words.h"
#include "facet-import-queue.h"
#include "facet-media-viewer.h"
#include "facet-wrap-layout.h"

#define SPACING    6
#define MAX_HEIGHT 160 /* of the chips: three lines; more are scrolled */

struct _FacetAttachmentBar {
  GtkWidget parent_instance;

  GtkRevealer    *error_revealer;
  GtkLabel       *error;
  GtkWidget      *strip;
  GtkWidget      *content;
  GtkWidget      *shelf;
  GtkWidget      *scroller;
  GtkWidget      *chips;
  GtkLabel       *summary;
  GtkLabel       *notes;
  FacetAnnouncer *announcer;

  FacetConversation *conversation;
  GListModel        *media; /* the draft's; borrowed from the conversation, as the queue is */
  FacetImportQueue  *queue;
  GSignalGroup      *media_signals, *queue_signals;
  guint              n_tokens;
  guint              n_said; /* of the media: so many were there when it was last said */
  gboolean           hidden; /* the chips are */
};

enum {
  CHANGED,
  EMPTIED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FacetAttachmentBar, facet_attachment_bar, GTK_TYPE_WIDGET)

/* The chips */

static FacetAttachmentChip *
find_chip (FacetAttachmentBar *self, gpointer item)
{
  for (GtkWidget *child = gtk_widget_get_first_child (self->chips); child != NULL;
       child = gtk_widget_get_next_sibling (child)) {
    FacetAttachmentChip *chip = FACET_ATTACHMENT_CHIP (child);
    FacetImport         *import = facet_attachment_chip_get_import (chip);

    if (facet_attachment_chip_get_media (chip) == item || import == item ||
        (import != NULL && facet_import_get_media (import) == item))
      return chip;
  }
  return NULL;
}

static gboolean
find_media (FacetAttachmentBar *self, FacetMedia *media, guint *position)
{
  return media != NULL && g_list_store_find (G_LIST_STORE (self->media), media, position);
}

/* The focus goes to the chip that takes the place, or to the last one. */
static void
removed_cb (FacetAttachmentChip *chip, FacetAttachmentBar *self)
{
  FacetImport *import = facet_attachment_chip_get_import (chip);
  GtkWidget   *next = gtk_widget_get_next_sibling (GTK_WIDGET (chip));
  guint        position;

  if (next == NULL)
    next = gtk_widget_get_prev_sibling (GTK_WIDGET (chip));
  if (next != NULL)
    facet_attachment_chip_focus_remove (FACET_ATTACHMENT_CHIP (next));
  if (import != NULL)
    facet_import_queue_cancel (self->queue, import);
  else if (find_media (self, facet_attachment_chip_get_media (chip), &position))
    g_list_store_remove (G_LIST_STORE (self->media), position);
  if (next == NULL)
    g_signal_emit (self, signals[EMPTIED], 0);
}

static void
opened_cb (FacetAttachmentChip *chip, FacetAttachmentBar *self)
{
  facet_media_view (GTK_WIDGET (self), facet_attachment_chip_get_media (chip));
}

static void
detail_cb (FacetAttachmentChip *chip, guint detail, FacetAttachmentBar *self)
{
  FacetMedia *media = facet_attachment_chip_get_media (chip);
  guint       position;

  if (find_media (self, media, &position)) {
    g_autoptr (FacetMedia) other = facet_media_with_detail (media, detail);

    facet_attachment_chip_set_media (chip, other);
    g_list_store_splice (G_LIST_STORE (self->media), position, 1, (gpointer *)&other, 1);
  }
}

static FacetAttachmentChip *
make_chip (FacetAttachmentBar *self)
{
  GtkWidget *chip = facet_attachment_chip_new ();

  g_signal_connect_object (chip, "removed", G_CALLBACK (removed_cb), self, 0);
  g_signal_connect_object (chip, "opened", G_CALLBACK (opened_cb), self, 0);
  g_signal_connect_object (chip, "detail", G_CALLBACK (detail_cb), self, 0);
  gtk_box_append (GTK_BOX (self->chips), chip);
  return FACET_ATTACHMENT_CHIP (chip);
}

/* The chip of @item is behind @before, which becomes it. */
static void
put_chip (FacetAttachmentBar *self, gpointer item, GtkWidget **before)
{
  FacetAttachmentChip *chip = find_chip (self, item);

  if (chip == NULL)
    chip = make_chip (self);
  if (FACET_IS_IMPORT (item))
    facet_attachment_chip_set_import (chip, item);
  else
    facet_attachment_chip_set_media (chip, item);
  if (gtk_widget_get_prev_sibling (GTK_WIDGET (chip)) != *before)
    gtk_box_reorder_child_after (GTK_BOX (self->chips), GTK_WIDGET (chip), *before);
  *before = GTK_WIDGET (chip);
}

static void
show_list (FacetAttachmentBar *self, gpointer list, GtkWidget **before)
{
  for (guint i = 0; list != NULL && i < g_list_model_get_n_items (list); i++) {
    g_autoptr (GObject) item = g_list_model_get_item (list, i);

    put_chip (self, item, before);
  }
}

/* Words below, for all that is complete */

static void
set_text (GtkLabel *label, const char *text)
{
  gtk_label_set_label (label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL && text[0] != '\0');
}

static void
show_words (FacetAttachmentBar *self)
{
  g_autoptr (GPtrArray) media = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *summary = NULL;
  g_autofree char *notes = NULL;

  self->n_tokens = 0;
  for (guint i = 0; self->media != NULL && i < g_list_model_get_n_items (self->media); i++) {
    FacetMedia *one = g_list_model_get_item (self->media, i);

    g_ptr_array_add (media, one);
    self->n_tokens += facet_media_get_n_tokens (one);
  }
  summary = facet_attachment_dup_summary (media);
  notes = facet_attachment_dup_notes (media);
  set_text (self->summary, summary);
  set_text (self->notes, notes);
}

/* For who does not see them come: once, when all that was added is there. */
static void
say_what_came (FacetAttachmentBar *self)
{
  guint n = facet_attachment_bar_get_n_media (self);

  if (facet_attachment_bar_is_running (self))
    return;
  if (n > self->n_said)
    facet_announcer_say (self->announcer, gtk_label_get_label (self->summary));
  self->n_said = n;
}

static void
show_chips (FacetAttachmentBar *self)
{
  GtkWidget *last = NULL, *rest;

  show_list (self, self->media, &last);
  show_list (self, self->queue, &last);
  while ((rest = last != NULL ? gtk_widget_get_next_sibling (last)
                              : gtk_widget_get_first_child (self->chips)) != NULL)
    gtk_box_remove (GTK_BOX (self->chips), rest);
  gtk_widget_set_visible (self->content, last != NULL && !self->hidden);
  show_words (self);
  say_what_came (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* What went wrong */

static void
show_error (FacetAttachmentBar *self)
{
  const char *error = self->queue != NULL ? facet_import_queue_get_error (self->queue) : NULL;

  if (error != NULL) {
    gtk_label_set_label (self->error, error);
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->strip), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    error, -1);
  }
  gtk_revealer_set_reveal_child (self->error_revealer, error != NULL);
}

static void
failed_cb (FacetAttachmentBar *self, const char *sentence)
{
  facet_announcer_say (self->announcer, sentence);
}

static void
dismiss_clicked_cb (FacetAttachmentBar *self)
{
  facet_import_queue_dismiss (self->queue);
  g_signal_emit (self, signals[EMPTIED], 0);
}

/* The shelf: the chips, as high as they are for the width, and scrolled beyond that.  A scrolled
 * window by itself asks for the height of one long line. */

static FacetAttachmentBar *
get_bar (GtkWidget *shelf)
{
  return FACET_ATTACHMENT_BAR (gtk_widget_get_ancestor (shelf, FACET_TYPE_ATTACHMENT_BAR));
}

static GtkSizeRequestMode
shelf_mode (GtkWidget *shelf)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
measure_shelf (GtkWidget     *shelf,
               GtkOrientation orientation,
               int            for_size,
               int           *minimum,
               int           *natural,
               int           *minimum_baseline,
               int           *natural_baseline)
{
  FacetAttachmentBar *self = get_bar (shelf);

  gtk_widget_measure (self->chips, orientation, for_size, minimum, natural, NULL, NULL);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = MIN (*natural, MAX_HEIGHT);
}

static void
allocate_shelf (GtkWidget *shelf, int width, int height, int baseline)
{
  FacetAttachmentBar *self = get_bar (shelf);
  int                 unused;

  /* GTK insists on having been asked. */
  gtk_widget_measure (self->scroller, GTK_ORIENTATION_HORIZONTAL, -1, &unused, NULL, NULL, NULL);
  gtk_widget_size_allocate (self->scroller, &(GtkAllocation){0, 0, width, height}, -1);
}

/* The object */

void
facet_attachment_bar_set_conversation (FacetAttachmentBar *self, FacetConversation *conversation)
{
  g_return_if_fail (FACET_IS_ATTACHMENT_BAR (self));
  g_return_if_fail (conversation == NULL || FACET_IS_CONVERSATION (conversation));

  if (!g_set_object (&self->conversation, conversation))
    return;
  self->media = NULL;
  self->queue = NULL;
  if (conversation != NULL) {
    self->media = G_LIST_MODEL (facet_conversation_get_draft_media (conversation));
    self->queue = facet_import_queue_get (conversation);
  }
  self->n_said = facet_attachment_bar_get_n_media (self);
  g_signal_group_set_target (self->media_signals, self->media);
  g_signal_group_set_target (self->queue_signals, self->queue);
  show_chips (self);
  show_error (self);
}

guint
facet_attachment_bar_get_n_media (FacetAttachmentBar *self)
{
  g_return_val_if_fail (FACET_IS_ATTACHMENT_BAR (self), 0);

  return self->media != NULL ? g_list_model_get_n_items (self->media) : 0;
}

guint
facet_attachment_bar_get_n_tokens (FacetAttachmentBar *self)
{
  g_return_val_if_fail (FACET_IS_ATTACHMENT_BAR (self), 0);

  return self->n_tokens;
}

gboolean
facet_attachment_bar_is_running (FacetAttachmentBar *self)
{
  g_return_val_if_fail (FACET_IS_ATTACHMENT_BAR (self), FALSE);

  return self->queue != NULL && g_list_model_get_n_items (G_LIST_MODEL (self->queue)) > 0;
}

void
facet_attachment_bar_set_chips_visible (FacetAttachmentBar *self, gboolean visible)
{
  g_return_if_fail (FACET_IS_ATTACHMENT_BAR (self));

  self->hidden = !visible;
  gtk_widget_set_visible (self->content,
                          visible && gtk_widget_get_first_child (self->chips) != NULL);
}

static void
facet_attachment_bar_dispose (GObject *object)
{
  FacetAttachmentBar *self = FACET_ATTACHMENT_BAR (object);

  g_clear_object (&self->media_signals);
  g_clear_object (&self->queue_signals);
  self->media = NULL;
  self->queue = NULL;
  g_clear_object (&self->conversation);
  gtk_widget_dispose_template (GTK_WIDGET (self), FACET_TYPE_ATTACHMENT_BAR);
  G_OBJECT_CLASS (facet_attachment_bar_parent_class)->dispose (object);
}

static void
facet_attachment_bar_class_init (FacetAttachmentBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_attachment_bar_dispose;
  signals[CHANGED] = g_signal_new ("changed", FACET_TYPE_ATTACHMENT_BAR, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[EMPTIED] = g_signal_new ("emptied", FACET_TYPE_ATTACHMENT_BAR, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (FACET_TYPE_ANNOUNCER);
  gtk_widget_class_set_css_name (widget_class, "attachment-bar");
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-attachment-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, error_revealer);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, error);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, strip);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, content);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, shelf);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, scroller);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, chips);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, summary);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, notes);
  gtk_widget_class_bind_template_child (widget_class, FacetAttachmentBar, announcer);
  gtk_widget_class_bind_template_callback (widget_class, dismiss_clicked_cb);
}

static void
facet_attachment_bar_init (FacetAttachmentBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_layout_manager (self->chips, facet_wrap_layout_new (SPACING, FALSE));
  gtk_widget_set_layout_manager (self->shelf,
                                 gtk_custom_layout_new (shelf_mode, measure_shelf, allocate_shelf));

  self->media_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_swapped (self->media_signals, "items-changed", G_CALLBACK (show_chips),
                                  self);
  self->queue_signals = g_signal_group_new (FACET_TYPE_IMPORT_QUEUE);
  g_signal_group_connect_swapped (self->queue_signals, "items-changed", G_CALLBACK (show_chips),
                                  self);
  g_signal_group_connect_swapped (self->queue_signals, "notify::error", G_CALLBACK (show_error),
                                  self);
  g_signal_group_connect_swapped (self->queue_signals, "failed", G_CALLBACK (failed_cb), self);
}
