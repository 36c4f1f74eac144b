"""Prints what the guide's client computes: owners of keys, keys of features, slots of names. `routes.py SEEDS KEYS NAMES`."""

import json
import sys

import numpy as np

from weir_client import Weir
from weir_hash import categorical_key, numeric_key, slot_of_name

seeds, keys, names = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
weir = Weir(seeds.split(","))
owners = weir.owners(np.array([int(key) for key in keys], dtype=np.uint64))
print(
    json.dumps(
        {
            "owners": [weir.shards[index].id for index in owners],
            "slots": [slot_of_name(name) for name in names],
            "numeric": [str(numeric_key(name)) for name in names],
            "categorical": [str(categorical_key(name, name[::-1])) for name in names],
        }
    )
)
