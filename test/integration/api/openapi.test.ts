import { expect, it } from 'vitest';
import { testApi } from '../../support/api.js';

/** `npx vitest run test/integration/api/openapi.test.ts -u` writes the file anew. */
it('docs/reference/openapi.json is what GET /v1/openapi.json answers', async () => {
  const { ask } = await testApi();
  const { body } = await ask('/v1/openapi.json');
  await expect(`${JSON.stringify(body, null, 2)}\n`).toMatchFileSnapshot('../../../docs/reference/openapi.json');
});
