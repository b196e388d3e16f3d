# landmark-train: training, evaluation and prediction, with GPUs (target `gpu`) or without (target `cpu`).
# `make images` builds the target `gpu`.
ARG DEBIAN_IMAGE
ARG CUDA_IMAGE

FROM ${DEBIAN_IMAGE} AS python
# With several nodes, ranks are started through ssh. The host keys that Debian generates on installation would be the
# same on all nodes and known to everybody with the image, so they are removed. Without PAM, sshd refuses locked
# accounts, and an account without a password is locked, hence `--password '*'`.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates openssh-client openssh-server python3 tini \
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
 && useradd --uid 10001 --user-group --create-home --shell /bin/bash --password '*' landmark \
 && install --directory --owner landmark --group landmark /data \
 && install --directory --owner landmark --group landmark --mode 0700 /run/landmark/ssh \
 && install --directory /app && ln --symbolic /data /app/data
COPY --chmod=0644 docker/sshd_config /etc/ssh/sshd_config
COPY --chmod=0755 docker/ssh /usr/local/bin/ssh
COPY --chmod=0644 docker/health.py /usr/local/lib/landmark-health.py
ENV LANG=C.UTF-8 \
    PATH=/opt/venv/bin:$PATH \
    TF_CPP_MIN_LOG_LEVEL=1
WORKDIR /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python3", "/usr/local/lib/landmark-health.py"]
ENTRYPOINT ["tini", "--"]
CMD ["python", "jobs/train.py", "--help"]

FROM python AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ make python3-dev python3-pip \
 && rm -rf /var/lib/apt/lists/* \
 && python3 -m venv --without-pip /opt/venv \
 && echo /app >/opt/venv/lib/python3.11/site-packages/landmark.pth
COPY requirements/build.txt requirements/gcs.txt requirements/horovod.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/bin/python3 -m pip --python /opt/venv install --no-deps --require-hashes \
    --requirement /requirements/build.txt --requirement /requirements/gcs.txt
# Horovod is compiled against the installed TensorFlow.
ENV HOROVOD_WITH_TENSORFLOW=1 HOROVOD_WITHOUT_PYTORCH=1 HOROVOD_WITHOUT_MXNET=1 \
    HOROVOD_WITH_GLOO=1 HOROVOD_WITHOUT_MPI=1

FROM build AS packages-cpu
COPY requirements/train.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/bin/python3 -m pip --python /opt/venv install --no-deps --no-build-isolation --require-hashes \
    --requirement /requirements/train.txt \
 && /usr/bin/python3 -m pip --python /opt/venv install --no-deps --no-build-isolation --require-hashes \
    --requirement /requirements/horovod.txt \
 && /usr/bin/python3 -m pip --python /opt/venv uninstall --yes cmake wheel

FROM ${CUDA_IMAGE} AS cuda

FROM build AS packages-gpu
COPY requirements/train-gpu.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/bin/python3 -m pip --python /opt/venv install --no-deps --no-build-isolation --require-hashes \
    --requirement /requirements/train-gpu.txt
# NCCL is the one that TensorFlow installs; nvcc is mounted for this step only.
ARG CUDA_CAPABILITIES
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=bind,from=cuda,source=/usr/local,target=/usr/local \
    nccl=/opt/venv/lib/python3.11/site-packages/nvidia/nccl \
 && ln --symbolic libnccl.so.2 "$nccl/lib/libnccl.so" \
 && HOROVOD_GPU=CUDA HOROVOD_GPU_OPERATIONS=NCCL HOROVOD_NCCL_HOME="$nccl" HOROVOD_NCCL_LINK=SHARED \
    HOROVOD_CUDA_HOME="$(echo /usr/local/cuda-*.*)" HOROVOD_BUILD_CUDA_CC_LIST="$CUDA_CAPABILITIES" \
    /usr/bin/python3 -m pip --python /opt/venv install --no-deps --no-build-isolation --require-hashes \
    --requirement /requirements/horovod.txt \
 && /usr/bin/python3 -m pip --python /opt/venv uninstall --yes cmake wheel

FROM python AS cpu
COPY --from=packages-cpu /opt/venv /opt/venv
COPY jobs /app/jobs
COPY landmark_lib /app/landmark_lib
# The weights of --weights sample; not needed on GPUs, for real photos.
COPY landmark_sample /app/landmark_sample
USER 10001

FROM python AS gpu
COPY --from=packages-gpu /opt/venv /opt/venv
COPY jobs /app/jobs
COPY landmark_lib /app/landmark_lib
USER 10001
