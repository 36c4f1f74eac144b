"""Rank requests to a predictor."""

from collections.abc import Mapping, Sequence

import grpc
import numpy as np

from weir.v1 import features_pb2, predictor_pb2, predictor_pb2_grpc


def feature_block(
    context: Mapping[str, str | float], documents: Sequence[Mapping[str, str | float]]
) -> features_pb2.FeatureBlock:
    """The features of one request, by column. Here every document has all features."""
    block = features_pb2.FeatureBlock(documents=len(documents))
    for name in context:
        block.context.append(_column(name, [context[name]]))
    for name in documents[0] if documents else ():
        block.document.append(_column(name, [document[name] for document in documents]))
    return block


def _column(name: str, values: Sequence[str | float]) -> features_pb2.FeatureColumn:
    if isinstance(values[0], str):
        return features_pb2.FeatureColumn(name=name, categorical=values)
    return features_pb2.FeatureColumn(name=name, numeric=np.array(values, dtype="<f8").tobytes())


def rank(
    predictor: predictor_pb2_grpc.PredictorStub, user: str, doc_ids: Sequence[str], block: features_pb2.FeatureBlock
) -> tuple[str, dict[str, np.ndarray], np.ndarray]:
    """The serving id that behaviour must name, the scores by label, and the documents' indexes, best first."""
    request = predictor_pb2.RankRequest(user=user, doc_ids=doc_ids, features=block.SerializeToString())
    answer = predictor.Rank(request, timeout=1, wait_for_ready=True)
    scores = {column.label: np.frombuffer(column.values, dtype="<f4") for column in answer.scores}
    return answer.serving_id, scores, np.frombuffer(answer.order, dtype="<u4")


def connect(address: str) -> predictor_pb2_grpc.PredictorStub:
    return predictor_pb2_grpc.PredictorStub(grpc.insecure_channel(address))
