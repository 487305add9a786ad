/* facet-store-schema.h: the tables of facet.db and how older ones become them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/* In PRAGMA application_id: the file is Facet's ("Fcet"). */
#define FACET_SCHEMA_APPLICATION_ID 0x46636574
/* In PRAGMA user_version. */
#define FACET_SCHEMA_VERSION 6

/* One transaction: all steps from version @from to version @to, or none.  Returns SQLite's code. */
int facet_schema_upgrade (sqlite3 *db, int from, int to);

G_END_DECLS
