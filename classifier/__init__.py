"""Hears `crops/<me>/`; classifies all crops that wait in one batch; says `emotions/<source>/`.

A pure function of its messages, so that any number of classifiers can work, fail and be replaced.
Start reading at `networks.py` and `preprocess.py`.
"""
