/* facet-block-column-input.c: selecting, copying and following links in a column of blocks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  The pointer selects by character, word and block and goes on scrolling beyond the
 * screen's edge.  The keyboard moves a caret: arrows, Home and End, with Ctrl by word and to the
 * ends, with Shift selecting; Tab goes to the next link, Return opens it.  Ctrl+C copies.  The menu
 * key shows what the right button shows. */
#define G_LOG_DOMAIN "facet-block-column"

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "facet-block-column-private.h"
#include "facet-chat-list.h"

#define DRAG_SCROLL_MS 40

/* --- text
 * -----------------------------------------------------------------------------------------------
 */

static FacetFlowPosition
get_focus (FacetBlockColumn *self)
{
  FacetFlowPosition anchor, focus;

  facet_flow_get_selection (self->flow, &anchor, &focus);
  return focus;
}

static FacetChatList *
get_list (FacetBlockColumn *self)
{
  return FACET_CHAT_LIST (gtk_widget_get_ancestor (GTK_WIDGET (self), FACET_TYPE_CHAT_LIST));
}

static void
select_range (FacetBlockColumn *self, FacetFlowPosition anchor, FacetFlowPosition focus)
{
  FacetChatList *list = get_list (self);

  if (list != NULL)
    facet_chat_list_selection_began (list, GTK_WIDGET (self));
  facet_flow_select (self->flow, anchor, focus);
}

static void
reveal_focus (FacetBlockColumn *self)
{
  FacetChatList *list = get_list (self);
  GdkRectangle   caret;

  if (list != NULL && facet_block_column_get_caret (self, get_focus (self), &caret))
    facet_chat_list_reveal (list, GTK_WIDGET (self), &caret);
}

static gboolean
is_word (gunichar c)
{
  return g_unichar_isalnum (c) || g_unichar_ismark (c) || c == '_' || c == '\'';
}

/* The next place between two characters, FALSE: none. */
static gboolean
step (FacetBlockColumn *self, FacetFlowPosition *position, gboolean forward)
{
  const FacetBlock *block = facet_flow_get_block (self->flow, position->block);
  const char       *at = block->text + position->byte;

  if (forward && position->byte < block->length) {
    do
      at = g_utf8_next_char (at);
    while (*at != '\0' && g_unichar_ismark (g_utf8_get_char (at)));
  } else if (!forward && position->byte > 0) {
    do
      at = g_utf8_prev_char (at);
    while (at > block->text && g_unichar_ismark (g_utf8_get_char (at)));
  } else if (forward && position->block + 1 < facet_flow_get_n_shown (self->flow)) {
    *position = (FacetFlowPosition){position->block + 1, 0};
    return TRUE;
  } else if (!forward && position->block > 0) {
    position->block--;
    position->byte = facet_flow_get_block (self->flow, position->block)->length;
    return TRUE;
  } else {
    return FALSE;
  }
  position->byte = (gsize)(at - block->text);
  return TRUE;
}

static gunichar
char_beside (FacetBlockColumn *self, const FacetFlowPosition *position, gboolean after)
{
  const FacetBlock *block = facet_flow_get_block (self->flow, position->block);

  if (after)
    return g_utf8_get_char (block->text + position->byte);
  if (position->byte == 0)
    return 0;
  return g_utf8_get_char (g_utf8_prev_char (block->text + position->byte));
}

static void
step_word (FacetBlockColumn *self, FacetFlowPosition *position, gboolean forward)
{
  while (!is_word (char_beside (self, position, forward)) && step (self, position, forward))
    ;
  while (is_word (char_beside (self, position, forward)) && step (self, position, forward))
    ;
}

static void
select_word (FacetBlockColumn *self, FacetFlowPosition position)
{
  FacetFlowPosition start = position, end = position;

  while (is_word (char_beside (self, &start, FALSE)) && step (self, &start, FALSE))
    ;
  while (is_word (char_beside (self, &end, TRUE)) && step (self, &end, TRUE))
    ;
  if (start.byte == end.byte)
    step (self, &end, TRUE);
  if (end.block == start.block)
    select_range (self, start, end);
}

