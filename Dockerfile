# syntax=docker/dockerfile:1
# Two stages: the first makes a virtual environment from the lock, hashes checked; the second holds nothing else.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/social-crm
COPY requirements.lock requirements-dev.lock ./
# Of the development lock only setuptools is taken, which builds the package; it stays behind in this stage.
RUN awk '/^[^ #]/ { keep = /^setuptools==/ } keep' requirements-dev.lock > requirements-build.lock \
    && pip install --require-hashes --requirement requirements-build.lock \
    && /opt/social-crm/bin/pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY social_crm social_crm
COPY connectors connectors
COPY jobs jobs
COPY api api
COPY cli cli
COPY demo demo
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/social-crm/bin/pip install --no-deps dist/*.whl \
    && /opt/social-crm/bin/pip uninstall --yes pip

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="social-crm" \
      org.opencontainers.image.description="Listens to what people say about a brand, and knows who comes back" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/social-crm/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent social-crm \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/social-crm /opt/social-crm
# Without MongoDB the facts are in a file on the volume /data.
ENV SOCIAL_CRM_STORE=sqlite:////data/social-crm.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=3)"]
CMD ["social-crm", "serve", "--host", "0.0.0.0", "--port", "8080"]
