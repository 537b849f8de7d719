import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { apiPaths } from '../../src/api/paths.ts';
import { openApiDocument } from '../../src/openapi/document.ts';

const document = openApiDocument('https://tokens.acme.test/webex');

describe('the OpenAPI document', () => {
  it('has no finding of the linter', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintFromString({ source: JSON.stringify(document), config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    );
  });

  it('describes every path of the token API', () => {
    const described = Object.keys(document.paths).filter((path) => !path.startsWith('/scim/'));
    expect(described.sort()).toEqual(Object.values(apiPaths).sort());
  });

  it('describes each resource that the relay forwards, with its methods', () => {
    const relayed = Object.entries(document.paths).filter(([path]) => path.startsWith('/scim/'));
    const methods = relayed.map(([path, item]) => `${path} ${Object.keys(item).sort()}`);
    expect(methods.sort()).toEqual([
      '/scim/{profile}/Groups get,post',
      '/scim/{profile}/Groups/{id} delete,get,patch,put',
      '/scim/{profile}/ResourceTypes get',
      '/scim/{profile}/ResourceTypes/{id} get',
      '/scim/{profile}/Schemas get',
      '/scim/{profile}/Schemas/{id} get',
      '/scim/{profile}/ServiceProviderConfig get',
      '/scim/{profile}/Users get,post',
      '/scim/{profile}/Users/{id} delete,get,patch,put',
    ]);
  });

  it('names the address of the server', () => {
    expect(document).toMatchObject({ servers: [{ url: 'https://tokens.acme.test/webex' }] });
  });
});
