import type { RequestHandler, Router } from 'express';
import { BrokerError } from '../errors/broker-error.ts';

/** `Parameters` are the path's own, e.g. `{ name: string }` for `/profiles/:name`. */
interface Handlers<Parameters> {
  get?: RequestHandler<Parameters>;
  /** The last one answers; those before it read the body. */
  post?: [...RequestHandler[], RequestHandler<Parameters>];
}

/** The handlers of one path. Any other method is answered with 405 and what would do. */
export function route<Parameters>(
  router: Pick<Router, 'get' | 'post' | 'all'>,
  path: string,
  { get, post }: Handlers<Parameters>,
): void {
  if (get !== undefined) router.get(path, get as RequestHandler);
  if (post !== undefined) router.post(path, post as RequestHandler[]);
  const allow = [get && 'GET, HEAD', post && 'POST'].filter(Boolean).join(', ');
  router.all(path, (_request, response, next) => {
    response.set('Allow', allow);
    next(new BrokerError('E_METHOD', `This address accepts only ${allow}.`));
  });
}
