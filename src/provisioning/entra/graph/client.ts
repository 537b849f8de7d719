import type { HttpFailure } from '../../../http/json-client.ts';
import type { RetryRules } from '../../../http/retry.ts';
import { ApiClient, type ApiConnection, type ApiRequest } from '../../requests/api-client.ts';
import { graphError } from './errors.ts';

export interface GraphConnection extends Omit<ApiConnection, 'baseUrl' | 'authorization'> {
  /** The origin, without `/v1.0`. */
  origin: string;
  accessToken: string;
}

/** A client for the parts of Microsoft Graph that provisioning needs. */
export class GraphClient extends ApiClient {
  readonly #connection: GraphConnection;

  constructor(connection: GraphConnection, version: 'v1.0' | 'beta' = 'v1.0') {
    const { origin, accessToken, ...rest } = connection;
    super({ ...rest, baseUrl: `${origin}/${version}`, authorization: `Bearer ${accessToken}` });
    this.#connection = connection;
  }

  /** A client for Graph beta with the same sign-in. Microsoft does not guarantee that beta stays compatible. */
  get beta(): GraphClient {
    return new GraphClient(this.#connection, 'beta');
  }

  protected override toError(failure: HttpFailure, path: string) {
    return graphError(failure, path);
  }

  protected override retryRules({ method, path, idempotent, refusalIsFinal }: ApiRequest): RetryRules {
    return {
      idempotent: idempotent ?? method !== 'POST',
      eventuallyConsistent: path.includes('/synchronization/') && refusalIsFinal !== true,
    };
  }
}
