# tap-freshchat, target-segment and Meltano: docs/container.md.
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/pair
# What others wrote, by hash: a layer that changes only when versions do.
COPY container/requirements.txt container/requirements.txt
RUN /opt/pair/bin/pip install --require-hashes --no-deps --only-binary :all: --requirement container/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY freshchat_sandbox freshchat_sandbox
COPY tap_freshchat tap_freshchat
COPY target_segment target_segment
RUN /opt/pair/bin/pip install --no-deps --no-build-isolation .

FROM python:3.13-slim-bookworm
COPY --from=build /opt/pair /opt/pair
WORKDIR /project
COPY meltano.yml ./
# Nothing is written but in /tmp, which may be lost, and /data, which may not: what could not be sent.
ENV PATH=/opt/pair/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    MELTANO_PROJECT_READONLY=1 \
    MELTANO_SYS_DIR_ROOT=/tmp/.meltano \
    TARGET_SEGMENT_DEAD_LETTER_PATH=/data/dead_letters.jsonl \
    TARGET_SEGMENT_ENTITIES_DEAD_LETTER_PATH=/data/dead_letters-entities.jsonl \
    TARGET_SEGMENT_HISTORY_DEAD_LETTER_PATH=/data/dead_letters-history.jsonl \
    TARGET_SEGMENT_OUTPUT_PATH=/tmp/output
# Nobody in particular; as a number, so that Kubernetes can see that it is not root.
USER 10001
ENTRYPOINT ["meltano"]
CMD ["--environment=prod", "run", "live-events"]
