"""Hears `frame/<me>/`, `gone/`, and of classifiers `emotions/`, `dropped/`, `status/`; finds every face with MTCNN;
says `faces/<source>/`, and `crops/<classifier>/` to be classified, or `dropped/<source>/`.

A pure function of one message, so that any number of detectors can work, fail and be replaced.
Start reading at `mtcnn.py`.
"""
