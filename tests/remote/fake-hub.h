/* fake-hub.h: a Hugging Face hub for tests: two servers, the hub itself and the host that large
 * files lie on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any thread. */
#pragma once

#include "test-server.h"

G_BEGIN_DECLS

typedef struct _FakeHub FakeHub;

typedef enum {
  FAKE_NO_RANGES,   /* always the whole file */
  FAKE_WRONG_TOTAL, /* says that the file is longer than it is */
  FAKE_WRONG_PART,  /* sends the bytes behind those that were asked for */
  FAKE_LONGER,      /* sends more than was asked for */
  FAKE_DROP,        /* resets the connection in the middle */
  FAKE_BUSY,        /* 429 with Retry-After: 1 */
  FAKE_DOWN,        /* 503 with words */
  FAKE_FORBIDDEN,   /* 403 with words */
  FAKE_RUBBISH,     /* no HTTP */
  FAKE_FLIPPED,     /* one bit of the first byte is wrong */
  FAKE_SLOW,        /* a few KiB at a time */
  FAKE_OTHER_ETAG,  /* the other host's ETag is another one each time */
  FAKE_NO_IDENTITY, /* the hub does not say what the bytes are, as a plain mirror */
  FAKE_TO_FILE,     /* redirects to file:///etc/passwd */
  FAKE_LOOP,        /* redirects to itself */
  FAKE_N_FAULTS,
} FakeFault;

FakeHub *fake_hub_new (void) G_GNUC_WARN_UNUSED_RESULT;
void     fake_hub_free (FakeHub *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeHub, fake_hub_free)

const char *fake_hub_get_address (FakeHub *self);
TestServer *fake_hub_get_hub (FakeHub *self);
TestServer *fake_hub_get_host (FakeHub *self); /* of large files */

/* A file of the one repository "test/model"; replaces one of this name.  Every change makes another
 * commit.  @is_large: lies on the other host, and the hub knows its SHA-256. */
void fake_hub_add (FakeHub    *self,
                   const char *name,
                   const char *bytes,
                   gsize       length,
                   gboolean    is_large);
/* The same, of @length bytes that @seed decides, listed as @listed bytes long. */
void fake_hub_add_random (FakeHub    *self,
                          const char *name,
                          gsize       length,
                          guint32     seed,
                          guint64     listed);
/* What lies in a folder under that name is what the hub has. */
void fake_hub_assert_same (FakeHub *self, const char *folder, const char *name);

/* The next @times answers with bytes of files have this fault; −1: all. */
void fake_hub_set_fault (FakeHub *self, FakeFault fault, int times);
/* What the hub answers instead of the list of files; NULL: the list. */
void fake_hub_set_tree (FakeHub *self, const char *tree);

/* Bytes of large files that were asked for since the last call, as facet-byte-ranges.h; a request
 * for all of it: [0, G_MAXUINT64). */
GArray *fake_hub_take_asked (FakeHub *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
