import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Database } from '../database/database.js';
import { registry } from './http-metrics.js';

interface Inventory {
  name: string;
  help: string;
  labels: string[];
  /** Its columns are the labels and `count`. */
  sql: string;
}

const INVENTORIES: Inventory[] = [
  {
    name: 'batchpoint_checkpoints',
    help: 'Checkpoints by status and by what caused them.',
    labels: ['status', 'trigger'],
    sql: 'select status, trigger, count(*) from checkpoints group by status, trigger',
  },
  {
    name: 'batchpoint_restores',
    help: 'Restores by status and by what caused them.',
    labels: ['status', 'trigger'],
    sql: 'select status, trigger, count(*) from restores group by status, trigger',
  },
  {
    name: 'batchpoint_hosts',
    help: 'Hosts by status.',
    labels: ['status'],
    sql: 'select status, count(*) from hosts group by status',
  },
  {
    name: 'batchpoint_jobs',
    help: 'Jobs by status.',
    labels: ['status'],
    sql: 'select status, count(*) from jobs group by status',
  },
  {
    name: 'batchpoint_open_commands',
    help: 'Commands without a result: pending ones wait for an agent to pick them up.',
    labels: ['type', 'status'],
    sql: `select type, status, count(*) from commands where status in ('pending', 'delivered') group by type, status`,
  },
  {
    name: 'batchpoint_image_bytes',
    help: 'Size of all committed images.',
    labels: [],
    sql: `select coalesce(sum(total_bytes), 0) as count from checkpoints where status = 'committed'`,
  },
];

/** The databases of the applications in this process; tests run several, and the newest answers. */
const databases: Database[] = [];

for (const { name, help, labels, sql } of INVENTORIES) {
  new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    async collect() {
      const rows: Record<string, string>[] = (await databases.at(-1)?.manager.query(sql)) ?? [];
      this.reset();
      for (const { count, ...values } of rows) this.set(values, Number(count));
    },
  });
}

/** Counts of what is in the database, read when Prometheus asks. Every replica gives the same. */
@Injectable()
export class InventoryMetrics implements OnModuleInit, OnModuleDestroy {
  constructor(private readonly database: Database) {}

  onModuleInit(): void {
    databases.push(this.database);
  }

  onModuleDestroy(): void {
    databases.splice(databases.indexOf(this.database), 1);
  }
}
