/* facet-message-answer.c: an answer, on the plain page.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  From top to bottom: the thought, the text, the tools that it asks for, the face of
 * its state, and a last line
 * with the buttons and what the answer cost.  The last line has its place from the beginning, so
 * that nothing moves when it appears. */
#define G_LOG_DOMAIN "facet-message-answer"

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "facet-block-column.h"
#include "facet-message-actions.h"
#include "facet-message-answer.h"
#include "facet-message-face.h"
#include "facet-message-status.h"
#include "facet-thought-panel.h"
#include "facet-tool-cards.h"

#define SPACE_ABOVE  6
#define SPACE        12
#define STATUS_SPACE 12
#define STATUS_PARTS 3

struct _FacetMessageAnswer {
  FacetMessageRow parent_instance;

  FacetThoughtPanel *thought;
  FacetBlockColumn  *column;
  GtkWidget         *tools;
  GtkWidget         *face;
  GtkWidget         *actions;
  GtkLabel          *status;

  GtkAllocation thought_at, column_at, tools_at, face_at, foot_at;
};

G_DEFINE_FINAL_TYPE (FacetMessageAnswer, facet_message_answer, FACET_TYPE_MESSAGE_ROW)

static void
facet_message_answer_bind (FacetMessageRow *row)
{
  FacetMessageAnswer *self = FACET_MESSAGE_ANSWER (row);
  FacetTurnModel     *turn = facet_message_row_get_turn (row);
  FacetMessage       *message = facet_message_row_get_message (row);
  g_autofree char    *words = NULL;
  gboolean            running;

  facet_block_column_set_flow (self->column,
                               turn != NULL ? facet_turn_model_get_body (turn) : NULL);
  facet_thought_panel_bind (self->thought, turn);
  facet_tool_cards_set_message (FACET_TOOL_CARDS (self->tools), message);
  facet_message_face_update (FACET_MESSAGE_FACE (self->face), message);
  facet_message_actions_set_message (FACET_MESSAGE_ACTIONS (self->actions), message,
                                     facet_message_row_get_conversation (row));
  if (turn == NULL)
    return;

  running = facet_message_is_running (message);
  gtk_widget_set_visible (GTK_WIDGET (self->thought),
                          facet_turn_model_has_thought (turn) ||
                              facet_message_get_phase (message) == FACET_PHASE_THINKING);
  gtk_widget_set_child_visible (self->actions, !running);
  gtk_widget_set_child_visible (GTK_WIDGET (self->status), !running);
  if (running)
    return;
  words =
      facet_status_dup_words (facet_message_get_usage (message), facet_message_get_model (message));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->status), words);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->status),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, words, -1);
}

/* As much of the status line as there is room for. */
static void
fit_status (FacetMessageAnswer *self, int width)
{
  const FacetUsage *usage =
      facet_message_get_usage (facet_message_row_get_message (FACET_MESSAGE_ROW (self)));

  for (guint parts = STATUS_PARTS; parts > 0; parts--) {
    g_autofree char *line = facet_status_dup_line (usage, parts);
    g_autoptr (PangoLayout) layout =
        gtk_widget_create_pango_layout (GTK_WIDGET (self->status), line);
    int natural;

    pango_layout_get_pixel_size (layout, &natural, NULL);
    if (natural > width && parts > 1)
      continue;
    if (strcmp (gtk_label_get_label (self->status), line) != 0)
      gtk_label_set_label (self->status, line);
    return;
  }
}

static int
facet_message_answer_layout (FacetMessageRow       *row,
                             const FacetRowColumns *columns,
                             double                 top,
                             double                 bottom)
{
  FacetMessageAnswer *self = FACET_MESSAGE_ANSWER (row);
  int                 x = columns->text_x, width = columns->text_width;
  int                 y = SPACE_ABOVE;
  int                 height, foot, actions;

  self->thought_at = (GtkAllocation){x, y, width, 0};
  if (gtk_widget_get_visible (GTK_WIDGET (self->thought))) {
    self->thought_at.height =
        facet_thought_panel_layout (self->thought, width, top - y, bottom - y);
    y += self->thought_at.height + SPACE;
  }
  height = facet_block_column_layout (self->column, width, columns->max_width, top - y, bottom - y);
  self->column_at = (GtkAllocation){x, y, width, height};
  y += height;

  height = facet_message_row_measure_child (self->tools, width);
  if (height > 0 && self->column_at.height > 0)
    y += SPACE;
  self->tools_at = (GtkAllocation){x, y, width, height};
  y += height;

  height = facet_message_row_measure_child (self->face, width);
  if (height > 0 && self->column_at.height + self->tools_at.height > 0)
    y += SPACE;
  self->face_at = (GtkAllocation){x, y, width, height};
  y += height;

  foot = facet_message_row_measure_child (self->actions, -1);
  gtk_widget_measure (self->actions, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &actions, NULL, NULL);
  fit_status (self, width - actions - STATUS_SPACE);
  self->foot_at = (GtkAllocation){x, y + SPACE / 2, width, foot};
  return y + SPACE / 2 + foot;
}

