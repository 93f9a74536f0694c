# syncd with every store. Build: docker build --tag syncd:0.1.0 .
# Nothing is compiled: every package comes as a wheel, by the hashes in requirements/.
# A tag moves. To pin the base, give its digest: --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/bootstrap.txt requirements/run.txt requirements/
RUN python -m venv /tools \
 && /tools/bin/python -m pip install --quiet --no-input --disable-pip-version-check \
      --require-hashes --only-binary :all: -r requirements/bootstrap.txt
# --without-pip: what is installed here is all that the image has.
RUN python -m venv --without-pip /opt/syncd \
 && /tools/bin/uv pip sync --quiet --python /opt/syncd/bin/python \
      --require-hashes --only-binary :all: requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY syncd/ syncd/
RUN /tools/bin/python -m hatchling build --target wheel --directory /wheels \
 && /tools/bin/uv pip install --quiet --python /opt/syncd/bin/python --no-deps --offline /wheels/*.whl
# The client's asyncio half is a second copy of all its models, and nothing imports it.
# unchecked-hash: bytecode that is right whatever becomes of the files' times.
RUN rm -rf /opt/syncd/lib/python3.*/site-packages/kubernetes/aio \
 && /opt/syncd/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/syncd/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="syncd" \
      org.opencontainers.image.description="Keeps the credentials that KServe reads in step with a secret store" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nobody installs anything here any more.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/ensurepip /usr/local/lib/python3.*/site-packages/pip*
COPY --from=build /opt/syncd /opt/syncd
# The user has no entry in passwd, so its home is said here: there is none. Without the bound, glibc keeps a heap
# for each thread that reads or writes: a tenth more memory.
ENV PATH=/opt/syncd/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/nonexistent \
    MALLOC_ARENA_MAX=2 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# By number: runAsNonRoot refuses a name.
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["syncd"]
