"""Schemas: what a request may say, by OpenAI's names. What is not here is refused by name, not left out in silence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from training.inference.sampling import Sampling

MAX_SEED = 2**63 - 1
MAX_CHOICES = 16
MAX_TEXTS = 128
COLDEST = 0.001  # logits divided by much less are no numbers any more


def _check_text(text: str) -> str:
    """JSON can spell half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the character at {error.start} is half of a surrogate pair") from error
    return text


Text = Annotated[str, AfterValidator(_check_text)]
Token = Annotated[int, Field(ge=0, lt=2**31)]
Tokens = Annotated[list[Token], Field(min_length=1)]
Stop = Annotated[Text, Field(min_length=1, max_length=256)]
Zero = Annotated[float, Field(ge=0, le=0)]


class _Object(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_null(cls, given: Any) -> Any:
        """OpenAI's clients send null for what is to be as by default, and for what they do not use."""
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}


class _Request(_Object):
    model: str | None = Field(None, description="as /v1/models says; may be left out, as there is one")
    user: str | None = Field(None, description="not read")


class StreamOptions(_Object):
    include_usage: bool = False


class _Generating(_Request):
    """What completions and conversations have in common; `top_k`, `min_p` and `repetition_penalty` are not OpenAI's.
    Some clients send all that OpenAI knows: of what cannot be done here the value that changes nothing is taken."""

    temperature: float = Field(1.0, ge=0, le=2, description=f"below {COLDEST} the likeliest token is taken, as at 0")
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0, lt=2**31)
    min_p: float = Field(0.0, ge=0, le=1)
    repetition_penalty: float = Field(1.0, ge=0.01, le=100)
    seed: int | None = Field(None, ge=-MAX_SEED, le=MAX_SEED)
    n: int = Field(1, ge=1, le=MAX_CHOICES)
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    frequency_penalty: Zero = 0.0
    presence_penalty: Zero = 0.0
    logit_bias: dict[str, Any] = Field({}, max_length=0)

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def usage_wanted(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def sampling(self, seed: int) -> Sampling:
        return Sampling(
            temperature=self.temperature if self.temperature >= COLDEST else 0.0,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
            seed=seed,
        )


class CompletionRequest(_Generating):
    prompt: Text | Tokens | Annotated[list[Text] | list[Tokens], Field(min_length=1, max_length=MAX_TEXTS)]
    max_tokens: int = Field(16, ge=1, lt=2**31)
    logprobs: int | None = Field(None, ge=0, le=20)
    best_of: Literal[1] = 1
    echo: Literal[False] = False
    suffix: Literal[""] = ""


class TextPart(_Object):
    type: Literal["text"]
    text: Text


class TextFormat(_Object):
    type: Literal["text"] = "text"


class ChatMessage(_Object):
    role: Literal["system", "user", "assistant"]
    content: Text | list[TextPart]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class ChatRequest(_Generating):
    messages: list[ChatMessage] = Field(min_length=1, max_length=4096)
    max_tokens: int | None = Field(None, ge=1, lt=2**31, description="by default what context and memory have room for")
    max_completion_tokens: int | None = Field(None, ge=1, lt=2**31, description="a newer name of max_tokens")
    logprobs: bool = False
    top_logprobs: int | None = Field(None, ge=0, le=20)
    response_format: TextFormat = TextFormat()
    modalities: list[Literal["text"]] = Field(["text"], min_length=1, max_length=1)
    store: Literal[False] = False


class EmbeddingRequest(_Request):
    input: Text | Tokens | Annotated[list[Text] | list[Tokens], Field(min_length=1, max_length=MAX_TEXTS)]
    encoding_format: Literal["float", "base64"] = "float"
