/* facet-thought-panel.c: the thought, folded, in a box of a few lines, or all of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  When to fold is the turn's to know (it does so for messages that are not on the
 * screen, too); the panel tells it whether the reader's pointer or focus is here, and moves between
 * the heights. */
#define G_LOG_DOMAIN "facet-thought-panel"

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "facet-block-column.h"
#include "facet-message-status.h"
#include "facet-text-layout.h"
#include "facet-thought-panel.h"

#define BOX_LINES  8
#define INDENT     14 /* of the trace, with the line at its left */
#define LINE_WIDTH 2
#define GAP        6
#define FADE       30
#define FOLD_MS    200
#define CLOCK_MS   100

struct _FacetThoughtPanel {
  GtkWidget parent_instance;

  GtkWidget        *header;
  GtkWidget        *toggle;
  GtkImage         *arrow;
  GtkLabel         *title;
  GtkWidget        *expand;
  GtkWidget        *answer_now;
  FacetBlockColumn *trace;

  GtkEventController *pointer, *focus;
  FacetTurnModel     *turn;
  guint               clock; /* counts the seconds of a running thought */

  FacetThoughtView shown;     /* what the height is, or moves to */
  AdwAnimation    *animation; /* NULL: at rest */
  double           progress;  /* of the animation */
  int              from;      /* the body's height when it began */
  int              header_height, body_height;
  gboolean         cut_above; /* the box does not show the beginning */
};

G_DEFINE_FINAL_TYPE (FacetThoughtPanel, facet_thought_panel, GTK_TYPE_WIDGET)

