import type { HttpFailure } from '../../../http/json-client.ts';
import type { RetryRules } from '../../../http/retry.ts';
import { ApiClient, type ApiConnection, type ApiRequest } from '../../requests/api-client.ts';
import { graphError } from './errors.ts';

export interface GraphConnection extends Omit<ApiConnection, 'baseUrl' | 'authorization'> {
  /** The origin, without `/v1.0`. */
  origin: string;
  accessToken: string;
}

/** Microsoft Graph v1.0, as far as provisioning needs it. */
export class GraphClient extends ApiClient {
  constructor({ origin, accessToken, ...connection }: GraphConnection) {
    super({ ...connection, baseUrl: `${origin}/v1.0`, authorization: `Bearer ${accessToken}` });
  }

  protected override toError(failure: HttpFailure, path: string) {
    return graphError(failure, path);
  }

  protected override retryRules({ method, path, idempotent }: ApiRequest): RetryRules {
    return {
      idempotent: idempotent ?? method !== 'POST',
      eventuallyConsistent: path.includes('/synchronization/'),
    };
  }
}
