# The service in one image.
#   docker build -t tranche .
#   docker run --init -p 8000:8000 -v tranche:/data tranche
# --init buries processes that lost their parent: without it a crashed embedded PostgreSQL would not be started again.
# A folder of the host that is mounted at /data must belong to uid 10001.

FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tranche
WORKDIR /build
# First the packages, so that a change in the code does not fetch them again.
COPY requirements.lock ./
RUN /opt/tranche/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY alembic alembic
COPY app app
# The build tool is in the lock, so nothing is fetched here.
RUN /opt/tranche/bin/pip install --no-deps --no-build-isolation .

FROM python:3.12-slim
# PostgreSQL refuses to run as root or as a user without a name.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin tranche \
    && install -d -o tranche -g tranche -m 0700 /data
COPY --from=build /opt/tranche /opt/tranche
ENV PATH=/opt/tranche/bin:$PATH PYTHONUNBUFFERED=1 \
    TRANCHE_HOME=/data TRANCHE_HOST=0.0.0.0 TRANCHE_PORT=8000
USER tranche
WORKDIR /data
VOLUME /data
EXPOSE 8000
# http.client, because urllib would ask a proxy of the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['TRANCHE_PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["tranche"]
CMD ["serve"]
