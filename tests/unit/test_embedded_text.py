"""Which text of a PDF page stands for what a person reads on it, and which only seems to."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ocr_inbox.images.soundness import Facts, is_sound

ENGLISH = """Rental agreement for the storage room in the basement of 12 Mill Lane
The tenant pays the rent on the first working day of each month.
Either side may end the agreement in writing, with notice of three months."""
GERMAN = """Kündigung des Mietvertrags über die Wohnung in der Kölner Straße 7
Sehr geehrte Frau Müller, hiermit kündigen wir fristgerecht zum 31. März.
Bitte bestätigen Sie uns den Erhalt und überweisen Sie die Kaution von 1.250,00 €."""
CHINESE = """房屋租赁合同（编号：2025-0317）
甲方将位于杭州市西湖区的住房出租给乙方使用，租期为一年。
乙方应于每月五日前支付租金人民币三千五百元整。"""  # noqa: RUF001 - Chinese punctuation
JAPANESE = "請求書\nいつもお世話になっております。下記のとおりご請求申し上げます。\nコンピューター 2台 84,000円"
RUSSIAN = "Договор аренды помещения № 17 от 3 марта. Арендатор вносит плату до пятого числа каждого месяца."
CONTENTS = "\n".join(f"{number} {title} {'. ' * 40}{number}" for number, title in enumerate(ENGLISH.splitlines(), 1))
INVOICE = "Rope, 50 m 2 84.00\nBrass shackle 10 37.50\nTotal 121.50\nVAT 19% 23.09\nDue 144.59"
SOUND = (ENGLISH, GERMAN, CHINESE, JAPANESE, RUSSIAN, CONTENTS, INVOICE)

FACTS = Facts(text=ENGLISH)


def _moved(text: str, by: int) -> str:
    return "".join(letter if letter.isspace() else chr(ord(letter) + by) for letter in text)


def _glyphs(text: str, first: int) -> str:
    """Numbers of glyphs in the order of their first use, taken for characters: a font without a map."""
    numbers = {letter: chr(first + 7 * number) for number, letter in enumerate(dict.fromkeys(text.replace("\n", "")))}
    return "".join(numbers.get(letter, letter) for letter in text)


def _exchanged(text: str) -> str:
    return text.lower().translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "qzjxkvbpygfwmucldrhsnioate"))


@pytest.mark.parametrize("text", SOUND, ids=lambda text: text.splitlines()[0][:30])
def test_what_is_written_in_any_language_is_sound(text: str) -> None:
    assert is_sound(Facts(text=text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("Page 3 of 17", id="a page number"),
        pytest.param("\n".join("_" * 40 for _ in range(9)), id="the lines of a form"),
        pytest.param("0 1 1 0 0 1 0 1\n" * 9, id="two characters for all"),
        pytest.param("(+) [*] {/} <=> %$ #@ !? && ~^ " * 5, id="signs"),
        pytest.param("\ufffd" * 200, id="no map at all"),
        pytest.param(GERMAN.replace("e", "\ufffd"), id="a letter without a map"),
        pytest.param(_moved(ENGLISH, 0xF000), id="private use"),
        pytest.param(_moved(ENGLISH, -29), id="numbers of glyphs, 29 below the letters"),
        pytest.param(_moved(ENGLISH, 0x40000), id="unassigned"),
        pytest.param(_moved(ENGLISH, 0x300), id="accents of nothing"),
        pytest.param(_glyphs(CHINESE + JAPANESE, 0x370), id="numbers of Chinese glyphs: of all scripts"),
        pytest.param(_exchanged(ENGLISH), id="English letters exchanged"),
        pytest.param(_exchanged(GERMAN), id="German letters exchanged"),
        pytest.param(CHINESE.encode("gb18030").decode("latin-1"), id="Chinese bytes as Western letters"),
        pytest.param(RUSSIAN.encode("cp1251").decode("latin-1"), id="Russian bytes as Western letters"),
        pytest.param("\x00\x01\x02\x03" * 20 + ENGLISH, id="control characters"),
    ],
)
def test_what_is_not_written_in_any_is_not(text: str) -> None:
    assert not is_sound(Facts(text=text))


def test_the_bullets_of_another_font_do_no_harm() -> None:
    assert is_sound(Facts(text="\n".join(f"\uf0b7 {line}" for line in GERMAN.splitlines())))


def test_spaces_of_any_kind_count_for_nothing() -> None:
    assert is_sound(Facts(text=CHINESE.replace("\uff0c", "\u3000").replace("\n", "\n\xa0")))
    assert not is_sound(Facts(text=" \u3000\xa0" * 100 + "Page 3"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda facts: replace(facts, hidden=1), id="a character that nobody sees"),
        pytest.param(lambda facts: replace(facts, overlays=1), id="a stamp or a filled-in field"),
        pytest.param(lambda facts: replace(facts, pictured=0.6), id="mostly a picture"),
        pytest.param(lambda facts: replace(facts, pictured=float("nan")), id="a picture of no size"),
        pytest.param(lambda facts: replace(facts, outlines=5000), id="letters as shapes"),
        pytest.param(lambda facts: replace(facts, outside=20), id="much beyond the edges"),
        pytest.param(lambda facts: replace(facts, unmapped=20), id="much that the font does not know"),
    ],
)
def test_good_text_is_not_sound_on_a_page_that_shows_something_else(change: Callable[[Facts], Facts]) -> None:
    assert not is_sound(change(FACTS))


def test_a_photograph_a_logo_and_a_stray_character_do_no_harm() -> None:
    assert is_sound(replace(FACTS, pictured=0.4, outlines=900, outside=3, unmapped=2))
