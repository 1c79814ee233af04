# One file, four images, all from the same locked layers (docs/container.md):
#   lambda      the API behind API Gateway: docker build --target lambda --build-context bundle=FOLDER .
#   server      the API under uvicorn, for Fargate, compose and docker run, with the command line
#   jobs        the server plus what builds bundles: polars and scipy
#   processing  jobs as SageMaker Processing runs it
# A release is an image with a bundle as its last layer: `python -m infra.image release .marquee FOLDER`. Without
# --build-context bundle=FOLDER an image has no bundle, and the service says so when it starts.
# `make pin` renews the digests next to the tags of the base images; a deployment requires them (docs/container.md).

# --- the bundle: an empty home, unless a build context of this name replaces it ------------------------------
FROM scratch AS bundle
WORKDIR /bundles

# --- the layers: packages as locked, pruned and compiled; the images copy only folders of this stage -----------
FROM public.ecr.aws/lambda/python:3.13@sha256:1e784863b7d21e1ba661e397520508598d000b9999bcc08d4c2f12eb52e74f95 AS build
WORKDIR /source
COPY infra/image/uv.txt infra/image/
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r infra/image/uv.txt
COPY pyproject.toml uv.lock ./
COPY infra/image/ infra/image/
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_LINK_MODE=copy python -m infra.image layers /image packages encoder server data
COPY services/ services/
COPY data_jobs/ data_jobs/
RUN python -m infra.image code /image
COPY --from=bundle / /image/home/
RUN chmod -R a+rX /image
# The build fails for a bundle that does not match the hashes in its manifest; without a bundle nothing is checked.
RUN test ! -e /image/home/current.json \
    || MARQUEE_HOME=/image/home PYTHONPATH=/source:/image/packages:/image/server \
       python infra/image/marquee bundle verify

# --- target lambda ----------------------------------------------------------------------------------------------
FROM public.ecr.aws/lambda/python:3.13@sha256:1e784863b7d21e1ba661e397520508598d000b9999bcc08d4c2f12eb52e74f95 AS lambda
ENV MARQUEE_HOME=/opt/marquee \
    OPENBLAS_NUM_THREADS=1
COPY LICENSE NOTICE /opt/licences/
COPY --from=build /image/packages/ ${LAMBDA_TASK_ROOT}/
COPY --from=build /image/encoder/ ${LAMBDA_TASK_ROOT}/
COPY --from=build /image/code/ ${LAMBDA_TASK_ROOT}/
RUN pip uninstall --yes --root-user-action=ignore pip
# 65534 is nobody, for docker run. Lambda uses its own user, who owns nothing here either.
USER 65534
# The build fails unless a user who owns none of the files can import what Lambda imports.
RUN python -c "import boto3, opensearchpy, services.api.app.observability.emf, services.api.app.lambda_handler"
COPY --from=build /image/home/ /opt/marquee/
CMD ["services.api.app.lambda_handler.handler"]

# --- target server ----------------------------------------------------------------------------------------------
FROM public.ecr.aws/docker/library/python:3.13-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8 AS server
ENV PATH=/app/bin:${PATH} \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    MARQUEE_HOME=/var/lib/marquee \
    MARQUEE_HOST=0.0.0.0 \
    OPENBLAS_NUM_THREADS=1
RUN pip uninstall --yes --root-user-action=ignore pip \
    && useradd --system --uid 10001 --home-dir /var/lib/marquee --create-home marquee
COPY LICENSE NOTICE /app/licences/
COPY --from=build /image/packages/ /app/
COPY --from=build /image/encoder/ /app/
COPY --from=build /image/server/ /app/
COPY --from=build /image/code/ /app/
COPY --from=build /image/tools/ /app/
COPY --chmod=755 infra/image/marquee /app/bin/marquee
USER 10001
RUN python -c "import boto3, opensearchpy, uvicorn, services.api.app.observability.emf, services.cli.main"
COPY --from=build --chown=10001 /image/home/ /var/lib/marquee/
WORKDIR /var/lib/marquee
EXPOSE 8000
ENTRYPOINT ["marquee"]
# Addresses other than loopback are served only with API_KEYS=on, or with --insecure behind a proxy that authenticates.
CMD ["serve"]

# --- target jobs ------------------------------------------------------------------------------------------------
FROM server AS jobs
COPY --from=build /image/data/ /app/
RUN python -c "import polars, scipy.sparse, data_jobs.build"
CMD ["build"]

# --- target processing ------------------------------------------------------------------------------------------
FROM jobs AS processing
# SageMaker mounts /opt/ml for root; the job has no network, and its role reaches two prefixes of one bucket.
USER 0
WORKDIR /opt/ml
ENTRYPOINT ["python", "-m", "data_jobs.processing"]
CMD []
