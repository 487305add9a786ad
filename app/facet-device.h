/* facet-device.h: what this computer has to compute with, for a person to choose from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; the looking itself, which opens modules and asks drivers, is done in another one.
 * Immutable. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What FacetLocalOptions and the setting "device" say for "whatever is best". */
#define FACET_DEVICE_AUTO "auto"

#define FACET_TYPE_DEVICE (facet_device_get_type ())
G_DECLARE_FINAL_TYPE (FacetDevice, facet_device, FACET, DEVICE, GObject)

/* @choice: what the setting holds.  @detail: what it is, in a few words, or why it cannot be used,
 * in a sentence; may be "". */
FacetDevice *facet_device_new (const char *choice,
                               const char *name,
                               const char *detail,
                               gboolean    is_gpu,
                               gboolean    is_usable) G_GNUC_WARN_UNUSED_RESULT;

const char *facet_device_get_choice (FacetDevice *self);
const char *facet_device_get_name (FacetDevice *self);
const char *facet_device_get_detail (FacetDevice *self);
gboolean    facet_device_is_gpu (FacetDevice *self);
gboolean    facet_device_is_usable (FacetDevice *self);

/* Looks for them: the GPUs of this computer, one entry for those of a maker if none of them can be
 * used, and the CPU.  @choice: the setting's value, perhaps written by hand ("h100"). */
void       facet_device_list_async (const char         *choice,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data);
/* (transfer full), of FacetDevice; NULL only when it was cancelled.  *@chosen: the one of them that
 * @choice means, borrowed; NULL: it means none, or FACET_DEVICE_AUTO. */
GPtrArray *facet_device_list_finish (GAsyncResult *result,
                                     FacetDevice **chosen,
                                     GError      **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
