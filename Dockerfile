# Built and run by podman on a base with Debian's Python 3.11; never by Docker, nor on the base that is the default.
# The lean core, without torch: docker build -t localhost/affectstream .   (docs/containers.md)
# BASE is any image with Python 3.11 or newer and its venv module.
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
COPY pyproject.toml constraints.txt /source/
WORKDIR /source
RUN python3 -m venv /opt/affectstream \
    && python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > /tmp/dependencies \
    && /opt/affectstream/bin/pip install --no-cache-dir -c constraints.txt -r /tmp/dependencies
COPY . .
RUN /opt/affectstream/bin/pip install --no-cache-dir --no-deps . \
    && /opt/affectstream/bin/pip uninstall --yes --quiet pip setuptools

FROM ${BASE}
RUN mkdir -m 0700 /run/affectstream && chown 10001:10001 /run/affectstream
COPY --from=build /opt/affectstream /opt/affectstream
# Compiled code depends on the processor, so it is kept with the state and not made here.
ENV PATH=/opt/affectstream/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    AFFECT_RUNTIME_DIR=/run/affectstream \
    NUMBA_CACHE_DIR=/run/affectstream/compiled
USER 10001:10001
WORKDIR /media
VOLUME /run/affectstream
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python3", "-m", "affectstream.health"]
ENTRYPOINT ["affectstream"]
CMD ["run"]
