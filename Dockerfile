# The image of every pod: `weir` as its entry point, one command a pod (`weir ps ...`, `weir predictor ...`).
#
#   docker build -t weir .
#
# BUILD_BASE needs any Node from 20 on, with npm; nothing of it is in the image. BASE is a Debian: the image's own Node is the npm
# package `node` of the lock file, so that what runs is what the tests ran.
ARG BUILD_BASE=docker.io/library/node:24-bookworm-slim
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BUILD_BASE} AS manifests
WORKDIR /opt/weir
COPY package.json package-lock.json ./
COPY proto/package.json proto/
COPY store/package.json store/
COPY runtime/package.json runtime/
COPY ps/package.json ps/
COPY sdk/package.json sdk/
COPY streams/package.json streams/
COPY model/package.json model/
COPY stitcher/package.json stitcher/
COPY trainer/package.json trainer/
COPY predictor/package.json predictor/
COPY quickstart/package.json quickstart/
COPY cli/package.json cli/
COPY docs/package.json docs/

# What is generated from sources (protocol, row kernel, page), with the development tools.
FROM manifests AS generated
# Scripts of dependencies are not run, but the one that puts Node in place.
RUN npm ci --ignore-scripts --include-workspace-root -w cli && npm rebuild node
# Just what it is generated from, so that a change elsewhere does not do it again.
COPY tsconfig.json ./
COPY proto proto
COPY ps/kernel ps/kernel
COPY ps/scripts ps/scripts
COPY quickstart quickstart
RUN mkdir -p ps/src/kernel-wasm && npm run prepare

# What runs, without development tools and without what is for other systems. The software bill of materials is of just that.
FROM manifests AS modules
RUN npm ci --ignore-scripts --omit=dev -w cli \
  && npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx --sbom-type=application -w cli > sbom.cdx.json \
  && case "$(uname -m)" in aarch64) arch=arm64 ;; *) arch=x64 ;; esac \
  && find node_modules/rocksdb-native/prebuilds -mindepth 1 -maxdepth 1 ! -name "linux-$arch" -exec rm -rf {} + \
  && find node_modules/onnxruntime-node/bin/napi-v* -mindepth 1 -maxdepth 1 ! -name linux -exec rm -rf {} + \
  && find node_modules/onnxruntime-node/bin/napi-v*/linux -mindepth 1 -maxdepth 1 ! -name "$arch" -exec rm -rf {} +

FROM ${BASE}
# Node 24 is linked against libatomic; certificates of authorities are for OTLP endpoints with TLS.
RUN dpkg -s libatomic1 ca-certificates >/dev/null 2>&1 \
  || { apt-get update && apt-get install -y --no-install-recommends libatomic1 ca-certificates && rm -rf /var/lib/apt/lists/*; }
COPY --from=generated /opt/weir/node_modules/node/bin/node /usr/local/bin/node
COPY --from=modules /opt/weir /opt/weir
# Sources run as they are: Node takes the types out. It refuses to do that under node_modules, where only links to these folders are.
COPY . /opt/weir
COPY --from=generated /opt/weir/proto/src/gen /opt/weir/proto/src/gen
COPY --from=generated /opt/weir/ps/src/kernel-wasm/gen /opt/weir/ps/src/kernel-wasm/gen
COPY --from=generated /opt/weir/quickstart/page/dist /opt/weir/quickstart/page/dist
RUN ln -s /opt/weir/cli/src/main.ts /usr/local/bin/weir
# glibc gives memory of the store's log back, and keeps that of single writes: docs/operations.md.
ENV NODE_ENV=production MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=4194304
# Half of a start's CPU time is compiling, and a pod finds nothing that an earlier one has compiled: it is done here, once. The user
# is part of what such a cache is known by; at run time it is only read.
ENV NODE_COMPILE_CACHE=/opt/weir-compiled
RUN install -d -o 10001 -g 10001 /opt/weir-compiled
# By number, so that a cluster can tell that it is not root.
USER 10001:10001
RUN for service in ps streams collector stitcher trainer predictor canary; do weir "$service" --help >/dev/null; done \
  && ! weir status --seeds 127.0.0.1:1 2>/dev/null && ! weir drain --admin 127.0.0.1:1 2>/dev/null
WORKDIR /tmp
ENTRYPOINT ["weir"]
