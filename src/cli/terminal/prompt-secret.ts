import { minPassphraseLength } from '../../crypto/passphrase.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { note } from './terminal.ts';

/** Asks for a passphrase without showing it. Null where there is no terminal to ask on. */
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
        if (character === '\u0003' || (character === '\u0004' && typed === '')) throw cancelled();
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else if (character >= ' ') typed += character;
      }
    }
    throw cancelled();
  } finally {
    stdin.setRawMode(false);
    stdin.unref();
    note('');
  }
}

/** A new passphrase: the one that was set, else asked for twice. Throws `E_USAGE` where it can be had in neither way. */
export async function newPassphrase(set: string | null, variable: string): Promise<string> {
  if (set !== null) return set;
  const first = await promptSecret('New passphrase');
  if (first === null) {
    throw new BrokerError('E_USAGE', 'A passphrase is needed, and there is no terminal to ask on.', {
      help: `Set ${variable} to it.`,
    });
  }
  if (first.length < minPassphraseLength) {
    throw new BrokerError('E_USAGE', `That is shorter than ${minPassphraseLength} characters.`, {
      help: 'Some words that nobody would guess together are easiest to remember.',
    });
  }
  if ((await promptSecret('The same once more')) !== first) {
    throw new BrokerError('E_USAGE', 'The two are not the same. Nothing was changed.');
  }
  return first;
}

function cancelled(): BrokerError {
  return new BrokerError('E_USAGE', 'Nothing was typed. Nothing was changed.');
}
