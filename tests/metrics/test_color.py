import torch

from pdbench.metrics import color
from pdbench.metrics.color import extract_planes, shared_planes


def test_the_same_planes_of_an_image_are_extracted_once_inside(pair):
    image, _ = pair()
    with shared_planes():
        first = extract_planes(image, colour="bt601-rounded", border=4)
        assert extract_planes(image, colour="bt601-rounded", border=4) is first
        assert extract_planes(image, colour="bt601-rounded", border=0) is not first
        assert extract_planes(image.clone(), colour="bt601-rounded", border=4) is not first
    assert color._extracted.get() is None


def test_outside_a_changed_image_gets_new_planes(pair):
    image, _ = pair()
    before = extract_planes(image, colour="yiq")
    image[..., 0] = 0
    assert not torch.equal(extract_planes(image, colour="yiq"), before)
