import { join } from 'node:path';

/** DATA: the folder that holds all of a store's state. Each room has a folder of its own in it. */
export class DataDirectory {
  constructor(readonly path: string) {}

  folder(name: string): string {
    return join(this.path, name);
  }
}
