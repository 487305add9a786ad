/* facet-compat.h: the one place that knows which GTK and libadwaita are underneath.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The floor is GTK 4.8 and libadwaita 1.2.  Every file of ui/ includes this header instead of <gtk/gtk.h> and <adwaita.h>: it
 * pins the versions, so that calls newer than the floor warn, and calls deprecated after it do not. */
#pragma once

#define GDK_VERSION_MIN_REQUIRED GDK_VERSION_4_8
#define GDK_VERSION_MAX_ALLOWED  GDK_VERSION_4_8
#define ADW_VERSION_MIN_REQUIRED ADW_VERSION_1_2
#define ADW_VERSION_MAX_ALLOWED  ADW_VERSION_1_2

#include <adwaita.h>
#include <gtk/gtk.h>
