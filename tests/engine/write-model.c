/* write-model.c: small checkpoint folders of every form that the loader should take or refuse.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The names and shapes are written down once more, from the description of the published files, so
 * that a slip in the engine's table does not cancel itself out. */
#include "write-model.h"
#include "write-safetensors.h"

#include <string.h>

const ModelSpec model_spec_e2b = {
    .layers = "ssssFsF",
    .n_shared = 2,
    .hidden = 64,
    .mlp = 96,
    .heads = 8,
    .kv_heads = 1,
    .head_dim = 32,
    .global_head_dim = 64,
    .per_layer = 32,
    .double_wide = TRUE,
    .prefix = "model.language_model.",
    .dtype = "BF16",
    .shared_kv = TRUE,
};

const ModelSpec model_spec_e4b = {
    .layers = "sssssFsF",
    .n_shared = 2,
    .hidden = 96,
    .mlp = 128,
    .heads = 8,
    .kv_heads = 2,
    .head_dim = 32,
    .global_head_dim = 64,
    .per_layer = 32,
    .prefix = "model.language_model.",
    .dtype = "BF16",
    .shared_kv = TRUE,
};

#define VOCABULARY 4096

char *
source_path (const char *path)
{
  return g_build_filename (g_getenv ("FACET_SOURCE_ROOT"), path, NULL);
}

void
copy_file (const char *source, const char *folder, const char *file)
{
  g_autofree char *from = source_path (source);
  g_autofree char *to = g_build_filename (folder, file, NULL);
  g_autofree char *text = NULL;
  gsize            length;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (from, &text, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, text, (gssize)length, &error);
  g_assert_no_error (error);
}

/* ---- config.json ---- */

static char *
layer_types (const char *letters)
{
  GString *list = g_string_new ("[");

  for (const char *l = letters; *l != '\0'; l++)
    g_string_append_printf (list, "%s\"%s_attention\"", l > letters ? "," : "",
                            *l == 'F' ? "full" : "sliding");
  return g_string_free (g_string_append_c (list, ']'), FALSE);
}

static void
write_config (const char *folder, const ModelSpec *s)
{
  g_autofree char *types = layer_types (s->layers);
  g_autofree char *text =
      g_strdup_printf ("{\"model_type\":\"gemma4\",\"tie_word_embeddings\":%s,\"eos_token_id\":[1,"
                       "106],"
                       "\"text_config\":{\"model_type\":\"gemma4_text\",\"num_hidden_layers\":%d,"
                       "\"hidden_size\":%d,\"intermediate_size\":%d,\"num_attention_heads\":%d,"
                       "\"num_key_value_heads\":%d,\"head_dim\":%d,\"global_head_dim\":%d,"
                       "\"hidden_size_per_layer_input\":%d,\"vocab_size\":%d,\"num_kv_shared_"
                       "layers\":%d,"
                       "\"use_double_wide_mlp\":%s,\"layer_types\":%s,\"final_logit_softcapping\":"
                       "30.0}}",
                       s->untied ? "false" : "true", (int)strlen (s->layers), s->hidden, s->mlp,
                       s->heads, s->kv_heads, s->head_dim, s->global_head_dim, s->per_layer,
                       VOCABULARY, s->n_shared, s->double_wide ? "true" : "false", types);

  write_text (folder, "config.json", text);
}

/* ---- tensors ---- */

typedef struct {
  const ModelSpec   *spec;
  SafetensorsWriter *files[2];
  GString           *weight_map;
} Writer;

/* Every other tensor goes into the second file, if there are two. */
static void
put (Writer *w, gboolean bare, const char *name, int rows, int cols)
{
  const ModelSpec *s = w->spec;
  g_autofree char *full = g_strconcat (bare ? "" : s->prefix, name, NULL);
  gboolean         odd = g_strcmp0 (name, s->odd_dtype) == 0;
  int              file = s->two_files && w->weight_map->len % 2 != 0;

  if (g_strcmp0 (name, s->skip) == 0)
    return;
  if (g_strcmp0 (name, s->widen) == 0)
    *(cols > 0 ? &cols : &rows) += 1;
  safetensors_writer_add (w->files[file], full, odd ? "I16" : s->dtype, rows, cols);
  g_string_append_printf (w->weight_map, "%s\"%s\":\"model-%d.safetensors\"",
                          w->weight_map->len > 0 ? "," : "", full, file + 1);
}

