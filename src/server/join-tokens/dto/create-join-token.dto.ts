import { DateTimeField, exampleId, IdField, IntegerField, NameField } from '../../common/fields.js';

export class CreateJoinTokenDto {
  static readonly example: CreateJoinTokenDto = { name: 'spot-fleet' };

  @NameField({ description: 'What it is for; unique.', example: 'spot-fleet' })
  name: string;

  @IdField('computeEnvironment', {
    optional: true,
    nullable: true,
    example: exampleId('computeEnvironment'),
    description:
      'Hosts that enrol with the token belong to this compute environment. Null or absent: to none, so they have no storage.',
  })
  computeEnvironmentId?: string | null;

  @DateTimeField({ optional: true, nullable: true, description: 'When it stops working; null or absent: never.' })
  expiresAt?: string | null;

  @IntegerField({
    optional: true,
    nullable: true,
    minimum: 1,
    maximum: 1_000_000,
    example: 100,
    description: 'How many enrolments it is good for; null or absent: any number.',
  })
  maxUses?: number | null;
}
