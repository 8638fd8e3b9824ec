import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChangeNotifier } from './change-notifier.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { Idempotency } from './idempotency.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestParametersInterceptor } from './request-parameters.interceptor.js';
import { ResponseInterceptor } from './response.interceptor.js';
import { StrictPipe } from './validation.js';
import { Waiter } from './wait.js';
import { WriteInterceptor } from './write.interceptor.js';

/** What every route shares. The interceptors run in this order on the way in. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([IdempotencyKey])],
  providers: [
    ChangeNotifier,
    Waiter,
    Idempotency,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_INTERCEPTOR, useClass: RequestParametersInterceptor },
    { provide: APP_INTERCEPTOR, useClass: ResponseInterceptor },
    { provide: APP_INTERCEPTOR, useClass: WriteInterceptor },
    { provide: APP_PIPE, useClass: StrictPipe },
  ],
  exports: [ChangeNotifier, Waiter],
})
export class CommonModule {}