enum {
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
changed_cb (FacetThoughtPanel *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

const char *
facet_thought_panel_get_title (FacetThoughtPanel *self)
{
  return gtk_label_get_label (self->title);
}

FacetBlockColumn *
facet_thought_panel_get_trace (FacetThoughtPanel *self)
{
  return self->trace;
}

/* What it says */

static void
update_title (FacetThoughtPanel *self)
{
  g_autofree char *title = facet_status_dup_thought (facet_turn_model_get_message (self->turn));

  gtk_label_set_label (self->title, title);
}

static gboolean
clock_cb (gpointer data)
{
  update_title (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
is_thinking (FacetThoughtPanel *self)
{
  return facet_message_get_phase (facet_turn_model_get_message (self->turn)) ==
         FACET_PHASE_THINKING;
}

/* Heights */

static int
box_height (FacetThoughtPanel *self)
{
  return BOX_LINES * (int)round (facet_text_font_size (GTK_WIDGET (self->trace)) * 1.45);
}

static int
target_height (FacetThoughtPanel *self, int all)
{
  switch (self->shown) {
  case FACET_THOUGHT_BOX:
    return MIN (all, box_height (self));
  case FACET_THOUGHT_EXPANDED:
    return all;
  default:
    return 0;
  }
}

static void
animate_cb (double value, gpointer data)
{
  FacetThoughtPanel *self = data;

  self->progress = value;
  changed_cb (self);
}

static void
animation_done_cb (FacetThoughtPanel *self)
{
  self->progress = 1;
  g_clear_object (&self->animation);
  changed_cb (self);
}

static void
stop_animation (FacetThoughtPanel *self)
{
  if (self->animation == NULL)
    return;
  g_signal_handlers_disconnect_by_func (self->animation, animation_done_cb, self);
  adw_animation_reset (self->animation);
  g_clear_object (&self->animation);
  self->progress = 1;
}

/* Moves to another view; at once when the person wants no motion, or nobody sees it. */
static void
move_to (FacetThoughtPanel *self, FacetThoughtView view, gboolean move)
{
  AdwAnimationTarget *target;

  if (view == self->shown)
    return;
  stop_animation (self);
  self->shown = view;
  self->from = self->body_height;
  if (!move || !gtk_widget_get_mapped (GTK_WIDGET (self)) ||
      !adw_get_enable_animations (GTK_WIDGET (self)))
    return;
  target = adw_callback_animation_target_new (animate_cb, self, NULL);
  self->animation = adw_timed_animation_new (GTK_WIDGET (self), 0, 1, FOLD_MS, target);
  adw_timed_animation_set_easing (ADW_TIMED_ANIMATION (self->animation), ADW_EASE_OUT_CUBIC);
  g_signal_connect_swapped (self->animation, "done", G_CALLBACK (animation_done_cb), self);
  self->progress = 0;
  adw_animation_play (self->animation);
}

int
facet_thought_panel_layout (FacetThoughtPanel *self, int width, double top, double bottom)
{
  FacetFlow *flow = self->turn != NULL ? facet_turn_model_get_trace (self->turn) : NULL;
  int        inner = MAX (width - INDENT, 1);
  int        all, target;

  if (flow == NULL)
    return 0;
  self->cut_above = FALSE;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  gtk_widget_measure (self->header, GTK_ORIENTATION_VERTICAL, width, NULL, &self->header_height,
                      NULL, NULL);
  if (self->shown == FACET_THOUGHT_FOLDED && self->animation == NULL) {
    self->body_height = 0;
    facet_block_column_layout (self->trace, inner, inner, 0, 0);
    return self->header_height;
  }
  top -= self->header_height + GAP;
  bottom -= self->header_height + GAP;
  if (self->shown == FACET_THOUGHT_EXPANDED && self->animation == NULL) {
    facet_block_column_set_offset (self->trace, 0);
    self->body_height = facet_block_column_layout (self->trace, inner, inner, top, bottom);
    return self->header_height + GAP + self->body_height;
  }

  /* The end of it, in a box: of what is in the box everything has a widget. */
  all = (int)ceil (facet_flow_get_height (flow));
  for (int i = 0; i < 3; i++) {
    double seen = MAX (box_height (self), MIN (self->body_height, bottom - top));
    int    again = facet_block_column_layout (self->trace, inner, inner, all - seen, all);

    if (again == all)
      break;
    all = again;
  }
  target = target_height (self, all);
  self->body_height = (int)round (self->from + (target - self->from) * self->progress);
  if (self->animation == NULL)
    self->body_height = target;
  facet_block_column_set_offset (self->trace, all - self->body_height);
  self->cut_above = self->body_height > 0 && self->body_height < all;
  return self->header_height + (self->body_height > 0 ? GAP : 0) + self->body_height;
}

int
facet_thought_panel_get_body_top (FacetThoughtPanel *self)
{
  return self->header_height + GAP;
}

static void
facet_thought_panel_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  FacetThoughtPanel *self = FACET_THOUGHT_PANEL (widget);
  gboolean           rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  int                minimum;

  gtk_widget_measure (self->header, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  gtk_widget_size_allocate (self->header,
                            &(GtkAllocation){0, 0, MAX (width, minimum), self->header_height}, -1);
  gtk_widget_set_child_visible (GTK_WIDGET (self->trace), self->body_height > 0);
  gtk_widget_measure (GTK_WIDGET (self->trace), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL,
                      NULL, NULL);
  gtk_widget_size_allocate (GTK_WIDGET (self->trace),
                            &(GtkAllocation){rtl ? 0 : INDENT, self->header_height + GAP,
                                             MAX (width - INDENT, 1), self->body_height},
                            -1);
}

/* The lines that scroll out of the box at its upper edge fade away. */
static void
draw_fade (FacetThoughtPanel *self, GtkSnapshot *snapshot)
{
  GtkWidget      *trace = GTK_WIDGET (self->trace);
  float           height = (float)MIN (FADE, self->body_height);
  float           y = (float)(self->header_height + GAP);
  graphene_rect_t area;
  GdkRGBA         from, to;

  if (!gtk_style_context_lookup_color (gtk_widget_get_style_context (trace), "window_bg_color",
                                       &from))
    return;
  to = from;
  to.alpha = 0;
  graphene_rect_init (&area, gtk_widget_get_direction (trace) == GTK_TEXT_DIR_RTL ? 0 : INDENT, y,
                      (float)gtk_widget_get_width (trace), height);
  gtk_snapshot_append_linear_gradient (snapshot, &area, &GRAPHENE_POINT_INIT (0, y),
                                       &GRAPHENE_POINT_INIT (0, y + height),
                                       (GskColorStop[]){{.offset = 0, .color = from},
                                                        {.offset = 1, .color = to}},
                                       2);
}

static void
facet_thought_panel_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  FacetThoughtPanel *self = FACET_THOUGHT_PANEL (widget);
  gboolean           rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  GdkRGBA            accent;

  if (self->body_height > 0 &&
      gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), "accent_bg_color",
                                      &accent)) {
    float x = rtl ? (float)(gtk_widget_get_width (widget) - LINE_WIDTH) : 0;

    accent.alpha *= 0.6f;
    gtk_snapshot_append_color (snapshot, &accent,
                               &GRAPHENE_RECT_INIT (x, (float)(self->header_height + GAP),
                                                    LINE_WIDTH, (float)self->body_height));
  }
  GTK_WIDGET_CLASS (facet_thought_panel_parent_class)->snapshot (widget, snapshot);
  if (self->cut_above)
    draw_fade (self, snapshot);
}

/* The turn */

static gboolean
is_held (FacetThoughtPanel *self)
{
  return gtk_event_controller_motion_contains_pointer (
             GTK_EVENT_CONTROLLER_MOTION (self->pointer)) ||
         gtk_event_controller_focus_contains_focus (GTK_EVENT_CONTROLLER_FOCUS (self->focus));
}

static void
held_cb (FacetThoughtPanel *self)
{
  if (self->turn != NULL)
    facet_turn_model_hold_thought (self->turn, is_held (self));
}

static void
update (FacetThoughtPanel *self, gboolean move)
{
  FacetThoughtView view = facet_turn_model_get_thought_view (self->turn);
  gboolean         thinking = is_thinking (self);

  update_title (self);
  move_to (self, view, move);
  gtk_image_set_from_icon_name (self->arrow, view == FACET_THOUGHT_FOLDED ? "pan-end-symbolic"
                                                                          : "pan-down-symbolic");
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->toggle), GTK_ACCESSIBLE_STATE_EXPANDED,
                               view != FACET_THOUGHT_FOLDED, -1);
  gtk_widget_set_visible (self->answer_now, thinking);
  gtk_widget_set_visible (self->expand, thinking && view != FACET_THOUGHT_FOLDED);
  gtk_button_set_label (GTK_BUTTON (self->expand),
                        view == FACET_THOUGHT_EXPANDED ? _ ("Reduce") : _ ("Expand"));
  if (thinking && self->clock == 0)
    self->clock = g_timeout_add (CLOCK_MS, clock_cb, self);
  else if (!thinking)
    g_clear_handle_id (&self->clock, g_source_remove);
}

