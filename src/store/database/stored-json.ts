import { BrokerError } from '../../errors/broker-error.ts';
import { isStringList } from '../../text/json-shape.ts';
import type { Schema } from './schema.ts';

/** A column that holds JSON, as `table.column`. */
export type JsonColumn = {
  [Table in keyof Schema]: `${Table}.${keyof Schema[Table] & string}`;
}[keyof Schema];

/**
 * Parses the JSON of a column. Throws `E_STORE_DAMAGED` if it is not what this program writes there; the error names the
 * column, never the value.
 */
export function parseColumn<T>(text: string, column: JsonColumn, isValid: (value: unknown) => value is T): T {
  const value = parsed(text);
  if (!isValid(value)) throw damaged(column);
  return value;
}

/** The same for a list of strings, such as scopes. */
export function parseListColumn(text: string, column: JsonColumn): string[] {
  return parseColumn(text, column, isStringList);
}

/** The value of a JSON text; undefined, which JSON cannot represent, if the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(column: JsonColumn): BrokerError {
  const [table, name] = column.split('.');
  return new BrokerError(
    'E_STORE_DAMAGED',
    `The store is damaged: the column ${name} of a row in the table ${table} cannot be read.`,
    {
      help: {
        text: 'Restore a backup, which keeps the damaged store under another name',
        command: ['restore', 'FILE'],
      },
    },
  );
}
