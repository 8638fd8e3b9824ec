export type UnsuitableCode = 'not-found' | 'fargate' | 'eks';

/** AWS answered, and what it has is none that jobs can be protected in. `message` says it to the user. */
export class UnsuitableEnvironmentError extends Error {
  constructor(
    readonly code: UnsuitableCode,
    message: string,
  ) {
    super(message);
    this.name = 'UnsuitableEnvironmentError';
  }
}