static void
copy_selection (FacetBlockColumn *self)
{
  g_autofree char *text = facet_flow_dup_selected_text (self->flow);

  if (*text != '\0')
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
}

/* What is selected can be pasted with the middle button. */
static void
offer_primary (FacetBlockColumn *self)
{
  g_autofree char *text = NULL;

  if (!facet_flow_has_selection (self->flow))
    return;
  text = facet_flow_dup_selected_text (self->flow);
  gdk_clipboard_set_text (gtk_widget_get_primary_clipboard (GTK_WIDGET (self)), text);
}

/* --- links
 * ---------------------------------------------------------------------------------------------- */

static const char *
link_at (FacetBlockColumn *self, double x, double y)
{
  FacetBlockView *view = facet_block_column_pick_view (self, x, y);
  GtkAllocation   allocation;
  guint           link;

  if (view == NULL)
    return NULL;
  gtk_widget_get_allocation (GTK_WIDGET (view), &allocation);
  link = facet_block_view_get_link (view, x - allocation.x, y - allocation.y);
  return link != 0 ? facet_block_view_get_block (view)->links[link - 1] : NULL;
}

static void
open_link (FacetBlockColumn *self, const char *target)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  if (facet_markdown_link_is_safe (target))
    gtk_show_uri (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, target, GDK_CURRENT_TIME);
}

/* The link that the whole selection is, as after Tab; NULL: none. */
static const char *
selected_link (FacetBlockColumn *self)
{
  FacetFlowPosition anchor, focus;
  const FacetBlock *block;

  if (!facet_flow_has_selection (self->flow))
    return NULL;
  facet_flow_get_selection (self->flow, &anchor, &focus);
  if (anchor.block != focus.block)
    return NULL;
  block = facet_flow_get_block (self->flow, anchor.block);
  for (guint i = 0; i < block->n_spans; i++) {
    if (block->spans[i].link != 0 && block->spans[i].start <= MIN (anchor.byte, focus.byte) &&
        block->spans[i].end >= MAX (anchor.byte, focus.byte))
      return block->links[block->spans[i].link - 1];
  }
  return NULL;
}

/* Selects the next link after the caret; FALSE: there is none. */
static gboolean
select_next_link (FacetBlockColumn *self, gboolean forward)
{
  FacetFlowPosition focus = get_focus (self);
  guint             n = facet_flow_get_n_shown (self->flow);

  for (guint i = focus.block; i < n; forward ? i++ : i--) {
    const FacetBlock *block = facet_flow_get_block (self->flow, i);

    for (guint j = 0; j < block->n_spans; j++) {
      const FacetSpan *span = &block->spans[forward ? j : block->n_spans - 1 - j];

      if (span->link == 0 ||
          (i == focus.block && (forward ? span->end <= focus.byte : span->end >= focus.byte)))
        continue;
      if (i == focus.block && forward && span->start < focus.byte)
        continue;
      select_range (self, (FacetFlowPosition){i, span->start}, (FacetFlowPosition){i, span->end});
      reveal_focus (self);
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
query_tooltip_cb (FacetBlockColumn *self, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  const char *target = self->flow == NULL ? NULL
                       : keyboard         ? selected_link (self)
                                          : link_at (self, x, y);
  g_autoptr (GString) shown = NULL;

  if (target == NULL)
    return FALSE;
  /* Where it goes, in plain sight: nothing that could turn the text around or hide in it. */
  shown = g_string_new (NULL);
  for (const char *p = target; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_type (c) == G_UNICODE_FORMAT || g_unichar_iszerowidth (c))
      g_string_append_printf (shown, "\\u%04X", c);
    else
      g_string_append_unichar (shown, c);
  }
  gtk_tooltip_set_text (tooltip, shown->str);
  return TRUE;
}

/* --- pointer
 * -------------------------------------------------------------------------------------------- */

static void
pressed_cb (FacetBlockColumn *self, int n_press, double x, double y, GtkGestureClick *gesture)
{
  GdkModifierType modifiers =
      gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));
  FacetFlowPosition position, anchor, focus;

  if (self->flow == NULL || facet_flow_get_n_shown (self->flow) == 0)
    return;
  position = facet_block_column_get_position (self, x, y);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  self->pressed = TRUE;
  self->press = position;
  self->goal_x = -1;
  if (n_press == 2) {
    select_word (self, position);
  } else if (n_press == 3) {
    select_range (self, (FacetFlowPosition){position.block, 0},
                  (FacetFlowPosition){position.block,
                                      facet_flow_get_block (self->flow, position.block)->length});
  } else if (modifiers & GDK_SHIFT_MASK) {
    facet_flow_get_selection (self->flow, &anchor, &focus);
    select_range (self, anchor, position);
  } else {
    select_range (self, position, position);
  }
  if (n_press > 1)
    offer_primary (self);
}

