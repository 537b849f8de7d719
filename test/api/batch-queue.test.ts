import { describe, expect, it } from 'vitest';
import { BatchQueue, batchSize, type PendingRequest } from '../../src/api/queue/batch-queue.ts';
import { FairQueue, type Lane } from '../../src/api/queue/fair-queue.ts';
import {
  NotDurable,
  RetryLater,
  type TokenRequestRead,
} from '../../src/store/token-requests/token-request-store.ts';

class Read implements PendingRequest {
  readonly orgId = null;
  readonly profileLimit = 1;
  readonly withPrevious = false;
  readonly assertion = null;
  readonly client: string;
  readonly lane: Lane;
  outcome: 'completed' | 'failed' | null = null;
  /** The number of the batch that completed it. */
  batch = 0;
  constructor(client: string, authenticated = false) {
    this.client = client;
    this.lane = { authenticated, key: client };
  }
  decide() {
    return { granted: false, used: null, entry: null };
  }
  complete() {
    this.outcome = 'completed';
  }
  fail() {
    this.outcome = 'failed';
  }
}

/** A store that completes every batch unless `trouble` throws. */
function storeWith(
  trouble: (batch: readonly TokenRequestRead[]) => TokenRequestRead[] | undefined = () => [],
) {
  const batches: string[][] = [];
  const run = (batch: readonly TokenRequestRead[]) => {
    batches.push(batch.map(({ client }) => client));
    const again = new Set(trouble(batch));
    for (const read of batch as Read[]) {
      if (again.has(read)) continue;
      read.batch = batches.length;
      read.complete();
    }
    return Promise.resolve([...again]);
  };
  return { batches, queue: new BatchQueue({ run, close: () => {} }, () => 0) };
}

async function outcomes(queue: BatchQueue, reads: Read[]) {
  for (const read of reads) queue.add(read);
  await queue.idle();
  return reads.map(({ outcome }) => outcome);
}

