// The table of one level's kernels.
static const struct ck_table CK(table) = {
    CK(activate),        CK(group_norm), CK(layer_norm),      CK(softmax),         CK(finish_rows),
    CK(finish_columns),  CK(combine),    CK(product),         CK(dots),            CK(widen),           CK(winograd_input),
    CK(winograd_output), CK(winograd_weights),
};
