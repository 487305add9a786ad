/* facet-export-dialog.h: asks for the format of an export, then for a folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread. */
#pragma once

#include "facet-compat.h"
#include "facet-export.h"

G_BEGIN_DECLS

/* @folder exists and is on this computer. */
typedef void (*FacetExportChosenFunc) (GtkWindow        *parent,
                                       FacetExportFormat format,
                                       const char       *folder,
                                       gpointer          user_data);

/* Opens the dialog over @parent.  @func is called if the person accepts; @user_data is freed in any
 * case. */
void facet_choose_export (GtkWindow            *parent,
                          const char           *heading,
                          FacetExportChosenFunc func,
                          gpointer              user_data,
                          GDestroyNotify        free_user_data);

G_END_DECLS