static void
released_cb (FacetBlockColumn *self, int n_press, double x, double y)
{
  const char *target;

  if (self->flow == NULL || n_press != 1 || facet_flow_has_selection (self->flow))
    return;
  target = link_at (self, x, y);
  if (target != NULL)
    open_link (self, target);
}

static void
drag_to (FacetBlockColumn *self)
{
  FacetFlowPosition focus = facet_block_column_get_position (self, self->drag_x, self->drag_y);

  facet_flow_select (self->flow, self->press, focus);
  reveal_focus (self);
}

/* The pointer may rest outside while the text scrolls by under it. */
static gboolean
drag_scroll_cb (gpointer data)
{
  FacetBlockColumn *self = data;

  if (self->flow == NULL || facet_flow_get_n_shown (self->flow) == 0) {
    self->drag_source = 0;
    return G_SOURCE_REMOVE;
  }
  drag_to (self);
  return G_SOURCE_CONTINUE;
}

static void
drag_update_cb (FacetBlockColumn *self, double dx, double dy, GtkGestureDrag *gesture)
{
  double x, y;

  if (!self->pressed || self->flow == NULL ||
      !gtk_drag_check_threshold (GTK_WIDGET (self), 0, 0, (int)dx, (int)dy))
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_gesture_drag_get_start_point (gesture, &x, &y);
  self->drag_x = x + dx;
  self->drag_y = y + dy;
  drag_to (self);
  if (self->drag_source == 0)
    self->drag_source = g_timeout_add (DRAG_SCROLL_MS, drag_scroll_cb, self);
}

static void
drag_end_cb (FacetBlockColumn *self)
{
  self->pressed = FALSE;
  g_clear_handle_id (&self->drag_source, g_source_remove);
  if (self->flow != NULL)
    offer_primary (self);
}

static void
motion_cb (FacetBlockColumn *self, double x, double y)
{
  const char *name = "default";

  if (self->flow != NULL && facet_block_column_pick_view (self, x, y) != NULL)
    name = link_at (self, x, y) != NULL ? "pointer" : "text";
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), name);
}

/* --- menu
 * -----------------------------------------------------------------------------------------------
 */

static void
copy_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);

  if (self->flow != NULL)
    copy_selection (self);
}

static void
select_all_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);

  if (self->flow == NULL || facet_flow_get_n_shown (self->flow) == 0)
    return;
  select_range (self, (FacetFlowPosition){0, 0}, (FacetFlowPosition){0, 0});
  facet_flow_select_all (self->flow);
  offer_primary (self);
}

static void
copy_link_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);

  if (self->menu_link != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), self->menu_link);
}

static void
open_link_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);

  if (self->menu_link != NULL)
    open_link (self, self->menu_link);
}

static GMenuModel *
build_menu (FacetBlockColumn *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) text = g_menu_new ();
  g_autoptr (GMenu) links = g_menu_new ();

  g_menu_append (text, _ ("_Copy"), "text.copy");
  g_menu_append (text, _ ("Select _All"), "text.select-all");
  if (self->menu_link != NULL) {
    g_menu_append (links, _ ("_Open Link"), "text.open-link");
    g_menu_append (links, _ ("Copy _Link Address"), "text.copy-link");
    g_menu_append_section (menu, NULL, G_MENU_MODEL (links));
  }
  g_menu_append_section (menu, NULL, G_MENU_MODEL (text));
  return G_MENU_MODEL (g_steal_pointer (&menu));
}

