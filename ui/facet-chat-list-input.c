/* facet-chat-list-input.c: the keyboard in the list: scrolling, and going from message to message.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Also reaches messages that have no widgets yet. */
#define G_LOG_DOMAIN "facet-chat-list"

#include "config.h"

#include "facet-chat-list-private.h"

#define LINE_STEP 60 /* pixels that an arrow key scrolls */

static GtkWidgetClass *parent_class;

static void
scroll_to (FacetChatList *self, double value)
{
  GtkAdjustment *vertical = self->adjustment[GTK_ORIENTATION_VERTICAL];

  if (vertical != NULL)
    gtk_adjustment_set_value (vertical, value);
}

void
facet_chat_list_reveal (FacetChatList *self, GtkWidget *widget, const GdkRectangle *rectangle)
{
  double height = gtk_widget_get_height (GTK_WIDGET (self));
  double x, y;

  if (!gtk_widget_translate_coordinates (widget, GTK_WIDGET (self), rectangle->x, rectangle->y, &x,
                                         &y))
    return;
  if (y < FACET_CHAT_PADDING)
    scroll_to (self, self->value + y - FACET_CHAT_PADDING);
  else if (y + rectangle->height > height - FACET_CHAT_PADDING)
    scroll_to (self, self->value + MIN (y + rectangle->height - height + FACET_CHAT_PADDING,
                                        y - FACET_CHAT_PADDING));
}

static void
scroll_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetChatList *self = FACET_CHAT_LIST (widget);
  double         page = MAX (gtk_widget_get_height (widget) - LINE_STEP, LINE_STEP);
  int            step = g_variant_get_int32 (parameter);

  switch (step) {
  case -3:
    scroll_to (self, -self->origin);
    break;
  case 3:
    facet_chat_list_pin (self);
    break;
  case -2:
  case 2:
    scroll_to (self, self->value + page * (step / 2));
    break;
  default:
    scroll_to (self, self->value + LINE_STEP * step);
    break;
  }
}

/* What the keyboard reaches is brought on the screen; a version that was just switched to is where
 * the other one was, and has no place yet. */
static void
set_focus_child (GtkWidget *widget, GtkWidget *child)
{
  FacetChatList *self = FACET_CHAT_LIST (widget);
  GtkRoot       *root = gtk_widget_get_root (widget);
  GtkWidget     *focus;

  parent_class->set_focus_child (widget, child);
  if (child == NULL || root == NULL || self->switched ||
      !gtk_window_get_focus_visible (GTK_WINDOW (root)))
    return;
  focus = gtk_root_get_focus (root);
  /* A column of text brings its caret, not all of itself. */
  if (focus != NULL && gtk_widget_is_ancestor (focus, child) &&
      gtk_widget_get_height (focus) < LINE_STEP)
    facet_chat_list_reveal (self, focus,
                            &(GdkRectangle){0, 0, gtk_widget_get_width (focus),
                                            gtk_widget_get_height (focus)});
}

static void
reveal_turn (FacetChatList *self, FacetTurnModel *turn)
{
  double top, height;

  facet_chat_list_get_turn_place (self, turn, &top, &height);
  top -= self->view;
  if (top < 0)
    scroll_to (self, self->value + MIN (top, top + height - self->page));
  else if (top + height > self->page)
    scroll_to (self, self->value + MIN (top + height - self->page, top));
}

/* From message to message; beyond the last that has a widget, the next one gets one. */
static gboolean
focus (GtkWidget *widget, GtkDirectionType direction)
{
  FacetChatList *self = FACET_CHAT_LIST (widget);
  GtkWidget     *child = gtk_widget_get_focus_child (widget);
  gboolean       forward = direction == GTK_DIR_TAB_FORWARD;
  double         top;
  guint          index;

  if ((!forward && direction != GTK_DIR_TAB_BACKWARD) || self->turns->len == 0)
    return parent_class->focus (widget, direction);
  if (child != NULL) {
    FacetTurnModel *turn = facet_message_row_get_turn (FACET_MESSAGE_ROW (child));

    if (gtk_widget_child_focus (child, direction))
      return TRUE;
    if (!g_ptr_array_find (self->turns, turn, &index))
      return FALSE;
  } else {
    /* The first message on the screen; coming back, the last. */
    facet_chat_list_find_turn (self, forward ? self->view : self->view + self->page, &top, &index);
    index -= forward ? 1 : 0;
    index += forward ? 0 : 1;
  }
  for (index += forward ? 1 : -1; index < self->turns->len; index += forward ? 1 : -1) {
    FacetTurnModel  *turn = g_ptr_array_index (self->turns, index);
    FacetMessageRow *row = facet_chat_list_ensure_row (self, turn);

    facet_message_row_layout (row, self->width, 0, self->page);
    if (!gtk_widget_child_focus (GTK_WIDGET (row), direction))
      continue;
    reveal_turn (self, turn);
    facet_chat_list_schedule_layout (self);
    return TRUE;
  }
  return FALSE;
}

static void
add_scroll_key (GtkWidgetClass *widget_class, guint key, guint keypad_key, int step)
{
  gtk_widget_class_add_binding_action (widget_class, key, 0, "list.scroll", "i", step);
  gtk_widget_class_add_binding_action (widget_class, keypad_key, 0, "list.scroll", "i", step);
}

void
facet_chat_list_class_init_input (GtkWidgetClass *widget_class)
{
  parent_class = g_type_class_peek_parent (widget_class);
  widget_class->focus = focus;
  widget_class->set_focus_child = set_focus_child;

  gtk_widget_class_install_action (widget_class, "list.scroll", "i", scroll_action);
  add_scroll_key (widget_class, GDK_KEY_Up, GDK_KEY_KP_Up, -1);
  add_scroll_key (widget_class, GDK_KEY_Down, GDK_KEY_KP_Down, 1);
  add_scroll_key (widget_class, GDK_KEY_Page_Up, GDK_KEY_KP_Page_Up, -2);
  add_scroll_key (widget_class, GDK_KEY_Page_Down, GDK_KEY_KP_Page_Down, 2);
  add_scroll_key (widget_class, GDK_KEY_Home, GDK_KEY_KP_Home, -3);
  add_scroll_key (widget_class, GDK_KEY_End, GDK_KEY_KP_End, 3);
}
