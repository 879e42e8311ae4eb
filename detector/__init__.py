"""Hears `frame/<me>/`, and `emotions/` and `status/` of classifiers; finds every face with MTCNN; says
`faces/<source>/`, and `crops/<classifier>/` to be classified.

A pure function of one message, so that any number of detectors can work, fail and be replaced.
Start reading at `mtcnn.py`.
"""
