/* facet-code-text.c: highlighted lines of code.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  Every line has the same height, so where a line is and how high all of them are
 * needs no layout. Lines are laid out when they are drawn, and kept while they are near.  A line of
 * extreme length is shown in several. */
#define G_LOG_DOMAIN "facet-code-text"

#include "config.h"

#include "facet-code-text.h"

#include <gtksourceview/gtksource.h>
#include <math.h>
#include <string.h>

#include "facet-text-layout.h"

#define LINE_HEIGHT    1.4  /* of the font's size */
#define MAX_LINE_CHARS 1000 /* shown in one line */
#define TAB_CELLS      4
#define MAX_LAYOUTS    256

/* A line as it is shown. */
typedef struct {
  gsize start, end;        /* bytes of the block's text */
  guint char_start, chars; /* the same in characters */
} Line;

struct _FacetCodeText {
  GtkWidget       *widget;
  FacetBlock      *block;
  gsize            length; /* of the block's text that is in the lines and in the buffer */
  GtkSourceBuffer *buffer;
  GArray          *lines;   /* of Line */
  guint            cells;   /* of the longest line */
  GHashTable      *layouts; /* line → PangoLayout */
  int              line_height;
  double           cell_width;
};

/* Languages and schemes */

static const struct {
  const char *name, *id;
} aliases[] = {
    {"bash", "sh"},        {"c++", "cpp"},
    {"c#", "c-sharp"},     {"cs", "c-sharp"},
    {"console", "sh"},     {"csharp", "c-sharp"},
    {"cxx", "cpp"},        {"docker", "dockerfile"},
    {"f#", "fsharp"},      {"golang", "go"},
    {"htm", "html"},       {"javascript", "js"},
    {"jsonc", "json"},     {"kt", "kotlin"},
    {"make", "makefile"},  {"md", "markdown"},
    {"node", "js"},        {"objective-c", "objc"},
    {"patch", "diff"},     {"pl", "perl"},
    {"ps1", "powershell"}, {"py", "python3"},
    {"python", "python3"}, {"rb", "ruby"},
    {"rs", "rust"},        {"shell", "sh"},
    {"svg", "xml"},        {"tex", "latex"},
    {"ts", "typescript"},  {"tsx", "typescript-jsx"},
    {"yml", "yaml"},       {"zsh", "sh"},
};

static GtkSourceLanguage *
find_language (const char *name)
{
  GtkSourceLanguageManager *manager = gtk_source_language_manager_get_default ();
  g_autofree char          *lower = NULL;
  g_autofree char          *file = NULL;
  GtkSourceLanguage        *language;
  const char               *id;

  if (*name == '\0' || strlen (name) > 32)
    return NULL;
  lower = g_ascii_strdown (name, -1);
  id = lower;
  for (guint i = 0; i < G_N_ELEMENTS (aliases); i++) {
    if (strcmp (aliases[i].name, lower) == 0)
      id = aliases[i].id;
  }
  language = gtk_source_language_manager_get_language (manager, id);
  if (language != NULL)
    return language;
  /* Many a name is the ending of a file's name. */
  file = g_strdup_printf ("code.%s", lower);
  return gtk_source_language_manager_guess_language (manager, file, NULL);
}

/* GtkSourceView forgets what it has read of a language with the last buffer in it, and reading
 * takes some 15 ms: a buffer in each language that was shown stays with the language, which the
 * manager has as long as the process runs. */
static GtkSourceLanguage *
keep_language (const char *name)
{
  GtkSourceLanguage *language = find_language (name);

  if (language != NULL && g_object_get_data (G_OBJECT (language), "facet-buffer") == NULL)
    g_object_set_data_full (G_OBJECT (language), "facet-buffer",
                            gtk_source_buffer_new_with_language (language), g_object_unref);
  return language;
}

static GtkSourceStyleScheme *
find_scheme (void)
{
  GtkSourceStyleSchemeManager *manager = gtk_source_style_scheme_manager_get_default ();
  gboolean                     dark = adw_style_manager_get_dark (adw_style_manager_get_default ());

  return gtk_source_style_scheme_manager_get_scheme (manager, dark ? "Adwaita-dark" : "Adwaita");
}

