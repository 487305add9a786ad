/* test-library.h: a library in a folder of its own, an assistant that plays a script, and a
 * conversation, as a fixture.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/facet-library.h"
#include "fake-assistant.h"

G_BEGIN_DECLS

typedef struct {
  char              *folder;
  FacetLibrary      *library;
  FakeAssistant     *fake;
  FacetConversation *conversation;
  char              *failure; /* the last sentence of ::failed, of the conversation of set_up */
} TestLibrary;

void test_library_set_up (TestLibrary *f);
void test_library_tear_down (TestLibrary *f);

/* In between: all is closed, and opened without a conversation. */
void test_library_close (TestLibrary *f);
void test_library_open (TestLibrary *f);
/* Everything from the disk again; the conversation is the first one. */
void test_library_reopen (TestLibrary *f);

G_END_DECLS
