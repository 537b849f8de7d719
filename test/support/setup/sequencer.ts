import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait for browsers, other programs and databases come first, so that no long one runs alone at the end. */
const order = ['browser', 'slow', 'postgres', 'integration', 'unit'];

/** These take longest. Without times from an earlier run, vitest begins with the largest files. */
const longest = /\/test\/browser\/(firefox|accessible)\.test\.ts$/;

export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) =>
      longest.test(moduleId) ? -1 : order.indexOf(project.name);
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