gboolean
facet_code_text_warm_up (guint step)
{
  static const char *const common[] = {"python", "sh", "c", "js", "json", "html"};
  g_autoptr (GtkSourceBuffer) buffer = NULL;
  GtkTextIter start, end;

  if (step >= G_N_ELEMENTS (common))
    return FALSE;
  buffer = gtk_source_buffer_new (NULL);
  gtk_source_buffer_set_style_scheme (buffer, find_scheme ());
  gtk_source_buffer_set_language (buffer, keep_language (common[step]));
  gtk_text_buffer_set_text (GTK_TEXT_BUFFER (buffer), "x", 1);
  gtk_text_buffer_get_bounds (GTK_TEXT_BUFFER (buffer), &start, &end);
  gtk_source_buffer_ensure_highlight (buffer, &start, &end);
  return TRUE;
}

const char *
facet_code_text_get_language_name (FacetCodeText *self)
{
  GtkSourceLanguage *language = gtk_source_buffer_get_language (self->buffer);

  if (language != NULL)
    return gtk_source_language_get_name (language);
  return self->block != NULL ? self->block->language : "";
}

/* Lines */

static void
forget_layouts (FacetCodeText *self, guint from)
{
  GHashTableIter iter;
  gpointer       line;

  g_hash_table_iter_init (&iter, self->layouts);
  while (g_hash_table_iter_next (&iter, &line, NULL)) {
    if (GPOINTER_TO_UINT (line) >= from)
      g_hash_table_iter_remove (&iter);
  }
}

