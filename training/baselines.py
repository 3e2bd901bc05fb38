"""What every ranker is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from features.text import name_texts, product_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray


def character_tfidf(enterprises: pl.DataFrame, industries: Sequence[str]) -> NDArray[np.float32]:
    """Rank by plain character TF-IDF: 1-3-grams of names and products against industries' names.

    Parameters
    ----------
    enterprises : DataFrame
        The enterprises table, in the order of ids.
    industries : sequence of q str

    Returns
    -------
    ndarray of shape (q, n)
        Cosines.
    """
    names, products = name_texts(enterprises), product_texts(enterprises)
    named = names.weights.indices
    starts, owned = products.weights.indptr, products.weights.indices
    documents = [
        " ".join(
            [
                names.texts[named[row]],
                *(products.texts[at] for at in owned[starts[row] : starts[row + 1]]),
            ]
        )
        for row in range(enterprises.height)
    ]
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), dtype=np.float32)
    rows = vectorizer.fit_transform(documents)
    return np.asarray((vectorizer.transform(industries) @ rows.T).toarray())
