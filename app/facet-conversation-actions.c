/* facet-conversation-actions.c: what a person can do to the messages: send, stop, answer again,
 * edit, take out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Each action changes the list at once, has it stored, and puts it back if it could
 * not be stored.
 *
 * The list is the path that is shown.  Along it ids ascend, because a message is stored after its
 * parent: so a deleted message finds its place again by its id. */
#define G_LOG_DOMAIN "facet-conversation"

#include "facet-conversation-private.h"
#include "facet-turn.h"

#include <string.h>

static gboolean
find (FacetConversation *self, FacetMessage *message, guint *position)
{
  return g_ptr_array_find (self->messages, message, position);
}

static gboolean
is_blank (const char *text)
{
  return text[strspn (text, " \t\r\n\v\f")] == '\0';
}

/* Whether the person may change the messages now.  Someone may be quicker than the disk: then it is
 * waited for. */
static gboolean
may_change (FacetConversation *self)
{
  if (!self->loaded || self->switching) {
    facet_conversation_open (self);
    while ((self->loading || self->switching) && facet_store_wait (self->store))
      ;
  }
  return self->loaded && !self->switching && self->turn == NULL && self->assistant != NULL;
}

/* Runs @plan on the list as it is now.  Takes the plan's contents. */
static void
begin_turn (FacetConversation *self, FacetTurnPlan *plan)
{
  FacetConversationRow *row;
  FacetTurn            *turn;

  facet_message_set_state (plan->answer, FACET_MESSAGE_PENDING);
  facet_message_set_phase (plan->answer, FACET_PHASE_WAITING, 0);
  facet_message_set_error (plan->answer, NULL);
  row = facet_conversation_dup_row (self);
  row->updated = g_get_real_time ();
  if (self->id == 0)
    row->created = row->updated;
  turn = facet_turn_begin (self, self->assistant, row, plan);
  if (facet_turn_has_ended (turn)) {
    facet_turn_unref (turn);
    return;
  }
  self->turn = turn;
  g_object_notify (G_OBJECT (self), "busy");
}

/* Undo entries of messages that are no longer on the path cannot come back into it. */
static void
forget_deleted_from (FacetConversation *self, gint64 id)
{
  guint before = self->deleted->len;

  for (guint i = self->deleted->len; i > 0; i--) {
    if (facet_message_get_id (g_ptr_array_index (self->deleted, i - 1)) >= id)
      g_ptr_array_remove_index (self->deleted, i - 1);
  }
  if (before > 0 && self->deleted->len == 0)
    g_object_notify (G_OBJECT (self), "can-undo");
}

/* A turn that puts @user (or nothing) and a new answer in place of all from @position on; both
 * under @parent. */
static void
begin_branch (FacetConversation *self, guint position, FacetMessage *user, gint64 parent)
{
  g_autoptr (FacetMessage) answer = facet_message_new (FACET_ROLE_ASSISTANT, NULL);
  FacetMessage *added[2] = {user, answer};
  FacetTurnPlan plan = {.answer = g_object_ref (answer), .replaces = TRUE};
  guint         n_removed = self->messages->len - position;

  if (user != NULL) {
    plan.user = g_object_ref (user);
    facet_message_set_parent_id (user, parent);
  } else
    facet_message_set_parent_id (answer, parent);
  if (n_removed > 0) {
    forget_deleted_from (self, facet_message_get_id (g_ptr_array_index (self->messages, position)));
    plan.removed = g_ptr_array_new_with_free_func (g_object_unref);
    for (guint i = position; i < self->messages->len; i++)
      g_ptr_array_add (plan.removed, g_object_ref (g_ptr_array_index (self->messages, i)));
  }
  /* Pending before anyone sees it. */
  facet_message_set_state (answer, FACET_MESSAGE_PENDING);
  facet_conversation_splice (self, position, n_removed, user != NULL ? added : added + 1,
                             user != NULL ? 2 : 1);
  begin_turn (self, &plan);
}

