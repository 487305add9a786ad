/* facet-message-person.c: the person's bubble, and above it what is attached.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  As wide as its text, at most most of the column; a long message shows its beginning
 * until it is unfolded. */
#define G_LOG_DOMAIN "facet-message-person"

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "facet-block-column.h"
#include "facet-message-actions.h"
#include "facet-message-media.h"
#include "facet-message-person.h"

#define PADDING_X    14
#define PADDING_Y    9
#define RADIUS       12
#define SPACE_ABOVE  12
#define MEDIA_GAP    6
#define TINT         0.12
#define LARGEST_PART 0.85 /* of the column */
#define MAX_MEASURED 2000 /* bytes of a text whose width is worth knowing */

struct _FacetMessagePerson {
  FacetMessageRow parent_instance;

  GtkWidget        *media;
  FacetBlockColumn *column;
  GtkWidget        *expand;
  GtkWidget        *actions;

  int           natural_width; /* of the text; 0: not known */
  GtkAllocation media_at, bubble, expand_at, actions_at;
};

G_DEFINE_FINAL_TYPE (FacetMessagePerson, facet_message_person, FACET_TYPE_MESSAGE_ROW)

static void
facet_message_person_bind (FacetMessageRow *row)
{
  FacetMessagePerson *self = FACET_MESSAGE_PERSON (row);
  FacetTurnModel     *turn = facet_message_row_get_turn (row);
  FacetMessage       *message = facet_message_row_get_message (row);
  gboolean            clipped = turn != NULL && facet_turn_model_get_clipped (turn);

  self->natural_width = 0;
  facet_message_media_set_media (FACET_MESSAGE_MEDIA (self->media),
                                 message != NULL ? facet_message_get_attachments (message) : NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->column),
                          message != NULL && *facet_message_get_text (message) != '\0');
  facet_block_column_set_flow (self->column,
                               turn != NULL ? facet_turn_model_get_body (turn) : NULL);
  facet_message_actions_set_message (FACET_MESSAGE_ACTIONS (self->actions), message,
                                     facet_message_row_get_conversation (row));
  gtk_widget_set_visible (self->expand, clipped);
  if (clipped) {
    guint            n = facet_flow_get_n_blocks (facet_turn_model_get_body (turn));
    g_autofree char *label =
        g_strdup_printf (ngettext ("Show All %'u Line", "Show All %'u Lines", n), n);

    gtk_button_set_label (GTK_BUTTON (self->expand), label);
  }
}

static int
get_natural_width (FacetMessagePerson *self)
{
  const char *text =
      facet_message_get_text (facet_message_row_get_message (FACET_MESSAGE_ROW (self)));

  if (self->natural_width == 0 && strlen (text) > MAX_MEASURED)
    self->natural_width = G_MAXINT / 2;
  if (self->natural_width == 0) {
    g_autoptr (PangoLayout) layout =
        gtk_widget_create_pango_layout (GTK_WIDGET (self->column), text);

    pango_layout_get_pixel_size (layout, &self->natural_width, NULL);
    self->natural_width = MAX (self->natural_width + 1, 1);
  }
  return self->natural_width;
}

/* Above the bubble, as wide as that may get.  Returns where the bubble begins. */
static int
lay_out_media (FacetMessagePerson *self, const FacetRowColumns *columns, gboolean rtl)
{
  int width = (int)(columns->text_width * LARGEST_PART);
  int height = facet_message_row_measure_child (self->media, width);

  self->media_at = (GtkAllocation){
      .x = rtl ? columns->text_x : columns->text_x + columns->text_width - width,
      .y = SPACE_ABOVE,
      .width = width,
      .height = height,
  };
  return SPACE_ABOVE + height + (height > 0 ? MEDIA_GAP : 0);
}

static int
facet_message_person_layout (FacetMessageRow       *row,
                             const FacetRowColumns *columns,
                             double                 top,
                             double                 bottom)
{
  FacetMessagePerson *self = FACET_MESSAGE_PERSON (row);
  gboolean            rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  int                 widest = (int)(columns->text_width * LARGEST_PART) - 2 * PADDING_X;
  int                 width = MAX (MIN (get_natural_width (self), widest), 1);
  int                 above = lay_out_media (self, columns, rtl), inner = above + PADDING_Y;
  int                 text, expand, actions, right = columns->text_x + columns->text_width;

  expand = facet_message_row_measure_child (self->expand, -1);
  if (expand > 0)
    width = MAX (widest, 1);
  text = facet_block_column_layout (self->column, width, width, top - inner, bottom - inner);
  actions = facet_message_row_measure_child (self->actions, -1);

  self->bubble = (GtkAllocation){
      .x = rtl ? columns->text_x : right - width - 2 * PADDING_X,
      .y = above,
      .width = width + 2 * PADDING_X,
      .height = text + 2 * PADDING_Y + expand,
  };
  if (!gtk_widget_get_visible (GTK_WIDGET (self->column)))
    self->bubble.height = 0;
  self->expand_at = (GtkAllocation){self->bubble.x + PADDING_X, inner + text, width, expand};
  self->actions_at =
      (GtkAllocation){columns->text_x, above + self->bubble.height, columns->text_width, actions};
  return above + self->bubble.height + actions;
}

