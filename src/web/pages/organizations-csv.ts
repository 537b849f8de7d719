import type { RequestHandler } from 'express';
import { profileStatuses } from '../../domain/profile-status.ts';
import { iterateProfiles } from '../../store/profiles/query.ts';
import { profileCsvHeader, profileCsvLine } from '../../vault/profiles/profile-csv.ts';
import type { WebContext } from '../context.ts';

/** `GET /organizations.csv`: the organizations that a filter of the overview finds, without tokens. */
export function organizationsCsv({ vault }: WebContext): RequestHandler {
  return async (request, response) => {
    const asked = (name: string) => {
      const value = request.query[name];
      return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
    };
    const status = profileStatuses.find((each) => each === asked('status'));
    const filter = { search: asked('search'), tag: asked('tag'), status };
    response.type('text/csv').attachment('organizations.csv').write(profileCsvHeader);
    for await (const rows of iterateProfiles(vault.db, filter, vault.now())) {
      if (response.destroyed) return;
      response.write(rows.map(({ profile }) => profileCsvLine(profile)).join(''));
    }
    response.end();
  };
}
