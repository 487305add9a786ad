/* kill-life.h: what a process does that is going to be killed, and how it says what it did.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A life opens the library in a folder and works in it without end: sends, edits, answers again,
 * takes out and back, deletes for good, renames, writes drafts, attaches a picture.  Each fact goes
 * to standard output at once, with its time: "TIME KEY VALUE".  Keys name a conversation or a
 * message by its id, values have no spaces:
 *
 *   c7.title T   c7.draft T   c7.trash 0|1   c7.gone 1   m9.of 7   m9.question N
 *   m9.answer N BYTES   m9.out 0|1   refused - (from now on things failed to be saved)
 *   beat - (every KILL_LIFE_BEAT_US, from a thread of its own) */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define KILL_LIFE_BEAT_US (10 * 1000)

/* Never returns.  Numbers of questions begin at @first. */
void  kill_life_live (const char *folder, guint32 seed, int first) G_GNUC_NORETURN;
/* The whole answer to question @n.  (transfer full) */
char *kill_life_dup_answer (int n) G_GNUC_WARN_UNUSED_RESULT;
char *kill_life_dup_question (int n) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
