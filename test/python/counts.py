"""Pushes ones, again and again, to a table that sums: `counts.py SEEDS NAME PUSHES`. It says when it has begun."""

import sys
import time

import numpy as np

from weir.v1 import tables_pb2
from weir_client import Weir
from weir_push import PushSession

weir = Weir(sys.argv[1].split(","))
table = weir.create_table(
    tables_pb2.TableSpec(
        name=sys.argv[2],
        dim=1,
        optimizer=tables_pb2.Optimizer(kind=tables_pb2.OPTIMIZER_KIND_SUM),
        initializer=tables_pb2.Initializer(kind=tables_pb2.INITIALIZER_KIND_ZERO),
    )
)
keys = np.arange(1000, dtype=np.uint64)
with PushSession(weir, client_id="python-counts") as pushes:
    for _ in range(int(sys.argv[3])):
        pushes.push(table, keys, np.ones((1000, 1), dtype=np.float32))
        time.sleep(0.005)
    pushes.flush()
print(weir.pull(table, keys).min(), weir.pull(table, keys).max())