void
facet_thought_panel_bind (FacetThoughtPanel *self, FacetTurnModel *turn)
{
  gboolean same = turn == self->turn;

  if (!same) {
    if (self->turn != NULL)
      facet_turn_model_hold_thought (self->turn, FALSE);
    g_clear_handle_id (&self->clock, g_source_remove);
    stop_animation (self);
    g_set_object (&self->turn, turn);
    facet_block_column_set_flow (self->trace,
                                 turn != NULL ? facet_turn_model_get_trace (turn) : NULL);
  }
  if (turn == NULL)
    return;
  update (self, same);
}

static void
toggle_cb (FacetThoughtPanel *self)
{
  FacetThoughtView view = facet_turn_model_get_thought_view (self->turn);

  if (view != FACET_THOUGHT_FOLDED)
    view = FACET_THOUGHT_FOLDED;
  else
    view = is_thinking (self) ? FACET_THOUGHT_BOX : FACET_THOUGHT_EXPANDED;
  facet_turn_model_set_thought_view (self->turn, view);
}

static void
expand_cb (FacetThoughtPanel *self)
{
  gboolean expanded = facet_turn_model_get_thought_view (self->turn) == FACET_THOUGHT_EXPANDED;

  facet_turn_model_set_thought_view (self->turn,
                                     expanded ? FACET_THOUGHT_BOX : FACET_THOUGHT_EXPANDED);
}

/* Widget */

static void
facet_thought_panel_measure (GtkWidget     *widget,
                             GtkOrientation orientation,
                             int            for_size,
                             int           *minimum,
                             int           *natural,
                             int           *minimum_baseline,
                             int           *natural_baseline)
{
  *minimum = *natural = 0;
}

static void
facet_thought_panel_dispose (GObject *object)
{
  FacetThoughtPanel *self = FACET_THOUGHT_PANEL (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  stop_animation (self);
  g_clear_object (&self->turn);
  g_clear_pointer (&self->header, gtk_widget_unparent);
  if (self->trace != NULL)
    gtk_widget_unparent (GTK_WIDGET (g_steal_pointer (&self->trace)));
  G_OBJECT_CLASS (facet_thought_panel_parent_class)->dispose (object);
}

static void
facet_thought_panel_class_init (FacetThoughtPanelClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = facet_thought_panel_dispose;
  widget_class->measure = facet_thought_panel_measure;
  widget_class->size_allocate = facet_thought_panel_size_allocate;
  widget_class->snapshot = facet_thought_panel_snapshot;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (FACET_TYPE_BLOCK_COLUMN);
  gtk_widget_class_set_css_name (widget_class, "thought-panel");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/facet/Facet/facet-thought-panel.ui");
  gtk_widget_class_bind_template_child (widget_class, FacetThoughtPanel, header);
  gtk_widget_class_bind_template_child (widget_class, FacetThoughtPanel, toggle);
  gtk_widget_class_bind_template_child (widget_class, FacetThoughtPanel, arrow);
  gtk_widget_class_bind_template_child (widget_class, FacetThoughtPanel, title);
  gtk_widget_class_bind_template_child (widget_class, FacetThoughtPanel, expand);
  gtk_widget_class_bind_template_child (widget_class, FacetThoughtPanel, answer_now);
  gtk_widget_class_bind_template_child (widget_class, FacetThoughtPanel, trace);
  gtk_widget_class_bind_template_callback (widget_class, toggle_cb);
  gtk_widget_class_bind_template_callback (widget_class, expand_cb);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
}

static void
facet_thought_panel_init (FacetThoughtPanel *self)
{
  self->progress = 1;
  gtk_widget_init_template (GTK_WIDGET (self));
  self->pointer = gtk_event_controller_motion_new ();
  g_signal_connect_swapped (self->pointer, "notify::contains-pointer", G_CALLBACK (held_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), self->pointer);
  self->focus = gtk_event_controller_focus_new ();
  g_signal_connect_swapped (self->focus, "notify::contains-focus", G_CALLBACK (held_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), self->focus);
}
