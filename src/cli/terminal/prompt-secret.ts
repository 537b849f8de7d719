import { minPassphraseLength } from '../../crypto/passphrase.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { note } from './terminal.ts';

/** Asks for a passphrase without showing it. Null if there is no terminal. Throws `E_USAGE` on Ctrl-C. */
export async function promptSecret(question: string): Promise<string | null> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  stderr.write(`${question}: `);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let typed = '';
  try {
    for await (const text of stdin as AsyncIterable<string>) {
      for (const character of text) {
        if (character === '\r' || character === '\n') return typed;
        // Ctrl-C, and Ctrl-D on an empty line.
        if (character === '\u0003' || (character === '\u0004' && typed === '')) throw canceled();
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else if (character >= ' ') typed += character;
      }
    }
    throw canceled();
  } finally {
    stdin.setRawMode(false);
    stdin.unref();
    note('');
  }
}

/** A new passphrase: `set`, or else the user types it twice. Throws `E_USAGE` if there is neither a value nor a terminal. */
export async function newPassphrase(set: string | null, variable: string): Promise<string> {
  if (set !== null) return set;
  const first = await promptSecret('New passphrase');
  if (first === null) {
    throw new BrokerError('E_USAGE', 'A passphrase is required, and there is no terminal to type it on.', {
      help: `Set ${variable}.`,
    });
  }
  if (first.length < minPassphraseLength) {
    throw new BrokerError('E_USAGE', `The passphrase is shorter than ${minPassphraseLength} characters.`, {
      help: 'Several unrelated words are the easiest to remember.',
    });
  }
  if ((await promptSecret('Repeat the passphrase')) !== first) {
    throw new BrokerError('E_USAGE', 'The passphrases do not match. Nothing was changed.');
  }
  return first;
}

function canceled(): BrokerError {
  return new BrokerError('E_USAGE', 'Canceled. Nothing was changed.');
}
