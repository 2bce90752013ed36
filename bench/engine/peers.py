"""One peer, asked as bench_engine is (native/bench/engine.cpp):

    peers.py hnswlib|usearch|faiss|qdrant-edge FOLDER rows dimension queries links ef_construct threads

One line of JSON tells of the build; each line `search EF` of the input is answered with one.
"""
import importlib
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

TOP = 10


def hnswlib_index(base, links, ef_construct, threads):
    import hnswlib

    index = hnswlib.Index("ip", base.shape[1])
    index.init_index(len(base), ef_construction=ef_construct, M=links)
    index.set_num_threads(threads)
    index.add_items(base)

    def search(queries, ef):
        index.set_ef(ef)
        return index.knn_query(queries, TOP)[0]

    return search


def usearch_index(base, links, ef_construct, threads):
    from usearch.index import Index

    index = Index(ndim=base.shape[1], metric="ip", dtype="f32", connectivity=links, expansion_add=ef_construct)
    index.add(np.arange(len(base)), base, threads=threads)

    def search(queries, ef):
        index.expansion_search = ef
        return index.search(queries, TOP, threads=threads).keys

    return search


def faiss_index(base, links, ef_construct, threads):
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(base.shape[1], links, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = ef_construct
    index.add(base)

    def search(queries, ef):
        index.hnsw.efSearch = ef
        return index.search(queries, TOP)[1]

    return search


def edge_index(base, links, ef_construct, threads):
    """The reference engine embedded: one shard in a folder, everything in memory, no log, one graph over all."""
    import qdrant_edge as edge

    rows, dimension = base.shape
    folder = tempfile.TemporaryDirectory()
    config = edge.EdgeConfig(
        vectors=edge.EdgeVectorParams(dimension, edge.Distance.Dot, memory=edge.Memory.Pinned),
        hnsw_config=edge.HnswIndexConfig(links, ef_construct, 1, threads, memory=edge.Memory.Pinned),
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=1, default_segment_number=1),
        max_search_threads=threads,
        wal_enabled=False,
    )
    shard = edge.EdgeShard.create(folder.name, config)
    for first in range(0, rows, 1000):
        some = range(first, min(first + 1000, rows))
        shard.update(edge.UpdateOperation.upsert_points([edge.Point(row, base[row].tolist()) for row in some]))
    while shard.optimize():
        pass
    if shard.info().indexed_vectors_count < rows:
        raise RuntimeError(f"not everything is indexed: {shard.info()}")

    def search(queries, ef):
        # A process asks it in batches, one for each thread.
        params = edge.SearchParams(hnsw_ef=ef)
        asked = [edge.QueryRequest(TOP, query=edge.Query.Nearest(query), params=params) for query in queries.tolist()]
        parts = [edge.QueryBatchRequest(asked[part::threads]) for part in range(threads)]
        found = [None] * len(asked)
        for part, answers in enumerate(pool.map(shard.query_batch, parts)):
            found[part::threads] = [[hit.id for hit in hits] for hits in answers]
        return found

    pool = ThreadPoolExecutor(threads)
    search.folder = folder  # lives as long as the index
    return search


BUILDERS = {
    "hnswlib": ("hnswlib", hnswlib_index),
    "usearch": ("usearch", usearch_index),
    "faiss": ("faiss", faiss_index),
    "qdrant-edge": ("qdrant_edge", edge_index),
}


def resident_mb():
    """Files that are mapped count: one of the peers keeps its vectors so."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def tell(**facts):
    print(json.dumps(facts), flush=True)


def main(kind, folder, *numbers):
    rows, dimension, count, links, ef_construct, threads = map(int, numbers)
    base = np.fromfile(f"{folder}/base.f32", "f4").reshape(rows, dimension)
    queries = np.fromfile(f"{folder}/queries.f32", "f4").reshape(count, dimension)
    truth = np.fromfile(f"{folder}/truth.i32", "i4").reshape(count, TOP)
    package, build = BUILDERS[kind]
    importlib.import_module(package)
    before, start, cpu = resident_mb(), time.perf_counter(), time.process_time()
    search = build(base, links, ef_construct, threads)
    tell(buildS=time.perf_counter() - start, buildCpuS=time.process_time() - cpu, mb=resident_mb() - before)
    for line in sys.stdin:
        ef = int(line.split()[1])
        start, cpu = time.perf_counter(), time.process_time()
        found = search(queries, ef)
        elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
        hits = sum(len(set(map(int, a)) & set(map(int, b))) for a, b in zip(found, truth))
        tell(recall=hits / truth.size, qps=count / elapsed, cpuUs=cpu / count * 1e6)


main(*sys.argv[1:])