static guint
cells_at (gunichar c, guint column)
{
  if (c == '\t')
    return TAB_CELLS - column % TAB_CELLS;
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

/* Cuts the text from the last line on, which may have grown, into lines. */
static void
read_lines (FacetCodeText *self)
{
  const char *text = self->block->text;
  const char *end = text + self->block->length;
  Line        line = {0};
  guint       cells = 0;
  const char *p;

  if (self->lines->len > 0) {
    line = g_array_index (self->lines, Line, self->lines->len - 1);
    g_array_set_size (self->lines, self->lines->len - 1);
  }
  forget_layouts (self, self->lines->len);
  line.chars = 0;
  for (p = text + line.start; p < end; p = g_utf8_next_char (p)) {
    gboolean newline = *p == '\n';

    if (newline || line.chars == MAX_LINE_CHARS) {
      line.end = (gsize)(p - text);
      g_array_append_val (self->lines, line);
      line.start = line.end + (newline ? 1 : 0);
      line.char_start += line.chars + (newline ? 1 : 0);
      line.chars = 0;
      cells = 0;
      if (newline)
        continue;
    }
    cells += cells_at (g_utf8_get_char (p), cells);
    self->cells = MAX (self->cells, cells);
    line.chars++;
  }
  line.end = self->block->length;
  g_array_append_val (self->lines, line);
  self->length = self->block->length;
}

guint
facet_code_text_get_n_lines (FacetCodeText *self)
{
  return self->lines->len;
}

/* Fonts and colours */

static void
measure_font (FacetCodeText *self)
{
  PangoContext     *context = gtk_widget_get_pango_context (self->widget);
  PangoFontMetrics *metrics;

  if (self->line_height > 0)
    return;
  metrics = pango_context_get_metrics (context, NULL, NULL);
  self->line_height = (int)round (facet_text_font_size (self->widget) * LINE_HEIGHT);
  self->cell_width = (double)pango_font_metrics_get_approximate_char_width (metrics) / PANGO_SCALE;
  pango_font_metrics_unref (metrics);
}

int
facet_code_text_get_line_height (FacetCodeText *self)
{
  measure_font (self);
  return self->line_height;
}

int
facet_code_text_get_width (FacetCodeText *self)
{
  measure_font (self);
  return (int)ceil (self->cells * self->cell_width);
}

void
facet_code_text_restyle (FacetCodeText *self)
{
  GtkSourceStyleScheme *scheme = find_scheme ();

  self->line_height = 0;
  if (scheme != gtk_source_buffer_get_style_scheme (self->buffer))
    gtk_source_buffer_set_style_scheme (self->buffer, scheme);
  forget_layouts (self, 0);
  gtk_widget_queue_draw (self->widget);
}

static void
highlight_updated_cb (FacetCodeText *self, GtkTextIter *start, GtkTextIter *end)
{
  forget_layouts (self, 0);
  gtk_widget_queue_draw (self->widget);
}

FacetCodeText *
facet_code_text_new (GtkWidget *widget)
{
  FacetCodeText *self = g_new0 (FacetCodeText, 1);

  self->widget = widget;
  self->buffer = gtk_source_buffer_new (NULL);
  gtk_source_buffer_set_highlight_matching_brackets (self->buffer, FALSE);
  gtk_text_buffer_set_enable_undo (GTK_TEXT_BUFFER (self->buffer), FALSE);
  gtk_source_buffer_set_style_scheme (self->buffer, find_scheme ());
  g_signal_connect_swapped (self->buffer, "highlight-updated", G_CALLBACK (highlight_updated_cb),
                            self);
  self->lines = g_array_new (FALSE, FALSE, sizeof (Line));
  self->layouts = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  return self;
}

void
facet_code_text_free (FacetCodeText *self)
{
  g_signal_handlers_disconnect_by_data (self->buffer, self);
  g_object_unref (self->buffer);
  g_array_unref (self->lines);
  g_hash_table_unref (self->layouts);
  g_free (self);
}

void
facet_code_text_set_block (FacetCodeText *self, FacetBlock *block, gboolean grew)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  GtkTextIter    end;

  self->block = block;
  if (block == NULL) {
    gtk_text_buffer_set_text (buffer, "", 0);
    g_array_set_size (self->lines, 0);
    forget_layouts (self, 0);
    return;
  }
  if (grew && self->lines->len > 0) {
    gsize before = self->length;

    read_lines (self);
    gtk_text_buffer_get_end_iter (buffer, &end);
    gtk_text_buffer_insert (buffer, &end, block->text + before, (int)(block->length - before));
    return;
  }
  g_array_set_size (self->lines, 0);
  self->cells = 0;
  read_lines (self);
  /* Plain while the text changes, or the one before would be coloured by the new language. */
  gtk_text_buffer_set_text (buffer, "", 0);
  gtk_source_buffer_set_language (self->buffer, keep_language (block->language));
  gtk_text_buffer_set_text (buffer, block->text, (int)block->length);
}

/* Layouts */

static void
add_tag_attributes (PangoAttrList *list, GtkTextTag *tag, guint start, guint end)
{
  g_autoptr (GdkRGBA) color = NULL;
  PangoAttribute *attributes[4];
  PangoWeight     weight;
  PangoStyle      style;
  PangoUnderline  underline;
  gboolean        color_set, weight_set, style_set, underline_set;
  guint           n = 0;

  g_object_get (tag, "foreground-rgba", &color, "foreground-set", &color_set, "weight", &weight,
                "weight-set", &weight_set, "style", &style, "style-set", &style_set, "underline",
                &underline, "underline-set", &underline_set, NULL);
  if (color_set && color != NULL)
    attributes[n++] = pango_attr_foreground_new ((guint16)(color->red * G_MAXUINT16),
                                                 (guint16)(color->green * G_MAXUINT16),
                                                 (guint16)(color->blue * G_MAXUINT16));
  if (weight_set)
    attributes[n++] = pango_attr_weight_new (weight);
  if (style_set)
    attributes[n++] = pango_attr_style_new (style);
  if (underline_set)
    attributes[n++] = pango_attr_underline_new (underline);
  for (guint i = 0; i < n; i++) {
    attributes[i]->start_index = start;
    attributes[i]->end_index = end;
    pango_attr_list_change (list, attributes[i]);
  }
}

