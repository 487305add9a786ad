/* facet-wrap-layout.c: children beside each other, and in further lines where there is no room.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main thread.  GtkFlowBox makes a grid of equal cells; these are lines of things that differ. */
#define G_LOG_DOMAIN "facet-wrap-layout"

#include "config.h"

#include "facet-wrap-layout.h"

struct _FacetWrapLayout {
  GtkLayoutManager parent_instance;

  int      spacing;
  gboolean at_end;
};

G_DEFINE_FINAL_TYPE (FacetWrapLayout, facet_wrap_layout, GTK_TYPE_LAYOUT_MANAGER)

static int
get_width (GtkWidget *child, int available)
{
  int minimum, natural;

  gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, &natural, NULL, NULL);
  return available < 0 ? natural : MAX (minimum, MIN (natural, available));
}

static int
get_height (GtkWidget *child, int width)
{
  int natural;

  gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, width, NULL, &natural, NULL, NULL);
  return natural;
}

/* The next child that takes room, @child itself included. */
static GtkWidget *
skip_hidden (GtkWidget *child)
{
  while (child != NULL && !gtk_widget_should_layout (child))
    child = gtk_widget_get_next_sibling (child);
  return child;
}

/* One line from @first on: how wide and high it is, and the first child of the next one. */
static GtkWidget *
measure_line (FacetWrapLayout *self, GtkWidget *first, int available, int *width, int *height)
{
  GtkWidget *child;

  *width = 0;
  *height = 0;
  for (child = first; child != NULL; child = skip_hidden (gtk_widget_get_next_sibling (child))) {
    int w = get_width (child, available);

    if (child != first && available >= 0 && *width + self->spacing + w > available)
      break;
    *width += (child != first ? self->spacing : 0) + w;
    *height = MAX (*height, get_height (child, w));
  }
  return child;
}

static GtkSizeRequestMode
facet_wrap_layout_get_request_mode (GtkLayoutManager *manager, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
facet_wrap_layout_measure (GtkLayoutManager *manager,
                           GtkWidget        *widget,
                           GtkOrientation    orientation,
                           int               for_size,
                           int              *minimum,
                           int              *natural,
                           int              *minimum_baseline,
                           int              *natural_baseline)
{
  FacetWrapLayout *self = FACET_WRAP_LAYOUT (manager);
  GtkWidget       *first = skip_hidden (gtk_widget_get_first_child (widget));
  int              width, height;

  *minimum = *natural = 0;
  if (orientation == GTK_ORIENTATION_HORIZONTAL) {
    for (GtkWidget *child = first; child != NULL;
         child = skip_hidden (gtk_widget_get_next_sibling (child)))
      *minimum = MAX (*minimum, get_width (child, 0));
    measure_line (self, first, -1, natural, &height);
    return;
  }
  while (first != NULL) {
    first = measure_line (self, first, for_size, &width, &height);
    *natural += height + (first != NULL ? self->spacing : 0);
  }
  *minimum = *natural;
}

static void
facet_wrap_layout_allocate (GtkLayoutManager *manager,
                            GtkWidget        *widget,
                            int               width,
                            int               height,
                            int               baseline)
{
  FacetWrapLayout *self = FACET_WRAP_LAYOUT (manager);
  gboolean         rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  GtkWidget       *child = skip_hidden (gtk_widget_get_first_child (widget));
  int              y = 0;

  while (child != NULL) {
    int        line_width, line_height, x;
    GtkWidget *next = measure_line (self, child, width, &line_width, &line_height);

    x = self->at_end ? width - line_width : 0;
    for (; child != next; child = skip_hidden (gtk_widget_get_next_sibling (child))) {
      int w = get_width (child, width), h = get_height (child, w);

      gtk_widget_size_allocate (child,
                                &(GtkAllocation){rtl ? width - x - w : x, y + (line_height - h) / 2,
                                                 w, h},
                                -1);
      x += w + self->spacing;
    }
    y += line_height + self->spacing;
  }
}

static void
facet_wrap_layout_class_init (FacetWrapLayoutClass *klass)
{
  GtkLayoutManagerClass *manager_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  manager_class->get_request_mode = facet_wrap_layout_get_request_mode;
  manager_class->measure = facet_wrap_layout_measure;
  manager_class->allocate = facet_wrap_layout_allocate;
}

static void
facet_wrap_layout_init (FacetWrapLayout *self)
{
}

GtkLayoutManager *
facet_wrap_layout_new (int spacing, gboolean at_end)
{
  FacetWrapLayout *self = g_object_new (FACET_TYPE_WRAP_LAYOUT, NULL);

  self->spacing = spacing;
  self->at_end = at_end;
  return GTK_LAYOUT_MANAGER (self);
}
