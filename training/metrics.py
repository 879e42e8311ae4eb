"""Scores of a classifier: accuracy, macro-F1, calibration error, negative log-likelihood, per-class scores."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from classifier.backends import softmax
from shared.messages import EMOTIONS

BINS = 15


def report(probs: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """All scores of probabilities (N, 7) against labels (N,); in `confusion`, rows are true classes.

    Macro-F1 is the mean over the classes that occur in `labels`.
    """
    predicted = probs.argmax(1)
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(confusion, (labels, predicted), 1)
    hits, actual, claimed = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    recall, precision = hits / np.maximum(actual, 1), hits / np.maximum(claimed, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    columns = zip(EMOTIONS, precision, recall, f1, actual, strict=True)
    return {
        "accuracy": float(hits.sum() / len(labels)),
        "macro_f1": float(f1[actual > 0].mean()),
        "ece": calibration_error(probs, labels),
        "nll": negative_log_likelihood(probs, labels),
        "per_class": {
            label: {"precision": float(p), "recall": float(r), "f1": float(f), "n": int(n)}
            for label, p, r, f, n in columns
        },
        "confusion": confusion.tolist(),
        "n": len(labels),
    }


def negative_log_likelihood(probs: np.ndarray, labels: np.ndarray) -> float:
    """The mean of −log p of the true class, in nats."""
    return float(-np.log(np.maximum(probs[np.arange(len(labels)), labels], 1e-12)).mean())


def calibration_error(probs: np.ndarray, labels: np.ndarray) -> float:
    """The expected calibration error, with bins of equal width (Guo et al., arXiv 1706.04599)."""
    confidence, accuracy, share = bins(probs, labels)
    return float((abs(confidence - accuracy) * share).sum())


def bins(probs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean confidence, accuracy and share of predictions of each non-empty bin of confidence."""
    confidence, correct = probs.max(1), probs.argmax(1) == labels
    index = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(index, minlength=BINS)
    filled = counts > 0
    means = [np.bincount(index, values, BINS)[filled] / counts[filled] for values in (confidence, correct)]
    return means[0], means[1], counts[filled] / len(labels)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al., arXiv 1706.04599)."""
    found = minimize_scalar(
        lambda temperature: negative_log_likelihood(softmax(logits / temperature), labels),
        bounds=(0.1, 10),
        method="bounded",
    )
    return float(found.x)
