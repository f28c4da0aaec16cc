import { Injectable } from '@nestjs/common';

import { Transaction } from '../../../platform/database/transaction.js';
import { ComponentPair } from '../entities/component-pair.entity.js';
import { ComponentRevision } from '../entities/component-revision.entity.js';
import { ComponentShelf, type ListedComponent } from '../resolution/component-shelf.js';

/** What importing a component revision knows of it. */
export type NewComponent = Omit<ComponentRevision, 'snap' | 'addedAt' | 'sizeBytes'> & { readonly sizeBytes: number };

/** One component revision with one revision of its snap. */
export type Pair = Pick<ComponentPair, 'snapRevision' | 'name' | 'componentRevision'>;

@Injectable()
export class ComponentRepository {
  constructor(private readonly transaction: Transaction) {}

  find(snapId: string, name: string, revision: number): Promise<ComponentRevision | null> {
    return this.transaction.manager.findOneBy(ComponentRevision, { snapId, name, revision });
  }

  /** Of one snap, by name, newest first. */
  of(snapId: string): Promise<ComponentRevision[]> {
    return this.transaction.manager.find(ComponentRevision, {
      where: { snapId },
      order: { name: 'ASC', revision: 'DESC' },
    });
  }

  /** Of every snap, by name, newest first. */
  all(): Promise<ComponentRevision[]> {
    return this.transaction.manager.find(ComponentRevision, {
      order: { snapId: 'ASC', name: 'ASC', revision: 'DESC' },
    });
  }

  /** What devices are told of the components of a snap. */
  async shelf(snapId: string): Promise<ComponentShelf> {
    const [components, pairs] = await Promise.all([this.of(snapId), this.pairsOf(snapId)]);
    return new ComponentShelf(components.map(listedComponent), pairs);
  }

  pairsOf(snapId: string): Promise<ComponentPair[]> {
    return this.transaction.manager.findBy(ComponentPair, { snapId });
  }

  allPairs(): Promise<ComponentPair[]> {
    return this.transaction.manager.find(ComponentPair);
  }

  async add(component: NewComponent): Promise<void> {
    await this.transaction.manager.insert(ComponentRevision, { ...component, sizeBytes: String(component.sizeBytes) });
  }

  async addPair(snapId: string, pair: Pair): Promise<void> {
    await this.transaction.manager.insert(ComponentPair, { snapId, ...pair });
  }

  /** Takes its pairs with it. */
  async remove(snapId: string, name: string, revision: number): Promise<void> {
    await this.transaction.manager.delete(ComponentRevision, { snapId, name, revision });
  }
}

function listedComponent(component: ComponentRevision): ListedComponent {
  const { name, revision, type, version, description, sha3_384, createdAt } = component;
  const sizeBytes = Number(component.sizeBytes);
  return { name, revision, type, version, description, sha3_384, sizeBytes, createdAt };
}
