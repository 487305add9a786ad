/* facet-server-test.h: "Test connection": what works with a server, step by step.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread; nothing blocks.  What is sent is made up here: a greeting, a coloured square, a
 * tone, and a tool that does not exist. */
#pragma once

#include "facet-keyring.h"
#include "facet-remote-assistant.h"
#include "facet-server.h"

G_BEGIN_DECLS

typedef enum {
  FACET_SERVER_STEP_NAME, /* the host is found, or a proxy stands in for it */
  FACET_SERVER_STEP_TLS,
  FACET_SERVER_STEP_STATUS, /* it answers, and takes the key */
  FACET_SERVER_STEP_MODELS,
  FACET_SERVER_STEP_STREAMING,
  FACET_SERVER_STEP_IMAGE,
  FACET_SERVER_STEP_AUDIO,
  FACET_SERVER_STEP_TOOLS,
  FACET_N_SERVER_STEPS,
} FacetServerStep;

typedef enum {
  FACET_STEP_RUNNING,
  FACET_STEP_PASSED,
  FACET_STEP_LIMITED, /* it can be used, but not for this, or not well */
  FACET_STEP_FAILED,
  FACET_STEP_SKIPPED, /* because of one that failed */
} FacetStepState;

/* "Name", "Encryption", …; translated. */
const char *facet_server_step_get_title (FacetServerStep step);

typedef struct _FacetServerTest FacetServerTest;

/* @words: what was found out, or what the server said; "" while it runs. */
typedef void (*FacetServerStepFunc) (FacetServerStep step,
                                     FacetStepState  state,
                                     const char     *words,
                                     gpointer        user_data);
/* Every step has ended; the test may be freed. */
typedef void (*FacetServerTestFunc) (FacetServerTest *test, gpointer user_data);

/* @key: instead of the one in @keyring; NULL: that one.  None of the functions is called before
 * this returns. */
FacetServerTest *facet_server_test_new (FacetServer            *server,
                                        FacetKeyring           *keyring,
                                        const char             *key,
                                        const FacetRemoteTimes *times,
                                        FacetServerStepFunc     step_func,
                                        FacetServerTestFunc     done_func,
                                        gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/* Ends it at once. */
void             facet_server_test_free (FacetServerTest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FacetServerTest, facet_server_test_free)

/* The worst state of all steps so far. */
FacetStepState facet_server_test_get_result (FacetServerTest *self);
/* SHA-256 of a certificate that nobody vouches for, and that the person may decide to trust; NULL:
 * that is not what is wrong. */
const char    *facet_server_test_get_fingerprint (FacetServerTest *self);
/* Names of models, as far as the server told; borrowed, of char *; NULL: it did not. */
GPtrArray     *facet_server_test_get_models (FacetServerTest *self);

G_END_DECLS
