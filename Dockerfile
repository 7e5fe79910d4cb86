# The images of Herald:
#   docker build --target controller -t herald-controller:0.1.0 .
#   docker build --target speaker -t herald-speaker:0.1.0 .

# With a compiler, for raw-socket.
FROM node:24-trixie AS build
WORKDIR /build
# The packages first: this layer is made anew only when they change.
COPY package.json package-lock.json ./
# No script of any package runs but raw-socket's, which compiles it against the headers of the Node that is here.
RUN npm ci --ignore-scripts
RUN npm_config_nodedir="$(node -p 'path.resolve(process.execPath, "../..")')" npm rebuild raw-socket
COPY tools/bundle.ts tools/
COPY lib/ lib/
COPY controller/ controller/
COPY speaker/ speaker/
RUN node tools/bundle.ts

# glibc and libstdc++, which Node links: no shell, no package manager, nothing else to keep patched.
FROM gcr.io/distroless/cc-debian13 AS runtime
# The Node that made the bundles runs them.
COPY --from=build /usr/local/bin/node /nodejs/bin/node

FROM runtime AS controller
COPY --from=build /build/dist/controller/ /herald/controller/
# nobody: the controller needs nothing of its node.
USER 65534:65534
# SIGUSR1 would open Node's debugger, for the speaker on a port of its node. Halves of the young generation of 1 MiB
# instead of 16 save 20 MiB, and no processor time is lost by it that could be measured.
ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "--max-semi-space-size=4", "/herald/controller/main.mjs"]

FROM runtime AS speaker
COPY --from=build /build/dist/speaker/ /herald/speaker/
# Kubernetes grants the one capability that packet sockets need, NET_RAW, to root alone.
USER 0:0
# One arena for all threads: what each frees of its own stays with the process, some 8 MiB with ten thousand addresses.
ENV MALLOC_ARENA_MAX=1
# Helpers for halves of 1 MiB cost more processor time than they save, and just when many addresses move.
ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "--max-semi-space-size=1", "--no-parallel-scavenge", "/herald/speaker/main.mjs"]
