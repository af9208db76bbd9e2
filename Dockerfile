# Waybill's own processes: migrate, worker, api, simulator. Debian, because Temporal's native core has no musl build.
FROM node:24.11.1-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/setup/image-build.mjs

FROM node:24.11.1-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts/setup ./scripts/setup
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund \
  && node scripts/setup/prune-native-cores.mjs

FROM node:24.11.1-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY playbooks ./playbooks
COPY prisma/migrations ./prisma/migrations
RUN install --directory --owner=node --group=node /var/lib/waybill
ENV WAYBILL_DATA_DIR=/var/lib/waybill
VOLUME /var/lib/waybill
USER node
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["node", "bin/healthcheck.mjs"]
ENTRYPOINT ["node", "bin/waybill.mjs"]
CMD ["api"]
