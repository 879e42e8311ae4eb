"""Hears `crops/<me>/` and `gone/`; classifies crops in batches; says `emotions/<source>/` or `dropped/<source>/`.

A pure function of its messages, so that any number of classifiers can work, fail and be replaced.
Start reading at `networks.py` and `preprocess.py`.
"""
