import { describe, expect, it } from '@jest/globals';
import { environmentOf, jobIdentity } from './job-identity.js';

describe('jobIdentity', () => {
  it('reads what AWS Batch sets', () => {
    const environment = environmentOf([
      'PATH=/bin',
      'AWS_BATCH_JOB_ID=0f1c5a3e-6c5d-4c7f-9a57-1f8f6f1f2f3f:7',
      'AWS_BATCH_JOB_ATTEMPT=2',
      'AWS_BATCH_JQ_NAME=spot',
      'AWS_BATCH_CE_NAME=spot-ce',
    ]);
    expect(jobIdentity(environment)).toEqual({
      jobId: '0f1c5a3e-6c5d-4c7f-9a57-1f8f6f1f2f3f:7',
      attempt: 2,
      jobQueue: 'spot',
      computeEnvironment: 'spot-ce',
    });
  });

  it('is null for a container of no job', () => {
    expect(jobIdentity(environmentOf(['PATH=/bin']))).toBeNull();
    expect(jobIdentity(environmentOf(['AWS_BATCH_JOB_ID=']))).toBeNull();
    expect(jobIdentity(environmentOf(null))).toBeNull();
  });

  it.each(['', 'two', '-1', '1.5', '99999999999'])('says null for the attempt "%s"', (attempt) => {
    expect(jobIdentity({ AWS_BATCH_JOB_ID: 'j', AWS_BATCH_JOB_ATTEMPT: attempt })?.attempt).toBeNull();
  });

  it('takes the last of two values, and values with an equals sign', () => {
    expect(environmentOf(['A=1', 'A=2', 'B=x=y', 'nothing', '=odd'])).toEqual({ A: '2', B: 'x=y' });
  });
});
