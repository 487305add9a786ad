/* gem-cli.h: the commands of gem-cli, and what they share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every command gets the arguments after its name, with the name itself as argv[0], prints its own
 * messages and returns the program's exit status. */
#pragma once

#include "gem-media.h"
#include "gem-model.h"

G_BEGIN_DECLS

enum {
  GEM_CLI_OK = 0,
  GEM_CLI_SOME_ERRORS = 1, /* some questions could not be answered, or the computation failed */
  GEM_CLI_USAGE = 2,       /* wrong arguments, or a model that cannot be loaded */
  GEM_CLI_INTERRUPTED = 130,
};

/* inspect tokenize, render, parse, size, sample, answer: JSON Lines in and out.  @command is one of
 * these names. */
int gem_cli_lines (const char *command, int argc, char **argv);
int gem_cli_image (int argc, char **argv);
int gem_cli_audio (int argc, char **argv);
int gem_cli_logits (int argc, char **argv);
int gem_cli_generate (int argc, char **argv);
int gem_cli_bench (int argc, char **argv);

/* ---- options that name a model and what computes it (gem-cli-model.c) ------------------------ */

typedef struct {
  char    *folder, *backend, *device, *weights, *cache;
  double   memory_share;
  int      threads;
  gboolean fast;
} GemCliModel;

/* Adds --model, --backend, --device, --gpu-memory, --weights, --cache, --threads and
 * --fast to @context. */
void      gem_cli_model_add_options (GemCliModel *self, GOptionContext *context);
void      gem_cli_model_clear (GemCliModel *self);
/* Checks the options' values; GEM_ERROR_INVALID_INPUT. */
gboolean  gem_cli_model_resolve (const GemCliModel *self, GemModelOptions *options, GError **error);
/* Loads --model and prints its warnings on standard error. */
GemModel *gem_cli_model_load (const GemCliModel *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A file that a command was given, bounded.  @text is (transfer full) and NUL-terminated. */
gboolean gem_cli_read (const char *path, char **text, gsize *length, GError **error);
/* A JSON array of token ids.  (transfer full), an array of gint32. */
GArray  *gem_cli_read_ids (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- pictures and sound (gem-cli-media.c) ---------------------------------------------------- */

typedef struct {
  char **images, **audio, **frames;
  int    budget;
} GemCliMedia;

/* Adds --image, --budget, --audio and --frames to @context. */
void     gem_cli_media_add_options (GemCliMedia *self, GOptionContext *context);
void     gem_cli_media_clear (GemCliMedia *self);
/* Encodes the files, and finds the places of @ids that they take: *spans as of gem_soft_place (),
 * NULL if there are no files. */
gboolean gem_cli_media_load (const GemCliMedia *self,
                             GemModel          *model,
                             const GArray      *ids,
                             GArray           **spans,
                             GError           **error);
/* A picture (PPM, P6): its pixels lie in *@data.  */
gboolean gem_cli_read_picture (const char *path, char **data, GemPixels *pixels, GError **error);
/* A clip (WAV, 16 kHz, mono).  (transfer full) */
float   *gem_cli_read_clip (const char *path, gsize *n_samples, GError **error);

/* ---- conversations (gem-cli-answer.c, gem-cli-lines.c) --------------------------------------- */

typedef struct _GemCliAnswerer GemCliAnswerer;

/* Loads the model, with a context for any question. */
GemCliAnswerer *gem_cli_answerer_new (const GemCliModel *options,
                                      GError           **error) G_GNUC_WARN_UNUSED_RESULT;
void            gem_cli_answerer_free (GemCliAnswerer *self);
/* The answer to @question, of which arguments in strings become objects, as one line of JSON; NULL
 * on error.  (transfer full) */
char           *gem_cli_answerer_answer (GemCliAnswerer *self,
                                         json_t         *question,
                                         GError        **error) G_GNUC_WARN_UNUSED_RESULT;

/* One line of JSON of what gem_parser_get_result () gave.  (transfer full) */
char *gem_cli_print_parsed (const json_t *result) G_GNUC_WARN_UNUSED_RESULT;

/* ---- all of them (gem-cli-model.c) ----------------------------------------------------------- */

/* Parses the command line of a command without positional arguments. */
gboolean gem_cli_parse (GOptionContext *context, int argc, char **argv, GError **error);
/* Prints "gem-cli: MESSAGE" and returns @status. */
int      gem_cli_fail (int status, const char *message);
/* The same for an error, if there is one; GEM_ERROR_CANCELLED is GEM_CLI_INTERRUPTED. */
int      gem_cli_finish (int status, const GError *error);

/* From now on SIGINT and SIGTERM set the flag that is returned (atomic); loading a model and the
 * sessions that are given it stop then.  A second signal ends the program at once. */
gint *gem_cli_catch_signals (void);

G_END_DECLS
