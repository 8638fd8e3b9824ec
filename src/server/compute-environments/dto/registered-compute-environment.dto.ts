import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ComputeEnvironmentFindingDto, ComputeEnvironmentFindingsDto } from './compute-environment-findings.dto.js';
import { ComputeEnvironmentDto } from './compute-environment.dto.js';

@ApiSchema({
  name: 'RegisteredComputeEnvironment',
  description: 'A compute environment as it was registered (in a dry run: would be), and what was found there.',
})
export class RegisteredComputeEnvironmentDto extends ComputeEnvironmentDto {
  static override readonly example: RegisteredComputeEnvironmentDto = {
    ...ComputeEnvironmentDto.example,
    findings: ComputeEnvironmentFindingsDto.example.items,
  };

  @ApiProperty({
    type: [ComputeEnvironmentFindingDto],
    description: 'What stands in the way of checkpoints and restores there, the most severe first.',
  })
  findings: ComputeEnvironmentFindingDto[];
}
