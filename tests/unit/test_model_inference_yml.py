import pytest
import yaml

from ocr_inbox.paddle.catalogue import MODELS, Kind, Model, find
from ocr_inbox.paddle.inference_yml import inference_yml, symbols_of

RECOGNITION = find("PP-OCRv5_mobile_rec")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_gets_a_text_that_names_it_and_prepares_its_pages(model: Model) -> None:
    config = yaml.safe_load(inference_yml(model, ["a"]))
    assert config["Global"]["model_name"] == model.name
    steps = config["Preprocess"] if model.kind is Kind.LAYOUT else config["PreProcess"]["transform_ops"]
    assert all(isinstance(step, dict) for step in steps)


def test_symbols_that_yaml_would_read_as_something_else_stay_as_they_are() -> None:
    odd = [
        "=",
        "~",
        "null",
        "yes",
        "1",
        "1.5",
        "'",
        '"',
        "#",
        "- ",
        "\u3000",
        "\u2028",
        "\x85",
        "<td",
        ' colspan="2"',
        "🏴‍☠️",
    ]
    config = yaml.load(inference_yml(RECOGNITION, odd), Loader=yaml.FullLoader)  # noqa: S506 - as PaddleX loads it
    assert config["PostProcess"]["character_dict"] == odd


def test_only_models_that_write_symbols_get_them() -> None:
    assert "character_dict" not in inference_yml(find("PP-OCRv5_mobile_det"), ["a"])


def test_the_blank_and_the_space_that_paddlex_adds_are_taken_off_a_dictionary() -> None:
    assert symbols_of("blank\n\u3000\n一\n乙\n \n") == ("\u3000", "一", "乙")


def test_a_dictionary_without_them_loses_nothing() -> None:
    assert symbols_of("!\r\n\u2028\r\n\x85\r\nz\r\n") == ("!", "\u2028", "\x85", "z")


def test_table_tokens_keep_the_spaces_that_they_begin_with() -> None:
    assert symbols_of('<td\n>\n colspan="2"\n<td></td>') == ("<td", ">", ' colspan="2"', "<td></td>")
