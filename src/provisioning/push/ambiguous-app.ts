import { BrokerError } from '../../errors/broker-error.ts';

/** Several applications match, and a person has to choose one. */
export class AmbiguousAppError extends BrokerError {
  readonly apps: { id: string; name: string }[];

  constructor(provider: string, apps: { id: string; name: string }[]) {
    const lines = apps.map(({ id, name }) => `  ${id}  ${name}`);
    super('E_AMBIGUOUS_APP', `${provider} has ${apps.length} matching applications:\n${lines.join('\n')}`, {
      help: [
        { text: 'Nothing was changed. Choose one with --app ID', only: 'terminal' },
        { text: 'Nothing was changed. Choose one.', only: 'page' },
      ],
    });
    this.apps = apps.map(({ id, name }) => ({ id, name }));
  }
}
