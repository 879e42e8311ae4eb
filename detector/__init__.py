"""Hears `frame/<me>/`, `gone/`, and the classifiers' `emotions/`, `dropped/`, `status/`; finds faces with MTCNN; says
`faces/<source>/` and `crops/<classifier>/`, or `dropped/<source>/`.

A pure function of one message, so that any number of detectors can work, fail and be replaced.
Start reading at `mtcnn.py`.
"""