static gboolean
facet_message_answer_get_part_top (FacetMessageRow *row, guint part, double *top)
{
  FacetMessageAnswer *self = FACET_MESSAGE_ANSWER (row);

  if (part == FACET_ROW_BODY) {
    *top = self->column_at.y;
    return TRUE;
  }
  *top = self->thought_at.y + facet_thought_panel_get_body_top (self->thought);
  return gtk_widget_get_visible (GTK_WIDGET (self->thought)) &&
         facet_turn_model_get_thought_view (facet_message_row_get_turn (row)) ==
             FACET_THOUGHT_EXPANDED;
}

static FacetBlockColumn *
facet_message_answer_get_column (FacetMessageRow *row, guint part)
{
  FacetMessageAnswer *self = FACET_MESSAGE_ANSWER (row);

  return part == FACET_ROW_TRACE ? facet_thought_panel_get_trace (self->thought) : self->column;
}

static void
place (GtkWidget *child, const GtkAllocation *at)
{
  facet_message_row_place_child (child, at->x, at->y, at->width, at->height);
}

static void
facet_message_answer_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  FacetMessageAnswer  *self = FACET_MESSAGE_ANSWER (widget);
  const GtkAllocation *foot = &self->foot_at;
  gboolean             rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int                  actions, status, status_height;

  place (GTK_WIDGET (self->thought), &self->thought_at);
  place (GTK_WIDGET (self->column), &self->column_at);
  place (self->tools, &self->tools_at);
  place (self->face, &self->face_at);

  gtk_widget_measure (self->actions, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &actions, NULL, NULL);
  facet_message_row_place_child (self->actions, rtl ? foot->x + foot->width - actions : foot->x,
                                 foot->y, actions, foot->height);
  gtk_widget_measure (GTK_WIDGET (self->status), GTK_ORIENTATION_HORIZONTAL, -1, NULL, &status,
                      NULL, NULL);
  status = MIN (status, foot->width - actions - STATUS_SPACE);
  status_height = facet_message_row_measure_child (GTK_WIDGET (self->status), status);
  facet_message_row_place_child (GTK_WIDGET (self->status),
                                 rtl ? foot->x : foot->x + foot->width - status,
                                 foot->y + (foot->height - status_height) / 2, status,
                                 status_height);
}

static GtkWidget *
facet_message_answer_get_actions (FacetMessageRow *row)
{
  return FACET_MESSAGE_ANSWER (row)->actions;
}

static void
facet_message_answer_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (facet_message_answer_parent_class)->dispose (object);
}

static void
facet_message_answer_class_init (FacetMessageAnswerClass *klass)
{
  GtkWidgetClass       *widget_class = GTK_WIDGET_CLASS (klass);
  FacetMessageRowClass *row_class = FACET_MESSAGE_ROW_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_message_answer_dispose;
  row_class->bind = facet_message_answer_bind;
  row_class->layout = facet_message_answer_layout;
  row_class->get_part_top = facet_message_answer_get_part_top;
  row_class->get_actions = facet_message_answer_get_actions;
  row_class->get_column = facet_message_answer_get_column;
  widget_class->size_allocate = facet_message_answer_size_allocate;

  g_type_ensure (FACET_TYPE_BLOCK_COLUMN);
  g_type_ensure (FACET_TYPE_MESSAGE_ACTIONS);
  g_type_ensure (FACET_TYPE_MESSAGE_FACE);
  g_type_ensure (FACET_TYPE_THOUGHT_PANEL);
  g_type_ensure (FACET_TYPE_TOOL_CARDS);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-message-answer.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetMessageAnswer, thought);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageAnswer, column);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageAnswer, tools);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageAnswer, face);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageAnswer, actions);
  gtk_widget_class_bind_template_child (widget_class, FacetMessageAnswer, status);
  gtk_widget_class_bind_template_callback (widget_class, facet_message_row_changed);
}

static void
facet_message_answer_init (FacetMessageAnswer *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
