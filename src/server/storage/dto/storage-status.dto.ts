import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { STORAGE_STATES, type StorageState } from '../storage-status.js';

@ApiSchema({
  name: 'StorageStatus',
  description: 'What is known of the storage. Nothing counts as working that was not written and read back.',
})
export class StorageStatusDto {
  @ApiProperty({
    enum: STORAGE_STATES,
    enumName: 'StorageState',
    description:
      '`host-only`: each host has its own, so there is nothing to verify. `unverified`: nothing was measured since the last change. ' +
      '`shared`: several hosts read what each other wrote. `read-back`: one host read what it wrote, sharing is not proven. ' +
      '`not-shared`: hosts do not see each other. `failed`: some host could not use it.',
    example: 'unverified',
  })
  state: StorageState;

  @ApiProperty({
    description: 'The state in words, with the names of hosts.',
    example:
      'No host has written to this storage and read it back since it was set up or changed: start a verification.',
  })
  message: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When this was measured; null when it was not.',
    example: null,
  })
  checkedAt: string | null;
}