static void
show_menu (FacetBlockColumn *self, const char *target, const GdkRectangle *at)
{
  g_autoptr (GMenuModel) model = NULL;

  g_free (self->menu_link);
  self->menu_link = g_strdup (target);
  model = build_menu (self);
  if (self->menu == NULL) {
    self->menu = gtk_popover_menu_new_from_model (model);
    gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
    gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
    gtk_popover_set_position (GTK_POPOVER (self->menu), GTK_POS_BOTTOM);
  } else {
    gtk_popover_menu_set_menu_model (GTK_POPOVER_MENU (self->menu), model);
  }
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "text.copy",
                                 facet_flow_has_selection (self->flow));
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), at);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
secondary_cb (FacetBlockColumn *self, int n_press, double x, double y, GtkGestureClick *gesture)
{
  GdkEvent *event = gtk_event_controller_get_current_event (GTK_EVENT_CONTROLLER (gesture));

  if (self->flow == NULL || event == NULL || !gdk_event_triggers_context_menu (event))
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  show_menu (self, link_at (self, x, y), &(GdkRectangle){(int)x, (int)y, 1, 1});
}

static void
menu_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);
  GdkRectangle      caret = {0, 0, 1, 1};

  if (self->flow == NULL)
    return;
  facet_block_column_get_caret (self, get_focus (self), &caret);
  show_menu (self, selected_link (self), &caret);
}

/* --- keyboard
 * ------------------------------------------------------------------------------------------- */

/* Where the caret goes from @position, FALSE: nowhere. */
static gboolean
move_vertically (FacetBlockColumn *self, FacetFlowPosition *position, gboolean down)
{
  GdkRectangle      caret;
  FacetFlowPosition moved;

  if (!facet_block_column_get_caret (self, *position, &caret))
    return FALSE;
  if (self->goal_x < 0)
    self->goal_x = caret.x;
  moved = facet_block_column_get_position (self, self->goal_x,
                                           down ? caret.y + caret.height * 1.5
                                                : caret.y - caret.height * 0.5);
  /* Between two blocks there may be more than half a line. */
  if (moved.block == position->block && moved.byte == position->byte)
    moved = facet_block_column_get_position (self, self->goal_x,
                                             down ? caret.y + caret.height * 2.5
                                                  : caret.y - caret.height * 1.5);
  if (moved.block == position->block && moved.byte == position->byte)
    return FALSE;
  *position = moved;
  return TRUE;
}