static void
put_layer (Writer *w, int i)
{
  const ModelSpec *s = w->spec;
  int              n_layers = (int)strlen (s->layers);
  gboolean         shared = i >= n_layers - s->n_shared;
  int              hd = s->layers[i] == 'F' ? s->global_head_dim : s->head_dim;
  int              mlp = shared && s->double_wide ? 2 * s->mlp : s->mlp;
  const struct {
    const char *name;
    int         rows, cols;
    gboolean    kv;
  } tensors[] = {
      {"input_layernorm.weight", s->hidden, 0},
      {"post_attention_layernorm.weight", s->hidden, 0},
      {"pre_feedforward_layernorm.weight", s->hidden, 0},
      {"post_feedforward_layernorm.weight", s->hidden, 0},
      {"post_per_layer_input_norm.weight", s->hidden, 0},
      {"self_attn.q_proj.weight", s->heads * hd, s->hidden},
      {"self_attn.k_proj.weight", s->kv_heads * hd, s->hidden, TRUE},
      {"self_attn.v_proj.weight", s->kv_heads * hd, s->hidden, TRUE},
      {"self_attn.o_proj.weight", s->hidden, s->heads * hd},
      {"self_attn.q_norm.weight", hd, 0},
      {"self_attn.k_norm.weight", hd, 0, TRUE},
      {"mlp.gate_proj.weight", mlp, s->hidden},
      {"mlp.up_proj.weight", mlp, s->hidden},
      {"mlp.down_proj.weight", s->hidden, mlp},
      {"per_layer_input_gate.weight", s->per_layer, s->hidden},
      {"per_layer_projection.weight", s->hidden, s->per_layer},
      {"layer_scalar", 1, 0},
  };

  for (gsize t = 0; t < G_N_ELEMENTS (tensors); t++) {
    g_autofree char *name = g_strdup_printf ("layers.%d.%s", i, tensors[t].name);

    if (!shared || !tensors[t].kv)
      put (w, FALSE, name, tensors[t].rows, tensors[t].cols);
    else if (s->shared_kv) /* of no use, and so of any shape */
      put (w, FALSE, name, 3, tensors[t].cols > 0 ? 5 : 0);
  }
}

static void
write_files (const char *folder, Writer *w)
{
  g_autofree char *index = NULL;

  if (!w->spec->two_files) {
    write_bytes (folder, "model.safetensors", safetensors_writer_finish (w->files[0]));
    g_byte_array_unref (safetensors_writer_finish (w->files[1]));
    return;
  }
  write_bytes (folder, "model-1.safetensors", safetensors_writer_finish (w->files[0]));
  write_bytes (folder, "model-2.safetensors", safetensors_writer_finish (w->files[1]));
  index = g_strdup_printf ("{\"weight_map\":{%s}}", w->weight_map->str);
  write_text (folder, "model.safetensors.index.json", index);
}

void
write_model (const char *folder, const ModelSpec *s)
{
  int    n_layers = (int)strlen (s->layers);
  Writer w = {
      .spec = s,
      .files = {safetensors_writer_new (), safetensors_writer_new ()},
      .weight_map = g_string_new (NULL),
  };

  write_config (folder, s);
  copy_file ("tests/golden/tiny-model/tokenizer.json", folder, "tokenizer.json");
  safetensors_writer_pad (w.files[0], s->pad);
  put (&w, FALSE, "embed_tokens.weight", VOCABULARY, s->hidden);
  put (&w, FALSE, "embed_tokens_per_layer.weight", VOCABULARY, n_layers * s->per_layer);
  put (&w, FALSE, "per_layer_model_projection.weight", n_layers * s->per_layer, s->hidden);
  put (&w, FALSE, "per_layer_projection_norm.weight", s->per_layer, 0);
  for (int i = 0; i < n_layers; i++)
    put_layer (&w, i);
  put (&w, FALSE, "norm.weight", s->hidden, 0);
  if (s->untied)
    put (&w, TRUE, "lm_head.weight", VOCABULARY, s->hidden);
  write_files (folder, &w);
  g_string_free (w.weight_map, TRUE);
}
