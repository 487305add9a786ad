/* facet-chat-list-private.h: what the list and its input share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "facet-chat-list.h"
#include "facet-message-row.h"

G_BEGIN_DECLS

#define FACET_CHAT_PADDING 18 /* above the first and below the last message */
#define FACET_N_ROW_KINDS  2

struct _FacetChatList {
  GtkWidget parent_instance;

  FacetConversation *conversation;
  GPtrArray         *turns;      /* of FacetTurnModel, owned: the messages that are shown */
  GHashTable        *by_message; /* message → turn, borrowed */
  GHashTable        *rows;       /* turn → FacetMessageRow, those with widgets; both borrowed */
  GPtrArray         *spare[FACET_N_ROW_KINDS];

  GtkAdjustment *adjustment[2]; /* by GtkOrientation */
  guint          scroll_policy[2];
  double origin; /* value + origin is what is at the top of the screen, from the list's upper end */
  double value;  /* as it was last seen */
  double height; /* of all, at the last layout */
  double view;   /* what is at the top of the screen, at the last layout */
  int    width, page; /* for which the layout is; 0: there was none */
  gboolean configuring;

  gboolean        pinned;
  FacetTurnModel *anchor_turn; /* borrowed, one of :turns; NULL: the upper end */
  FacetRowAnchor  anchor;
  double          fallback; /* the top of the screen, should the anchor be gone */

  FacetTurnModel *goal_turn; /* the reader is taken there; borrowed, NULL: nowhere */
  FacetRowAnchor  goal;      /* its part and block */
  gsize           goal_byte;
  guint           goal_frames; /* since when */

  guint    tick;     /* 0: the layout is as it should be */
  gboolean jumped;   /* in this frame: only what is on the screen has widgets */
  gboolean switched; /* to another branch, in this frame: it may be at its end */
};

/* The turn at @y from the upper end, and where it begins; above the first is the first, below the
 * last the last.  NULL: there are none. */
FacetTurnModel  *facet_chat_list_find_turn (FacetChatList *self,
                                            double         y,
                                            double        *top,
                                            guint         *index);
/* Where @turn begins, from the upper end, and how high it is. */
void             facet_chat_list_get_turn_place (FacetChatList  *self,
                                                 FacetTurnModel *turn,
                                                 double         *top,
                                                 double         *height);
/* The row of @turn, which gets one. */
FacetMessageRow *facet_chat_list_ensure_row (FacetChatList *self, FacetTurnModel *turn);
/* Once, in the next frame. */
void             facet_chat_list_schedule_layout (FacetChatList *self);

/* What is at @anchor of @turn, which has a row, stays at the top of the screen from the next layout
 * on. */
void facet_chat_list_hold (FacetChatList *self, FacetTurnModel *turn, const FacetRowAnchor *anchor);
/* Whether the list has a row for it. */
gboolean facet_chat_list_shows (FacetMessage *message);

/* facet-chat-list-branch.c */

/* Where the first message stands that is being replaced, on the screen. */
typedef struct {
  guint    index; /* of its turn */
  gint64   id;    /* 0: there is none */
  double   top, bottom;
  gboolean had_focus;
} FacetChatStand;

/* Once the conversation has changed, and the turns have not. */
void facet_chat_list_note_stand (FacetChatList *self, FacetChatStand *stand);
/* Once the turns have changed, too: puts the message that is there now in its place. */
void facet_chat_list_take_stand (FacetChatList *self, const FacetChatStand *stand);

/* facet-chat-list-place.c */
/* Brings byte @byte of a block on the screen, unfolding what it is folded in; what is there already
 * stays where it is. */
void facet_chat_list_show_place (FacetChatList  *self,
                                 FacetTurnModel *turn,
                                 guint           part,
                                 guint           block,
                                 gsize           byte);
/* After a layout: goes on until the place is there. */
void facet_chat_list_approach (FacetChatList *self);

/* facet-chat-list-input.c */
void facet_chat_list_class_init_input (GtkWidgetClass *widget_class);

G_END_DECLS
