import { command } from '../commands/show.ts';
import { fastReader } from './read.ts';

export const fastRead = fastReader(command);