static gboolean
move_caret (FacetBlockColumn *self, guint key, gboolean word, FacetFlowPosition *position)
{
  gboolean rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  gboolean forward = (key == GDK_KEY_Right) != rtl;
  guint    last = facet_flow_get_n_shown (self->flow) - 1;

  switch (key) {
  case GDK_KEY_Left:
  case GDK_KEY_Right:
    if (word)
      step_word (self, position, forward);
    else
      step (self, position, forward);
    return TRUE;
  case GDK_KEY_Up:
  case GDK_KEY_Down:
    return !word && move_vertically (self, position, key == GDK_KEY_Down);
  case GDK_KEY_Home:
    *position = (FacetFlowPosition){word ? 0 : position->block, 0};
    return TRUE;
  case GDK_KEY_End:
    position->block = word ? last : position->block;
    position->byte = facet_flow_get_block (self->flow, position->block)->length;
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
key_pressed_cb (FacetBlockColumn *self, guint key, guint code, GdkModifierType modifiers)
{
  FacetFlowPosition anchor, focus, moved;
  const char       *target;

  if (self->flow == NULL || facet_flow_get_n_shown (self->flow) == 0)
    return GDK_EVENT_PROPAGATE;
  facet_flow_get_selection (self->flow, &anchor, &focus);
  if (key == GDK_KEY_Escape && facet_flow_has_selection (self->flow)) {
    facet_flow_select (self->flow, focus, focus);
    return GDK_EVENT_STOP;
  }
  if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter) {
    target = selected_link (self);
    if (target == NULL)
      return GDK_EVENT_PROPAGATE;
    open_link (self, target);
    return GDK_EVENT_STOP;
  }
  moved = focus;
  if ((modifiers & GDK_ALT_MASK) ||
      !move_caret (self, key, (modifiers & GDK_CONTROL_MASK) != 0, &moved))
    return GDK_EVENT_PROPAGATE;
  if (key != GDK_KEY_Up && key != GDK_KEY_Down)
    self->goal_x = -1;
  select_range (self, (modifiers & GDK_SHIFT_MASK) ? anchor : moved, moved);
  reveal_focus (self);
  if (modifiers & GDK_SHIFT_MASK)
    offer_primary (self);
  return GDK_EVENT_STOP;
}

/* Tab goes from link to link before it leaves the column. */
static gboolean
facet_block_column_focus (GtkWidget *widget, GtkDirectionType direction)
{
  FacetBlockColumn *self = FACET_BLOCK_COLUMN (widget);
  gboolean          tab = direction == GTK_DIR_TAB_FORWARD || direction == GTK_DIR_TAB_BACKWARD;
  GtkWidget        *child = gtk_widget_get_focus_child (widget);

  if (self->flow == NULL || facet_flow_get_n_shown (self->flow) == 0)
    return FALSE;
  if (tab && gtk_widget_is_focus (widget) &&
      select_next_link (self, direction == GTK_DIR_TAB_FORWARD))
    return TRUE;
  if (child == NULL && !gtk_widget_is_focus (widget) && direction != GTK_DIR_TAB_BACKWARD)
    return gtk_widget_grab_focus (widget);
  if (GTK_WIDGET_CLASS (g_type_class_peek_parent (G_OBJECT_GET_CLASS (widget)))
          ->focus (widget, direction))
    return TRUE;
  return direction == GTK_DIR_TAB_BACKWARD && !gtk_widget_is_focus (widget) &&
         gtk_widget_grab_focus (widget);
}

/* --- setting up
 * ----------------------------------------------------------------------------------------- */

void
facet_block_column_dispose_input (FacetBlockColumn *self)
{
  g_clear_handle_id (&self->drag_source, g_source_remove);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->menu_link, g_free);
  self->pressed = FALSE;
}

void
facet_block_column_init_input (FacetBlockColumn *self)
{
  GtkWidget          *widget = GTK_WIDGET (self);
  GtkGesture         *click = gtk_gesture_click_new ();
  GtkGesture         *secondary = gtk_gesture_click_new ();
  GtkGesture         *drag = gtk_gesture_drag_new ();
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *keys = gtk_event_controller_key_new ();

  self->goal_x = -1;
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_has_tooltip (widget, TRUE);
  g_signal_connect (widget, "query-tooltip", G_CALLBACK (query_tooltip_cb), NULL);

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_PRIMARY);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (pressed_cb), self);
  g_signal_connect_swapped (click, "released", G_CALLBACK (released_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (secondary), 0);
  g_signal_connect_swapped (secondary, "pressed", G_CALLBACK (secondary_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (secondary));

  g_signal_connect_swapped (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect_swapped (drag, "drag-end", G_CALLBACK (drag_end_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  g_signal_connect_swapped (motion, "motion", G_CALLBACK (motion_cb), self);
  gtk_widget_add_controller (widget, motion);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  gtk_widget_add_controller (widget, keys);
}

void
facet_block_column_class_init_input (GtkWidgetClass *widget_class)
{
  widget_class->focus = facet_block_column_focus;
  gtk_widget_class_install_action (widget_class, "text.copy", NULL, copy_action);
  gtk_widget_class_install_action (widget_class, "text.select-all", NULL, select_all_action);
  gtk_widget_class_install_action (widget_class, "text.copy-link", NULL, copy_link_action);
  gtk_widget_class_install_action (widget_class, "text.open-link", NULL, open_link_action);
  gtk_widget_class_install_action (widget_class, "text.menu", NULL, menu_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Insert, GDK_CONTROL_MASK, "text.copy",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, "text.copy",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_a, GDK_CONTROL_MASK, "text.select-all",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "text.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "text.menu",
                                       NULL);
}
