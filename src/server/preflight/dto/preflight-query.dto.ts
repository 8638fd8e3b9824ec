import { EnumField, IdField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { type Sortable, SortField } from '../../common/paging.js';
import type { Preflight } from '../preflight.entity.js';
import {
  PREFLIGHT_STATUSES,
  type PreflightStatus,
  PREFLIGHT_VERDICTS,
  type PreflightVerdict,
} from '../preflight-status.js';

export const PREFLIGHT_SORT = { createdAt: 'createdAt' } as const satisfies Sortable<Preflight>;

export class PreflightQueryDto extends PageQueryDto {
  @EnumField(PREFLIGHT_STATUSES, 'PreflightStatus', { optional: true, description: 'Only those in this status.' })
  status?: PreflightStatus;

  @EnumField(PREFLIGHT_VERDICTS, 'PreflightVerdict', { optional: true, description: 'Only those with this verdict.' })
  verdict?: PreflightVerdict;

  @IdField('computeEnvironment', { optional: true, description: 'Only those about this environment alone.' })
  computeEnvironmentId?: string;

  @SortField(Object.keys(PREFLIGHT_SORT), 'PreflightSort', '-createdAt')
  sort?: string;
}
