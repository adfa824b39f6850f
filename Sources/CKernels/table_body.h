// The table of one level's kernels.
static const struct ck_table CK(table) = {
    CK(activate), CK(group_norm), CK(layer_norm), CK(softmax), CK(softmax_columns),
    CK(scale_columns), CK(finish_rows), CK(finish_columns), CK(combine),
    CK(product), CK(dots), CK(widen), CK(box_muller),
    {CK(winograd_gather_2), CK(winograd_input_2), CK(winograd_weights_2), CK(winograd_output_2), CK(winograd_scatter_2)},
    {CK(winograd_gather_4), CK(winograd_input_4), CK(winograd_weights_4), CK(winograd_output_4), CK(winograd_scatter_4)},
    {CK(winograd_gather_6), CK(winograd_input_6), CK(winograd_weights_6), CK(winograd_output_6), CK(winograd_scatter_6)},
};