/* What the highlighting says of @line. */
static void
add_highlighting (FacetCodeText *self, const Line *line, PangoAttrList *list)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  const char    *text = self->block->text + line->start;
  GtkTextIter    iter, end;
  gsize          at = 0;
  int            offset = (int)line->char_start;

  gtk_text_buffer_get_iter_at_offset (buffer, &iter, offset);
  gtk_text_buffer_get_iter_at_offset (buffer, &end, (int)(line->char_start + line->chars));
  while (gtk_text_iter_compare (&iter, &end) < 0) {
    GSList     *tags = gtk_text_iter_get_tags (&iter);
    GtkTextIter next = iter;
    gsize       stop;

    if (!gtk_text_iter_forward_to_tag_toggle (&next, NULL) ||
        gtk_text_iter_compare (&next, &end) > 0)
      next = end;
    stop = (gsize)(g_utf8_offset_to_pointer (text + at, gtk_text_iter_get_offset (&next) - offset) -
                   text);
    for (GSList *tag = tags; tag != NULL; tag = tag->next)
      add_tag_attributes (list, tag->data, (guint)at, (guint)stop);
    g_slist_free (tags);
    offset = gtk_text_iter_get_offset (&next);
    at = stop;
    iter = next;
  }
}

static PangoLayout *
get_layout (FacetCodeText *self, guint index)
{
  const Line    *line = &g_array_index (self->lines, Line, index);
  PangoLayout   *layout = g_hash_table_lookup (self->layouts, GUINT_TO_POINTER (index));
  PangoAttrList *attributes;
  PangoContext  *context;
  PangoTabArray *tabs;

  if (layout != NULL)
    return layout;
  if (g_hash_table_size (self->layouts) >= MAX_LAYOUTS)
    g_hash_table_remove_all (self->layouts);
  measure_font (self);
  /* Code is written from left to right, in every language. */
  context = gtk_widget_create_pango_context (self->widget);
  pango_context_set_base_dir (context, PANGO_DIRECTION_LTR);
  layout = pango_layout_new (context);
  g_object_unref (context);
  pango_layout_set_auto_dir (layout, FALSE);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_text (layout, self->block->text + line->start, (int)(line->end - line->start));
  attributes = pango_attr_list_new ();
  pango_attr_list_insert (attributes,
                          pango_attr_line_height_new_absolute (self->line_height * PANGO_SCALE));
  add_highlighting (self, line, attributes);
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  tabs = pango_tab_array_new_with_positions (1, FALSE, PANGO_TAB_LEFT,
                                             (int)(self->cell_width * TAB_CELLS * PANGO_SCALE));
  pango_layout_set_tabs (layout, tabs);
  pango_tab_array_free (tabs);
  g_hash_table_insert (self->layouts, GUINT_TO_POINTER (index), layout);
  return layout;
}

/* From byte @start to byte @end of the block, which lie in @line. */
static graphene_rect_t
get_area (FacetCodeText *self, const Line *line, PangoLayout *layout, gsize start, gsize end)
{
  PangoLayoutLine *only = pango_layout_get_line_readonly (layout, 0);
  int              x0, x1;

  pango_layout_line_index_to_x (only, (int)(start - line->start), FALSE, &x0);
  pango_layout_line_index_to_x (only, (int)(end - line->start), FALSE, &x1);
  return GRAPHENE_RECT_INIT ((float)MIN (x0, x1) / PANGO_SCALE, 0,
                             (float)ABS (x1 - x0) / PANGO_SCALE, (float)self->line_height);
}

static void
draw_marks (FacetCodeText         *self,
            GtkSnapshot           *snapshot,
            const Line            *line,
            PangoLayout           *layout,
            const FacetTextMarks  *marks,
            const FacetTextColors *colors)
{
  for (guint i = 0; i < marks->n && marks->ranges[i].start < line->end; i++) {
    gsize           start = MAX (marks->ranges[i].start, line->start);
    gsize           end = MIN (marks->ranges[i].end, line->end);
    graphene_rect_t area;

    if (start >= end)
      continue;
    area = get_area (self, line, layout, start, end);
    facet_text_mark_draw (snapshot, &area, i == marks->current, colors);
  }
}

