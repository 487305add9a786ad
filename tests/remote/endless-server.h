/* endless-server.h: a server that answers a question with one thing for ever, or with nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Below HTTP, so that a gigabyte needs no memory here.  GET is answered with a list of one model.
 * Any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _EndlessServer EndlessServer;

/* A POST is answered with the head of a stream, @head, and @piece without end; @piece NULL: nothing
 * more; @head NULL: nothing at all. */
EndlessServer *endless_server_new (const char *head, const char *piece) G_GNUC_WARN_UNUSED_RESULT;
void           endless_server_free (EndlessServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EndlessServer, endless_server_free)

const char *endless_server_get_address (EndlessServer *self); /* "http://127.0.0.1:PORT/v1" */
gboolean    endless_server_was_asked (EndlessServer *self);   /* by POST */
guint64     endless_server_get_sent (EndlessServer *self);    /* bytes, of answers to it */
/* The client has let go of the connection. */
gboolean    endless_server_has_ended (EndlessServer *self);

G_END_DECLS
