"""Makes what all competitors read: base.f32, queries.f32 and truth.i32, the exact 10 nearest rows of each query.

    data.py wink DATA FOLDER                              from DATA/wink_base.npy, wink_q.npy and wink_gt.npy
    data.py latent ROWS DIMENSION QUERIES FOLDER          drawn with a fixed seed

The drawn vectors have few degrees of freedom, as embeddings have: z in R^24 is one of 500 centres (sigma 0.5) + N(0, 1), and
x = z A + 0.1 noise with A ~ N(0, 1) / sqrt(24), of unit length.
"""
import sys

import numpy as np

LATENT, CENTRES, TOP = 24, 500, 10


def draw(rows, dimension, queries):
    random = np.random.default_rng(1)
    centres = random.normal(0, 0.5, (CENTRES, LATENT)).astype("f4")
    spread = (random.normal(size=(LATENT, dimension)) / np.sqrt(LATENT)).astype("f4")

    def some(count):
        latent = centres[random.integers(CENTRES, size=count)] + random.normal(size=(count, LATENT)).astype("f4")
        vectors = latent @ spread + 0.1 * random.standard_normal((count, dimension), dtype="f4")
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return some(rows), some(queries)


def nearest(base, queries):
    best = []
    for first in range(0, len(queries), 100):
        scores = queries[first : first + 100] @ base.T
        some = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
        order = np.argsort(-np.take_along_axis(scores, some, 1), axis=1)
        best.append(np.take_along_axis(some, order, 1))
    return np.concatenate(best)


def main(kind, *rest):
    if kind == "wink":
        data, folder = rest
        base, queries, truth = (np.load(f"{data}/wink_{name}.npy") for name in ("base", "q", "gt"))
        truth = truth[:, :TOP]
    else:
        rows, dimension, count = map(int, rest[:3])
        folder = rest[3]
        base, queries = draw(rows, dimension, count)
        truth = nearest(base, queries)
    base.astype("f4").tofile(f"{folder}/base.f32")
    queries.astype("f4").tofile(f"{folder}/queries.f32")
    truth.astype("i4").tofile(f"{folder}/truth.i32")
    print(f'{{"rows":{len(base)},"dimension":{base.shape[1]},"queries":{len(queries)}}}')


main(*sys.argv[1:])
