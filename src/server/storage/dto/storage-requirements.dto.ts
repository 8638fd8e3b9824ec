import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import type { IamStatement, StorageRequirements } from '../storage-requirements.js';

@ApiSchema({ name: 'IamStatement', description: 'A statement of an IAM policy that allows.' })
export class IamStatementDto implements IamStatement {
  @ApiProperty({ example: 'MountEfs' })
  sid: string;

  @ApiProperty({ type: [String], example: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'] })
  actions: string[];

  @ApiProperty({
    type: [String],
    description: 'ARNs, with `*` where account or region are not known.',
    example: ['arn:aws:elasticfilesystem:us-east-1:*:file-system/fs-0123456789abcdef0'],
  })
  resources: string[];
}

@ApiSchema({ name: 'StorageIam', description: 'Permissions a storage asks for, the least that will do.' })
export class StorageIamDto {
  @ApiProperty({ type: [IamStatementDto], description: "For the server's role: to check the storage." })
  server: IamStatementDto[];

  @ApiProperty({
    type: [IamStatementDto],
    description: 'For the instance profile of the hosts: to mount and use it.',
  })
  host: IamStatementDto[];
}

@ApiSchema({ name: 'PortRange', description: 'TCP ports that hosts reach at the storage.' })
export class PortRangeDto {
  @ApiProperty({ type: 'integer', example: 2049 })
  from: number;

  @ApiProperty({ type: 'integer', example: 2049 })
  to: number;

  @ApiProperty({ example: 'NFS' })
  purpose: string;
}

@ApiSchema({ name: 'StorageRequirements', description: 'What a storage needs of AWS. AWS is not asked for this.' })
export class StorageRequirementsDto implements StorageRequirements {
  static readonly example: StorageRequirementsDto = {
    storageId: exampleId('storage'),
    iam: {
      server: [],
      host: [
        {
          sid: 'MountEfs',
          actions: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
          resources: ['arn:aws:elasticfilesystem:us-east-1:*:file-system/fs-0123456789abcdef0'],
        },
      ],
    },
    cloudFormation: ['AWS::EFS::FileSystem', 'AWS::EFS::MountTarget', 'AWS::EC2::SecurityGroup'],
    ports: [{ from: 2049, to: 2049, purpose: 'NFS' }],
  };

  @ApiProperty({ example: exampleId('storage') })
  storageId: string;

  @ApiProperty({ type: StorageIamDto })
  iam: StorageIamDto;

  @ApiProperty({
    type: [String],
    description: 'CloudFormation resource types the storage consists of.',
    example: ['AWS::EFS::FileSystem', 'AWS::EFS::MountTarget'],
  })
  cloudFormation: string[];

  @ApiProperty({ type: [PortRangeDto] })
  ports: PortRangeDto[];
}
