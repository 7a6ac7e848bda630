"""PDF pages with text of any kind, and what is taken of it."""

from ocr_inbox.images import open_pages
from ocr_inbox.reading import Limits, Page
from pages import pdf_file

GERMAN = ("Kündigung des Mietvertrags zum 31. März", "Größe der Wohnung: 58 m²", "Mit freundlichen Grüßen")
CHINESE = ("房屋租赁合同编号", "甲方将位于杭州市西湖区的住房出租给乙方使用", "租期为一年")
SHOWN = "BT /F 14 Tf 26 TL 54 780 Td (Rental agreement for the storage room) Tj T* (in the basement of the house) Tj ET"
RESOURCES = "/XObject<</I 8 0 R/X 9 0 R>>/ExtGState<</T<</ca 0>>>>/Properties<</L<</Type/OCG/Name(x)>>>>"
"""A picture I, a form X that shows the same as `SHOWN`, a state T in which nothing is seen, and a layer L."""


def a_pdf(content: str, *, page: str = "", resources: str = "", unicode: str = "") -> bytes:
    """One page of A4 with this content and the fonts F and U; `unicode` says what the codes of U mean."""
    pairs = " ".join(f"<{code:02X}> <{text.encode('utf-16-be').hex()}>" for code, text in enumerate(unicode, start=1))
    cmap = f"1 begincodespacerange <00> <FF> endcodespacerange {len(unicode)} beginbfchar {pairs} endbfchar"
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica"
    image = "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>"
    form = "<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>"
    return pdf_file(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[4 0 R]/Count 1/MediaBox[0 0 595 842]>>",
            f"{font}>>",
            f"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 3 0 R/U 6 0 R>>{resources}>>{page}>>",
            f"<</Length {len(content)}>>stream\n{content}\nendstream",
            f"{font}/ToUnicode 7 0 R>>",
            f"<</Length {len(cmap)}>>stream\n{cmap}\nendstream",
            f"{image}stream\n\x00\nendstream",
            f"{form}/Length {len(SHOWN)}>>stream\n{SHOWN}\nendstream",
        ],
    )


def a_written_pdf(lines: tuple[str, ...], *, mode: int = 0) -> bytes:
    """Lines of any characters that the map of the font names, in a rendering mode."""
    characters = "".join(dict.fromkeys("".join(lines)))
    codes = ["".join(f"{characters.index(letter) + 1:02x}" for letter in line) for line in lines]
    shown = " T* ".join(f"<{line}> Tj" for line in codes)
    return a_pdf(f"BT {mode} Tr /U 12 Tf 22 TL 54 780 Td {shown} ET", unicode=characters)


def embedded(data: bytes, pdf_text: str = "embedded", limits: Limits | None = None) -> Page | None:
    """The first page as its text says."""
    with open_pages(data, limits or Limits(), pdf_text) as pages:
        return pages.embedded(0)


def texts(data: bytes, pdf_text: str = "embedded") -> list[str]:
    """Its lines."""
    page = embedded(data, pdf_text)
    return [region.text for region in page.regions] if page else []
