/* facet-assistant.h: whoever answers a conversation: the engine in this process, or a server.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Turns are answered one after another; every turn ends in exactly one of TOO_LONG,
 * DONE, ERROR, also when it is cancelled or the assistant is disposed of.  Events arrive on the
 * main context in order, at most one batch a frame. */
#pragma once

#include "facet-request.h"

G_BEGIN_DECLS

typedef enum {
  FACET_ASSISTANT_LOADING,
  FACET_ASSISTANT_READY,
  FACET_ASSISTANT_FAILED, /* :error */
} FacetAssistantState;

/* @event is borrowed. */
typedef void (*FacetEventFunc) (const FacetEvent *event, gpointer user_data);
/* @n_tokens −1: not known (no model). */
typedef void (*FacetCountFunc) (int n_tokens, gpointer user_data);

#define FACET_TYPE_ASSISTANT (facet_assistant_get_type ())
G_DECLARE_INTERFACE (FacetAssistant, facet_assistant, FACET, ASSISTANT, GObject)

struct _FacetAssistantInterface {
  GTypeInterface parent_iface;

  guint64 (*start) (FacetAssistant *self,
                    FacetRequest   *request,
                    FacetEventFunc  func,
                    gpointer        user_data);
  void (*cancel) (FacetAssistant *self, guint64 turn);
  void (*answer_now) (FacetAssistant *self, guint64 turn);
  void (*count_tokens) (FacetAssistant *self,
                        const char     *text,
                        FacetCountFunc  func,
                        gpointer        user_data);
  /* (optional) */
  void (*leave) (FacetAssistant *self);
  void (*forget) (FacetAssistant *self, const char *store, gint64 conversation);
};

/* Properties of every implementation (notify):
 *   state       FacetAssistantState as int
 *   progress    double, while LOADING
 *   name        string: "Demonstration model", "Gemma 4 E2B"
 *   place       string, translated: "On this computer", or the server's name
 *   device      string: "CPU, AMD EPYC …, 2 threads"
 *   is-demo     boolean: the demonstration model, small and limited
 *   error       string or NULL: why FAILED, a sentence with the way out
 *   warning     string or NULL: what the person should know though it runs
 *   context-size uint: tokens, 0 until known
 *   sees, hears booleans: whether it takes pictures and video, and sound; TRUE until known */
FacetAssistantState facet_assistant_get_state (FacetAssistant *self);
double              facet_assistant_get_progress (FacetAssistant *self);
char               *facet_assistant_dup_name (FacetAssistant *self);
char               *facet_assistant_dup_place (FacetAssistant *self);
char               *facet_assistant_dup_device (FacetAssistant *self);
char               *facet_assistant_dup_error (FacetAssistant *self);
char               *facet_assistant_dup_warning (FacetAssistant *self);
gboolean            facet_assistant_is_demo (FacetAssistant *self);
guint               facet_assistant_get_context_size (FacetAssistant *self);
gboolean            facet_assistant_sees (FacetAssistant *self);
gboolean            facet_assistant_hears (FacetAssistant *self);

/* Returns the turn's number, > 0.  @func is called until the turn has ended.  Before the model is
 * loaded the turn waits. */
guint64 facet_assistant_start (FacetAssistant *self,
                               FacetRequest   *request,
                               FacetEventFunc  func,
                               gpointer        user_data);
/* The turn ends soon (within one layer of the model) with DONE, stopped. */
void    facet_assistant_cancel (FacetAssistant *self, guint64 turn);
/* Ends the thought and makes the model answer. */
void    facet_assistant_answer_now (FacetAssistant *self, guint64 turn);
void    facet_assistant_count_tokens (FacetAssistant *self,
                                      const char     *text,
                                      FacetCountFunc  func,
                                      gpointer        user_data);
/* The person turned to another conversation: what is kept of the last one is kept soon. */
void    facet_assistant_leave (FacetAssistant *self);
/* Deletes what it keeps of a conversation of @store, as in FacetRequest, that was deleted; 0: of
 * all.  What was asked before is answered first. */
void    facet_assistant_forget (FacetAssistant *self, const char *store, gint64 conversation);

G_END_DECLS
