"""Makes a table, pushes the same rows in each way, and prints what it then pulls, as hex. `rows.py SEEDS NAME [CA [TOKEN]]`."""

import json
import sys

import grpc
import numpy as np

from weir.v1 import tables_pb2
from weir_client import Weir, WeirError
from weir_push import PushSession

DIM = 8
ROWS = 20_000

credentials = None
if len(sys.argv) > 3:
    with open(sys.argv[3], "rb") as ca:
        credentials = grpc.ssl_channel_credentials(root_certificates=ca.read())
token = sys.argv[4] if len(sys.argv) > 4 else None
weir = Weir(sys.argv[1].split(","), credentials, token)
definition = tables_pb2.TableSpec(
    name=sys.argv[2],
    dim=DIM,
    optimizer=tables_pb2.Optimizer(
        kind=tables_pb2.OPTIMIZER_KIND_ADAGRAD, learning_rate=0.05, initial_accumulator=0.01
    ),
    initializer=tables_pb2.Initializer(kind=tables_pb2.INITIALIZER_KIND_UNIFORM, low=-0.1, high=0.1),
)
table = weir.create_table(definition)
again = weir.create_table(definition)
random = np.random.default_rng(7)
keys = random.integers(0, 2**64, size=ROWS, dtype=np.uint64)
# More than a frame for each shard.
gradients = random.normal(size=(ROWS, DIM)).astype(np.float32)
once = weir.push_once(table, keys, gradients)
with PushSession(weir, client_id="python-rows") as pushes:
    for _ in range(3):
        pushes.push(table, keys, gradients)
    streamed = pushes.flush()
definition.dim = DIM + 1
try:
    weir.create_table(definition)
    refusal = None
except WeirError as error:
    refusal = error.code
print(
    json.dumps(
        {
            "is_same": again == table,
            "once": once,
            "streamed": streamed,
            "refusal": refusal,
            "keys": keys.tobytes().hex(),
            "rows": weir.pull(table, keys).tobytes().hex(),
            "unknown": weir.pull(table, keys ^ np.uint64(1)).tobytes().hex(),
        }
    )
)
