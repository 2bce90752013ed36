"""A day's work of the unmodified Python client. Usage: python_client.py URL"""

import sys
import warnings

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

# A warning about versions that do not fit is a failure.
warnings.simplefilter("error")

url = sys.argv[1]
name = "cities"
uuid = "5c56c793-69f3-4fbf-87e6-c4bf54c28c26"
# Checks the version of the server, in another thread too.
client = QdrantClient(url=url, check_compatibility=True, timeout=30)


def collection():
    client.delete_collection(name)
    assert client.collection_exists(name) is False
    assert client.create_collection(
        name,
        vectors_config={
            "place": models.VectorParams(size=2, distance=models.Distance.EUCLID),
            "taste": models.VectorParams(size=3, distance=models.Distance.COSINE, on_disk=True),
        },
        shard_number=2,
        hnsw_config=models.HnswConfigDiff(m=8),
        quantization_config=models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
        ),
        metadata={"owner": "tests"},
    )
    assert client.collection_exists(name)
    try:
        client.create_collection(name, vectors_config={})
        raise AssertionError("created twice")
    except UnexpectedResponse as error:
        assert error.status_code == 409
    assert [c.name for c in client.get_collections().collections] == [name]
    info = client.get_collection(name)
    assert info.status == models.CollectionStatus.GREEN
    assert info.config.params.vectors["place"].size == 2
    assert info.config.hnsw_config.m == 8
    assert info.config.metadata == {"owner": "tests"}


def settings():
    assert client.update_collection(
        name,
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=5000),
        vectors_config={"taste": models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=4))},
        quantization_config=models.Disabled.DISABLED,
        metadata={"owner": None, "since": 2024},
    )
    info = client.get_collection(name)
    assert info.config.optimizer_config.indexing_threshold == 5000
    assert info.config.params.vectors["taste"].hnsw_config.m == 4
    assert info.config.quantization_config is None
    assert info.config.metadata == {"since": 2024}


def points():
    written = client.upsert(
        name,
        wait=True,
        points=[
            models.PointStruct(
                id=1,
                vector={"place": [52.5, 13.4], "taste": [1, 0, 0]},
                payload={"name": "Berlin", "country": "de", "people": 3_700_000},
            ),
            models.PointStruct(
                id=2,
                vector={"place": [48.9, 2.4], "taste": [0, 1, 0]},
                payload={"name": "Paris", "country": "fr", "people": 2_100_000},
            ),
            models.PointStruct(
                id=uuid, vector={"place": [41.9, 12.5]}, payload={"name": "Rome", "country": "it"}
            ),
        ],
    )
    assert written.status == models.UpdateStatus.COMPLETED
    client.upsert(
        name,
        wait=True,
        points=models.Batch(
            ids=[4, 5],
            vectors={"place": [[40.4, -3.7], [53.6, 10.0]]},
            payloads=[{"name": "Madrid", "country": "es"}, {"name": "Hamburg", "country": "de"}],
        ),
    )
    client.upload_points(
        name,
        points=(models.PointStruct(id=100 + n, vector={"place": [n, n]}) for n in range(200)),
        batch_size=64,
        wait=True,
    )
    assert client.count(name, exact=True).count == 205
    client.delete(name, points_selector=list(range(100, 300)), wait=True)
    assert client.count(name).count == 5
    assert client.get_collection(name).points_count == 5


def reads():
    found = client.query_points(
        name, query=[50.1, 8.7], using="place", limit=2, with_payload=True
    ).points
    assert [point.payload["name"] for point in found] == ["Hamburg", "Berlin"], found
    near = client.query_points(name, query=[1.0, 0.0, 0.0], using="taste", with_vectors=["taste"])
    assert near.points[0].id == 1 and near.points[0].vector["taste"] == [1, 0, 0]
    assert len(near.points) == 2
    page, following = client.scroll(name, limit=3, with_payload=["name"])
    assert [point.id for point in page] == [1, 2, 4] and following == 5
    page, following = client.scroll(name, limit=3, offset=following)
    assert [point.id for point in page] == [5, uuid] and following is None
    records = client.retrieve(name, ids=[uuid, 2, 999], with_vectors=True)
    assert [record.id for record in records] == [uuid, 2]
    assert records[0].payload["name"] == "Rome"
    try:
        client.query_points(name, query=[1.0], using="place")
        raise AssertionError("a query of the wrong size was answered")
    except UnexpectedResponse as error:
        assert error.status_code == 400 and b"expected dim: 2, got 1" in error.content


