import type { RequestHandler, Router } from 'express';
import { BrokerError } from '../errors/broker-error.ts';

/** `Parameters` are those of the path, for example `{ name: string }` for `/profiles/:name`. */
interface Handlers<Parameters> {
  get?: RequestHandler<Parameters>;
  /** The last handler responds; the handlers before it parse the body. */
  post?: [...RequestHandler[], RequestHandler<Parameters>];
}

/** Adds the handlers of one path. Other methods get 405 with an `Allow` header. */
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
