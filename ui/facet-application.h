/* facet-application.h: the process: windows, application-wide actions, the library and its
 * assistant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.
 *
 * Properties (notify, read only): library (FacetLibrary, NULL until the first frame is drawn, and
 * while it cannot be opened), storage-error (string, nullable: why it cannot).
 *
 * Actions: app.new-window, app.new-conversation, app.preferences, app.about, app.quit,
 * app.use-demo-model, app.retry-storage. */
#pragma once

#include "facet-compat.h"
#include "facet-library.h"
#include "facet-recorder.h"

G_BEGIN_DECLS

#define FACET_TYPE_APPLICATION (facet_application_get_type ())
G_DECLARE_FINAL_TYPE (FacetApplication, facet_application, FACET, APPLICATION, AdwApplication)

/* @flags: G_APPLICATION_DEFAULT_FLAGS, or what a test needs. */
FacetApplication *facet_application_new (GApplicationFlags flags) G_GNUC_WARN_UNUSED_RESULT;

FacetLibrary  *facet_application_get_library (FacetApplication *self);
const char    *facet_application_get_storage_error (FacetApplication *self);
/* The process's microphone; NULL until the library is open. */
FacetRecorder *facet_application_get_recorder (FacetApplication *self);

G_END_DECLS
