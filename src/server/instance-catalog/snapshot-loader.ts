import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CatalogueStore } from './catalogue-store.js';
import { readSnapshot } from './instance-type-snapshot.js';

/** Sees to it that there is a catalogue, whether or not AWS is ever asked. */
@Injectable()
export class SnapshotLoader implements OnApplicationBootstrap {
  constructor(private readonly store: CatalogueStore) {}

  onApplicationBootstrap(): Promise<void> {
    return this.store.takeSnapshot(readSnapshot());
  }
}