/* What was attached while the first message was on its way was kept without a conversation. */
static void
move_draft_media (FacetConversation *self)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  facet_conversation_store_draft_media (self);
  facet_store_save_draft_media (self->store, 0, none, NULL, NULL);
}

void
facet_conversation_turn_saved (FacetConversation          *self,
                               FacetTurn                  *turn,
                               const FacetConversationRow *row)
{
  gboolean is_new = self->id == 0;

  self->head_id = row->head_id;
  self->created = row->created;
  self->updated = row->updated;
  facet_conversation_grow_tree (self);
  if (is_new) {
    self->id = row->id;
    facet_store_set_value (self->store, FACET_NEW_DRAFT_KEY, NULL, NULL, NULL);
    move_draft_media (self);
    g_object_notify (G_OBJECT (self), "id");
  }
  g_object_notify (G_OBJECT (self), "updated");
}

static void
clear_turn (FacetConversation *self, FacetTurn *turn)
{
  if (self->turn != turn)
    return;
  g_clear_pointer (&self->turn, facet_turn_unref);
  g_object_notify (G_OBJECT (self), "busy");
}

void
facet_conversation_turn_undone (FacetConversation *self,
                                FacetTurn         *turn,
                                FacetMessage      *user,
                                gboolean           is_draft,
                                const char        *sentence)
{
  clear_turn (self, turn);
  if (user != NULL)
    facet_conversation_set_draft (self, facet_message_get_text (user));
  if (user != NULL && is_draft) {
    GPtrArray *media = facet_message_get_attachments (user);

    g_list_store_splice (self->draft_media, 0, 0, media->pdata, media->len);
  }
  if (self->id == 0)
    facet_conversation_change_title (self, "");
  facet_conversation_fail (self, sentence);
}

void
facet_conversation_turn_ended (FacetConversation *self, FacetTurn *turn)
{
  clear_turn (self, turn);
}

void
facet_conversation_send (FacetConversation *self, const char *text)
{
  g_autoptr (FacetMessage) user = NULL;
  g_autoptr (GPtrArray) media = NULL;
  g_autofree char *valid = NULL;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  g_return_if_fail (text != NULL);

  media = facet_conversation_list_draft_media (self);
  if ((is_blank (text) && media->len == 0) || !may_change (self))
    return;
  valid = g_utf8_make_valid (text, -1);
  user = facet_message_new (FACET_ROLE_USER, valid);
  facet_message_set_attachments (user, media);
  if (self->messages->len == 0 && !self->title_is_own) {
    g_autofree char *title = facet_title_of_message (user);

    facet_conversation_change_title (self, title);
  }
  g_clear_handle_id (&self->draft_timer, g_source_remove);
  facet_conversation_change_draft (self, "");
  /* In the store the draft goes after the message has come. */
  g_signal_handler_block (self->draft_media, self->draft_media_handler);
  g_list_store_remove_all (self->draft_media);
  g_signal_handler_unblock (self->draft_media, self->draft_media_handler);
  begin_branch (self, self->messages->len, user, self->head_id);
  facet_conversation_store_draft_media (self);
}

void
facet_conversation_stop (FacetConversation *self)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (self->turn != NULL)
    facet_turn_stop (self->turn);
}

void
facet_conversation_answer_now (FacetConversation *self)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (self->turn != NULL)
    facet_turn_answer_now (self->turn);
}

void
facet_conversation_regenerate (FacetConversation *self, FacetMessage *answer)
{
  guint position;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (!may_change (self) || !find (self, answer, &position) ||
      facet_message_get_role (answer) != FACET_ROLE_ASSISTANT)
    return;
  begin_branch (self, position, NULL, facet_message_get_parent_id (answer));
}

