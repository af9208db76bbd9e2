import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** How @fastify/swagger describes the API; every route carries the least role that it takes as `x-role`. */
export const DESCRIPTION: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Waybill', version: '1', description: 'Who may do what: docs/reference/api.md.' },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{ token: [] }],
  },
  transform(document) {
    const { schema, url } = jsonSchemaTransform(document);
    return { schema: { ...schema, 'x-role': document.route.config?.role }, url };
  },
  transformObject(document) {
    const whole = jsonSchemaTransformObject(document);
    if (!('components' in whole)) return whole;
    // Every schema is described as it comes in and as it goes out, and most are used in one direction alone.
    const text = JSON.stringify(whole);
    const used = Object.entries(whole.components?.schemas ?? {}).filter(([name]) =>
      text.includes(`"#/components/schemas/${name}"`),
    );
    whole.components = { ...whole.components, schemas: Object.fromEntries(used) };
    return whole;
  },
};