static void
draw_selected (FacetCodeText *self,
               GtkSnapshot   *snapshot,
               const Line    *line,
               PangoLayout   *layout,
               gsize          sel_start,
               gsize          sel_end,
               const GdkRGBA *color)
{
  gsize           start = MAX (sel_start, line->start), end = MIN (sel_end, line->end);
  graphene_rect_t area;

  if (start > end || sel_start == sel_end || sel_end <= line->start)
    return;
  area = get_area (self, line, layout, start, end);
  /* A selected end of line is a little wide, so that empty lines show it. */
  if (sel_end > line->end)
    area.size.width += (float)(self->cell_width / 2);
  gtk_snapshot_append_color (snapshot, color, &area);
}

void
facet_code_text_draw (FacetCodeText         *self,
                      GtkSnapshot           *snapshot,
                      guint                  first,
                      guint                  last,
                      const FacetTextMarks  *marks,
                      gsize                  sel_start,
                      gsize                  sel_end,
                      const FacetTextColors *colors)
{
  GtkTextIter start, end;

  last = MIN (last, self->lines->len);
  if (first >= last)
    return;
  measure_font (self);
  gtk_text_buffer_get_iter_at_offset (GTK_TEXT_BUFFER (self->buffer), &start,
                                      (int)g_array_index (self->lines, Line, first).char_start);
  gtk_text_buffer_get_iter_at_offset (GTK_TEXT_BUFFER (self->buffer), &end,
                                      (int)(g_array_index (self->lines, Line, last - 1).char_start +
                                            g_array_index (self->lines, Line, last - 1).chars));
  g_signal_handlers_block_by_func (self->buffer, highlight_updated_cb, self);
  gtk_source_buffer_ensure_highlight (self->buffer, &start, &end);
  g_signal_handlers_unblock_by_func (self->buffer, highlight_updated_cb, self);

  for (guint i = first; i < last; i++) {
    const Line  *line = &g_array_index (self->lines, Line, i);
    PangoLayout *layout = get_layout (self, i);

    gtk_snapshot_save (snapshot);
    gtk_snapshot_translate (snapshot,
                            &GRAPHENE_POINT_INIT (0, (float)((int)i * self->line_height)));
    draw_marks (self, snapshot, line, layout, marks, colors);
    draw_selected (self, snapshot, line, layout, sel_start, sel_end, &colors->selection);
    gtk_snapshot_append_layout (snapshot, layout, &colors->text);
    gtk_snapshot_restore (snapshot);
  }
}

/* Places */

gsize
facet_code_text_get_byte (FacetCodeText *self, double x, double y)
{
  int         index = (int)floor (y / facet_code_text_get_line_height (self));
  const Line *line;
  const char *text;
  int         byte, trailing;

  if (index < 0)
    return 0;
  if (index >= (int)self->lines->len)
    return self->block->length;
  line = &g_array_index (self->lines, Line, (guint)index);
  text = self->block->text + line->start;
  pango_layout_line_x_to_index (pango_layout_get_line_readonly (get_layout (self, (guint)index), 0),
                                (int)(x * PANGO_SCALE), &byte, &trailing);
  for (; trailing > 0; trailing--)
    byte = (int)(g_utf8_next_char (text + byte) - text);
  return MIN (line->start + (gsize)byte, line->end);
}

void
facet_code_text_get_caret (FacetCodeText *self, gsize byte, GdkRectangle *rectangle)
{
  guint       low = 0, high = self->lines->len - 1;
  const Line *line;
  int         x;

  while (low < high) {
    guint middle = (low + high + 1) / 2;

    if (g_array_index (self->lines, Line, middle).start <= byte)
      low = middle;
    else
      high = middle - 1;
  }
  line = &g_array_index (self->lines, Line, low);
  pango_layout_line_index_to_x (pango_layout_get_line_readonly (get_layout (self, low), 0),
                                (int)(MIN (byte, line->end) - line->start), FALSE, &x);
  *rectangle = (GdkRectangle){PANGO_PIXELS (x), (int)low * self->line_height, 1, self->line_height};
}
