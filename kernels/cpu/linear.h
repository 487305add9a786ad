/* linear.h: matrix products as the operations are built from them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A KrnLinear is one set of activations and up to three weights that it is multiplied by.  It lives
 * on the stack of the operation, which plans it before its task starts; then inside the task
 *
 *   if (!krn_linear_after (&l, m))     the end of the phase that computes x; activations into the
 *     return;                          form that the weights want
 *   krn_linear_run (&l, m);            the products, shared among the members
 *
 * or, when x is complete before the task starts, krn_linear_share () in place of the first; or,
 * when there are few activations, krn_linear_prepare () before the task.
 *
 * Internal to this folder. */
#pragma once

#include "kernels/cpu/device.h"

#define KRN_LINEAR_MAX 3

/* The form of the activations that a weight wants. */
typedef enum {
  KRN_FORM_ROWS,       /* as they are: few rows in front of F32 or BF16 weights */
  KRN_FORM_PANEL,      /* groups of panel_m rows, transposed */
  KRN_FORM_PANEL_BF16, /* the same, rounded to BF16 */
  KRN_FORM_QUANT,      /* groups of quant_m rows, quantised */
  KRN_N_FORMS,
} KrnForm;

typedef struct {
  KrnMat  w;
  KrnOut  y;
  KrnForm form;
  int     unit;          /* rows of w that the inner loop takes at once */
  int     rows_per_item; /* a multiple of unit */
  int     n_items;
} KrnProduct;

typedef struct {
  KrnDevice *dev;
  KrnIn      x;
  int        cols;
  KrnProduct products[KRN_LINEAR_MAX];
  int        n_products;
  int        n_items; /* of all products */

  /* x in the forms that are wanted, in the arena */
  bool         wanted[KRN_N_FORMS];
  float       *panel;
  uint16_t    *panel_bf16;
  KrnQuantRows quant;
} KrnLinear;

/* How many activation rows of so many columns fit the arena at once; 0 if not even the rows of one
 * group. */
int krn_linear_max_rows (KrnDevice *dev, int cols);

void krn_linear_init (KrnLinear *l, KrnDevice *dev, KrnIn x, int cols);
/* y (x.n, w.rows).  All weights are added before the task starts. */
void krn_linear_add (KrnLinear *l, KrnMat w, KrnOut y);

/* Makes the items of the first product fit the second, which has as many rows, so that one member
 * can take the same rows of both. */
void krn_linear_match_items (KrnLinear *l);

/* Whether the activations are few enough for one member. */
bool krn_linear_is_small (const KrnLinear *l);
/* Makes the activations ready, alone.  A KrnSerial. */
void krn_linear_prepare (void *linear);
/* Inside a task, by every member: makes the activations ready, together.  False: return from the
 * task. */
bool krn_linear_share (KrnLinear *l, KrnMember *m);
/* The same at the end of the phase that computes x, in whichever way is better. */
bool krn_linear_after (KrnLinear *l, KrnMember *m);
/* Inside a task, by every member: all products, one phase. */
void krn_linear_run (KrnLinear *l, KrnMember *m);
/* Rows [begin, end) of one product, by one member, to y (x.n, end − begin); begin is a multiple of
 * the unit. */
void krn_linear_rows (KrnLinear        *l,
                      KrnMember        *m,
                      const KrnProduct *p,
                      int               begin,
                      int               end,
                      KrnOut            y);
