import type { OperationStatus } from '../../../protocol/checkpoint-state.js';
import { OPERATION_STATUSES } from '../../../protocol/checkpoint-state.js';
import { EnumField, StringField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { SortField } from '../../common/paging.js';
import { OPERATION_TYPES, type OperationType } from '../operation-type.js';

export const OPERATION_SORT = { createdAt: 'createdAt', updatedAt: 'updatedAt' } as const;

export class OperationQueryDto extends PageQueryDto {
  @EnumField(OPERATION_STATUSES, 'OperationStatus', { optional: true, description: 'Only those in this status.' })
  status?: OperationStatus;

  @EnumField(OPERATION_TYPES, 'OperationType', { optional: true, description: 'Only those of this type.' })
  type?: OperationType;

  @StringField({ optional: true, maxLength: 128, description: 'Only those about this resource.' })
  resourceId?: string;

  @SortField(OPERATION_SORT, 'OperationSort', '-createdAt')
  sort?: string;
}