describe('BatchQueue', () => {
  it('writes one batch at a time, with all requests that arrived meanwhile', async () => {
    const written = Promise.withResolvers<void>();
    const sizes: number[] = [];
    const run = async (batch: readonly TokenRequestRead[]) => {
      sizes.push(batch.length);
      if (sizes.length === 1) await written.promise;
      for (const read of batch as Read[]) read.complete();
      return [];
    };
    const queue = new BatchQueue({ run, close: () => {} }, () => 0);
    queue.add(new Read('first'));
    await expect.poll(() => sizes).toEqual([1]);
    for (let count = 1; count <= 50; count += 1) queue.add(new Read(`next ${count}`));
    await new Promise((resolve) => setImmediate(resolve));
    expect(sizes).toEqual([1]);
    written.resolve();
    await queue.idle();
    expect(sizes).toEqual([1, 50]);
  });

  it.each([1, 2, 3, 50, 127])('fails only the invalid request, at index %i of its batch', async (place) => {
    const { queue } = storeWith((batch) => {
      if (batch.some(({ client }) => client === 'invalid')) throw new Error('invalid byte sequence');
      return [];
    });
    const reads = Array.from({ length: 128 }, (_, at) => new Read(at === place ? 'invalid' : `c${at}`));
    const expected = reads.map(({ client }) => (client === 'invalid' ? 'failed' : 'completed'));
    expect(await outcomes(queue, reads)).toEqual(expected);
  });

  it('fails only the invalid requests if there are several', async () => {
    const { queue } = storeWith((batch) => {
      if (batch.some(({ client }) => client.startsWith('invalid'))) throw new Error('invalid byte sequence');
      return [];
    });
    const reads = Array.from({ length: 60 }, (_, at) => new Read(at % 7 === 0 ? `invalid${at}` : `c${at}`));
    const expected = reads.map(({ client }) => (client.startsWith('invalid') ? 'failed' : 'completed'));
    expect(await outcomes(queue, reads)).toEqual(expected);
  });

  it('fails all requests if the store is gone, and does not repeat a write that may be on disk', async () => {
    const gone = storeWith(() => {
      throw new Error('ECONNREFUSED');
    });
    const reads = () => Array.from({ length: 5 }, (_, at) => new Read(`c${at}`));
    expect(await outcomes(gone.queue, reads())).toEqual(Array(5).fill('failed'));
    const disk = storeWith(() => {
      throw new NotDurable('EIO');
    });
    expect(await outcomes(disk.queue, reads())).toEqual(Array(5).fill('failed'));
    expect(disk.batches).toHaveLength(1);
  });

  it('waits for another writer', async () => {
    let busy = 3;
    const { queue, batches } = storeWith(() => {
      if (busy-- > 0) throw new RetryLater();
      return [];
    });
    expect(await outcomes(queue, [new Read('a'), new Read('b')])).toEqual(['completed', 'completed']);
    expect(batches).toHaveLength(4);
  });

  it('does not let a waiting request delay the others', async () => {
    let waits = 5;
    const { queue } = storeWith((batch) =>
      waits-- > 0 ? batch.filter(({ client }) => client === 'slow') : [],
    );
    const reads = [new Read('slow'), new Read('quick'), new Read('other')];
    expect(await outcomes(queue, reads)).toEqual(['completed', 'completed', 'completed']);
    expect(reads.map(({ batch }) => batch)).toEqual([6, 1, 1]);
  });

  it.each([
    ['one client that has authenticated itself', (at: number) => new Read('flood', at >= 0)],
    ['one address without credentials', () => new Read('flood')],
    ['one address with a thousand names', (at: number) => new Read(`flood${at % 1000}`)],
  ])(
    'responds to an honest client in the next batch while %s sends thousands of requests',
    async (_name, flood) => {
      const { queue } = storeWith();
      for (let at = 0; at < 5_000; at += 1) queue.add(flood(at));
      const honest = Array.from({ length: 10 }, () => new Read('honest', true));
      for (const read of honest) queue.add(read);
      await queue.idle();
      expect(Math.max(...honest.map(({ batch }) => batch))).toBe(1);
    },
  );

  it('responds to a client that has not authenticated while authenticated clients send thousands of requests', async () => {
    const { queue } = storeWith();
    for (let at = 0; at < 5_000; at += 1) queue.add(new Read(`flood${at % 50}`, true));
    const first = new Read('newcomer');
    queue.add(first);
    await queue.idle();
    expect(first.batch).toBe(1);
  });

  it('gathers the clients that send again after their response into one batch', async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const sizes: number[] = [];
    const store = {
      async run(batch: readonly TokenRequestRead[]) {
        sizes.push(batch.length);
        for (let turns = 0; turns < 5; turns += 1) await turn();
        for (const read of batch as Read[]) read.complete();
        return [];
      },
      close: () => {},
    };
    const queue = new BatchQueue(store, () => 0);
    const [first, second, again] = [0, 1, 2].map(() => Array.from({ length: 4 }, () => new Read('c')));
    for (const read of first ?? []) queue.add(read);
    await turn();
    await turn();
    for (const read of second ?? []) queue.add(read);
    while (first?.[0]?.outcome === null) await turn();
    // One in each turn of the event loop.
    for (const read of again ?? []) {
      queue.add(read);
      await turn();
    }
    await queue.idle();
    expect(sizes).toEqual([4, 8]);
  });

  it('does not delay a single request', async () => {
    const { queue } = storeWith();
    for (let at = 0; at < 3; at += 1) {
      const read = new Read('c');
      queue.add(read);
      let turns = 0;
      while (read.outcome === null) {
        await new Promise((resolve) => setImmediate(resolve));
        turns += 1;
      }
      expect(turns).toBeLessThanOrEqual(3);
    }
  });

  it('takes at most one full batch at a time', async () => {
    const { queue, batches } = storeWith();
    for (let at = 0; at < 1_000; at += 1) queue.add(new Read(`c${at % 3}`, at % 2 === 0));
    await queue.idle();
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(batchSize);
    expect(batches.flat()).toHaveLength(1_000);
  });
});

describe('FairQueue', () => {
  it('takes one entry of each lane in turn', () => {
    const queue = new FairQueue<{ lane: Lane; id: string }>();
    for (const id of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) {
      queue.add({ id, lane: { authenticated: true, key: id.charAt(0) } });
    }
    expect(queue.take(4).map(({ id }) => id)).toEqual(['a1', 'b1', 'c1', 'a2']);
    queue.add({ id: 'b2', lane: { authenticated: true, key: 'b' } });
    expect(queue.take(9).map(({ id }) => id)).toEqual(['c2', 'a3', 'b2']);
    expect(queue.size).toBe(0);
  });
});
