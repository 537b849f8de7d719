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
  router: Pick<Router, 'route'>,
  path: string,
  { get, post }: Handlers<Parameters>,
): void {
  const one = router.route(path);
  if (get !== undefined) one.get(get as RequestHandler);
  if (post !== undefined) one.post(post as RequestHandler[]);
  const allow = [get && 'GET, HEAD', post && 'POST'].filter(Boolean).join(', ');
  one.all((_request, response, next) => {
    response.set('Allow', allow);
    next(new BrokerError('E_METHOD', `This address accepts only ${allow}.`));
  });
}
