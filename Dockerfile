# The service in one image.
#   docker build -t tranche .
#   docker run -p 127.0.0.1:8000:8000 -v tranche:/data tranche
# It needs to write to /data and /tmp alone: `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges` will do.
# A folder of the host that is mounted at /data must belong to uid 10001.

# The release of Debian is named, so that a build does not move to the next one by itself; CI and releases add the digest:
#   docker build --build-arg PYTHON=python:3.12-slim-bookworm@sha256:... .
ARG PYTHON=python:3.12-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tranche
WORKDIR /build
# First the packages, so that a change in the code does not fetch them again.
COPY requirements.lock ./
RUN /opt/tranche/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY alembic alembic
COPY app app
# The build tool is in the lock, so nothing is fetched here. pip is not needed afterwards.
RUN /opt/tranche/bin/pip install --no-deps --no-build-isolation . \
    && /opt/tranche/bin/pip uninstall --yes pip

FROM ${PYTHON}
# As process 1 tini passes signals on and buries processes that lost their parent: without it a crashed embedded PostgreSQL
# would not be started again. Kubernetes has no --init.
# PostgreSQL refuses to run as root or as a user without a name.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin tranche \
    && install -d -o tranche -g tranche -m 0700 /data
COPY --from=build /opt/tranche /opt/tranche
ENV PATH=/opt/tranche/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TRANCHE_HOME=/data TRANCHE_HOST=0.0.0.0 TRANCHE_PORT=8000 TRANCHE_WORKER_HOST=0.0.0.0 TRANCHE_WORKER_PORT=8101
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000 8101
# A worker answers at its own port. http.client, because urllib would ask a proxy of the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, sys; worker = b'\\0worker\\0' in open('/proc/1/cmdline', 'rb').read(); c = h.HTTPConnection('127.0.0.1', int(os.environ['TRANCHE_WORKER_PORT' if worker else 'TRANCHE_PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["tini", "--", "tranche"]
CMD ["serve"]
