import { Module } from '@nestjs/common';
import { InventoryMetrics } from './inventory-metrics.js';

@Module({ providers: [InventoryMetrics] })
export class MetricsModule {}
