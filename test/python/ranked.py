"""Prints the scores of a request of two documents: `ranked.py PREDICTOR`."""

import json
import sys

from weir_rank import connect, feature_block, rank

documents = [{"doc": f"d{i}", "price": 1.5 * i} for i in range(20)]
block = feature_block({"user": "u1"}, documents)
serving_id, scores, order = rank(connect(sys.argv[1]), "u1", [document["doc"] for document in documents], block)
print(
    json.dumps(
        {
            "serving_id": serving_id,
            "scores": {label: values.tobytes().hex() for label, values in scores.items()},
            "order": order.tolist(),
        }
    )
)
