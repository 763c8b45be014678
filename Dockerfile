# The server, the worker, the scheduler and all commands: `docker run … hedgerow COMMAND`.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/hedgerow
COPY requirements.lock .
RUN /opt/hedgerow/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY alembic alembic
COPY src src
RUN /opt/hedgerow/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home hedgerow && install -d -m 700 -o hedgerow /data
COPY --from=build /opt/hedgerow /opt/hedgerow
ENV PATH=/opt/hedgerow/bin:$PATH HEDGEROW_DATA_DIR=/data
USER hedgerow
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["hedgerow"]
CMD ["serve", "--host", "0.0.0.0"]
