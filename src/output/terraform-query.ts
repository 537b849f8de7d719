import * as z from 'zod';
import { BrokerError } from '../errors/broker-error.ts';

const querySchema = z.record(z.string(), z.string());

/**
 * The profile that a query of Terraform's `external` data source names. The query is a JSON object of strings on standard
 * input. Its `profile` is used if there is no argument, and must be the same if there is one. Throws `E_USAGE`.
 */
export function profileOfQuery(argument: string | undefined, input: string): string {
  const profile = queryOf(input).profile;
  if (argument !== undefined && profile !== undefined && argument !== profile) {
    throw new BrokerError('E_USAGE', `The query asks for "${profile}", the command line for "${argument}".`, {
      help: 'Name the profile in one place only: program = ["webex-token", "get", "--format", "terraform"], query = { profile = "acme" }',
    });
  }
  const name = argument ?? profile;
  if (name !== undefined) return name;
  throw new BrokerError('E_USAGE', 'Neither the command line nor the query names a profile.', {
    help: 'In the data source: query = { profile = "acme" }',
  });
}

function queryOf(input: string): Record<string, string> {
  if (input.trim() === '') return {};
  try {
    return querySchema.parse(JSON.parse(input));
  } catch {
    throw new BrokerError(
      'E_USAGE',
      'Standard input is not a query: a JSON object whose values are strings.',
      {
        help: [
          'Terraform’s "external" data source sends one.',
          {
            text: 'To try it in a terminal, pipe {} to the command',
            command: ['get', 'NAME', '--format', 'terraform'],
          },
        ],
      },
    );
  }
}
