import { Injectable } from '@nestjs/common';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsAccess } from './aws-access.js';
import { callAws } from './aws-call.js';
import { AwsClients } from './aws-clients.js';

export interface CallerIdentity {
  accountId: string;
  /** Of the user, or of the session of an assumed role. */
  arn: string;
}

@Injectable()
export class StsApi {
  constructor(private readonly clients: AwsClients) {}

  /** Who the server is to AWS. Needs no permission. */
  async callerIdentity(access: AwsAccess): Promise<CallerIdentity> {
    const client = this.clients.get(STSClient, access);
    const answer = await callAws('sts:GetCallerIdentity', () => client.send(new GetCallerIdentityCommand({})));
    return { accountId: answer.Account!, arn: answer.Arn! };
  }
}
