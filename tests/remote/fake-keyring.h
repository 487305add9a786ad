/* fake-keyring.h: a keyring in memory, which may also be missing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; answers in the main loop, as the real one does. */
#pragma once

#include "app/facet-keyring.h"

G_BEGIN_DECLS

typedef struct {
  GHashTable *keys;   /* address → key */
  gboolean    broken; /* every operation fails */
  guint       n_lookups;
} FakeKeyring;

void          fake_keyring_init (FakeKeyring *self);
void          fake_keyring_clear (FakeKeyring *self);
/* (transfer full); @self outlives it. */
FacetKeyring *fake_keyring_new_keyring (FakeKeyring *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
