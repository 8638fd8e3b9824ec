import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FUNCTIONALITIES, type Functionality } from '../iam/functionality.js';
import { type IamActionReport, IAM_METHODS, type IamMethod, type IamReport } from '../iam/iam-report.js';
import { policyDocumentFor, type WrittenPolicy } from '../iam/least-privilege.js';
import { DENIAL_CAUSES, type DenialCause, IAM_DECISIONS, type IamDecision } from '../iam/ruling.js';

const HERE = { partition: 'aws', region: 'us-east-1', accountId: '123456789012', names: {} };
const EXAMPLE_POLICY = policyDocumentFor(['dashboard'], HERE);
const EXAMPLE_MISSING = policyDocumentFor(['dashboard'], HERE, new Set(['pricing:GetProducts']));

@ApiSchema({ name: 'IamAction', description: 'A permission, and whether the principal has it.' })
export class IamActionDto implements IamActionReport {
  @ApiProperty({ example: 'pricing:GetProducts' })
  action: string;

  @ApiProperty({
    description: 'What it is needed for.',
    example: 'read On-Demand prices, against which savings are counted',
  })
  why: string;

  @ApiProperty({ enum: [...FUNCTIONALITIES], enumName: 'Functionality', isArray: true, example: ['dashboard'] })
  functionalities: Functionality[];

  @ApiProperty({
    type: [String],
    description: 'What it is needed on, and was tried on. `*`: the action takes no resource.',
    example: ['*'],
  })
  resources: string[];

  @ApiProperty({
    enum: [...IAM_DECISIONS],
    enumName: 'IamDecision',
    description:
      '`conditional`: it depends on conditions that only the call itself decides, or holds for some resources only. `unknown`: nobody who could be asked says.',
    example: 'denied',
  })
  decision: IamDecision;

  @ApiProperty({
    enum: [...DENIAL_CAUSES],
    enumName: 'IamDenialCause',
    nullable: true,
    description:
      'Why it is denied: nothing allows it, a statement denies it, the permissions boundary or an organization does not let it through. null: it is not.',
    example: 'no-allow',
  })
  cause: DenialCause | null;

  @ApiProperty({ description: 'By what it is decided.', example: 'no policy allows it' })
  detail: string;
}

@ApiSchema({ name: 'IamCheck', description: 'What a principal may do in AWS of what the functionalities need.' })
export class IamCheckDto implements Omit<IamReport, 'findings'> {
  static readonly example: IamCheckDto = {
    principalArn: 'arn:aws:iam::123456789012:role/batchpoint',
    method: 'simulation',
    methodReason: null,
    functionalities: ['dashboard'],
    actions: [
      {
        action: 'pricing:GetProducts',
        why: 'read On-Demand prices, against which savings are counted',
        functionalities: ['dashboard'],
        resources: ['*'],
        decision: 'denied',
        cause: 'no-allow',
        detail: 'no policy allows it',
      },
    ],
    missing: ['pricing:GetProducts'],
    missingPolicy: EXAMPLE_MISSING,
    policy: EXAMPLE_POLICY,
  };

  @ApiProperty({ description: 'The role or user looked at.', example: 'arn:aws:iam::123456789012:role/batchpoint' })
  principalArn: string;

  @ApiProperty({
    enum: [...IAM_METHODS],
    enumName: 'IamMethod',
    description:
      "`simulation`: IAM's own simulator said it. `policies`: the policies were read and evaluated here. `root`: the root user may do everything. `none`: it cannot be told.",
    example: 'simulation',
  })
  method: IamMethod;

  @ApiProperty({ type: String, nullable: true, description: 'Why it was not the simulation.', example: null })
  methodReason: string | null;

  @ApiProperty({ enum: [...FUNCTIONALITIES], enumName: 'Functionality', isArray: true, example: ['dashboard'] })
  functionalities: Functionality[];

  @ApiProperty({ type: [IamActionDto] })
  actions: IamActionDto[];

  @ApiProperty({ type: [String], description: 'Every action that is denied.', example: ['pricing:GetProducts'] })
  missing: string[];

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description:
      'The policy document to attach so that what nothing allows is allowed; null when there is nothing that attaching helps.',
    example: EXAMPLE_MISSING,
  })
  missingPolicy: WrittenPolicy | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The policy document with all that the functionalities need, and nothing else.',
    example: EXAMPLE_POLICY,
  })
  policy: WrittenPolicy;
}
