import { BrokerError } from '../errors/broker-error.ts';

/** Several applications fit, and a person has to say which one is meant. */
export class AmbiguousAppError extends BrokerError {
  readonly apps: { id: string; name: string }[];

  constructor(tool: string, apps: { id: string; name: string }[]) {
    const lines = apps.map(({ id, name }) => `  ${id}  ${name}`);
    super(
      'E_AMBIGUOUS_APP',
      `${tool} has ${apps.length} applications that it could be:\n${lines.join('\n')}`,
      {
        help: 'Nothing was changed. Name the one that is meant: --app ID',
      },
    );
    this.apps = apps.map(({ id, name }) => ({ id, name }));
  }
}
