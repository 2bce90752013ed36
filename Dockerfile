# Builds the engine and the server, then keeps only what runs.
FROM node:20-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake ninja-build g++ \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /millrace
COPY . .
RUN node scripts/setup.mjs && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /millrace
COPY --from=build /millrace/package.json ./
COPY --from=build /millrace/node_modules ./node_modules
COPY --from=build /millrace/dist ./dist
COPY --from=build /millrace/build/native/release/millrace.node ./build/native/release/
ENV MILLRACE_HOST=0.0.0.0 MILLRACE_DATA=/data
EXPOSE 6333
# The volume takes the owner of the folder that it is first put over.
RUN mkdir /data && chown node /data
VOLUME /data
USER node
# Node runs as the first process: SIGTERM reaches it and drains it.
CMD ["node", "dist/bundle/server/main.js"]
