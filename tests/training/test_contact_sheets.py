"""The sheets for TensorBoard: what stands where."""

import numpy as np
import torch

from bokwon.training.contact_sheets import mask_sheet, picture_sheet


def _cell(sheet, column, side, row=0):
    left, top = 4 + column * (side + 4), 20 + row * (side + 4)
    return sheet[top : top + side, left : left + side]


def test_input_output_composite_and_truth_stand_side_by_side():
    image, output = torch.full((2, 3, 32, 32), 0.2), torch.full((2, 3, 32, 32), 1.4)
    valid = torch.ones(2, 1, 32, 32)
    valid[1, :, :16] = 0
    sheet = picture_sheet(image, valid, output)
    assert sheet.shape == (20 + 2 * 36, 4 + 4 * 36, 3)
    assert sheet.dtype == np.uint8
    # The network's input has no hole in the first row, and a red one in the upper half of the second.
    assert (_cell(sheet, 0, 32) == 51).all()
    assert (_cell(sheet, 0, 32, 1)[:16] == (217, 26, 89)).all()
    assert (_cell(sheet, 0, 32, 1)[16:] == 51).all()
    assert (_cell(sheet, 1, 32) == 255).all()
    assert (_cell(sheet, 2, 32, 1)[:16] == 255).all()
    assert (_cell(sheet, 2, 32, 1)[16:] == 51).all()
    assert (_cell(sheet, 3, 32, 1) == 51).all()


def test_large_pictures_are_reduced_and_four_are_shown():
    sheet = picture_sheet(torch.rand(6, 3, 512, 512), torch.ones(6, 1, 512, 512), torch.rand(6, 3, 512, 512))
    assert sheet.shape == (20 + 4 * 260, 4 + 4 * 260, 3)


def test_masks_stand_in_the_order_of_the_layers_in_their_own_pixels():
    small = torch.ones(1, 1, 2, 2)
    small[..., 0, 1] = 0
    sheet = mask_sheet(torch.zeros(1, 1, 32, 32), {"encoder 1": small, "decoder 1": torch.ones(1, 1, 4, 4)})
    assert (_cell(sheet, 0, 128) == 0).all()
    enlarged = _cell(sheet, 1, 128)
    assert (enlarged[:64, 64:] == 0).all()
    assert (enlarged[64:] == 255).all()
    assert (_cell(sheet, 2, 128) == 255).all()
