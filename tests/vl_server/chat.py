"""The chat completions that PaddleOCR asks for, and everything else, which is refused as vLLM words it."""

import base64
import binascii
import hashlib
import io
import math
from dataclasses import dataclass
from typing import Annotated, Literal

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

_TOKEN_SIDE = 28
"""Pixels: the model sees patches of 14, and joins two by two."""
_PROMPT_TOKENS = 16
_MOST_STRETCHED = 200
_MOST_PIXELS = 1_003_520
_LEAST_PIXELS = 112_896
_JPEG_URL = "data:image/jpeg;base64,"

Prompt = Literal[
    "OCR:", "Table Recognition:", "Formula Recognition:", "Chart Recognition:", "Seal Recognition:", "Spotting:"
]


class RefusedError(Exception):
    """A request that the server does not take."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _ImageUrl(_Strict):
    url: str


class _ImagePart(_Strict):
    type: Literal["image_url"]
    image_url: _ImageUrl


class _TextPart(_Strict):
    type: Literal["text"]
    text: Prompt


class _Message(_Strict):
    role: Literal["user"]
    content: list[Annotated[_ImagePart | _TextPart, Field(discriminator="type")]]

    @model_validator(mode="after")
    def _one_image_and_one_text(self) -> "_Message":
        if sorted(part.type for part in self.content) != ["image_url", "text"]:
            raise ValueError("a message has exactly one image and one text")
        return self


class _Processing(_Strict):
    min_pixels: int = Field(default=_LEAST_PIXELS, ge=_TOKEN_SIDE**2)
    max_pixels: int = Field(default=_MOST_PIXELS, ge=_TOKEN_SIDE**2)

    @model_validator(mode="after")
    def _in_order(self) -> "_Processing":
        if self.min_pixels > self.max_pixels:
            raise ValueError("min_pixels is more than max_pixels")
        return self


class ChatRequest(_Strict):
    """One page or piece of a page to read."""

    model: str
    messages: list[_Message] = Field(min_length=1, max_length=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    repetition_penalty: float = Field(default=1.0, gt=0)
    max_completion_tokens: int = Field(ge=1)
    skip_special_tokens: bool = True
    mm_processor_kwargs: _Processing = _Processing()
    stream: Literal[False] = False

    @property
    def prompt(self) -> Prompt:
        return next(part.text for part in self.messages[0].content if isinstance(part, _TextPart))

    @property
    def url(self) -> str:
        return next(part.image_url.url for part in self.messages[0].content if isinstance(part, _ImagePart))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that is taken; the image is as the model sees it, and `digest` is that of the bytes that came."""

    prompt: Prompt
    image: Image.Image
    digest: str
    prompt_tokens: int
    most_tokens: int


def taken(body: bytes, *, model: str, context: int) -> Asked:
    """What is asked for, if a server of this model with so many tokens of context would take it.

    Raises RefusedError.
    """
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError(str(error)) from error
    if request.model != model:
        raise RefusedError(f"The model `{request.model}` does not exist.", status=404)
    content = _content(request.url)
    image = _as_seen(_decoded(content), request.mm_processor_kwargs)
    tokens = _PROMPT_TOKENS + (image.width // _TOKEN_SIDE) * (image.height // _TOKEN_SIDE)
    most = request.max_completion_tokens
    if tokens + most > context:
        raise RefusedError(
            f"'max_tokens' or 'max_completion_tokens' is too large: {most}. This model's maximum context length is "
            f"{context} tokens and your request has {tokens} input tokens ({most} > {context} - {tokens})."
        )
    digest = hashlib.sha256(content).hexdigest()
    return Asked(prompt=request.prompt, image=image, digest=digest, prompt_tokens=tokens, most_tokens=most)


def _content(url: str) -> bytes:
    if not url.startswith(_JPEG_URL):
        raise RefusedError(f"The URL must start with {_JPEG_URL}")
    try:
        return base64.b64decode(url.removeprefix(_JPEG_URL), validate=True)
    except binascii.Error as error:
        raise RefusedError(f"Incorrect base64: {error}") from error


def _decoded(content: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            rgb: Image.Image = image.convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise RefusedError(f"cannot identify image file: {error}") from error
    return rgb


def _as_seen(image: Image.Image, processing: _Processing) -> Image.Image:
    """The image in whole tokens, with no more and no fewer pixels than asked for."""
    shorter, longer = sorted(image.size)
    if longer > _MOST_STRETCHED * shorter:
        raise RefusedError(f"absolute aspect ratio must be smaller than {_MOST_STRETCHED}, got {longer / shorter}")
    pixels = image.width * image.height
    wanted = min(max(pixels, processing.min_pixels), processing.max_pixels)
    scale = math.sqrt(wanted / pixels) / _TOKEN_SIDE
    # Rounded to the side of the limit that was hit, as the model's own processor does.
    to_whole = math.ceil if wanted > pixels else math.floor if wanted < pixels else round
    width, height = (max(1, to_whole(side * scale)) * _TOKEN_SIDE for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)
