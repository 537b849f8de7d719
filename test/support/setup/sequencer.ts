import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait for browsers, other programs and databases come first, so that no long one runs alone at the end. */
const order = ['browser', 'slow', 'postgres', 'integration', 'unit'];

export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project }: TestSpecification) => order.indexOf(project.name);
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