static gboolean
facet_message_person_get_part_top (FacetMessageRow *row, guint part, double *top)
{
  *top = FACET_MESSAGE_PERSON (row)->bubble.y + PADDING_Y;
  return part == FACET_ROW_BODY;
}

static FacetBlockColumn *
facet_message_person_get_column (FacetMessageRow *row, guint part)
{
  return part == FACET_ROW_BODY ? FACET_MESSAGE_PERSON (row)->column : NULL;
}

static void
place (GtkWidget *child, const GtkAllocation *at)
{
  facet_message_row_place_child (child, at->x, at->y, at->width, at->height);
}

static void
facet_message_person_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  FacetMessagePerson *self = FACET_MESSAGE_PERSON (widget);
  gboolean            rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int                 natural;

  place (self->media, &self->media_at);
  facet_message_row_place_child (GTK_WIDGET (self->column), self->bubble.x + PADDING_X,
                                 self->bubble.y + PADDING_Y, self->bubble.width - 2 * PADDING_X,
                                 self->bubble.height - 2 * PADDING_Y - self->expand_at.height);
  place (self->expand, &self->expand_at);
  gtk_widget_measure (self->actions, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &natural, NULL, NULL);
  facet_message_row_place_child (self->actions,
                                 rtl ? self->actions_at.x
                                     : self->actions_at.x + self->actions_at.width - natural,
                                 self->actions_at.y, natural, self->actions_at.height);
}

static void
facet_message_person_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FacetMessagePerson *self = FACET_MESSAGE_PERSON (widget);
  GdkRGBA             tint;
  GskRoundedRect      bubble;

  if (self->bubble.height > 0 &&
      gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), "accent_bg_color",
                                      &tint)) {
    tint.alpha = TINT;
    gsk_rounded_rect_init_from_rect (&bubble,
                                     &GRAPHENE_RECT_INIT ((float)self->bubble.x,
                                                          (float)self->bubble.y,
                                                          (float)self->bubble.width,
                                                          (float)self->bubble.height),
                                     RADIUS);
    gtk_snapshot_push_rounded_clip (snapshot, &bubble);
    gtk_snapshot_append_color (snapshot, &tint, &bubble.bounds);
    gtk_snapshot_pop (snapshot);
  }
  GTK_WIDGET_CLASS (facet_message_person_parent_class)->snapshot (widget, snapshot);
}

static void
facet_message_person_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (facet_message_person_parent_class)->css_changed (widget, change);
  FACET_MESSAGE_PERSON (widget)->natural_width = 0;
}

static GtkWidget *
facet_message_person_get_actions (FacetMessageRow *row)
{
  return FACET_MESSAGE_PERSON (row)->actions;
}

static void
facet_message_person_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (facet_message_person_parent_class)->dispose (object);
}

static void
facet_message_person_class_init (FacetMessagePersonClass *klass)
{
  GtkWidgetClass       *widget_class = GTK_WIDGET_CLASS (klass);
  FacetMessageRowClass *row_class = FACET_MESSAGE_ROW_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_message_person_dispose;
  row_class->bind = facet_message_person_bind;
  row_class->layout = facet_message_person_layout;
  row_class->get_part_top = facet_message_person_get_part_top;
  row_class->get_actions = facet_message_person_get_actions;
  row_class->get_column = facet_message_person_get_column;
  widget_class->size_allocate = facet_message_person_size_allocate;
  widget_class->snapshot = facet_message_person_snapshot;
  widget_class->css_changed = facet_message_person_css_changed;

  g_type_ensure (FACET_TYPE_BLOCK_COLUMN);
  g_type_ensure (FACET_TYPE_MESSAGE_ACTIONS);
  g_type_ensure (FACET_TYPE_MESSAGE_MEDIA);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-message-person.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetMessagePerson, media);
  gtk_widget_class_bind_template_child (widget_class, FacetMessagePerson, column);
  gtk_widget_class_bind_template_child (widget_class, FacetMessagePerson, expand);
  gtk_widget_class_bind_template_child (widget_class, FacetMessagePerson, actions);
  gtk_widget_class_bind_template_callback (widget_class, facet_message_row_changed);
}

static void
facet_message_person_init (FacetMessagePerson *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