void
facet_conversation_edit_and_resend (FacetConversation *self,
                                    FacetMessage      *message,
                                    const char        *text)
{
  g_autoptr (FacetMessage) user = NULL;
  g_autofree char *valid = NULL;
  guint            position;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  g_return_if_fail (text != NULL);
  if (!may_change (self) || !find (self, message, &position) ||
      facet_message_get_role (message) != FACET_ROLE_USER ||
      (is_blank (text) && facet_message_get_attachments (message)->len == 0))
    return;
  valid = g_utf8_make_valid (text, -1);
  user = facet_message_new (FACET_ROLE_USER, valid);
  facet_message_set_attachments (user, facet_message_get_attachments (message));
  if (position == 0 && !self->title_is_own) {
    g_autofree char *title = facet_title_of_message (user);

    facet_conversation_change_title (self, title);
  }
  begin_branch (self, position, user, facet_message_get_parent_id (message));
}

/* Asks again for an answer that has its place already. */
static void
answer_in_place (FacetConversation *self, FacetMessage *answer, gboolean drop_oldest)
{
  FacetTurnPlan plan = {.answer = g_object_ref (answer), .drop_oldest = drop_oldest};

  begin_turn (self, &plan);
}

void
facet_conversation_try_again (FacetConversation *self, FacetMessage *answer)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (!may_change (self) || !find (self, answer, NULL) ||
      facet_message_get_role (answer) != FACET_ROLE_ASSISTANT)
    return;
  if (is_blank (facet_message_get_text (answer))) {
    /* A thought alone cannot be gone on with: the model closes it when it reads it again. */
    facet_message_set_text (answer, "");
    facet_message_set_thinking (answer, "");
  } else {
    g_autofree char *text = g_strchomp (g_strdup (facet_message_get_text (answer)));

    /* The model reads it without the space at its end, and would write that once more. */
    facet_message_set_text (answer, text);
  }
  facet_message_set_tool_calls (answer, NULL);
  facet_message_set_cut_off (answer, FALSE);
  answer_in_place (self, answer, FALSE);
}

void
facet_conversation_drop_oldest (FacetConversation *self, FacetMessage *answer)
{
  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (!may_change (self) || !find (self, answer, NULL) ||
      facet_message_get_state (answer) != FACET_MESSAGE_TOO_LONG)
    return;
  answer_in_place (self, answer, TRUE);
}

/* Deleting */

void
facet_conversation_delete_message (FacetConversation *self, FacetMessage *message)
{
  guint position;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (!find (self, message, &position) || facet_message_is_running (message) ||
      facet_message_get_id (message) == 0)
    return;
  g_ptr_array_add (self->deleted, g_object_ref (message));
  facet_store_delete_message (self->store, facet_message_get_id (message), g_get_real_time (),
                              facet_conversation_stored_cb, g_object_ref (self));
  facet_message_tree_set_deleted (self->tree, facet_message_get_id (message), TRUE);
  facet_conversation_splice (self, position, 1, NULL, 0);
  if (self->deleted->len == 1)
    g_object_notify (G_OBJECT (self), "can-undo");
  facet_conversation_leave_deleted (self, message);
}

/* On the path that is shown. */
static void
put_back (FacetConversation *self, FacetMessage *message)
{
  guint position = 0;

  while (position < self->messages->len) {
    gint64 id = facet_message_get_id (g_ptr_array_index (self->messages, position));

    if (id == 0 || id > facet_message_get_id (message))
      break;
    position++;
  }
  facet_conversation_splice (self, position, 0, &message, 1);
}

void
facet_conversation_undo_delete (FacetConversation *self)
{
  g_autoptr (FacetMessage) message = NULL;

  g_return_if_fail (FACET_IS_CONVERSATION (self));
  if (self->deleted->len == 0)
    return;
  if (self->switching)
    facet_store_flush (self->store); /* away from the message, perhaps */
  message = g_ptr_array_steal_index (self->deleted, self->deleted->len - 1);
  facet_store_delete_message (self->store, facet_message_get_id (message), 0,
                              facet_conversation_stored_cb, g_object_ref (self));
  facet_message_tree_set_deleted (self->tree, facet_message_get_id (message), FALSE);
  if (facet_message_tree_leads_to (self->tree, facet_message_get_id (message), self->head_id))
    put_back (self, message);
  else
    facet_conversation_show_message (self, facet_message_get_id (message));
  if (self->deleted->len == 0)
    g_object_notify (G_OBJECT (self), "can-undo");
}
