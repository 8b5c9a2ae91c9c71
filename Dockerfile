# The environment and the pipeline in a container: docker build -t slr . && docker run --rm -it slr
FROM python:3.11-slim-bookworm
RUN apt-get update -qq && apt-get install -qq --no-install-recommends git make libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /slr
COPY . .
RUN make setup
CMD ["make", "run"]
