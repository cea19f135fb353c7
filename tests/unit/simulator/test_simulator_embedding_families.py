import base64

import pytest

from local.simulator import media, pictures
from local.simulator.calls import Counts, Direction
from local.simulator.refusals import Refusal

NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
TITAN = "amazon.titan-embed-image-v1"
ENGLISH = "cohere.embed-english-v3"
EMBED_4 = "cohere.embed-v4:0"
MARENGO_2, MARENGO_3 = "twelvelabs.marengo-embed-2-7-v1:0", "twelvelabs.marengo-embed-3-0-v1:0"
PEGASUS = "twelvelabs.pegasus-1-2-v1:0"
AMAZON_RANK, COHERE_RANK = "amazon.rerank-v1:0", "cohere.rerank-v3-5:0"
PICTURE = pictures.png(320, 320)
DATA_URI = f"data:image/png;base64,{PICTURE}"


def video(milliseconds: int) -> str:
    return base64.b64encode(media.mp4(milliseconds)).decode()


def sound(milliseconds: int) -> str:
    return base64.b64encode(media.wav(milliseconds)).decode()


def nova(**content):
    params = {"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 256, **content}
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


@pytest.mark.parametrize(
    "model_id", ["amazon.titan-embed-text-v1", "amazon.titan-embed-g1-text-02"]
)
def test_titans_first_embeddings_have_one_size(ask, model_id):
    reply = ask(model_id, inputText="a river")

    assert set(reply.body) == {"embedding", "inputTextTokenCount"}
    assert len(reply.body["embedding"]) == 1_536


@pytest.mark.parametrize(
    ("payload", "images", "reads_text"),
    [
        ({"inputText": "a river"}, 0, True),
        ({"inputImage": PICTURE}, 1, False),
        ({"inputText": "a river", "inputImage": PICTURE}, 1, True),
    ],
)
def test_titan_embeds_a_text_a_picture_or_both(ask, payload, images, reads_text):
    reply = ask(TITAN, **payload, embeddingConfig={"outputEmbeddingLength": 384})

    assert reply.counts.input_images == images
    assert (reply.counts.input_tokens > 0) == reads_text
    assert reply.body["inputTextTokenCount"] == reply.counts.input_tokens
    assert len(reply.body["embedding"]) == 384


def test_nova_counts_a_texts_tokens_in_the_header_alone(ask):
    reply = ask(NOVA, **nova(text={"truncationMode": "END", "value": "a river"}))

    assert reply.counted == ("input_tokens",)
    assert set(reply.body) == {"embeddings"}
    assert reply.body["embeddings"][0]["embeddingType"] == "TEXT"


@pytest.mark.parametrize(
    ("content", "counts", "media_class"),
    [
        ({"image": {"source": {"bytes": PICTURE}}}, Counts(input_images=1), "standard_image"),
        (
            {"image": {"detailLevel": "DOCUMENT_IMAGE", "source": {"bytes": PICTURE}}},
            Counts(input_images=1),
            "document_image",
        ),
        ({"video": {"source": {"bytes": video(9_960)}}}, Counts(input_video_ms=9_960), ""),
        ({"audio": {"source": {"bytes": sound(1_001)}}}, Counts(input_audio_ms=1_001), ""),
    ],
)
def test_nova_reports_nothing_of_media_and_counts_it_exactly(ask, content, counts, media_class):
    reply = ask(NOVA, **nova(**content))

    assert (reply.counts, reply.counted, reply.media_class) == (counts, (), media_class)


def test_cohere_embeds_one_picture(ask):
    reply = ask(ENGLISH, images=[DATA_URI], input_type="image")

    assert reply.counts == Counts(input_images=1)
    assert len(reply.body["embeddings"]) == 1


def test_embed_4_takes_inputs_that_mix_texts_and_pictures(ask):
    text = {"type": "text", "text": "a river"}
    picture = {"type": "image_url", "image_url": {"url": DATA_URI}}

    reply = ask(
        EMBED_4,
        inputs=[{"content": [text, picture]}, {"content": [picture]}],
        input_type="search_document",
        output_dimension=256,
    )

    assert reply.counts.input_images == 2
    assert reply.counts.input_tokens > 0
    assert [len(vector) for vector in reply.body["embeddings"]] == [256, 256]


@pytest.mark.parametrize(
    ("model_id", "payload", "counts"),
    [
        (MARENGO_2, {"inputType": "text", "inputText": "a"}, Counts(queries=1)),
        (MARENGO_3, {"inputType": "text", "text": {"inputText": "a"}}, Counts(queries=1)),
        (
            MARENGO_2,
            {"inputType": "image", "mediaSource": {"base64String": PICTURE}},
            Counts(input_images=1),
        ),
        (
            MARENGO_3,
            {
                "inputType": "text_image",
                "text_image": {"inputText": "a", "mediaSource": {"base64String": PICTURE}},
            },
            Counts(queries=1, input_images=1),
        ),
    ],
)
def test_marengo_is_billed_by_the_text_and_the_picture_and_reports_nothing(
    ask, model_id, payload, counts
):
    reply = ask(model_id, **payload)

    assert (reply.counts, reply.counted, set(reply.body)) == (counts, (), {"data"})


def test_pegasus_counts_what_it_wrote_and_how_long_the_video_was(ask):
    reply = ask(
        PEGASUS,
        inputPrompt="What happens?",
        mediaSource={"base64String": video(61_040)},
        maxOutputTokens=9,
    )

    assert reply.counts == Counts(output_tokens=9, input_video_ms=61_040)
    assert reply.counted == ("output_tokens",)
    assert reply.body["finishReason"] == "length"


@pytest.mark.parametrize("model_id", [AMAZON_RANK, COHERE_RANK])
@pytest.mark.parametrize(("documents", "queries"), [(1, 1), (100, 1), (101, 2), (350, 4)])
def test_a_query_is_billed_for_each_hundred_documents(ask, model_id, documents, queries):
    named = [f"document {i}" for i in range(documents)]

    reply = ask(model_id, query="which?", documents=named, top_n=3, api_version=2)

    assert (reply.counts, reply.counted) == (Counts(queries=queries), ())
    assert len(reply.body["results"]) == min(3, documents)


def test_long_documents_are_searched_in_more_chunks_than_were_listed(ask):
    chunked = Direction(chunks_per_document=3)

    reply = ask(AMAZON_RANK, chunked, query="which?", documents=["a"] * 50)

    assert reply.counts.queries == 2


def test_the_best_document_comes_first(ask):
    reply = ask(AMAZON_RANK, query="which?", documents=[f"document {i}" for i in range(9)])

    scores = [result["relevance_score"] for result in reply.body["results"]]
    assert scores == sorted(scores, reverse=True)
    assert sorted(result["index"] for result in reply.body["results"]) == list(range(9))


@pytest.mark.parametrize(
    ("model_id", "payload"),
    [
        (TITAN, {}),
        (TITAN, {"inputImage": "no picture"}),
        (TITAN, {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 7}}),
        (NOVA, nova()),
        (NOVA, nova(text={"value": "a"}, image={"source": {"bytes": PICTURE}})),
        (NOVA, nova(video={"source": {"bytes": video(30_001)}})),
        (NOVA, nova(video={"source": {"s3Location": {"uri": "s3://films/a.mp4"}}})),
        (NOVA, {**nova(text={"value": "a"}), "taskType": "SEGMENTED_EMBEDDING"}),
        (ENGLISH, {"images": [DATA_URI] * 2, "input_type": "image"}),
        (EMBED_4, {"inputs": [{"content": []}], "input_type": "search_document"}),
        (EMBED_4, {"inputs": ["a"], "input_type": "search_document"}),
        (EMBED_4, {"texts": ["a"], "input_type": "search_document", "output_dimension": 3}),
        (MARENGO_2, {"inputType": "video", "mediaSource": {"base64String": video(1)}}),
        (MARENGO_2, {"inputType": "smell"}),
        (PEGASUS, {"inputPrompt": "a"}),
        (PEGASUS, {"inputPrompt": "a", "mediaSource": {"base64String": "AAAA"}}),
        (AMAZON_RANK, {"query": "a", "documents": []}),
        (AMAZON_RANK, {"query": "a", "documents": ["a"] * 1_001}),
        (COHERE_RANK, {"query": "a", "documents": ["a"]}),
    ],
)
def test_what_an_embedding_model_does_not_take_is_refused(ask, model_id, payload):
    with pytest.raises(Refusal) as refused:
        ask(model_id, **payload)

    assert refused.value.code == "ValidationException"