def filters():
    def condition(key, **match):
        return models.FieldCondition(key=key, **match)

    german = models.Filter(must=[condition("country", match=models.MatchValue(value="de"))])
    assert client.count(name, count_filter=german).count == 2
    found = client.query_points(name, query=[0.0, 0.0], using="place", query_filter=german).points
    assert [point.id for point in found] == [1, 5]
    large = models.Filter(must=[condition("people", range=models.Range(gte=2_500_000))])
    assert [point.id for point in client.scroll(name, scroll_filter=large)[0]] == [1]
    southern = models.Filter(
        should=[
            condition("country", match=models.MatchAny(any=["it", "es"])),
            models.HasIdCondition(has_id=[2]),
        ],
        must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key="name"))],
    )
    assert [point.id for point in client.scroll(name, scroll_filter=southern)[0]] == [2, 4, uuid]
    tasty = models.Filter(must=[models.HasVectorCondition(has_vector="taste")])
    assert client.count(name, count_filter=tasty).count == 2
    batch = client.query_batch_points(
        name,
        requests=[
            models.QueryRequest(query=[50.1, 8.7], using="place", limit=1),
            models.QueryRequest(query=2, using="place", limit=1, filter=german),
        ],
    )
    assert [[point.id for point in answer.points] for answer in batch] == [[5], [5]]


def changes():
    def payload_of(point):
        return client.retrieve(name, ids=[point])[0].payload

    client.set_payload(name, payload={"seen": True}, points=[1, 2], wait=True)
    client.set_payload(name, payload={"mayor": "x"}, points=[1], key="office", wait=True)
    assert payload_of(1)["office"] == {"mayor": "x"} and payload_of(1)["seen"] is True
    client.delete_payload(name, keys=["seen"], points=[1], wait=True)
    assert "seen" not in payload_of(1) and payload_of(2)["seen"] is True
    client.overwrite_payload(name, payload={"name": "Lutetia"}, points=[2], wait=True)
    assert payload_of(2) == {"name": "Lutetia"}
    client.clear_payload(name, points_selector=[4], wait=True)
    assert payload_of(4) == {}
    client.update_vectors(
        name, points=[models.PointVectors(id=uuid, vector={"taste": [0, 0, 2]})], wait=True
    )
    vectors = client.retrieve(name, ids=[uuid], with_vectors=True)[0].vector
    assert vectors["taste"] == [0, 0, 1] and set(vectors) == {"place", "taste"}
    client.delete_vectors(name, vectors=["taste"], points=[1, uuid], wait=True)
    assert set(client.retrieve(name, ids=[uuid], with_vectors=True)[0].vector) == {"place"}
    client.batch_update_points(
        name,
        update_operations=[
            models.UpsertOperation(
                upsert=models.PointsList(
                    points=[models.PointStruct(id=6, vector={"place": [1, 1]}, payload={"a": 1})]
                )
            ),
            models.SetPayloadOperation(
                set_payload=models.SetPayload(payload={"b": 2}, points=[6])
            ),
            models.DeleteOperation(delete=models.PointIdsList(points=[5])),
        ],
        wait=True,
    )
    assert payload_of(6) == {"a": 1, "b": 2}
    assert client.retrieve(name, ids=[5]) == []
    try:
        client.set_payload(name, payload={"c": 3}, points=[12345], wait=True)
        raise AssertionError("the payload of an unknown point was set")
    except UnexpectedResponse as error:
        assert error.status_code == 404
    client.delete(
        name,
        points_selector=models.FilterSelector(
            filter=models.Filter(
                must=[models.FieldCondition(key="b", match=models.MatchValue(value=2))]
            )
        ),
        wait=True,
    )
    assert client.count(name).count == 4


def aliases():
    assert client.update_collection_aliases(
        change_aliases_operations=[
            models.CreateAliasOperation(
                create_alias=models.CreateAlias(collection_name=name, alias_name="towns")
            )
        ]
    )
    assert client.count("towns").count == 4
    assert client.collection_exists("towns")
    assert [a.alias_name for a in client.get_collection_aliases(name).aliases] == ["towns"]
    client.update_collection_aliases(
        change_aliases_operations=[
            models.RenameAliasOperation(
                rename_alias=models.RenameAlias(old_alias_name="towns", new_alias_name="places")
            )
        ]
    )
    assert [(a.alias_name, a.collection_name) for a in client.get_aliases().aliases] == [
        ("places", name)
    ]
    client.update_collection_aliases(
        change_aliases_operations=[
            models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="places"))
        ]
    )
    assert client.get_aliases().aliases == []


def service():
    assert client.info().version.startswith("1.")
    assert client.cluster_status().status == "disabled"
    assert len(client.collection_cluster_info(name).local_shards) == 2


def end():
    assert client.delete_collection(name) is True
    assert client.delete_collection(name) is False
    try:
        client.get_collection(name)
        raise AssertionError("a deleted collection was described")
    except UnexpectedResponse as error:
        assert error.status_code == 404


for step in [collection, settings, points, reads, filters, changes, aliases, service, end]:
    step()
    print(step.__name__, "done", flush=True)
