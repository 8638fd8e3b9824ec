import { BooleanField, EnumField, IdField, StringField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { type Sortable, SortField } from '../../common/paging.js';
import type { InstanceTypeRow } from '../instance-type.entity.js';
import { ARCHITECTURES, type InstanceType } from '../instance-type.js';

export const INSTANCE_TYPE_SORT = {
  instanceType: 'id',
  vcpus: 'vcpus',
  memoryBytes: 'memoryBytes',
} as const satisfies Sortable<InstanceTypeRow>;

export class InstanceTypeQueryDto extends PageQueryDto {
  @StringField({ optional: true, maxLength: 64, description: 'Only types of this family.', example: 'm6i' })
  family?: string;

  @EnumField(ARCHITECTURES, 'Architecture', { optional: true, description: 'Only types of this architecture.' })
  architecture?: InstanceType['architecture'];

  @StringField({ optional: true, maxLength: 64, description: 'Only types with this GPU.', example: 'T4' })
  gpuModel?: string;

  @IdField('compatibilityGroup', { optional: true, description: 'Only types of this compatibility group.' })
  compatibilityGroupId?: string;

  @BooleanField({
    query: true,
    optional: true,
    description: 'Only types of the current generation, or only older ones.',
    example: true,
  })
  currentGeneration?: boolean;

  @SortField(Object.keys(INSTANCE_TYPE_SORT), 'InstanceTypeSort', 'instanceType')
  sort?: string;
}
