"""One peer, asked as bench_engine is (native/bench/engine.cpp):

    peers.py hnswlib|usearch|faiss FOLDER rows dimension queries links ef_construct threads

One line of JSON tells of the build; each line `search EF` of the input is answered with one.
"""
import json
import sys
import time

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


BUILDERS = {"hnswlib": hnswlib_index, "usearch": usearch_index, "faiss": faiss_index}


def resident_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon:")) / 1024


def tell(**facts):
    print(json.dumps(facts), flush=True)


def main(kind, folder, *numbers):
    rows, dimension, count, links, ef_construct, threads = map(int, numbers)
    base = np.fromfile(f"{folder}/base.f32", "f4").reshape(rows, dimension)
    queries = np.fromfile(f"{folder}/queries.f32", "f4").reshape(count, dimension)
    truth = np.fromfile(f"{folder}/truth.i32", "i4").reshape(count, TOP)
    before, start, cpu = resident_mb(), time.perf_counter(), time.process_time()
    search = BUILDERS[kind](base, links, ef_construct, threads)
    tell(buildS=time.perf_counter() - start, buildCpuS=time.process_time() - cpu, mb=resident_mb() - before)
    for line in sys.stdin:
        ef = int(line.split()[1])
        start, cpu = time.perf_counter(), time.process_time()
        found = search(queries, ef)
        elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
        hits = sum(len(set(map(int, a)) & set(map(int, b))) for a, b in zip(found, truth))
        tell(recall=hits / truth.size, qps=count / elapsed, cpuUs=cpu / count * 1e6)


main(*sys.argv[1:])
