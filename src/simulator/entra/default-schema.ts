import { documentedMappings } from '../../provisioning/entra/documented-mappings.ts';

/** The schema of a new job: Cisco's default mappings, in the format of Graph's synchronizationSchema. */
export function defaultSchema(): Record<string, unknown> {
  return {
    directories: [],
    synchronizationRules: [
      {
        name: 'USER_INBOUND_USER',
        sourceDirectoryName: 'Azure Active Directory',
        targetDirectoryName: 'Cisco Webex',
        objectMappings: [
          {
            enabled: true,
            sourceObjectName: 'User',
            targetObjectName: 'urn:ietf:params:scim:schemas:core:2.0:User',
            attributeMappings: documentedMappings
              .filter(({ byDefault }) => byDefault)
              .map(({ target, source }) => mapping(target, source)),
          },
        ],
      },
    ],
  };
}

/** One mapping; `source` is an attribute's name, or an expression. */
export function mapping(target: string, source: string): Record<string, unknown> {
  const isAttribute = /^\w+$/.test(source);
  return {
    targetAttributeName: target,
    matchingPriority: target === 'userName' ? 1 : 0,
    flowBehavior: 'FlowWhenChanged',
    source: isAttribute
      ? { expression: `[${source}]`, name: source, type: 'Attribute', parameters: [] }
      : { expression: source, name: source.replace(/\(.*/, ''), type: 'Function', parameters: [] },
  };
}
