"""Creates a table, pushes to it, reads it, and asks a predictor: `python example.py SEEDS [PREDICTOR]`."""

import sys

import numpy as np

from weir.v1 import tables_pb2
from weir_client import Weir
from weir_push import PushSession
from weir_rank import connect, feature_block, rank

weir = Weir(sys.argv[1].split(","))
table = weir.create_table(
    tables_pb2.TableSpec(
        name="default/doc",
        dim=4,
        optimizer=tables_pb2.Optimizer(
            kind=tables_pb2.OPTIMIZER_KIND_ADAGRAD, learning_rate=0.05, initial_accumulator=0.01
        ),
        initializer=tables_pb2.Initializer(kind=tables_pb2.INITIALIZER_KIND_ZERO),
    )
)

keys = np.array([7, 42, 2**64 - 1], dtype=np.uint64)
weir.push_once(table, keys, np.full((3, 4), 0.1, dtype=np.float32))
print(weir.pull(table, keys))

with PushSession(weir, client_id="python-trainer") as pushes:
    for step in range(100):
        gradients = np.random.default_rng(step).normal(size=(2000, 4)).astype(np.float32)
        pushes.push(table, np.arange(2000, dtype=np.uint64), gradients)
    print(pushes.flush())

if len(sys.argv) > 2:
    predictor = connect(sys.argv[2])
    documents = [{"doc": "d1", "price": 12.5}, {"doc": "d2", "price": 3.0}]
    serving_id, scores, order = rank(predictor, "u1", ["d1", "d2"], feature_block({"user": "u1"}, documents))
    print(serving_id, scores, order)
