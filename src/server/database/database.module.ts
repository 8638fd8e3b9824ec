import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ServerConfig } from '../config/server-config.js';
import { dataSourceOptions } from './data-source.js';
import { Database } from './database.js';
import { SnakeNamingStrategy } from './snake-naming.strategy.js';

/** Features add their entities with `TypeOrmModule.forFeature([Entity])` and reach them through {@link Database}. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [ServerConfig],
      useFactory: (config: ServerConfig) => ({
        ...dataSourceOptions({
          url: config.databaseUrl ?? 'postgres://not-connected',
          poolSize: config.databasePoolSize,
        }),
        namingStrategy: new SnakeNamingStrategy(),
        autoLoadEntities: true,
        // Connected by `startApp` (app.setup.ts), so that the OpenAPI document can be made without a database.
        manualInitialization: true,
      }),
    }),
  ],
  providers: [Database],
  exports: [Database],
})
export class DatabaseModule {}
