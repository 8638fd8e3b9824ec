import { Body } from '@nestjs/common';
import { ApiResource, Read, Update } from '../common/api.decorators.js';
import { IfMatch, type IfMatchVersions } from '../common/etag.js';
import { SettingsDto } from './dto/settings.dto.js';
import { UpdateSettingsDto } from './dto/update-settings.dto.js';
import { SettingsService } from './settings.service.js';

@ApiResource('settings', 'Settings')
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  @Read({ id: 'getSettings', summary: 'Read the settings', role: 'viewer', type: SettingsDto })
  get(): Promise<SettingsDto> {
    return this.settings.get();
  }

  @Update({
    id: 'updateSettings',
    summary: 'Change settings',
    description: 'Absent keeps, null goes back to the default. Hosts take a new policy up with their next heartbeat.',
    role: 'admin',
    body: UpdateSettingsDto,
    type: SettingsDto,
    dryRun: true,
  })
  update(@Body() body: UpdateSettingsDto, @IfMatch() ifMatch: IfMatchVersions): Promise<SettingsDto> {
    return this.settings.update(body, ifMatch);
  }
}
