import { jest } from '@jest/globals';
import { Clock } from '../../src/server/batch-sync/clock.js';
import type { TestApp } from './test-app.js';

/** The sync's own time in that server: it passes when somebody sleeps or says so. */
export class VirtualTime {
  now = Date.now();

  constructor(server: TestApp) {
    const clock = server.app.get(Clock);
    jest.spyOn(clock, 'now').mockImplementation(() => this.now);
    jest.spyOn(clock, 'sleep').mockImplementation((ms) => {
      this.now += ms;
      return Promise.resolve();
    });
  }

  pass(seconds: number): void {
    this.now += seconds * 1000;
  }
}
