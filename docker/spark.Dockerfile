# landmark-spark: preprocessing, as driver, master or worker. Target `serverless` has only its packages, for Google's
# Serverless for Apache Spark, which supplies Spark, Java and this project's code. `make images` builds both.
ARG DEBIAN_IMAGE

FROM ${DEBIAN_IMAGE} AS python
# Java encodes file names by it.
ENV LANG=C.UTF-8
# PySpark 3.5 imports distutils. Google's start scripts call ps.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates procps python3 python3-distutils tini \
 && rm -rf /var/lib/apt/lists/*

FROM python AS packages
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-pip \
 && rm -rf /var/lib/apt/lists/* \
 && python3 -m venv --without-pip /opt/venv
COPY requirements/build.txt requirements/dataproc.txt requirements/preprocess.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/bin/python3 -m pip --python /opt/venv install --no-deps --only-binary :all: --require-hashes \
    --requirement /requirements/dataproc.txt

FROM packages AS packages-with-spark
# PySpark has no wheel. The tools that build one are removed.
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/bin/python3 -m pip --python /opt/venv install --no-deps --require-hashes --requirement /requirements/build.txt \
 && /usr/bin/python3 -m pip --python /opt/venv install --no-deps --no-build-isolation --require-hashes \
    --requirement /requirements/preprocess.txt \
 && /usr/bin/python3 -m pip --python /opt/venv uninstall --yes cmake setuptools wheel \
 && echo /app >/opt/venv/lib/python3.11/site-packages/landmark.pth
COPY landmark_lib/preprocess/log4j2.properties /opt/venv/lib/python3.11/site-packages/pyspark/conf/

FROM python AS serverless
# Google requires this user and this uid.
RUN useradd --uid 1099 --user-group --create-home spark
COPY --from=packages /opt/venv /opt/venv
ENV PYSPARK_PYTHON=/opt/venv/bin/python
USER 1099

FROM python AS spark
# Java's package links a manual page; a slim base may lack its folder.
RUN mkdir -p /usr/share/man/man1 \
 && apt-get update \
 && apt-get install --yes --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --create-home landmark \
 && install --directory --owner landmark --group landmark /data \
 && install --directory --owner landmark --group landmark --mode 0700 /run/landmark/spark \
 && install --directory /app && ln --symbolic /data /app/data
COPY --from=packages-with-spark /opt/venv /opt/venv
COPY docker/health.py /usr/local/lib/landmark-health.py
# Kubernetes starts containers by these two words.
COPY --chmod=0755 docker/kubernetes/driver docker/kubernetes/executor /usr/local/bin/
COPY jobs /app/jobs
COPY landmark_lib /app/landmark_lib
COPY landmark_sample /app/landmark_sample
ENV PATH=/opt/venv/bin:$PATH \
    PYSPARK_PYTHON=/opt/venv/bin/python \
    SPARK_HOME=/opt/venv/lib/python3.11/site-packages/pyspark
WORKDIR /app
USER 10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python3", "/usr/local/lib/landmark-health.py"]
ENTRYPOINT ["tini", "--"]
CMD ["spark-submit", "jobs/preprocess.py", "--help"]
